"""The real counter of a person walks as its model does, on a real store that writes document by document.

After each step both entries, the marks in the counter, the calls that the account has and the place at which
each dispatcher stands are compared with the model. In the end whoever may not call does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.counting import Counts
from tests.models.dispatchers import NOON, Code, Dispatcher, World, account, files, opened
from tests.models.gates import END, WIRE, Blindly, Gated
from tests.models.protocols.contacts import CONTACTS
from tests.models.walks import Walk, covering, replay
from tests.services import PostgresServer
from tests.support import ACCOUNT
from voiceform.kinds.call.dialling.dialler import Placer
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.recovery import doubts, settle
from voiceform.kinds.call.ledger.store import Ledger
from voiceform.kinds.call.limits.book import ContactBook
from voiceform.kinds.call.limits.marks import Mark
from voiceform.model.clock import ManualClock
from voiceform.model.store import Write
from voiceform.state.backend import LEASE_KEY, Guard
from voiceform.state.meta import bump_serial

NAMES = {1: "call.one", 2: "call.two"}
STATES = [None, CallStatus.RESERVED, CallStatus.DEFERRED, CallStatus.PLACED, CallStatus.UNKNOWN]
ONCE = {"contact_limits": [{"name": "once", "max": 1, "per": "24h"}], "misfire_grace": "24h"}
LATER = NOON + timedelta(hours=3)
YOUNG, OLD = timedelta(seconds=3), timedelta(minutes=5)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with account() as world:
        yield world


class Process(Dispatcher):
    """One dispatcher with a schedule of its own: what its rules are in the code."""

    def __init__(self, game: ContactsGame, number: int) -> None:
        self.game, self.number = game, number
        super().__init__(
            game.world,
            game.stack,
            opened(game.stack, game.url),
            NAMES[number],
            game.key,
            ManualClock(NOON),
            game.code,
            whole=False,
            **ONCE,
        )
        self.ledger = Ledger(game.watcher, NAMES[number])
        self.counts_again = False

    def step(self, rule: str) -> None:
        """Do what the rule says."""
        if rule in ("served", "turned_down", "lost_before", "lost_after"):
            self.on_the_road(rule)
        elif rule in ("placed", "doubtful", "deferred", "withheld"):
            self._learn(rule)
        elif rule == "judge":
            self.look()
            self.go("write contacts/")
        elif rule in ("look_again", "refused"):
            self._look_again()
            self.go("write contacts/" if rule == "look_again" else "write ledger/")
        elif rule == "killed":
            self.actor.kill()
        elif rule == "waits":
            self.clock.sleep(2)
        elif rule == "settled":
            self._settle()
        else:
            self._write(rule)

    def look(self) -> None:
        """Go to where it judges, at a time at which the other's mark is as old as the model says."""
        self.begin()
        self.counts_again = False
        self.clock.set(self.game.time_for(self))

    def place(self, model: dict[str, int]) -> bool:
        """Whether it stands where the model says."""
        pc, slow = model[f"pc{self.number}"], model[f"slow{self.number}"]
        at = self.actor.at
        counts = at.startswith("write contacts/")
        records = at.startswith("write ledger/")
        places = [at in ("look", END), counts, records, counts if slow == 2 else at == "look"]
        places += [at == WIRE or records, at == END, True, counts or at == END]
        return places[pc]

    def entry(self) -> LedgerEntry | None:
        """As anybody else would read it."""
        return self.ledger.entry(self.key)

    def _look_again(self) -> None:
        self.clock.set(self.game.time_for(self))
        if not self.counts_again:
            self.go("look")
        self.counts_again = True

    def _learn(self, rule: str) -> None:
        self.hear()
        if rule in ("placed", "doubtful"):
            self.end()
        else:
            self.go("write contacts/", END)

    def _write(self, rule: str) -> None:
        if rule in ("freed", "left") and self.actor.at == END:
            return
        to = {
            "count": "write ledger/",
            "disputed": "look",
            "reserve": "look",
            "send": WIRE,
            "count_again": WIRE,
            "again": "look",
            "freed": END,
            "left": END,
        }[rule]
        self.go(to)
        if rule == "reserve":
            self.counts_again = False

    def _settle(self) -> None:
        """Somebody who finds no call in lists that lag."""
        with self.game.world.lagging(self.clock, lags=True) as client:
            settle(doubts(self.ledger, self.ledger.entries(), LATER), client, LATER, (), ())


class ContactsGame:
    """One walk."""

    def __init__(self, world: World, url: str, code: Code) -> None:
        self.world, self.url, self.code = world, url, code
        self.stack = ExitStack()
        self.watcher = opened(self.stack, url)
        bump_serial(self.watcher)
        for name in NAMES.values():
            Ledger(self.watcher, name).set_head(account=ACCOUNT, since=NOON)
        self.key = Key(NOON, next(world.people))
        self.book = ContactBook(self.watcher)
        self.processes = {number: Process(self, number) for number in NAMES}
        self.model = dict(CONTACTS.fields)
        self.version: str | None = None

    def step(self, rule: str) -> None:
        """Do what a rule says; that a mark grows old shows when somebody judges by it."""
        if rule[:-1] != "long":
            self.processes[int(rule[-1])].step(rule[:-1])

    def compare(self, rule: str, model: dict[str, int]) -> None:
        """Hold what is there against the model."""
        marks = self.marks()
        for number, process in self.processes.items():
            entry = process.entry()
            assert (None if entry is None else entry.status) == STATES[model[f"st{number}"]]
            own = [claim for claim, mark in marks.items() if mark.place.startswith(f"{NAMES[number]}/")]
            assert len(own) == model[f"mark{number}"]
            if own:
                has = entry is not None and entry.claim == own[0]
                assert has == model[f"has{number}"]
            assert process.place(model), f"{number} stands at {process.actor.at}"
        version = self.watcher.version(self.book.documents(self.key.to)[1])
        assert (version != self.version) == (model["ver"] != self.model["ver"]), "counted, or not"
        if rule[:-1] == "served":
            assert self.world.calls(self.key.to) == model["calls"]
        self.model, self.version = model, version

    def marks(self) -> dict[str, Mark]:
        """The counter, by claim."""
        return self.book.page(self.key.to, "nobody", NOON).marks

    def time_for(self, process: Process) -> datetime:
        """A time at which the other's mark is young, or old, and which is not that of the own one."""
        other = 3 - process.number
        marks = {mark.place.partition("/")[0]: mark.at for mark in self.marks().values()}
        own = marks.get(NAMES[process.number])
        at = marks.get(NAMES[other], process.clock.now()) + (OLD if self.model[f"old{other}"] else YOUNG)
        return at + YOUNG if own is not None and abs(own - at) < YOUNG / 2 else at

    def finish(self, model: dict[str, int]) -> None:
        """Count the calls; who may not call now does not."""
        for number, process in self.processes.items():
            other = 3 - number
            mark, has, st, old = (model[f"{name}{other}"] for name in ("mark", "has", "st", "old"))
            allowed = mark == 0 or (has == 1 and st == 2) or (has == 0 and old == 1)
            if model[f"pc{number}"] == 0 and not allowed:
                process.look()
                process.end()
        assert self.world.calls(self.key.to) == model["calls"]

    def close(self) -> None:
        """End everything."""
        for process in self.processes.values():
            self.world.road.end(process.actor)
        self.stack.close()


def replayed(walks: list[Walk], world: World, urls: Iterator[str], code: Code) -> dict[str, int]:
    return replay(CONTACTS, walks, lambda: ContactsGame(world, next(urls), code))


def test_the_real_counter_takes_every_walk_of_its_model(tmp_path: Path, world: World, counts: Counts) -> None:
    counts("models", **replayed(covering(CONTACTS), world, files(tmp_path), Code()))


def test_the_real_counter_takes_some_of_them_in_postgresql(
    world: World, postgres_server: PostgresServer, counts: Counts
) -> None:
    urls = iter(postgres_server.url, "")
    counts("models", **replayed(covering(CONTACTS)[::12], world, urls, Code()))


class LedgerFirst(Gated):
    """Reserves a call before it is counted."""

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        return super().write_guarded(writes[::-1], guard, lease_key=lease_key)[::-1]


class Asleep(Placer):
    """Does not count again after a pause."""

    def _count_again(self, turn: Any) -> None:
        pass


class Hopeful(Placer):
    """Takes a lost answer for a call that nobody got."""

    def _record(self, turn: Any, status: CallStatus, **told: Any) -> LedgerEntry | None:
        known = CallStatus.FAILED if status is CallStatus.UNKNOWN else status
        return super()._record(turn, known, **told)


class Thrifty(Placer):
    """Leaves a call that was not sent in the counter."""

    def _record(self, turn: Any, status: CallStatus, **told: Any) -> LedgerEntry | None:
        return super()._record(turn, status, **{**told, "then": None})


WRONG = {
    "no compare-and-swap": Code(store=Blindly),
    "reserved before it is counted": Code(store=LedgerFirst),
    "not counted again after a pause": Code(placer=Asleep),
    "lost answer taken for unsent": Code(placer=Hopeful),
    "not taken out of the counter": Code(placer=Thrifty),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_step_of_the_counter_is_seen(
    tmp_path: Path, world: World, counts: Counts, wrong: str
) -> None:
    with pytest.raises(AssertionError):
        replayed(covering(CONTACTS), world, files(tmp_path), WRONG[wrong])
    counts("models", wrong_steps_seen=1)

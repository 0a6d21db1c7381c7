"""The real ledger walks as its model does: placers, settling and `calls resolve` on a real store, and the
emulator, in every order in which two rules of the model can follow each other.

After each step the entry, its claim, the calls that the account has and the place at which each dispatcher
stands are compared with the model.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.counting import Counts
from tests.kinds.call.specs import ADDRESS
from tests.models.dispatchers import NOON, Code, Dispatcher, World, account, files, opened
from tests.models.gates import END, WIRE, Blindly
from tests.models.protocols.ledger import LEDGER
from tests.models.walks import Walk, covering, replay
from tests.services import PostgresServer
from tests.support import ACCOUNT, TOKEN
from voiceform import Account, Stack
from voiceform.dispatch.reconcile import reconcile
from voiceform.kinds.call.dialling.dialler import Placer
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.pauses import pause, resume
from voiceform.kinds.call.ledger.store import Ledger
from voiceform.model.clock import ManualClock
from voiceform.state.backend import Backend
from voiceform.state.meta import bump_serial
from voiceform.twilio.client import Client

NAME = str(ADDRESS)
LATER = NOON + timedelta(minutes=10)
"""When a request is over for certain."""
STATES = [
    None,
    CallStatus.RESERVED,
    CallStatus.DEFERRED,
    CallStatus.PLACED,
    CallStatus.UNKNOWN,
    CallStatus.FAILED,
]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with account() as world:
        yield world


class Process(Dispatcher):
    """One dispatcher: what its rules are in the code."""

    def __init__(self, game: LedgerGame) -> None:
        self.game = game
        clock = ManualClock(NOON + timedelta(seconds=5))
        super().__init__(
            game.world, game.stack, opened(game.stack, game.url), NAME, game.key, clock, game.code
        )
        self.withheld = False

    def step(self, rule: str) -> None:
        """Do what the rule says."""
        if rule == "killed":
            self.actor.kill()
        elif rule in ("served", "refused", "lost_before", "lost_after"):
            self.on_the_road(rule)
        elif rule in ("placed", "deferred", "doubtful", "not_mine"):
            self.hear()
            self.withheld = False
            self.end()
        elif rule in ("look", "decided"):
            self.begin()
            self.go("write ") if rule == "look" else self.end()
        elif rule == "reserve":
            self._reserve()
        elif rule == "send":
            self.go(WIRE)
        elif rule == "withhold":
            self._withhold()
        elif rule == "overtaken":
            self.clock.sleep(2)
            self.go("write ", END)
            self.withheld = True
        else:
            assert rule == "lose"
            self.go("look", END)

    def place(self, pc: int) -> bool:
        """Whether it stands where the model says."""
        at = self.actor.at
        writes = at.startswith("write ")
        if pc == 3:
            return at == WIRE or (self.withheld and (writes or at == END))
        return {0: at in ("look", END), 1: writes, 2: at == "look", 5: at == END, 6: True}[pc]

    def _reserve(self) -> None:
        """What it remembers of the ledger may be older than its look: then it looks once more."""
        before = self.game.claim()
        self.go("look")
        if self.game.claim() == before:
            self.go("write ")
            self.go("look")

    def _withhold(self) -> None:
        """Somebody pauses the schedule while it is about to send, and lets it go on later."""
        pause(self.game.watcher, NAME, reason="wait", who="ada", now=NOON)
        self.go("write ")
        resume(self.game.watcher, NAME, who="ada", now=NOON)
        self.withheld = True


class LedgerGame:
    """One walk."""

    def __init__(self, world: World, url: str, code: Code) -> None:
        self.world, self.url, self.code = world, url, code
        self.stack = ExitStack()
        self.clock = ManualClock(NOON + timedelta(seconds=5))
        self.watcher = opened(self.stack, url)
        bump_serial(self.watcher)
        ledger = Ledger(self.watcher, NAME)
        ledger.set_head(account=ACCOUNT, since=NOON)
        self.key = Key(NOON, next(world.people))
        self.processes = {number: Process(self) for number in (1, 2)}
        self.claims: dict[int, str | None] = {0: None}
        self.dead: list[Process] = []
        self.before = dict(LEDGER.fields)
        self.version: dict[str, str] = {}

    def entry(self) -> LedgerEntry | None:
        """As anybody else would read it."""
        return Ledger(self.watcher, NAME).entry(self.key)

    def claim(self) -> str | None:
        entry = self.entry()
        return None if entry is None else entry.claim

    def step(self, rule: str) -> None:
        """Do what a rule says."""
        if rule in ("given_up", "adopted"):
            with self.world.lagging(self.clock, lags=rule == "given_up") as client:
                self.code.settle(self.watcher, client, LATER)
        elif rule == "written_off":
            self._write_off()
        elif rule[:-1] == "again":
            number = int(rule[-1])
            self.dead.append(self.processes[number])
            self.processes[number] = Process(self)
        else:
            self.processes[int(rule[-1])].step(rule[:-1])

    def compare(self, rule: str, model: dict[str, int]) -> None:
        """Hold what is there against the model."""
        entry = self.entry()
        assert (None if entry is None else entry.status) == STATES[model["st"]]
        if rule[:-1] == "reserve":
            self.claims[int(rule[-1])] = self.claim()
        assert self.claim() == self.claims[(model["claim"] + 1) % 2 + 1 if model["claim"] else 0]
        versions = dict(self.watcher.versions(f"ledger/{NAME}/"))
        assert (versions != self.version) == (model["ver"] != self.before["ver"]), "written, or not"
        for number, process in self.processes.items():
            assert process.place(model[f"pc{number}"]), f"{number} stands at {process.actor.at}"
        if rule[:-1] == "served":
            self.finish(model)
        self.before, self.version = model, versions

    def finish(self, model: dict[str, int]) -> None:
        """Count the calls that the account has."""
        assert self.world.calls(self.key.to) == model["calls"]

    def close(self) -> None:
        """End everything."""
        for process in (*self.processes.values(), *self.dead):
            self.world.road.end(process.actor)
        self.stack.close()

    def _write_off(self) -> None:
        account = Account.with_token(ACCOUNT, TOKEN, base_url=self.world.emulator.url)
        stack = Stack(state=self.url, account=account, clock=ManualClock(LATER), environ={}, who="ada")
        stack.resolve_call(NAME, NOON, placed=None)


def replayed(walks: list[Walk], world: World, urls: Iterator[str], code: Code) -> dict[str, int]:
    return replay(LEDGER, walks, lambda: LedgerGame(world, next(urls), code))


class Forgetful(Placer):
    """Takes a lost answer for a call that was not sent."""

    def _record(self, turn: Any, status: CallStatus, **told: Any) -> LedgerEntry | None:
        known = CallStatus.DEFERRED if status is CallStatus.UNKNOWN else status
        return super()._record(turn, known, **told)


class Hasty(Placer):
    """Sends first, and reserves afterwards."""

    def _reserve(self, turn: Any) -> LedgerEntry | None:
        return self._reservation(turn.key, turn.claim, self.clock.now())


class Proud(Placer):
    """Records its outcome over what somebody else has found out."""

    def _record(self, turn: Any, status: CallStatus, **told: Any) -> LedgerEntry | None:
        def step(entry: LedgerEntry | None) -> LedgerEntry | None:
            assert entry is not None
            return replace(entry, status=status, sid=told.get("sid"), reason=told.get("reason"))

        return self.ledger.change(turn.key, step, then=told.get("then"))[0]


class Sleepy(Placer):
    """Does not look whether it was given up while it slept."""

    def _require_reserved(self, turn: Any) -> None:
        pass


def hopeful(store: Backend, client: Client, now: datetime) -> None:
    """Takes what is in doubt for calls that were not sent."""
    reconcile(store, client, now)
    ledger = Ledger(store, NAME)
    for key, entry in ledger.entries().items():
        if entry.status is CallStatus.UNKNOWN:
            free = replace(entry, status=CallStatus.DEFERRED)
            ledger.change(key, lambda _, free=free: free)  # type: ignore[misc]


WRONG = {
    "no compare-and-swap": Code(store=Blindly),
    "intent after request": Code(placer=Hasty),
    "lost answer taken for unsent": Code(placer=Forgetful),
    "dead reservation taken for unsent": Code(settle=hopeful),
    "outcome over what somebody found out": Code(placer=Proud),
    "sent without a last look": Code(placer=Sleepy),
}


def test_the_real_ledger_takes_every_walk_of_its_model(tmp_path: Path, world: World, counts: Counts) -> None:
    counts("models", **replayed(covering(LEDGER), world, files(tmp_path), Code()))


def test_the_real_ledger_takes_some_of_them_in_postgresql(
    world: World, postgres_server: PostgresServer, counts: Counts
) -> None:
    urls = iter(postgres_server.url, "")
    counts("models", **replayed(covering(LEDGER)[::6], world, urls, Code()))


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_step_of_the_ledger_is_seen(tmp_path: Path, world: World, counts: Counts, wrong: str) -> None:
    with pytest.raises(AssertionError):
        replayed(covering(LEDGER), world, files(tmp_path), WRONG[wrong])
    counts("models", wrong_steps_seen=1)

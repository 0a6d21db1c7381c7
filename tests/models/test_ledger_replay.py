"""The real ledger walks as its model does: placers, settling and `calls resolve` on a real store, and the
emulator, in every order in which two rules of the model can follow each other.

After each step the entry, its claim, the calls that the account has and the place at which each dispatcher
stands are compared with the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.counting import Counts
from tests.hostile.proxy import serving
from tests.kinds.call.specs import ADDRESS, spec
from tests.models.gates import END, WIRE, Actor, Blindly, Gated, Road
from tests.models.protocols.ledger import LEDGER
from tests.models.walks import Walk, covering
from tests.services import PostgresServer
from tests.support import ACCOUNT, TOKEN
from tests.twilio.scripted import RESET, error
from voiceform import Account, Stack
from voiceform.dispatch import reconcile as reconciling
from voiceform.emulator import Emulator
from voiceform.kinds.call.dialling.dialler import Placer
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.pauses import pause, resume
from voiceform.kinds.call.ledger.store import Ledger
from voiceform.kinds.call.limits.book import ContactBook
from voiceform.model.clock import ManualClock
from voiceform.state.backend import Backend
from voiceform.state.meta import bump_serial
from voiceform.state.open import open_store
from voiceform.twilio.client import Client, open_client
from voiceform.twilio.credentials import Credentials

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NAME = str(ADDRESS)
LATER = NOON + timedelta(minutes=10)
"""When a request is over for certain."""
CREDENTIALS = Credentials(ACCOUNT, ACCOUNT, TOKEN)
STATES = [
    None,
    CallStatus.RESERVED,
    CallStatus.DEFERRED,
    CallStatus.PLACED,
    CallStatus.UNKNOWN,
    CallStatus.FAILED,
]
REFUSED = error(403, 20003)


@dataclass
class World:
    """The account, and how one gets there."""

    emulator: Emulator
    road: Road
    reader: Client
    people: Iterator[str] = field(
        default_factory=lambda: (f"+1555867{number:04d}" for number in range(10_000))
    )


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator(port=0, calls_per_second=100_000.0))
        emulator.clock(now=NOON.isoformat())
        road = stack.enter_context(serving(Road([], upstream=emulator.url)))
        reader = open_client(CREDENTIALS, emulator.url, read_only=True, clock=ManualClock(NOON))
        yield World(emulator, road, stack.enter_context(reader))


@dataclass(frozen=True)
class Code:
    """What is replayed: the store, what places and what settles, or one of them with one thing wrong."""

    store: type[Gated] = Gated
    placer: type[Placer] = Placer
    settle: Callable[[Backend, Client, datetime], object] = reconciling.reconcile


class Process:
    """One dispatcher: what its rules are in the code."""

    def __init__(self, game: Game) -> None:
        self.game = game
        self.actor = Actor()
        inner = game.stack.enter_context(open_store(game.url, base_dir=Path()))
        store = game.code.store(inner, self.actor.stop, looks="ledger-heads/")
        client = open_client(CREDENTIALS, game.world.road.url, read_only=False, clock=game.clock)
        self.placer = game.code.placer(
            spec(to=[game.key.to]),
            Ledger(store, NAME),
            ContactBook(store),
            game.stack.enter_context(client),
            game.clock,
            None,
        )
        self.withheld = False

    def step(self, rule: str) -> None:
        """Do what the rule says."""
        self.game.world.road.sender = self.actor
        if rule == "killed":
            self.actor.kill()
        elif rule in ("served", "refused", "lost_before", "lost_after"):
            self._on_the_road(rule)
        elif rule in ("placed", "deferred", "doubtful", "not_mine"):
            self._hear()
        else:
            {
                "look": self._look,
                "decided": self._end,
                "reserve": self._reserve,
                "lose": self.actor.go,
                "send": self._send,
                "withhold": self._withhold,
            }[rule]()

    def place(self, pc: int) -> bool:
        """Whether it stands where the model says."""
        at = self.actor.at
        writes = at.startswith("write ")
        if pc == 3:
            return at == WIRE or (self.withheld and writes)
        return {0: at in ("look", END), 1: writes, 2: at == "look", 5: at == END, 6: True}[pc]

    def _look(self) -> None:
        if self.actor.at == END:
            self.actor.begin(lambda: self.placer.place(self.game.key, NOON))
        assert self.actor.at == "look"
        self.actor.go()

    def _reserve(self) -> None:
        """What it remembers of the ledger may be older than its look: then it looks once more."""
        before = self.game.claim()
        self.actor.go()
        if self.game.claim() == before:
            assert self.actor.at == "look"
            self.actor.go()
            self.actor.go()

    def _send(self) -> None:
        assert self.actor.at == "look"
        assert self.actor.go() == WIRE

    def _withhold(self) -> None:
        """Somebody pauses the schedule while it is about to send, and lets it go on later."""
        pause(self.game.watcher, NAME, reason="wait", who="ada", now=NOON)
        self.actor.go()
        resume(self.game.watcher, NAME, who="ada", now=NOON)
        self.withheld = True

    def _on_the_road(self, rule: str) -> None:
        request = self.actor.requests[-1]
        if rule == "served":
            self.game.world.road.carry_out(request)
        else:
            request.reply = REFUSED if rule == "refused" else RESET

    def _hear(self) -> None:
        if self.actor.at == WIRE:
            self.actor.answered(self.actor.requests[-1].reply)
        self.withheld = False
        self._end()

    def _end(self) -> None:
        if self.actor.at == END:
            return
        for _ in range(5):  # what it wrote upon may have changed
            if self.actor.go() == END:
                return
        raise AssertionError(f"it comes to no end, and stands at {self.actor.at}")


class Game:
    """One walk."""

    def __init__(self, world: World, url: str, code: Code) -> None:
        self.world, self.url, self.code = world, url, code
        self.stack = ExitStack()
        self.clock = ManualClock(NOON + timedelta(seconds=5))
        self.watcher = self.stack.enter_context(open_store(url, base_dir=Path()))
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
            self.world.road.blind = rule == "given_up"
            client = open_client(CREDENTIALS, self.world.road.url, read_only=True, clock=self.clock)
            with client:
                self.code.settle(self.watcher, client, LATER)
            self.world.road.blind = False
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
            self.count(model)
        self.before, self.version = model, versions

    def count(self, model: dict[str, int]) -> None:
        """The calls that the account has."""
        assert len(list(self.world.reader.list_calls(to=self.key.to))) == model["calls"]

    def close(self) -> None:
        """End everything."""
        for process in (*self.processes.values(), *self.dead):
            process.actor.close()
        self.stack.close()

    def _write_off(self) -> None:
        account = Account.with_token(ACCOUNT, TOKEN, base_url=self.world.emulator.url)
        stack = Stack(state=self.url, account=account, clock=ManualClock(LATER), environ={}, who="ada")
        stack.resolve_call(NAME, NOON, placed=None)


def replay(walk: Walk, world: World, url: str, code: Code) -> None:
    """Take every step of a walk."""
    game = Game(world, url, code)
    model = dict(LEDGER.fields)
    try:
        for rule, state in walk:
            game.step(rule)
            model = dict(zip(LEDGER.fields, state, strict=True))
            game.compare(rule, model)
        game.count(model)
    finally:
        game.close()


def replay_all(walks: list[Walk], world: World, urls: Iterator[str], code: Code) -> None:
    """Take every step of all of them."""
    for walk, url in zip(walks, urls, strict=False):
        try:
            replay(walk, world, url, code)
        except AssertionError as error:
            raise AssertionError(f"after {[rule for rule, _ in walk]}: {error}") from error


def files(folder: Path) -> Iterator[str]:
    """States in SQLite that are not there yet."""
    for number in range(10_000):
        yield f"sqlite:///{folder}/{number}.db"


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


def hopeful(store: Backend, client: Client, now: datetime) -> None:
    """Takes what is in doubt for calls that were not sent."""
    reconciling.reconcile(store, client, now)
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
}


@pytest.mark.parametrize("wrong", WRONG)
def test_code_that_does_what_the_model_does_not_is_seen(
    tmp_path: Path, world: World, counts: Counts, wrong: str
) -> None:
    with pytest.raises(AssertionError):
        replay_all(covering(LEDGER), world, files(tmp_path), WRONG[wrong])
    counts("models", wrong_steps_seen=1)


def test_the_real_ledger_takes_some_of_them_in_postgresql(
    world: World, postgres_server: PostgresServer, counts: Counts
) -> None:
    walks = covering(LEDGER)[::6]
    replay_all(walks, world, (postgres_server.url() for _ in walks), Code())
    counts("models", walks_replayed=len(walks), steps_replayed=sum(map(len, walks)))


def test_the_real_ledger_takes_every_walk_of_its_model(tmp_path: Path, world: World, counts: Counts) -> None:
    walks = covering(LEDGER)
    replay_all(walks, world, files(tmp_path), Code())
    counts("models", walks_replayed=len(walks), steps_replayed=sum(map(len, walks)))

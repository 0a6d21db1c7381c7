"""Whole stacks that apply two changes side by side, and who comes after them, walk as the models of the
journal do. Their state is a real object store in memory, whose batches are torn wherever the model tears
them, or SQLite or PostgreSQL, whose batches are whole.

After each step the run, its intents and outcomes, what is recorded and what the account has are compared with
the model.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.counting import Counts
from tests.models.appliers import (
    IDLE,
    TTL,
    Bucket,
    Clock,
    Database,
    Program,
    Start,
    State,
    States,
    buckets,
    databases,
    settles,
    started,
)
from tests.models.dispatchers import files
from tests.models.gates import END, SECONDS, Actor, Request
from tests.models.protocols.journal import JOURNAL, WHOLE_JOURNAL
from tests.models.rules import Model
from tests.models.walks import Walk, covering, replay
from tests.services import PostgresServer
from tests.twilio.scripted import RESET, error
from voiceform.kinds.base import Done, Session
from voiceform.kinds.kind import Kind
from voiceform.kinds.queue import QueueKind
from voiceform.model.address import Address
from voiceform.model.plan import Change
from voiceform.model.run import Status
from voiceform.model.store import Write
from voiceform.state.backend import LEASE_KEY, Backend, Guard
from voiceform.state.journal import read_run, unfinished_runs
from voiceform.state.journal_codec import read_intents
from voiceform.state.lease import acquire, break_lease, show_lease
from voiceform.state.meta import read_meta
from voiceform.state.resources import read_resources

NAMES = {"a": "alpha", "b": "beta"}
REFUSED = error(400, 20001)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    queues = "{alpha: {max_size: 5}, beta: {max_size: 5}}"
    with started(tmp_path_factory.mktemp("stack"), queues) as start:
        yield start


class Crew(Actor):
    """The thread that writes; others send, whose requests are kept by the queue that they are for."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: dict[str, Request] = {}
        self._came = threading.Condition()

    def sends(self, request: Request) -> None:
        with self._came:
            self.requests.append(request)
            name = next(name for name in NAMES.values() if f"FriendlyName={name}" in request.seen.body)
            self.sent[name] = request
            self._came.notify_all()

    def wait_for(self, name: str) -> None:
        """Until the request for a queue is on its way."""
        with self._came:
            assert self._came.wait_for(lambda: name in self.sent, SECONDS)


class Run(Program):
    """The run that the plan is applied by: what its rules are in the code."""

    def __init__(self, game: JournalGame) -> None:
        super().__init__(game.start, "the run", game.state)
        self.crew = Crew()
        self.actor = self.crew

    def step(self, rule: str) -> None:
        """Do what a rule of the run says."""
        if rule == "header":
            self._begin()
            self.until("check journal/")
        elif rule == "intents":
            self.until("check meta")
        elif rule == "begun":
            if self.crew.at == END:
                self._begin()
            self.until("list")
            assert not self.crew.sent, "a request in front of the run"
        elif rule == "ended":
            self.until("put runs/")
            self.until("check meta")
        elif rule in ("closed", "left_open"):
            self.ends_with()
        elif rule == "hear_both":
            self._hear(*NAMES.values())
            self.until("batch ")
        elif rule == "stored_both":
            self.until("done ")
        else:
            assert rule == "killed"
            self.crew.kill()

    def change(self, rule: str, which: str) -> None:
        """Do what a rule of one change says."""
        name = NAMES[which]
        if rule == "request":
            if self.crew.at == "list":
                self.until(IDLE)
            self.crew.wait_for(name)
        elif rule == "served":
            self.start.world.road.carry_out(self.crew.sent[name])
        elif rule == "refused":
            self.crew.sent[name].reply = REFUSED
        elif rule.startswith("lost_"):
            self.crew.sent[name].reply = RESET
        elif rule == "hear":
            self._hear(name)
            self.until("batch ")
        elif rule == "open":
            self.stop.set()  # only who is interrupted leaves open what was lost
            self._hear(name)
            self.until("done ")
        elif rule == "recorded":
            self.until(f"put resources/queue.{name}")
            self.until("check ")
        else:
            assert rule == "stored"
            self.until("done ")

    def _begin(self) -> None:
        self.apply(parallelism=2)
        self.until("batch runs/")

    def _hear(self, *names: str) -> None:
        """The answers of changes arrive, one after the other, and then the thread that writes takes them."""
        self.until(IDLE)
        for number, name in enumerate(names, 1):
            request = self.crew.sent[name]
            request.answer.put(request.reply)
            self.clock.runtime.made.wait_for(number)
        self.crew.go()


class Settler(Program):
    """Who comes after a run that died."""

    def __init__(self, game: JournalGame) -> None:
        super().__init__(game.start, "the next", game.state)
        self.game = game

    def begin(self) -> None:
        """Take the lease, and look what the account shows."""
        store = self.opened()

        def work() -> None:
            taken = acquire(store, operation="apply", holder=self.name, clock=self.clock, ttl=TTL)
            with taken as lease:
                settles(self.start, lease, lambda: store, self.game.kinds)

        self.actor.begin(work)
        self.until("batch ")

    def step(self, rule: str) -> None:
        """Do what a rule of settling says."""
        if rule.startswith("found_"):
            self.until(f"put resources/queue.{NAMES[rule[-1]]}")
            self.until("check ")
        elif rule == "settled_all":
            self.until("done ")
        elif rule == "settled":
            self.until("put runs/")
            self.until("check meta")
        elif rule == "settled_closed":
            self.ends_with()
        else:
            assert rule == "settler_killed"
            self.actor.kill()


class JournalGame:
    """One walk."""

    def __init__(self, start: Start, state: State, kinds: Sequence[Kind[Any]]) -> None:
        self.start, self.state, self.kinds = start, state, kinds
        self.watcher = start.begin(state)
        self.plan_id = start.plan.plan_id
        self.run = Run(self)
        self.settlers: list[Settler] = []
        start.world.road.sender = self.run.actor

    def step(self, rule: str) -> None:
        """Do what a rule says."""
        name, _, which = rule.rpartition("_")
        if rule in ("next", "nothing_open"):
            lease = show_lease(self.watcher)
            if lease is not None and lease.holder is not None:
                break_lease(self.watcher, reason="test", who="ada", clock=Clock())
            if rule == "nothing_open":
                assert unfinished_runs(self.watcher) == ()
            else:
                self.settlers.append(Settler(self))
                self.settlers[-1].begin()
        elif rule.startswith(("found_", "settled", "settler_")):
            self.settlers[-1].step(rule)
        elif which in NAMES:
            self.run.change(name, which)
        else:
            self.run.step(rule)

    def compare(self, _: str, model: dict[str, int]) -> None:
        """Hold what is there against the model."""
        detail, meta = read_run(self.watcher, self.plan_id), read_meta(self.watcher)
        assert meta is not None
        assert (0 if detail is None else 1 + (detail.record.finished_at is not None)) == model["run"]
        assert (self.plan_id in meta.unfinished) == model["meta"]
        intents = {change.address.name for change in read_intents(self.watcher, self.plan_id)}
        outcomes = () if detail is None else detail.outcomes
        ended = {outcome.address.name: 1 if outcome.status is Status.APPLIED else 2 for outcome in outcomes}
        recorded = {address.name for address in read_resources(self.watcher)}
        queues = {queue.friendly_name for queue in self.start.world.reader.list_queues()}
        for which, name in NAMES.items():
            assert (name in intents) == model[f"int_{which}"]
            assert (name in recorded) == model[f"rec_{which}"]
            assert (name in queues) == model[f"eff_{which}"]
            assert ended.get(name, 0) == model[f"out_{which}"]

    def finish(self, model: dict[str, int]) -> None:
        """Nobody asked for a queue more than once."""
        assert len(self.start.world.emulator.requests("createQueue")) == model["eff_a"] + model["eff_b"]

    def close(self) -> None:
        """End everything."""
        for program in (self.run, *self.settlers):
            self.start.world.road.end(program.actor)
        self.state.close()


def can(state: dict[str, int], rule: str) -> bool:
    """What belongs to one batch is written in the order of the plan."""
    if rule == "recorded_b" and state["batch"] == 3:
        return bool(state["rec_a"] or state["net_a"] == 3)
    return rule != "found_b" or bool(state["rec_a"] or state["out_a"] or not state["eff_a"])


def walks_of(model: Model) -> list[Walk]:
    return covering(model, can)


def replayed(
    model: Model, walks: Sequence[Walk], start: Start, states: States, kinds: Sequence[Kind[Any]] = ()
) -> dict[str, int]:
    return replay(model, walks, lambda: JournalGame(start, next(states), kinds))


def test_real_runs_take_every_walk_of_the_journal(start: Start, counts: Counts) -> None:
    counts("models", **replayed(JOURNAL, walks_of(JOURNAL), start, buckets()))


def test_real_runs_take_every_walk_in_sqlite(start: Start, tmp_path: Path, counts: Counts) -> None:
    states = databases(files(tmp_path))
    counts("models", **replayed(WHOLE_JOURNAL, walks_of(WHOLE_JOURNAL), start, states))


def test_real_runs_take_some_walks_in_postgresql(
    start: Start, postgres_server: PostgresServer, counts: Counts
) -> None:
    states = databases(iter(postgres_server.url, ""))
    counts("models", **replayed(WHOLE_JOURNAL, walks_of(WHOLE_JOURNAL)[::4], start, states))


class Backwards(Bucket):
    """Writes the documents of a batch that begins with some key in the order from back to front."""

    first = "runs/"

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        if not writes[0].key.startswith(self.first):
            return super().write_guarded(writes, guard, lease_key=lease_key)
        return super().write_guarded(writes[::-1], guard, lease_key=lease_key)[::-1]


class OutcomeFirst(Backwards):
    """Writes an outcome in front of what it leaves."""

    first = "resources/"


def unlisted(write: Write) -> Write:
    """The write, and where it is of `meta` without the runs that have not ended."""
    if write.key != "meta" or write.document is None:
        return write
    kept = {name: value for name, value in write.document.items() if name != "unfinished"}
    return replace(write, document=kept)


class Unlisted(Bucket):
    """Does not say that a run is unfinished."""

    def _write_one(self, write: Write, check: Callable[[], None]) -> str | None:
        return super()._write_one(unlisted(write), check)


class Hopeless(QueueKind):
    """Takes the open changes of a dead run for failed."""

    def settle(self, changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
        return {}


class Credulous(QueueKind):
    """Takes them for done."""

    def settle(self, changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
        return {change.address: Done(Status.APPLIED) for change in changes}


WRONG: dict[str, tuple[type[Bucket], Sequence[Kind[Any]]]] = {
    "the run behind its intents": (Backwards, ()),
    "outcome in front of what it leaves": (OutcomeFirst, ()),
    "a run that nobody finds": (Unlisted, ()),
    "open changes taken for failed": (Bucket, (Hopeless(),)),
    "open changes taken for done": (Bucket, (Credulous(),)),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_step_of_a_run_is_seen(start: Start, counts: Counts, wrong: str) -> None:
    kind, kinds = WRONG[wrong]
    with pytest.raises(AssertionError):
        replayed(JOURNAL, walks_of(JOURNAL), start, buckets(kind), kinds)
    counts("models", wrong_steps_seen=1)


class Unrecorded(Database):
    """Stores outcomes without what the changes leave."""

    def written(
        self, inner: Backend, batch: Sequence[Write], guard: Guard | None, lease_key: str
    ) -> tuple[str | None, ...]:
        kept = [write for write in batch if not write.key.startswith("resources/")]
        return super().written(inner, kept, guard, lease_key)


class Nameless(Database):
    """Does not say that a run is unfinished."""

    def written(
        self, inner: Backend, batch: Sequence[Write], guard: Guard | None, lease_key: str
    ) -> tuple[str | None, ...]:
        return super().written(inner, [unlisted(write) for write in batch], guard, lease_key)


WRONG_WHOLE: dict[str, tuple[type[Database], Sequence[Kind[Any]]]] = {
    "outcomes without what changes leave": (Unrecorded, ()),
    "a run that nobody finds": (Nameless, ()),
    "open changes taken for failed": (Database, (Hopeless(),)),
    "open changes taken for done": (Database, (Credulous(),)),
}


@pytest.mark.parametrize("wrong", WRONG_WHOLE)
def test_a_wrong_step_of_a_run_in_sqlite_is_seen(
    start: Start, tmp_path: Path, counts: Counts, wrong: str
) -> None:
    kind, kinds = WRONG_WHOLE[wrong]
    with pytest.raises(AssertionError):
        replayed(WHOLE_JOURNAL, walks_of(WHOLE_JOURNAL), start, databases(files(tmp_path), kind), kinds)
    counts("models", wrong_steps_seen=1)

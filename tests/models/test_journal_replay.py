"""Whole stacks that apply two changes side by side, and who comes after them, walk as the model of the
journal does. Their state is a real object store in memory: batches are torn wherever the model tears them.

After each step the run, its intents and outcomes, what is recorded and what the account has are compared with
the model.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.counting import Counts
from tests.models.appliers import IDLE, TTL, Bucket, Clock, Program, Start, settles, started
from tests.models.gates import SECONDS, Actor, Request
from tests.models.protocols.journal import JOURNAL
from tests.models.walks import covering, replay
from tests.twilio.scripted import RESET, error
from voiceform.kinds.base import Done, Session
from voiceform.kinds.kind import Kind
from voiceform.kinds.queue import QueueKind
from voiceform.model.address import Address
from voiceform.model.plan import Change
from voiceform.model.run import Status
from voiceform.model.store import Write
from voiceform.state.backend import LEASE_KEY, Guard
from voiceform.state.journal import read_run, unfinished_runs
from voiceform.state.journal_codec import read_intents
from voiceform.state.lease import acquire, break_lease, show_lease
from voiceform.state.meta import read_meta
from voiceform.state.resources import read_resources

NAMES = {"a": "alpha", "b": "beta"}
REFUSED = error(400, 20001)
BETWEEN = ("served_", "refused_", "lost_", "request_", "killed")
"""What may happen while a run is between two documents of a batch."""


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
        super().__init__(
            game.start, "the run", lambda own: game.bucket(game.memory, own.actor.stop, own.alive)
        )
        self.crew = Crew()
        self.actor = self.crew
        self.working = False

    def step(self, rule: str) -> None:
        """Do what a rule of the run says."""
        if rule == "header":
            self.apply(parallelism=2)
            self.until("batch runs/")
            self.until("check journal/")
        elif rule == "intents":
            self.until("check meta")
        elif rule == "begun":
            self.until("list")
            assert not self.crew.sent, "a request in front of the run"
        elif rule == "ended":
            self.until("put runs/")
            self.until("check meta")
        elif rule in ("closed", "left_open"):
            self.ends_with()
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
        elif rule == "applied":
            self.until("done ")
        else:
            self._hear(rule, name)

    def _hear(self, rule: str, name: str) -> None:
        if rule == "open":
            self.stop.set()  # only who is interrupted leaves open what was lost
        self.until(IDLE)
        request = self.crew.sent[name]
        self.crew.release()
        request.answer.put(request.reply)
        self.crew.arrive()
        if rule == "recorded":
            self.until(f"put resources/queue.{name}")
            self.until("check journal/")
        else:
            self.until("done ")


class Settler(Program):
    """Who comes after a run that died."""

    def __init__(self, game: JournalGame) -> None:
        super().__init__(
            game.start, "the next", lambda own: game.bucket(game.memory, own.actor.stop, own.alive)
        )
        self.game = game

    def begin(self) -> None:
        """Take the lease, and look what the account shows."""
        store = self.game.opened(self)

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

    def __init__(self, start: Start, bucket: type[Bucket], kinds: Sequence[Kind[Any]]) -> None:
        self.start, self.bucket, self.kinds = start, bucket, kinds
        self.memory = start.memory()
        self.watcher = Bucket(self.memory)
        self.plan_id = start.plan.plan_id
        self.run = Run(self)
        self.settlers: list[Settler] = []
        start.world.road.sender = self.run.actor

    def opened(self, program: Program) -> Bucket:
        """The state, with the gates of one process."""
        return self.bucket(self.memory, program.actor.stop, program.alive)

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


def can(state: dict[str, int], rule: str) -> bool:
    """One thread writes, and a batch to its end; who settles writes in the order of the plan."""
    for which in NAMES:
        if state["pc"] == 3 and state[f"rec_{which}"] and not state[f"out_{which}"]:
            return rule == f"applied_{which}" or rule.startswith(BETWEEN)
    return rule != "found_b" or bool(state["rec_a"] or state["out_a"] or not state["eff_a"])


def replayed(start: Start, bucket: type[Bucket] = Bucket, kinds: Sequence[Kind[Any]] = ()) -> dict[str, int]:
    return replay(JOURNAL, covering(JOURNAL, can), lambda: JournalGame(start, bucket, kinds))


def test_real_runs_take_every_walk_of_the_journal(start: Start, counts: Counts) -> None:
    counts("models", **replayed(start))


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


class Unlisted(Bucket):
    """Does not say that a run is unfinished."""

    def _write_one(self, write: Write, check: Callable[[], None]) -> str | None:
        if write.key == "meta" and write.document is not None:
            kept = {name: value for name, value in write.document.items() if name != "unfinished"}
            write = replace(write, document=kept)
        return super()._write_one(write, check)


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
    with pytest.raises(AssertionError):
        replayed(start, *WRONG[wrong])
    counts("models", wrong_steps_seen=1)

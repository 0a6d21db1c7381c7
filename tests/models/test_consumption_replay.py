"""Whole stacks that apply one plan walk as the models of consuming it do. Their state is a real object store
in memory, which looks at its fence before a batch and not in it, or SQLite or PostgreSQL, which do so within.

After each step the run, `meta`, the lease, what was sent and the place at which each process stands are
compared with the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.counting import Counts
from tests.models.appliers import (
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
from tests.models.gates import END, WIRE
from tests.models.protocols.consumption import CONSUMPTION, WHOLE_CONSUMPTION
from tests.models.rules import Model
from tests.models.walks import Walk, covering, replay
from tests.services import PostgresServer
from voiceform.engine.applier import require_fresh
from voiceform.model.errors import InterruptedRunError, LeaseLostError, StalePlanError, StateConflictError
from voiceform.model.plan import Plan, StateVersion
from voiceform.model.store import Write
from voiceform.state.backend import LEASE_KEY, Backend, Guard
from voiceform.state.journal import read_run
from voiceform.state.lease import Lease, acquire, break_lease, show_lease
from voiceform.state.meta import bump_serial, read_meta, state_version

if TYPE_CHECKING:
    from obstore import PutMode


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    with started(tmp_path_factory.mktemp("stack"), "{support: {max_size: 5}}") as start:
        yield start


class Process(Program):
    """One process with the saved plan: what its rules are in the code."""

    def __init__(self, game: ConsumptionGame, name: str) -> None:
        super().__init__(game.start, name, game.state)
        self.game = game

    def step(self, rule: str) -> None:
        """Do what the rule says."""
        self.game.start.world.road.sender = self.actor
        steps: dict[str, Callable[[], object]] = {
            "fresh": self._fresh,
            "stale": self._stale,
            "run_out": self._break,
            "killed": self.actor.kill,
            "expired": self._expire,
            "withdraw": self._withdraw,
            "restore": lambda: self.ends_with(InterruptedRunError),
            "fenced": self._fenced,
            "send": lambda: self.until(WIRE),
            "finish": self._finish,
            "used": lambda: self._refused(StalePlanError),
            "moved": lambda: self._refused(StateConflictError),
            "unrestored": lambda: self._refused(StateConflictError),
        }
        steps.get(rule, lambda: self._write(rule))()

    def place(self, pc: int) -> bool:
        """Whether it stands where the model says."""
        at = self.actor.at
        places = [at == END, at == f"batch {self.game.run}", at == f"put {self.game.run}"]
        places += [
            at in ("check meta", END),
            at == "put meta",
            at == "list",
            at == WIRE,
            at == END,
            at == END,
            True,
            at == "check meta",
        ]
        return places[pc]

    def _break(self) -> None:
        break_lease(self.game.watcher, reason="test", who="ada", clock=self.clock)

    def _answer(self) -> None:
        request = self.actor.requests[-1]
        self.game.start.world.road.carry_out(request)
        self.actor.answered(request.reply)

    def _fenced(self) -> None:
        if self.actor.at.startswith("check "):
            self.clock.runtime.up += TTL.total_seconds()  # within a batch it goes by its own clock
        if self.actor.at == WIRE:
            self._answer()
        self.ends_with(LeaseLostError)

    def _withdraw(self) -> None:
        self.stop.set()
        if self.game.whole:
            self.ends_with(InterruptedRunError)
        else:
            self.until("put runs/")
            self.until("check meta")

    def _fresh(self) -> None:
        self.apply(parallelism=1)
        self.until("batch runs/")

    def _stale(self) -> None:
        self.apply(parallelism=1)
        self.ends_with(StalePlanError)

    def _expire(self) -> None:
        lease = show_lease(self.game.watcher)
        if lease is not None and lease.holder is not None:
            self._break()

    def _finish(self) -> None:
        self._answer()
        self.ends_with()

    def _refused(self, error: type[Exception]) -> None:
        self.actor.go()
        self.ends_with(error)

    def _write(self, rule: str) -> None:
        gates = {"pass": "put runs/", "header": "check meta", "go_on": "put meta", "begin": "list"}
        self.actor.go()
        self.until(gates[rule])


class ConsumptionGame:
    """One walk."""

    def __init__(self, start: Start, state: State, *, whole: bool) -> None:
        self.start, self.state, self.whole = start, state, whole
        self.run = f"runs/{start.plan.plan_id}"
        self.watcher = start.begin(state)
        self.processes = {number: Process(self, f"process {number}") for number in (1, 2)}
        self.made = StateVersion(None, 0)
        self.model = dict(CONSUMPTION.fields)
        self.version = self.watcher.version("meta")

    def step(self, rule: str) -> None:
        """Do what a rule says."""
        if rule[:-1] in ("settle", "forget"):
            self._locked(self._settle)
        elif rule == "by_hand":
            self._locked(lambda lease: bump_serial(lease.store))
        elif rule == "plan":
            self.made = state_version(self.watcher)
        elif rule == "other_fresh":
            require_fresh(self._other(), self.watcher)
        elif rule == "other_stale":
            with pytest.raises(StalePlanError):
                require_fresh(self._other(), self.watcher)
        else:
            self.processes[int(rule[-1])].step(rule[:-1])

    def compare(self, _: str, model: dict[str, int]) -> None:
        """Hold what is there against the model."""
        meta = read_meta(self.watcher)
        assert meta is not None
        assert meta.serial == model["serial"]
        given = [number if number > meta.serial else 0 for number in (meta.given, model["given"])]
        assert given[0] == given[1]
        assert (self.start.plan.plan_id in meta.unfinished) == model["begun"]
        detail = read_run(self.watcher, self.start.plan.plan_id)
        assert (0 if detail is None else 1 + (detail.record.finished_at is not None)) == model["run"]
        assert sum(len(process.actor.requests) for process in self.processes.values()) == model["sent"]
        if model["made"]:
            assert self.made.serial + 1 == model["made"]
        version = self.watcher.version("meta")
        assert (version != self.version) == (model["ver"] != self.model["ver"]), "written, or not"
        for number, process in self.processes.items():
            assert process.place(model[f"pc{number}"]), f"{number} stands at {process.actor.at}"
        self._compare_lease(model)
        self.model, self.version = model, version

    def finish(self, model: dict[str, int]) -> None:
        """The account has what was sent, but for what nobody carried out."""
        assert len(self.start.world.emulator.requests("createQueue")) <= model["sent"]

    def close(self) -> None:
        """End everything."""
        for process in self.processes.values():
            self.start.world.road.end(process.actor)
        self.state.close()

    def _compare_lease(self, model: dict[str, int]) -> None:
        lease = show_lease(self.watcher)
        holder = None if lease is None else lease.holder
        lock = model["lock"]
        gone = lock and model[f"pc{lock}"] == 9 and holder is None  # it was given back, and did not run out
        assert gone or (holder or "").startswith(self.processes[lock].name if lock else "")
        assert gone or (holder is None) == (lock == 0)

    def _locked(self, work: Callable[[Lease], object]) -> None:
        with acquire(self.watcher, operation="test", holder="ada", clock=Clock()) as lease:
            work(lease)

    def _settle(self, lease: Lease) -> None:
        settles(self.start, lease, lambda: self.watcher)

    def _other(self) -> Plan:
        return replace(self.start.plan, plan_id="another", state=self.made)


def replayed(model: Model, walks: Sequence[Walk], start: Start, states: States) -> dict[str, int]:
    whole = model is WHOLE_CONSUMPTION
    return replay(model, walks, lambda: ConsumptionGame(start, next(states), whole=whole))


def test_real_stacks_consume_a_plan_in_every_walk_of_the_model(start: Start, counts: Counts) -> None:
    counts("models", **replayed(CONSUMPTION, covering(CONSUMPTION), start, buckets()))


def test_real_stacks_consume_a_plan_in_sqlite(start: Start, tmp_path: Path, counts: Counts) -> None:
    states = databases(files(tmp_path))
    counts("models", **replayed(WHOLE_CONSUMPTION, covering(WHOLE_CONSUMPTION), start, states))


def test_real_stacks_consume_some_plans_in_postgresql(
    start: Start, postgres_server: PostgresServer, counts: Counts
) -> None:
    states = databases(iter(postgres_server.url, ""))
    counts("models", **replayed(WHOLE_CONSUMPTION, covering(WHOLE_CONSUMPTION)[::4], start, states))


class Overwriting(Bucket):
    """Compares nothing."""

    def _put(self, key: str, body: bytes, mode: PutMode, check: Callable[[], None]) -> str:
        return super()._put(key, body, mode if key == LEASE_KEY else "overwrite", check)


class Unfenced(Bucket):
    """Asks nobody for the lease."""

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        return super().write_guarded(writes, None, lease_key=lease_key)


def ungiven(write: Write) -> Write:
    """The write, and where it is of `meta` without the serial that a withdrawn run had."""
    if write.key != "meta" or write.document is None:
        return write
    return replace(write, document={name: item for name, item in write.document.items() if name != "given"})


class Forgetful(Bucket):
    """Forgets the serials that plans of a withdrawn run carry."""

    def _write_one(self, write: Write, check: Callable[[], None]) -> str | None:
        return super()._write_one(ungiven(write), check)


class Backwards(Bucket):
    """Lists a run as unfinished before it is there."""

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        return super().write_guarded(writes[::-1], guard, lease_key=lease_key)[::-1]


WRONG = {
    "no compare-and-swap": Overwriting,
    "no fence": Unfenced,
    "a withdrawn run's serial is given again": Forgetful,
    "the run after its name": Backwards,
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_step_of_consuming_is_seen(start: Start, counts: Counts, wrong: str) -> None:
    with pytest.raises(AssertionError):
        replayed(CONSUMPTION, covering(CONSUMPTION), start, buckets(WRONG[wrong]))
    counts("models", wrong_steps_seen=1)


class UnfencedDatabase(Database):
    """Asks nobody for the lease."""

    def written(
        self, inner: Backend, batch: Sequence[Write], guard: Guard | None, lease_key: str
    ) -> tuple[str | None, ...]:
        return super().written(inner, batch, None, lease_key)


class ForgetfulDatabase(Database):
    """Forgets the serials that plans of a withdrawn run carry."""

    def written(
        self, inner: Backend, batch: Sequence[Write], guard: Guard | None, lease_key: str
    ) -> tuple[str | None, ...]:
        return super().written(inner, [ungiven(write) for write in batch], guard, lease_key)


@pytest.mark.parametrize("wrong", [UnfencedDatabase, ForgetfulDatabase])
def test_a_wrong_step_of_consuming_in_sqlite_is_seen(
    start: Start, tmp_path: Path, counts: Counts, wrong: type[Database]
) -> None:
    with pytest.raises(AssertionError):
        replayed(WHOLE_CONSUMPTION, covering(WHOLE_CONSUMPTION), start, databases(files(tmp_path), wrong))
    counts("models", wrong_steps_seen=1)

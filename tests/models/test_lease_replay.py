"""The real lease walks as its model does: every pair of rules that can follow each other, in SQLite,
PostgreSQL, and an object store in memory.

A step that the model can take and the code cannot, or another document than the model's afterwards, is a
difference between the two, and fails.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.counting import Counts
from tests.models.appliers import Bucket, Database, State, States, buckets, databases
from tests.models.dispatchers import files
from tests.models.gates import SECONDS, Gated, Killed
from tests.models.protocols.lease import LEASE
from tests.models.walks import Walk, covering, replay
from tests.services import PostgresServer
from voiceform.model.clock import ManualClock
from voiceform.model.errors import LeaseLostError
from voiceform.model.store import Write
from voiceform.state.backend import LEASE_KEY, Backend, Guard
from voiceform.state.lease import Lease, acquire, break_lease, show_lease

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
TTL = 60.0


class Gate:
    """Where a process stops, while it takes the lease, before each look and write until `go`."""

    def __init__(self) -> None:
        self.shut = True
        self._arrived, self._let = threading.Semaphore(0), threading.Semaphore(0)
        self._dead = False

    def arrive(self) -> None:
        """Its user is at the gate, or through."""
        assert self._arrived.acquire(timeout=SECONDS)

    def go(self) -> None:
        """Let it do the next thing, and wait until that is done."""
        self._let.release()
        self.arrive()

    def through(self) -> None:
        """Stop nobody any more."""
        self.shut = False
        self._arrived.release()

    def kill(self) -> None:
        """Whoever stands at the gate is gone."""
        self._dead = True
        self._let.release()

    def stop(self, _: str = "") -> None:
        """Wait for `go`, while it is shut."""
        if self.shut:
            self._arrived.release()
            assert self._let.acquire(timeout=SECONDS)
            if self._dead:
                raise Killed


class Process:
    """One holder: what its rules are in the code."""

    def __init__(self, number: int, state: State, clock: ManualClock) -> None:
        self.name = str(number)
        self.gate = Gate()
        self.store = Gated(state.opened(), self.gate.stop)
        self.clock = clock
        self.uptime = 0.0
        self.lease: Lease | None = None
        self.written = 0
        self.thread = threading.Thread(target=self._acquire)
        self.thread.start()
        self.gate.arrive()

    def _acquire(self) -> None:
        try:
            self.lease = acquire(
                self.store, operation="apply", holder=self.name, clock=self.clock, uptime=self._up
            )
        except Killed:
            return
        self.gate.through()

    def _up(self) -> float:
        """Asked before each look, and for every other purpose when nothing stops any more."""
        self.gate.stop()
        return self.uptime

    def step(self, rule: str) -> None:
        """Do what the rule says."""
        if rule in ("look", "take", "lose"):
            self.gate.go()
        elif rule == "late":
            self.uptime += TTL
        elif rule == "write":
            self._write()
        elif rule == "fenced":
            _refused(self._write)
        elif rule == "learnt":
            _refused(self._held()._heartbeat._renew)
        elif rule in ("release", "give_up"):
            self._held().release()
        elif rule == "expire":
            self.clock.sleep(TTL + 1)
        else:
            assert rule in ("sleep", "up", "unaware", "killed")

    def close(self) -> None:
        """End it."""
        self.gate.kill()
        self.thread.join(SECONDS)
        if self.lease is not None:
            self.uptime += TTL  # so that it does not give back what a dead process would have kept
            self.lease.release()

    def _held(self) -> Lease:
        assert self.lease is not None
        return self.lease

    def _write(self) -> None:
        self._held().store.put(f"by/{self.name}/{self.written}", {}, None)
        self.written += 1


def _refused(work: Callable[[], object]) -> None:
    try:
        work()
    except LeaseLostError:
        return
    raise AssertionError("a lease that is lost was not noticed")


class LeaseGame:
    """One walk."""

    def __init__(self, state: State) -> None:
        self.state, self.clock = state, ManualClock(START)
        self.watcher = state.opened()
        self.processes = {number: Process(number, state, self.clock) for number in (1, 2)}

    def step(self, rule: str) -> None:
        """Do what a rule says."""
        if rule == "broken":
            break_lease(self.watcher, reason="test", who="ada", clock=self.clock)
        else:
            self.processes[int(rule[-1])].step(rule[:-1])

    def compare(self, _: str, model: dict[str, int]) -> None:
        """Hold the document, and what was written, against the model."""
        found = show_lease(self.watcher)
        holder, token = (None, 0) if found is None else (found.holder, found.token)
        assert (holder, token) == (str(model["holder"]) if model["holder"] else None, model["token"])
        for number, process in self.processes.items():
            written = LEASE.fields[f"work{number}"] - model[f"work{number}"]
            assert len(list(self.watcher.list(f"by/{number}/"))) == process.written == written

    def finish(self, model: dict[str, int]) -> None:
        """All was compared."""

    def close(self) -> None:
        """End everything."""
        for process in self.processes.values():
            process.close()
        self.state.close()


def replayed(walks: Sequence[Walk], states: States) -> dict[str, int]:
    return replay(LEASE, walks, lambda: LeaseGame(next(states)))


def test_the_real_lease_takes_every_walk_of_its_model(tmp_path: Path, counts: Counts) -> None:
    counts("models", **replayed(covering(LEASE), databases(files(tmp_path))))


def test_the_real_lease_takes_every_walk_in_an_object_store(counts: Counts) -> None:
    counts("models", **replayed(covering(LEASE), buckets()))


def test_the_real_lease_takes_some_of_them_in_postgresql(
    postgres_server: PostgresServer, counts: Counts
) -> None:
    counts("models", **replayed(covering(LEASE)[::6], databases(iter(postgres_server.url, ""))))


class Unfenced(Database):
    """Asks nobody for the lease."""

    def written(
        self, inner: Backend, batch: Sequence[Write], guard: Guard | None, lease_key: str
    ) -> tuple[str | None, ...]:
        return super().written(inner, batch, None, lease_key)


class Unread(Bucket):
    """Goes by its own clock alone."""

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        return super().write_guarded(writes, None, lease_key=lease_key)


class Tokenless(Database):
    """Gives every holder the same token."""

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        if writes[0].key == LEASE_KEY and writes[0].document is not None:
            same = {**writes[0].document, "token": 1}
            writes = (replace(writes[0], document=same),)
        return super().write_guarded(writes, guard, lease_key=lease_key)


@pytest.mark.parametrize("wrong", [Unfenced, Tokenless])
def test_a_wrong_lease_is_seen(tmp_path: Path, counts: Counts, wrong: type[Database]) -> None:
    with pytest.raises(AssertionError):
        replayed(covering(LEASE), databases(files(tmp_path), wrong))
    counts("models", wrong_steps_seen=1)


def test_a_wrong_lease_in_an_object_store_is_seen(counts: Counts) -> None:
    with pytest.raises(AssertionError):
        replayed(covering(LEASE), buckets(Unread))
    counts("models", wrong_steps_seen=1)


def test_a_state_that_the_model_does_not_have_is_seen(tmp_path: Path) -> None:
    walk = next(walk for walk in covering(LEASE) if any(rule == "write1" for rule, _ in walk))
    wrong: list[tuple[str, tuple[int, ...]]] = [
        (
            rule,
            tuple(0 if name == "work1" else value for name, value in zip(LEASE.fields, state, strict=True)),
        )
        for rule, state in walk
    ]
    with pytest.raises(AssertionError):
        replayed([tuple(wrong)], databases(files(tmp_path)))

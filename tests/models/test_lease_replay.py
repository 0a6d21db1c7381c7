"""The real lease walks as its model does: every pair of rules that can follow each other, on a real store.

A step that the model can take and the code cannot, or another document than the model's afterwards, is a
difference between the two, and fails.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.counting import Counts
from tests.models.protocols.lease import LEASE
from tests.models.rules import State
from tests.models.walks import Walk, covering
from voiceform.model.clock import ManualClock
from voiceform.model.errors import LeaseLostError
from voiceform.model.store import Write
from voiceform.state.backend import LEASE_KEY, Guard
from voiceform.state.lease import Lease, acquire, break_lease, show_lease
from voiceform.state.sqlite import SqliteStore

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
TTL = 60.0


class Killed(BaseException):
    """The process is gone."""


class Gate(SqliteStore):
    """A store whose user, while the lease is taken, stops before each look and write until `go`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.shut = True
        self._arrived, self._let = threading.Semaphore(0), threading.Semaphore(0)
        self._dead = False

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        self.stop()
        return super().write_guarded(writes, guard, lease_key=lease_key)

    def arrive(self) -> None:
        """Its user is at the gate, or through."""
        assert self._arrived.acquire(timeout=20)

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

    def stop(self) -> None:
        """Wait for `go`, while it is shut."""
        if self.shut:
            self._arrived.release()
            assert self._let.acquire(timeout=60)
            if self._dead:
                raise Killed


class Process:
    """One holder: what its rules are in the code."""

    def __init__(self, number: int, path: Path, clock: ManualClock) -> None:
        self.name = str(number)
        self.store = Gate(path)
        self.clock = clock
        self.uptime = 0.0
        self.lease: Lease | None = None
        self.written = 0
        self.thread = threading.Thread(target=self._acquire)
        self.thread.start()
        self.store.arrive()

    def _acquire(self) -> None:
        try:
            self.lease = acquire(
                self.store, operation="apply", holder=self.name, clock=self.clock, uptime=self._up
            )
        except Killed:
            return
        self.store.through()

    def _up(self) -> float:
        """Asked before each look, and for every other purpose when nothing stops any more."""
        self.store.stop()
        return self.uptime

    def step(self, rule: str) -> None:
        """Do what the rule says."""
        if rule in ("look", "take", "lose"):
            self.store.go()
        elif rule == "late":
            self.uptime += TTL
        elif rule == "write":
            self._write()
        elif rule == "fenced":
            with pytest.raises(LeaseLostError):
                self._write()
        elif rule == "learnt":
            with pytest.raises(LeaseLostError):
                self._held()._heartbeat._renew()
        elif rule in ("release", "give_up"):
            self._held().release()
        elif rule == "expire":
            self.clock.sleep(TTL + 1)
        else:
            assert rule in ("sleep", "up", "unaware", "killed")

    def close(self) -> None:
        """End it."""
        self.store.kill()
        self.thread.join(60)
        if self.lease is not None:
            self.uptime += TTL  # so that it does not give back what a dead process would have kept
            self.lease.release()
        self.store.close()

    def _held(self) -> Lease:
        assert self.lease is not None
        return self.lease

    def _write(self) -> None:
        self._held().store.put(f"by/{self.name}/{self.written}", {}, None)
        self.written += 1


def replay(walk: Walk, path: Path) -> None:
    """Take every step, and compare the document with the model's after each."""
    clock = ManualClock(START)
    with SqliteStore(path) as watcher:
        processes = {number: Process(number, path, clock) for number in (1, 2)}
        try:
            for rule, state in walk:
                if rule == "broken":
                    break_lease(watcher, reason="test", who="ada", clock=clock)
                else:
                    processes[int(rule[-1])].step(rule[:-1])
                _compare(watcher, dict(zip(LEASE.fields, state, strict=True)), processes)
        finally:
            for process in processes.values():
                process.close()


def _compare(watcher: SqliteStore, model: dict[str, int], processes: dict[int, Process]) -> None:
    found = show_lease(watcher)
    holder, token = (None, 0) if found is None else (found.holder, found.token)
    assert (holder, token) == (str(model["holder"]) if model["holder"] else None, model["token"])
    for number, process in processes.items():
        written = LEASE.fields[f"work{number}"] - model[f"work{number}"]
        assert len(list(watcher.list(f"by/{number}/"))) == process.written == written


def test_the_real_lease_takes_every_walk_of_its_model(tmp_path: Path, counts: Counts) -> None:
    walks = covering(LEASE)
    for number, walk in enumerate(walks):
        try:
            replay(walk, tmp_path / f"{number}.db")
        except AssertionError as error:
            raise AssertionError(f"after {[rule for rule, _ in walk]}: {error}") from error
    counts("models", walks_replayed=len(walks), steps_replayed=sum(len(walk) for walk in walks))


def test_a_state_that_the_model_does_not_have_is_seen(tmp_path: Path) -> None:
    walk = next(walk for walk in covering(LEASE) if any(rule == "write1" for rule, _ in walk))
    wrong: list[tuple[str, State]] = [
        (
            rule,
            tuple(0 if name == "work1" else value for name, value in zip(LEASE.fields, state, strict=True)),
        )
        for rule, state in walk
    ]
    with pytest.raises(AssertionError):
        replay(tuple(wrong), tmp_path / "state.db")

"""kill -9 at any moment of a prune: the next one leaves exactly the right recordings, and whole evidence."""

from __future__ import annotations

import random
import signal
import time
from datetime import UTC, datetime

import pytest

from tests.cli.pruning import Pruner, call, recording
from tests.support import Stack
from tests.warm.started import Started

DUE = 150


@pytest.fixture
def pruner(stack: Stack) -> Pruner:
    now = datetime.now(UTC)
    pruner = Pruner(stack, now)
    pruner.declare("recordings: [{name: all, keep: 90d}]")
    pruner.seed([recording(n, 91 + n / 100, now) for n in range(DUE)])
    pruner.seed([recording(1000 + n, 80, now) for n in range(10)])
    return pruner


def start(pruner: Pruner) -> Started:
    return pruner.stack.start("prune", "--auto-approve", "--evidence", "evidence", "--parallelism", "4")


def wait_for_deletions(pruner: Pruner, count: int, process: Started) -> None:
    while process.poll() is None and len(pruner.stack.account.writes()) < count:
        time.sleep(0.002)


@pytest.mark.parametrize("seed", range(8))
def test_a_killed_prune_is_made_whole_by_the_next(pruner: Pruner, seed: int) -> None:
    chance = random.Random(seed)
    pruner.stack.emulator.faults(
        [
            {
                "operation": "deleteRecording",
                "times": 3,
                "kind": chance.choice(["drop-before", "drop-after"]),
            },
            {"operation": "deleteRecording", "times": 9999, "kind": "latency", "delay_ms": 4},
        ]
    )
    process = start(pruner)
    wait_for_deletions(pruner, chance.randrange(1, DUE), process)
    time.sleep(chance.random() * 0.02)
    process.kill()
    process.wait()
    pruner.stack.emulator.faults([])
    pruner.stack.run("lock", "break", "--reason", "its holder was killed")

    pruner.pruned()

    assert pruner.left() == {1000 + n for n in range(10)}
    statuses = pruner.statuses()
    assert set(statuses) == set(range(DUE)), (
        "each deletion is taken down, also those that the kill left untold"
    )
    assert set(statuses.values()) <= {"deleted", "already-gone", "found-gone"}
    told = [line["sid"] for line in pruner.lines() if line["status"] in ("deleted", "found-gone")]
    assert len(told) == len(set(told))
    assert pruner.stack.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("seed", range(3))
def test_call_records_of_a_killed_prune_are_taken_down_too(stack: Stack, seed: int) -> None:
    now = datetime.now(UTC)
    pruner = Pruner(stack, now)
    pruner.declare("call_records: [{name: cdr, keep: 90d}]")
    pruner.seed(calls=[call(n, 91 + n / 100, now) for n in range(DUE)])
    pruner.stack.emulator.faults(
        [{"operation": "deleteCall", "times": 9999, "kind": "latency", "delay_ms": 4}]
    )
    process = start(pruner)
    wait_for_deletions(pruner, random.Random(seed).randrange(1, DUE), process)
    process.kill()
    process.wait()
    pruner.stack.emulator.faults([])
    pruner.stack.run("lock", "break", "--reason", "its holder was killed")
    pruner.pruned()
    assert pruner.calls_left() == set()
    told = [line["sid"] for line in pruner.lines("call-record")]
    assert len(told) == len(set(told)) == DUE


def test_a_terminated_prune_finishes_what_is_in_flight(pruner: Pruner) -> None:
    pruner.stack.emulator.faults(
        [{"operation": "deleteRecording", "times": 9999, "kind": "latency", "delay_ms": 20}]
    )
    process = start(pruner)
    wait_for_deletions(pruner, 10, process)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 5
    gone = set(range(DUE)) - pruner.left()
    assert 0 < len(gone) < DUE
    told = {number for number, status in pruner.statuses().items() if status == "deleted"}
    assert told == gone
    pruner.verify()
    pruner.stack.emulator.faults([])
    pruner.pruned()
    assert pruner.left() == {1000 + n for n in range(10)}

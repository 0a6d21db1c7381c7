"""kill -9 at any moment of an apply: the next apply ends with exactly the declared queues."""

from __future__ import annotations

import random
import time

import pytest

from tests.support import Stack
from tests.warm.started import Started

ROUNDS = [
    *(("sqlite", seed) for seed in range(12)),
    *(("postgres", seed) for seed in range(100, 105)),
    *(("s3", seed) for seed in range(200, 204)),
]
QUEUES = {f"q{number:02d}": 10 + number for number in range(24)}


def start_apply(stack: Stack) -> Started:
    return stack.start("apply", "--auto-approve", "--parallelism", "3")


def wait_for_writes(stack: Stack, count: int, process: Started) -> None:
    """Wait until the server has seen so many writes, or the process is done."""
    while process.poll() is None and len(stack.account.writes()) < count:
        time.sleep(0.002)


@pytest.mark.parametrize(("shared_state", "seed"), ROUNDS, indirect=["shared_state"])
def test_a_killed_apply_is_made_whole_by_the_next(shared_state: Stack, seed: int) -> None:
    stack = shared_state
    chance = random.Random(seed)
    stack.queues(**QUEUES)
    stack.emulator.faults(
        [
            {
                "operation": "createQueue",
                "times": chance.randrange(1, 4),
                "kind": chance.choice(["drop-after", "drop-before", "latency"]),
                "delay_ms": 20,
            }
        ]
    )
    process = start_apply(stack)
    wait_for_writes(stack, chance.randrange(1, len(QUEUES)), process)
    time.sleep(chance.random() * 0.02)
    process.kill()
    process.wait()
    stack.emulator.faults([])
    stack.run("lock", "break", "--reason", "its holder was killed")

    stack.ok("apply", "--auto-approve")

    live = {name: queue["max_size"] for name, queue in stack.account.queues().items()}
    assert live == QUEUES
    recorded = dict(line.split("\t") for line in stack.ok("state", "list").out.splitlines())
    assert recorded == {f"queue.{name}": queue["sid"] for name, queue in stack.account.queues().items()}
    assert stack.run("plan", "--detailed-exitcode").code == 0


def test_a_terminated_apply_finishes_what_is_in_flight_and_records_it(stack: Stack) -> None:
    stack.queues(**QUEUES)
    stack.emulator.faults([{"operation": "createQueue", "times": 99, "kind": "latency", "delay_ms": 60}])
    process = start_apply(stack)
    wait_for_writes(stack, 2, process)
    process.terminate()
    assert process.wait() in (0, 5)
    stack.emulator.faults([])
    recorded = dict(line.split("\t") for line in stack.ok("state", "list").out.splitlines())
    assert recorded == {f"queue.{name}": queue["sid"] for name, queue in stack.account.queues().items()}
    stack.apply()
    assert len(stack.account.queues()) == len(QUEUES)

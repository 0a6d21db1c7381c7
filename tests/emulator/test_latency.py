"""How answers wait for their latency: in order, and one in each turn of the loop."""

from __future__ import annotations

import asyncio
import time
from itertools import pairwise

from voiceform.emulator.latency import Latency

MANY = 20
LONG_AGO = 0.0
"""When all of them were due, by the clock that counts from the start of the machine."""


async def released(latency: Latency, gone: frozenset[int]) -> tuple[list[int], list[int]]:
    """The answers in the order in which they were let go, and how many there were after each turn, of which
    those that are `gone` were broken off while they waited."""
    order: list[int] = []

    async def answer(number: int) -> None:
        await latency.until(LONG_AGO)
        order.append(number)

    waiting = [asyncio.create_task(answer(number)) for number in range(MANY)]
    await asyncio.sleep(0)
    for number in gone:
        waiting[number].cancel()
    counts = [len(order)]
    while not all(task.done() for task in waiting):
        await asyncio.sleep(0)
        counts.append(len(order))
    return order, counts


def test_of_answers_that_are_due_together_one_goes_in_each_turn_of_the_loop() -> None:
    order, counts = asyncio.run(released(Latency(50), frozenset()))
    assert order == list(range(MANY))
    assert max(after - before for before, after in pairwise(counts)) == 1


def test_who_stops_waiting_holds_up_nobody_behind() -> None:
    gone = frozenset({0, 3, 4, MANY - 1})
    order, _ = asyncio.run(released(Latency(50), gone))
    assert order == [number for number in range(MANY) if number not in gone]


def test_who_is_due_before_those_that_wait_already_goes_before_them() -> None:
    """As does a request whose body arrived late: its latency began with its first byte."""

    async def overtaken() -> bool:
        latency = Latency(50)
        slow = asyncio.create_task(latency.until(time.perf_counter() + 3600))
        await asyncio.sleep(0)
        await latency.until(LONG_AGO)
        waits_on = not slow.done()
        slow.cancel()
        return waits_on

    assert asyncio.run(overtaken())

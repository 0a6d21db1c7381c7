"""Threads that work through many items without holding them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_LOOKAHEAD = 2
"""Items handed out ahead per thread: enough that none idles, few enough that memory stays flat."""


def run_all(function: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """Call `function` for every item on `threads` threads; yield results as they end, in any order.

    The first exception is raised once what is in flight has ended; items not yet begun are left.
    """
    ended: SimpleQueue[Any] = SimpleQueue()
    waiting = iter(items)
    with ThreadPoolExecutor(max_workers=threads) as pool:
        in_flight = 0
        exhausted = False
        while True:
            while not exhausted and in_flight < threads * _LOOKAHEAD:
                try:
                    item = next(waiting)
                except StopIteration:
                    exhausted = True
                    break
                pool.submit(function, item).add_done_callback(ended.put)
                in_flight += 1
            if not in_flight:
                return
            future = ended.get()
            in_flight -= 1
            yield future.result()

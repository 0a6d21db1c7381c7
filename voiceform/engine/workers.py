"""Threads that work through many items without holding them all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from voiceform.model.runtime import MACHINE, Channel, Runtime, Started

Item = TypeVar("Item")
Result = TypeVar("Result")


def run_all(
    function: Callable[[Item], Result | None],
    items: Iterable[Item],
    threads: int,
    runtime: Runtime = MACHINE,
    *,
    at_once: bool = False,
    at_most: int | None = None,
) -> Iterator[Result]:
    """Call `function` for every item on up to `threads` threads; yield what it returns as it comes, in any
    order, but for None: who has nothing to say wakes nobody.

    A thread takes its next item when it is free and begins with it at once, so that what `items` asks before
    it gives one holds for that one. The first exception, also of `items`, is raised once what is in flight
    has ended; items not yet begun are left.

    Threads are started as items come, or `at_once`, so that all are there when the first item is, which may
    take its time. `at_most` is how many threads are of use at most: as many as there are items, where that is
    known.
    """
    threads = threads if at_most is None else max(1, min(threads, at_most))
    return _Crew(function, items, threads, runtime, at_once=at_once).results()


class _Crew(Generic[Item, Result]):
    """Threads that take their work by themselves: handing out each item, and waiting for each end, would
    cost two changes of threads more. Each starts the next one, so that few items need few."""

    def __init__(
        self,
        function: Callable[[Item], Result | None],
        items: Iterable[Item],
        threads: int,
        runtime: Runtime,
        *,
        at_once: bool,
    ) -> None:
        self._at_once = at_once
        self._function = function
        self._items = iter(items)
        self._runtime = runtime
        self._taking, self._counting = runtime.lock(), runtime.lock()
        self._places = threads
        self._at_work = 0
        self._threads: list[Started] = []
        self._over = False
        self._errors: list[BaseException] = []
        self._results: Channel[Result | None] = runtime.channel()
        """None comes last."""

    def results(self) -> Iterator[Result]:
        """What the function returned."""
        self._start_one()
        ended = False
        try:
            while (result := self._results.get()) is not None:
                yield result
            ended = True
        finally:
            self._over = True
            while not ended:
                ended = self._results.get() is None
            for thread in self._threads:
                thread.join()
        if self._errors:
            raise self._errors[0]

    def _start_one(self) -> None:
        """One thread more, if there is a place for it."""
        with self._counting:
            if not self._places:
                return
            thread = self._runtime.start(self._work, "voiceform-worker")
            self._places -= 1
            self._at_work += 1
            self._threads.append(thread)

    def _work(self) -> None:
        try:
            if self._at_once:
                self._start_one()
            for item in self._taken():
                result = self._function(item)
                if result is not None:
                    self._results.put(result)
        except BaseException as error:  # it is raised where the results are read
            self._errors.append(error)
            self._over = True
        with self._counting:
            self._at_work -= 1
            if not self._at_work:
                self._results.put(None)

    def _taken(self) -> Iterator[Item]:
        """The items for one thread, until there are no more for anybody."""
        while True:
            with self._taking:
                if self._over:
                    return
                try:
                    item = next(self._items)
                except StopIteration:
                    self._over = True
                    return
            if self._places:
                self._start_one()
            yield item

"""Work that is made ready a few items ahead of those who take it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from queue import Empty
from types import TracebackType
from typing import Generic, Self, TypeVar

from voiceform.model.runtime import Channel, Runtime

Item = TypeVar("Item")
Made = TypeVar("Made")


class Ahead(Generic[Item, Made]):
    """Gives what `make` makes of `items`, in their order, to one thread at a time; use it in a `with`
    statement.

    One thread of its own makes it, and is never more than `most` items ahead. It goes on when an eighth of
    them was taken, and makes what is missing in one go: the fewer at a time, the shorter those who have an
    answer wait for the interpreter meanwhile. What `items` and `make` raise is raised where the first item is
    taken that could not be made.
    """

    def __init__(
        self,
        make: Callable[[Sequence[Item]], Iterable[Made]],
        items: Iterable[Item],
        most: int,
        runtime: Runtime,
    ) -> None:
        self._make = make
        self._items = iter(items)
        self._most = most
        self._step = max(1, most // 8)
        self._taken = 0
        self._wanted: Channel[int] = runtime.channel()
        """How many more; 0 ends it."""
        self._made: Channel[Made | BaseException | None] = runtime.channel()
        """None comes last, or an exception."""
        self._thread = runtime.start(self._work, "voiceform-ahead")

    def __iter__(self) -> Iterator[Made]:
        self._wanted.put(self._most)
        while (made := self._made.get()) is not None:
            if isinstance(made, BaseException):
                raise made
            yield made
            self._taken += 1
            if self._taken == self._step:
                self._taken = 0
                self._wanted.put(self._step)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._wanted.put(0)
        self._thread.join()

    def _work(self) -> None:
        try:
            while wanted := self._how_many():
                batch = list(islice(self._items, wanted))
                for made in self._make(batch):
                    self._made.put(made)
                if len(batch) < wanted:
                    break
            self._made.put(None)
        except BaseException as error:  # it is raised where the items are taken
            self._made.put(error)

    def _how_many(self) -> int:
        """All that is wanted by now; 0 when nothing is any more."""
        wanted = self._wanted.get()
        with suppress(Empty):
            while wanted:
                more = self._wanted.get_nowait()
                wanted = more and wanted + more
        return wanted

"""Very many spans of time, asked which of them meet one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from operator import itemgetter
from typing import Generic, TypeVar

T = TypeVar("T")

FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


class Spans(Generic[T]):
    """Spans with an item each; both ends belong to a span, and None is open.

    They lie in the order of their starts under a tree of their latest ends, so that asking costs what is
    found and little more.
    """

    def __init__(self, spans: Iterable[tuple[datetime | None, datetime | None, T]]) -> None:
        ordered = sorted(
            ((start or FIRST, end or LAST, item) for start, end, item in spans), key=itemgetter(0)
        )
        self._starts = [start for start, _, _ in ordered]
        self._items = [item for _, _, item in ordered]
        self._leaves = 1 << max(len(ordered) - 1, 0).bit_length()
        ends = [end for _, end, _ in ordered]
        self._latest = [FIRST] * self._leaves + ends + [FIRST] * (self._leaves - len(ends))
        for node in range(self._leaves - 1, 0, -1):
            self._latest[node] = max(self._latest[2 * node], self._latest[2 * node + 1])
        self._begins, self._ends = _united(zip(self._starts, ends, strict=True))
        self._gap = LAST, FIRST

    def __bool__(self) -> bool:
        return bool(self._items)

    def covers(self, moment: datetime) -> bool:
        """Whether the moment lies in any of them. Lists go by time, so it lies most often in the gap between
        them in which the one before lay."""
        after, before = self._gap
        if after < moment < before:
            return False
        place = bisect_right(self._begins, moment)
        if place and moment <= self._ends[place - 1]:
            return True
        after = self._ends[place - 1] if place else FIRST
        self._gap = after, self._begins[place] if place < len(self._begins) else LAST
        return False

    def meeting(self, start: datetime, end: datetime) -> Iterator[T]:
        """The items of those that have a moment in common with `start` to `end`."""
        begun = bisect_right(self._starts, end)
        todo = [(1, 0, self._leaves)]
        while todo:
            node, first, width = todo.pop()
            if first >= begun or self._latest[node] < start:
                continue
            if width == 1:
                yield self._items[first]
            else:
                half = width // 2
                todo += [(2 * node + 1, first + half, half), (2 * node, first, half)]


def _united(spans: Iterable[tuple[datetime, datetime]]) -> tuple[list[datetime], list[datetime]]:
    """Starts and ends of the least spans that hold the same moments as `spans`, which go by their starts."""
    starts: list[datetime] = []
    ends: list[datetime] = []
    for start, end in spans:
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        elif start <= end:  # others hold no moment
            starts.append(start)
            ends.append(end)
    return starts, ends

"""Long lists by date slices side by side: pages of one list can only be had one after another.

Nobody says beforehand how many rows there are, or since when. So the list is read plainly for a few pages; if
it goes on, its span is cut into slices of whole days, and a slice that turns out to be long is cut again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

from voiceform.twilio.dates import BEGINNING, parse_date
from voiceform.twilio.filters import DAY, Span
from voiceform.twilio.paging import Cursor, Listing, Page, Seen
from voiceform.twilio.rows import TypedRow, column

if TYPE_CHECKING:
    from voiceform.twilio.transport import Transport

R = TypeVar("R", bound=TypedRow)

_PLAIN_PAGES = 3
_SLICES_PER_WORKER = 7
_PAGES_WORTH_CUTTING = 4
_SECOND_THOUGHTS = (8, 32, 128, 512)
"""After so many pages a slice is looked at again: its first page may have lain in a quiet time."""


@dataclass(frozen=True, slots=True)
class Scan(Generic[R]):
    """A list that can be filtered by a date: `listing` lists a span, `date` is that field of a row."""

    listing: Callable[[Span], Listing[R]]
    date: str


def inside(span: Span, date: str, *, undated: bool) -> Callable[[Sequence[R]], Sequence[R]]:
    """A `keep` of a listing: the rows whose `date` is in `span`, and with `undated` those that have none."""

    def keep(rows: Sequence[R]) -> Sequence[R]:
        moments = column(rows, date)
        if span.contains_all(moments):
            return rows
        return [
            row
            for row, moment in zip(rows, moments, strict=True)
            if (undated if moment is None else span.contains(moment))
        ]

    return keep


class _Slice(Generic[R]):
    """A cursor and the span that it reads."""

    def __init__(self, transport: Transport, scan: Scan[R], span: Span, seen: Seen) -> None:
        self.span = span
        self.cursor = Cursor(transport, scan.listing(span), seen)
        self.pages = 0


def _check_filter(span: Span, instants: list[datetime]) -> None:
    """A day off is how a boundary may be understood; more than that is no filter at all."""
    tolerated = Span(span.start and span.start - DAY, span.end and span.end + DAY)
    if not all(tolerated.contains(instant) for instant in instants):
        raise _FilterIgnoredError


class _FilterIgnoredError(Exception):
    """A slice showed rows of other days: the service does not know the filter."""


def scan_side_by_side(transport: Transport, scan: Scan[R], span: Span, workers: int) -> Iterator[Sequence[R]]:
    """The rows of a span, page by page, each once, in no particular order, `workers` slices at a time.

    Every row is checked by our own code to lie in its slice; one without a readable date is left out as soon
    as the span is bounded. At most one page per worker waits in memory. Nothing is sent before the first row
    is asked for. Falls back to one page after another where the service ignores the date filter.
    """
    seen = Seen()
    pool = transport.runtime.pool(workers, "voiceform-slices")
    try:
        whole = _Slice(transport, scan, span, seen)
        link = yield from _plainly(pool, whole, None, _PLAIN_PAGES)
        if link is None:
            return
        try:
            slicer = _Slicer(transport, scan, seen, pool, workers)
            yield from slicer.read(span)
        except _FilterIgnoredError:
            yield from _plainly(pool, whole, link, None)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _plainly(
    pool: Executor, slice_: _Slice[R], link: str | None, pages: int | None
) -> Generator[Sequence[R], None, str | None]:
    """Rows page by page; returns the link to go on from after so many pages, None at the end."""
    cursor = slice_.cursor
    future = pool.submit(cursor.fetch, link)
    while True:
        page = future.result()
        slice_.pages += 1
        link = cursor.following(page)
        stop = link is None or (pages is not None and slice_.pages >= pages)
        if not stop:
            future = pool.submit(cursor.fetch, link)
        yield cursor.rows(page)
        if stop:
            return link


class _Slicer(Generic[R]):
    """Reads a span in slices."""

    def __init__(self, transport: Transport, scan: Scan[R], seen: Seen, pool: Executor, workers: int) -> None:
        self._transport = transport
        self._scan = scan
        self._seen = seen
        self._pool = pool
        self._workers = workers
        self._waiting: deque[_Slice[R]] = deque()
        self._running: dict[Future[Page], _Slice[R]] = {}

    def read(self, span: Span) -> Iterator[Sequence[R]]:
        """All rows of `span`; raises _FilterIgnoredError."""
        self._cut(span)
        while self._running:
            for future in self._transport.runtime.first_of(self._running):
                slice_ = self._running.pop(future)
                yield self._arrived(slice_, future.result())

    def _arrived(self, slice_: _Slice[R], page: Page) -> Sequence[R]:
        """What of a page is new and wanted; what comes next is asked for before."""
        slice_.pages += 1
        link = slice_.cursor.following(page)
        instants = self._instants(slice_, page)
        if slice_.pages == 1:
            _check_filter(slice_.span, instants)
        if link is not None and self._worth_cutting(slice_, instants):
            # No row is lost: the new slices fetch those of this page again, each in its place.
            self._cut(slice_.span)
            return ()
        if link is not None:
            self._running[self._pool.submit(slice_.cursor.fetch, link)] = slice_
        else:
            self._refill()
        return slice_.cursor.rows(page)

    def _instants(self, slice_: _Slice[R], page: Page) -> list[datetime]:
        if slice_.pages > 1:
            return []
        name = self._scan.date
        if page.read:
            instants: Iterable[datetime | None] = column(page.rows, name)
        else:
            instants = (parse_date(raw.get(name)) for raw in page.rows if isinstance(raw, dict))
        return [instant for instant in instants if instant is not None]

    def _worth_cutting(self, slice_: _Slice[R], instants: list[datetime]) -> bool:
        """Whether a slice is probably long: its first page covers little of it, or it goes on and on alone.

        Cutting costs a page that is fetched twice, so short slices are read to their end.
        """
        if len(self._pieces(slice_.span)) < 2:
            return False
        if slice_.pages == 1:
            start, end = self._edges(slice_.span)
            covered = max(instants) - min(instants) if instants else end - start
            crowded = len(self._running) + len(self._waiting) >= _SLICES_PER_WORKER * self._workers
            return not crowded and covered * _PAGES_WORTH_CUTTING < end - start
        idle = not self._waiting and len(self._running) < self._workers // 2
        return idle and slice_.pages in _SECOND_THOUGHTS

    def _cut(self, span: Span) -> None:
        for piece in self._pieces(span):
            self._waiting.append(_Slice(self._transport, self._scan, piece, self._seen))
        self._refill()

    def _pieces(self, span: Span) -> list[Span]:
        """`span` in up to as many pieces of whole days as there are workers; open ends stay open."""
        start, end = self._edges(span)
        days = -(-(end - start) // DAY)
        marks = [start + DAY * (days * number // self._workers) for number in range(1, self._workers)]
        inner = [mark for mark in dict.fromkeys(marks) if start < mark < end]
        edges = [span.start, *inner, span.end]
        return [Span(edges[i], edges[i + 1]) for i in range(len(edges) - 1)]

    def _edges(self, span: Span) -> tuple[datetime, datetime]:
        """A span's ends, with likely ones for those that are open."""
        start = span.start or min(BEGINNING, (span.end or BEGINNING) - DAY)
        return start, span.end or max(self._transport.clock.now(), start) + DAY

    def _refill(self) -> None:
        while self._waiting and len(self._running) < self._workers:
            slice_ = self._waiting.popleft()
            self._running[self._pool.submit(slice_.cursor.fetch)] = slice_

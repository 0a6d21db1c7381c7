"""Lists, page by page: never whole in memory, one page ahead of whoever reads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from voiceform.twilio.errors import ProtocolError, printable
from voiceform.twilio.fields import Json, MalformedAnswerError, as_object
from voiceform.twilio.rows import TypedRow

if TYPE_CHECKING:
    from voiceform.twilio.answers import Body
    from voiceform.twilio.retry import Operation
    from voiceform.twilio.transport import Transport

_FRUITLESS_PAGES = 100
"""So many pages in a row that are empty or were there before are a loop, whatever their links look like."""


class Row(Protocol):
    """What lists are made of."""

    @property
    def sid(self) -> str:
        """The identity of the object."""


R = TypeVar("R", bound=Row)


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """One list to read: where, the key of its rows, how to read a row, and which rows to keep.

    `keep` picks from the rows of a page what the filters in `query` ask for: the service ignores filters it
    does not know.
    `unreadable` hears of entries that cannot be read, which are then passed over; without it they are a
    ProtocolError, as is right wherever the silence of a list would be believed. `quick` reads the bytes of a
    page on which nothing is out of the way, and says None for any other (PageReader.read).
    """

    operation: Operation
    path: str
    key: str
    parse: Callable[[object], R]
    query: Sequence[tuple[str, str]] = ()
    quick: Callable[[Body], tuple[list[R], str | None] | None] | None = None
    keep: Callable[[Sequence[R]], Sequence[R]] | None = None
    unreadable: Unreadable | None = None


def only(wanted: Callable[[R], bool]) -> Callable[[Sequence[R]], Sequence[R]]:
    """A `keep` that asks of each row whether it is wanted."""
    return lambda rows: list(filter(wanted, rows))


class Unreadable:
    """The entries of lists that could not be read: how many, and what was wrong with the first."""

    def __init__(self) -> None:
        self.count = 0
        self.reason = ""

    def add(self, reason: str) -> None:
        """Count one."""
        self.count += 1
        self.reason = self.reason or reason


class Page(NamedTuple):
    """One decoded page. Its rows are read, or are whatever JSON stands in their place (not `read`)."""

    rows: Sequence[Any]
    following: str | None
    read: bool = False


class Seen:
    """Which rows were there before: rows move between pages while one reads.

    Holds 60 bits of a hash per SID (about 66 bytes each, a third of the texts). That two of a million SIDs
    meet has a probability of one in two million; the second would be left out until the next run.
    """

    def __init__(self) -> None:
        self._hashes: set[int] = set()

    def fresh(self, rows: Sequence[R]) -> Sequence[R]:
        """Remember `rows`; those of them that are new."""
        hashes = {hash(row.sid) & 0x0FFF_FFFF_FFFF_FFFF for row in rows}
        if len(hashes) == len(rows) and self._hashes.isdisjoint(hashes):
            self._hashes |= hashes
            return rows
        return [row for row in rows if self.add(row.sid)]

    def add(self, sid: str) -> bool:
        """Remember `sid`; whether it is new."""
        before = len(self._hashes)
        self._hashes.add(hash(sid) & 0x0FFF_FFFF_FFFF_FFFF)
        return len(self._hashes) > before


class Cursor(Generic[R]):
    """A position in a list: fetches pages, checks links, and yields rows that are new and wanted."""

    def __init__(self, transport: Transport, listing: Listing[R], seen: Seen) -> None:
        self.listing = listing
        self._transport = transport
        self._seen = seen
        self._links: set[int] = set()
        self._pages: set[int] = set()
        self._fruitless = 0

    def fetch(self, link: str | None = None) -> Page:
        """The page behind `link`, or the first."""
        listing = self.listing
        if link is not None:
            return self._transport.call(listing.operation, link, read=self._page, quick=self._quick)
        return self._transport.call(
            listing.operation, listing.path, query=listing.query, read=self._page, quick=self._quick
        )

    def following(self, page: Page) -> str | None:
        """The link to the next page, None after the last. Raises ProtocolError for one not to be followed."""
        link = page.following
        if link is None:
            return None
        self._count(page)
        if not is_own_link(link, self.listing.path):
            raise self._error("the link to the next page leads elsewhere", link)
        if hash(link) in self._links or self._fruitless > _FRUITLESS_PAGES:
            raise self._error("the links to the next page run in a circle", link)
        self._links.add(hash(link))
        return link

    def rows(self, page: Page) -> Sequence[R]:
        """The rows of a page that were not on an earlier one and that `keep` wants."""
        rows = (
            page.rows if page.read else [row for raw in page.rows if (row := self._parsed(raw)) is not None]
        )
        # Not wanted here does not count as seen: it may be wanted in the list beside this one.
        keep = self.listing.keep
        return self._seen.fresh(rows if keep is None else keep(rows))

    def _parsed(self, raw: object) -> R | None:
        """One row, None for one to be passed over; raises ProtocolError."""
        try:
            return self.listing.parse(raw)
        except MalformedAnswerError as error:
            if self.listing.unreadable is not None:
                self.listing.unreadable.add(str(error))
                return None
            raise self._error(f"a row cannot be read: {error}", None) from None

    def _count(self, page: Page) -> None:
        """Count pages in a row that bring nothing: a page is known by its first and its last row."""
        ends = hash(tuple(_identity(raw) for raw in (page.rows[0], page.rows[-1]))) if page.rows else 0
        self._fruitless = self._fruitless + 1 if not page.rows or ends in self._pages else 0
        self._pages.add(ends)

    def _quick(self, body: Body) -> Page | None:
        found = None if self.listing.quick is None else self.listing.quick(body)
        return None if found is None else Page(found[0], found[1] or None, read=True)

    def _page(self, value: object) -> Page:
        data: Json = as_object(value)
        rows = data.get(self.listing.key)
        link = data.get("next_page_uri")
        if not isinstance(rows, list):
            raise MalformedAnswerError(f"a page without {self.listing.key}")
        if link is not None and not isinstance(link, str):
            raise MalformedAnswerError("a page whose next_page_uri is not a text")
        return Page(rows, link or None)

    def _error(self, what: str, link: str | None) -> ProtocolError:
        shown = f": {printable(link.partition('?')[0])}" if link is not None else ""
        return ProtocolError(
            f"{what}{shown}",
            operation=self.listing.operation.name,
            where=f"{self.listing.operation.name} (GET {self._transport.origin}{self.listing.path})",
            hint="nothing was changed; check that the base URL is that of the API",
        )


def _identity(raw: object) -> str:
    """What tells a row from others, readable or not."""
    if isinstance(raw, dict):
        return str(raw.get("sid") or raw.get("call_sid"))
    return raw.sid if isinstance(raw, TypedRow) else str(raw)


def is_own_link(link: str, path: str) -> bool:
    """Whether a link is relative and leads to the same list: any other could carry our token away."""
    target, mark, query = link.partition("?")
    plain = link.isascii() and link.isprintable() and not set(" \\#").intersection(link)
    return plain and target == path and bool(mark) and bool(query)


def read_listing(transport: Transport, listing: Listing[R]) -> Iterator[R]:
    """The rows of one list. Nothing is sent before the first row is asked for; then one page is ahead."""
    return read_side_by_side(transport, [listing], 1)


def read_side_by_side(transport: Transport, listings: Sequence[Listing[R]], workers: int) -> Iterator[R]:
    """The rows of several lists, `workers` of them at a time, in the order in which pages arrive.

    At most one page per list under way waits in memory. Rows that are in several lists come once.
    """
    seen = Seen()
    waiting = iter([Cursor(transport, listing, seen) for listing in listings])
    pool = transport.runtime.pool(workers, "voiceform-pages")
    running: dict[Future[Page], Cursor[R]] = {}
    try:
        for _, cursor in zip(range(workers), waiting, strict=False):
            running[pool.submit(cursor.fetch)] = cursor
        while running:
            for future in transport.runtime.first_of(running):
                cursor = running.pop(future)
                page = future.result()
                link = cursor.following(page)
                if link is not None:
                    running[pool.submit(cursor.fetch, link)] = cursor
                elif (fresh := next(waiting, None)) is not None:
                    running[pool.submit(fresh.fetch)] = fresh
                yield from cursor.rows(page)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)

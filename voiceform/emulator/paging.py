"""Lists in pages: keyset paging with opaque tokens, in Twilio's flat envelope.

A token names the position after the last row (``PA``) or before the first row (``PB``) of a page: direction,
the row's SID, its sort value and its sequence number. Rows that are deleted meanwhile shift nothing.
"""

# ruff: noqa: S608 - only names of our own tables and columns are put into SQL; values are always bound.

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from voiceform.emulator.clock import SECOND
from voiceform.emulator.errors import bad_request, invalid_parameter
from voiceform.emulator.filters import Filter
from voiceform.emulator.messages import Params, Request, Response, json_response
from voiceform.emulator.profiles import Fields, Resource
from voiceform.emulator.store import Columns
from voiceform.emulator.world import World

MAXIMUM = 1000
DEFAULT = 50
_TOKEN = re.compile(r"P([AB])([A-Z]{2}[0-9a-fA-F]{32})([0-9a-f]{16})([0-9a-f]{1,14})", re.ASCII)
_NUMBER = re.compile(r"\d{1,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Listing:
    """What is listed: the JSON key, the SID's letters and the column it is ordered by, newest first unless
    `oldest_first`. `table` is where the rows are, if it has another name, and `columns` which of theirs are
    read, the first two being those of a table, the fourth the order's if the table's is neither `created` nor
    `updated`.
    """

    key: str
    prefix: str
    order: str = "created"
    table: str = ""
    oldest_first: bool = False
    columns: str = "*"

    @property
    def rows(self) -> str:
        """The table."""
        return self.table or self.key

    def position(self, row: Columns) -> str:
        """Where a row stands: its SID, its sort value and its sequence number, as in a token."""
        return f"{row[1]}{row[4 if self.order == 'updated' else 3]:016x}{row[0]:x}"


@dataclass(frozen=True, slots=True)
class _Position:
    """Where a page begins: a row (by token), a number of rows to skip, or the start."""

    size: int
    page: int
    backward: bool = False
    value: int | None = None
    seq: int = 0
    skip: int = 0


def list_page(
    world: World,
    request: Request,
    listing: Listing,
    chosen: Filter,
    render: Callable[[World, str, Columns], Resource | Fields],
) -> Response:
    """Answer one page. Raises 20007 for a page that is too large, 21481 for a token that is none."""
    position = _position(world, request.query, listing)
    rows = _rows(world, request, listing, chosen, position)
    more = len(rows) > position.size
    del rows[position.size :]
    if position.backward:
        rows.reverse()
    following = (bool(rows) if position.backward else more) if rows else False
    preceding = more if position.backward else position.value is not None or position.skip > 0
    base = _base(request, chosen, position.size)
    start = position.page * position.size if rows else 0
    envelope: dict[str, object] = {
        "first_page_uri": f"{base}&Page=0",
        "end": start + len(rows) - 1 if rows else 0,
        "previous_page_uri": _link(base, "B", position.page - 1, rows[0], listing)
        if rows and preceding
        else None,
        listing.key: [render(world, request.account, row) for row in rows],
        "uri": _own_uri(base, request.query, position),
        "page_size": position.size,
        "start": start,
        "next_page_uri": _link(base, "A", position.page + 1, rows[-1], listing) if following else None,
        "page": position.page,
    }
    return json_response(200, world.profile.envelope(listing.key, envelope))


def _position(world: World, query: Params, listing: Listing) -> _Position:
    size = _number(query, "PageSize", DEFAULT)
    if size < 1:
        raise invalid_parameter("PageSize", str(size), f"must be from 1 to {MAXIMUM}")
    if size > MAXIMUM:
        if world.switches.page_size_over_maximum == "refuse":
            raise bad_request(20007, f"Page size too large: {size}, the maximum is {MAXIMUM}")
        size = MAXIMUM
    page = _number(query, "Page", 0)
    token = query.one("PageToken")
    if not token:
        if page and world.switches.page_numbers == "refuse":
            raise bad_request(21481, "Invalid PageToken: request the provided paging URIs")
        return _Position(size, page, skip=page * size)
    match = _TOKEN.fullmatch(token)
    if match is None or match[2][:2] != listing.prefix:
        raise bad_request(21481, "Invalid PageToken: request the provided paging URIs")
    if world.switches.deleted_row_position == "refuse" and not world.store.one(
        f"SELECT 1 FROM {listing.rows} WHERE sid = ?", match[2]
    ):
        raise bad_request(21481, "Invalid PageToken: its row no longer exists")
    return _Position(size, page, match[1] == "B", int(match[3], 16), int(match[4], 16))


def _number(query: Params, name: str, default: int) -> int:
    text = query.one(name)
    if text is None:
        return default
    if not _NUMBER.fullmatch(text):
        raise invalid_parameter(name, text, "must be a whole number")
    return int(text)


def _rows(
    world: World, request: Request, listing: Listing, chosen: Filter, position: _Position
) -> list[Columns]:
    """The rows of the page and one more, which tells whether another page follows.

    The account's own and those of every account are two selections that SQLite merges: each comes in order
    from an index, where one over both would have to be sorted.
    """
    where = [*chosen.where]
    args: list[object] = [*chosen.args]
    if world.switches.list_delay:
        where.append("created <= ?")
        args.append(world.now - round(world.switches.list_delay * SECOND))
    rising = position.backward is not listing.oldest_first
    direction = "ASC" if rising else "DESC"
    if position.value is not None:
        where.append(f"({listing.order}, seq) {'>' if rising else '<'} (?, ?)")
        args += [position.value, position.seq]
    rows = f"SELECT {listing.columns} FROM {listing.rows} WHERE {' AND '.join(['account = ?', *where])}"
    return world.store.page(
        f"{rows} UNION ALL {rows} ORDER BY {listing.order} {direction}, seq {direction} LIMIT ? OFFSET ?",
        *(request.account, *args, "", *args),
        *(position.size + 1, position.skip),
    )


def _base(request: Request, chosen: Filter, size: int) -> str:
    pairs = [*chosen.echo, ("PageSize", str(size))]
    return (
        request.path
        + "?"
        + "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    )


def _own_uri(base: str, query: Params, position: _Position) -> str:
    token = query.one("PageToken")
    return f"{base}&Page={position.page}" + (f"&PageToken={quote(token, safe='')}" if token else "")


def _link(base: str, direction: str, page: int, row: Columns, listing: Listing) -> str:
    return f"{base}&Page={max(page, 0)}&PageToken=P{direction}{listing.position(row)}"

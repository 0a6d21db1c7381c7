"""Look again at planned recordings just before they are deleted: cheaply, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

from voiceform.kinds.base import Session
from voiceform.kinds.retention.details import DeletionOrder
from voiceform.kinds.retention.matching.match import Match, Row
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.kinds.retention.policy import FINISHED_RECORDING, lacks_length
from voiceform.kinds.retention.sid_chunks import Chunk
from voiceform.model.errors import TwilioError
from voiceform.model.plan import Change
from voiceform.model.resource import Attributes
from voiceform.twilio.paging import Unreadable

if TYPE_CHECKING:
    from concurrent.futures import Future

    from voiceform.twilio.client import Client
    from voiceform.twilio.resources import Recording

_WORTH_LISTING = 4
"""A span is listed when it has at most so many rows for each planned one; otherwise each is fetched."""
_SECOND = timedelta(seconds=1)


class Planned(NamedTuple):
    """A planned deletion, of a recording with the row as it is now; None where no list showed it (fetch it).

    `sent` says that it was sent before, so that the object may be gone.
    """

    sid: str
    row: Recording | None
    sent: bool = False


@dataclass(frozen=True, slots=True)
class Check:
    """What a row must still be for its deletion to stand: of this rule, finished, and old enough."""

    match: Match
    created_until: datetime | None

    @classmethod
    def of(cls, change: Change, order: DeletionOrder) -> Check:
        """The check that a planned change of a rule carries."""
        return cls(Match.read(rule_of(change)["match"]), order.created_until)

    def complaint(self, row: Row) -> str | None:
        """Why the row may not be deleted any more, or None."""
        if row.status not in FINISHED_RECORDING:
            return f"it is {row.status or 'of unknown status'} now"
        created = row.date_created
        if created is None:
            return "its date of creation cannot be read"
        if lacks_length(row):
            return "its duration cannot be read"
        if self.created_until is not None and created > self.created_until:
            return "it is younger than its rule demands"
        if self.match.of_row(row) is not Truth.YES:
            return "it does not match its rule any more"
        return None


def rule_of(change: Change) -> Attributes:
    """The attributes of the rule that a change applies."""
    return change.after or change.before or {}


class RowsAgain:
    """Every planned recording, oldest first, with its row read again where a list does that cheaply; use it
    in a `with` statement.

    The first span is listed at once, and each other one while that before it is worked through. With
    `foreseen` that is begun before its change is acted on, which then goes on with it (`of`).
    """

    def __init__(self, client: Client, chunks: Iterable[Chunk]) -> None:
        self._batches = (_chunk_again(client, chunk) for chunk in chunks)
        self._pool = client.runtime.pool(1, "voiceform-again")
        self._listed = self._next()

    @classmethod
    def foreseen(cls, change: Change, order: DeletionOrder, session: Session) -> Self:
        """Those of a change that is to be acted on soon."""
        rows = session.shared[_place(change)] = cls(session.client, order.chunks)
        return rows

    @classmethod
    def of(cls, change: Change, order: DeletionOrder, session: Session) -> Self:
        """Those of a change that is acted on."""
        rows: Self | None = session.shared.pop(_place(change), None)
        return cls(session.client, order.chunks) if rows is None else rows

    def __iter__(self) -> Iterator[Planned]:
        while (batch := self._listed.result()) is not None:
            self._listed = self._next()
            yield from batch

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown()

    def _next(self) -> Future[list[Planned] | None]:
        return self._pool.submit(next, self._batches, None)


def _place(change: Change) -> str:
    """Where rows that were foreseen wait among what is shared."""
    return f"{change.address} again"


def _chunk_again(client: Client, chunk: Chunk) -> list[Planned]:
    sids, found = chunk.sids("RE"), {}
    if chunk.rows <= _WORTH_LISTING * len(chunk):
        # An error is not the end of what was begun: each is asked for by itself.
        with suppress(TwilioError):
            found = _listed(client, chunk, sids)
    return [Planned(sid, found.get(sid)) for sid in sids]


def present(client: Client, chunk: Chunk) -> dict[str, Recording]:
    """Those of a chunk's recordings that the account still lists."""
    return _listed(client, chunk, chunk.sids("RE"))


def _listed(client: Client, chunk: Chunk, sids: Iterable[str]) -> dict[str, Recording]:
    wanted = frozenset(sids)
    # What is passed over here is fetched one by one.
    rows = client.list_recordings(
        created_from=chunk.first, created_before=chunk.last + _SECOND, unreadable=Unreadable()
    )
    return {row.sid: row for row in rows if row.sid in wanted}

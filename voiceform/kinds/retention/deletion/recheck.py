"""Look again at planned recordings just before they are deleted: cheaply, a page at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from voiceform.kinds.retention.details import DeletionOrder
from voiceform.kinds.retention.matching.match import Match, Row
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.kinds.retention.policy import FINISHED_RECORDING, lacks_length
from voiceform.kinds.retention.sid_chunks import Chunk
from voiceform.model.errors import TwilioError
from voiceform.model.plan import Change
from voiceform.model.resource import Attributes
from voiceform.model.runtime import Runtime
from voiceform.twilio.paging import Unreadable

if TYPE_CHECKING:
    from voiceform.twilio.client import Client
    from voiceform.twilio.resources import Recording

T = TypeVar("T")

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
        if row.date_created is None:
            return "its date of creation cannot be read"
        if lacks_length(row):
            return "its duration cannot be read"
        if self.created_until is not None and row.date_created > self.created_until:
            return "it is younger than its rule demands"
        if self.match.of_row(row) is not Truth.YES:
            return "it does not match its rule any more"
        return None


def rule_of(change: Change) -> Attributes:
    """The attributes of the rule that a change applies."""
    return change.after or change.before or {}


def rows_again(client: Client, chunks: Iterable[Chunk]) -> Iterator[Planned]:
    """Every planned recording, oldest first, with its row read again where a list does that cheaply.

    The next span is listed while the last one is worked through.
    """
    return _one_ahead((_chunk_again(client, chunk) for chunk in chunks), client.runtime)


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


def _one_ahead(batches: Iterable[list[T]], runtime: Runtime) -> Iterator[T]:
    waiting = iter(batches)
    with runtime.pool(1, "voiceform-again") as pool:
        future = pool.submit(next, waiting, None)
        while (batch := future.result()) is not None:
            future = pool.submit(next, waiting, None)
            yield from batch

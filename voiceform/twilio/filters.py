"""Spans of time as filters of lists, and as a check of every row that comes back.

The operator is part of the parameter's name: `StartTime>` is on or after, `StartTime<` is before. A date is
its midnight in UTC. The service ignores parameters it does not know, so a row is inside only if we say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from voiceform.twilio.dates import format_instant
from voiceform.twilio.errors import InvalidArgumentError

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open span [start, end) of aware UTC instants; None is open."""

    start: datetime | None = None
    end: datetime | None = None

    @classmethod
    def of(cls, start: date | None, end: date | None) -> Span:
        """From dates (their midnight in UTC) or aware instants; naive ones are an InvalidArgumentError."""
        return cls(_instant(start), _instant(end))

    @property
    def unbounded(self) -> bool:
        """Whether everything is inside."""
        return self.start is None and self.end is None

    def contains(self, moment: datetime | None) -> bool:
        """Whether a moment is inside; an unknown moment is only inside of an unbounded span."""
        if moment is None:
            return self.unbounded
        return (self.start is None or self.start <= moment) and (self.end is None or moment < self.end)

    def contains_all(self, moments: Sequence[datetime | None]) -> bool:
        """Whether each is known and inside: of the rows of most pages that is so."""
        known = [moment for moment in moments if moment is not None]
        if len(known) < len(moments) or not known:
            return not moments
        return self.contains(min(known)) and self.contains(max(known))

    def query(self, name: str, *, days_only: bool = False) -> list[tuple[str, str]]:
        """Filter parameters that let at least this span through.

        Some lists know days only (conferences, recordings of a call); there an instant widens to its
        day. Fractions of a second widen, too.
        """
        query = []
        if self.start is not None:
            query.append((f"{name}>", _text(_midnight(self.start) if days_only else self.start)))
        if self.end is not None:
            query.append((f"{name}<", _text(_rounded_up(self.end, days_only=days_only))))
        return query


def _instant(value: date | None) -> datetime | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        return datetime.combine(value, time(), UTC)
    if value.tzinfo is None:
        raise InvalidArgumentError(f"{value.isoformat()} has no time zone", hint="nothing was sent")
    return value.astimezone(UTC)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _rounded_up(moment: datetime, *, days_only: bool) -> datetime:
    below = _midnight(moment) if days_only else moment.replace(microsecond=0)
    return below if below == moment else below + (DAY if days_only else timedelta(seconds=1))


def _text(moment: datetime) -> str:
    return moment.date().isoformat() if moment == _midnight(moment) else format_instant(moment)

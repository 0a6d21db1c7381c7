"""Over which span a limit counts: so long back from any instant, or a day, week or month of a calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from voiceform.kinds.call.timing.localtime import resolve
from voiceform.model.durations import parse_duration
from voiceform.model.errors import UsageError

LONGEST = timedelta(days=92)
"""No limit counts further back, and no mark is kept for longer."""

CALENDAR = ("day", "week", "month")
_ANYWHERE = {
    "day": timedelta(hours=25),
    "week": timedelta(days=7, hours=1),
    "month": timedelta(days=31, hours=1),
}
"""As long as it can be, with clocks that are turned back, in a zone that nobody knows."""


class Period(Protocol):
    """A span that a limit counts over."""

    def holds(self, at: datetime, now: datetime, zones: Sequence[ZoneInfo]) -> bool:
        """Whether what happened at `at` counts at `now`, in any of the zones (none: nobody knows where). What
        lies behind `now` was told by another clock, and counts."""

    def ends(self, at: datetime, now: datetime, zones: Sequence[ZoneInfo]) -> datetime:
        """When what happened at `at`, and counts at `now`, no longer does."""


@dataclass(frozen=True, slots=True)
class Rolling:
    """The last so-and-so long, as it is written: what happened exactly so long ago no longer counts."""

    text: str
    span: timedelta

    def holds(self, at: datetime, now: datetime, zones: Sequence[ZoneInfo]) -> bool:
        """See Period."""
        return at > now - self.span

    def ends(self, at: datetime, now: datetime, zones: Sequence[ZoneInfo]) -> datetime:
        """See Period."""
        return at + self.span

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class CalendarPeriod:
    """A day, a week from Monday on, or a month, by the clocks of the zones. It has to be over in each of
    them; where nobody knows the zone it is as long as any of its sort."""

    unit: str

    def holds(self, at: datetime, now: datetime, zones: Sequence[ZoneInfo]) -> bool:
        """See Period."""
        if not zones:
            return at > now - _ANYWHERE[self.unit]
        return any(at >= self._begin(now, zone) for zone in zones)

    def ends(self, at: datetime, now: datetime, zones: Sequence[ZoneInfo]) -> datetime:
        """See Period."""
        if not zones:
            return at + _ANYWHERE[self.unit]
        return max(self._end(max(at, now), zone) for zone in zones if at >= self._begin(now, zone))

    def _begin(self, now: datetime, zone: ZoneInfo) -> datetime:
        return _midnight(self._first(now.astimezone(zone).date()), zone)

    def _end(self, now: datetime, zone: ZoneInfo) -> datetime:
        first = self._first(now.astimezone(zone).date())
        following = {
            "day": first + timedelta(days=1),
            "week": first + timedelta(days=7),
            "month": self._first(first + timedelta(days=31)),
        }
        return _midnight(following[self.unit], zone)

    def _first(self, day: date) -> date:
        if self.unit == "week":
            return day - timedelta(days=day.weekday())
        return day.replace(day=1) if self.unit == "month" else day

    def __str__(self) -> str:
        return self.unit


def parse_period(text: str) -> Rolling | CalendarPeriod:
    """`7d`, `24h`, or `day`, `week`, `month`; ValueError for any other text."""
    if text in CALENDAR:
        return CalendarPeriod(text)
    try:
        span = parse_duration(text)
    except UsageError as error:
        raise ValueError(f"{error.what}, and none of {', '.join(CALENDAR)}") from error
    if span > LONGEST:
        raise ValueError(f"{text} is longer than {LONGEST.days} days: calls are remembered for no longer")
    return Rolling(text, span)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins: its first instant, also where clocks skip midnight."""
    return resolve(datetime.combine(day, time()), zone).instant

"""Local times in their zones: what a time means that a change of the clocks skips or repeats.

There is one rule, for `at`, `cron` and `rrule` alike:

- A local time that does not exist is moved forward by the length of the gap (02:30 becomes 03:30): it is read
  with the offset that was valid before the change.
- A local time that exists twice means the first of the two.
- Two local times that fall on the same instant are one occurrence.

So nobody is phoned twice because a clock was turned, and no occurrence is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class ClockChange(StrEnum):
    """How a change of the clocks touched a local time."""

    SKIPPED = "skipped"
    REPEATED = "repeated"


@dataclass(frozen=True, slots=True, order=True)
class Occurrence:
    """One due instant. `instant` is in UTC; `declared` is the naive local time that the schedule names, and
    `change` says when the clocks made something else of it."""

    instant: datetime
    declared: datetime
    change: ClockChange | None = None

    def local(self, zone: ZoneInfo) -> datetime:
        """The instant as a clock in `zone` shows it."""
        return self.instant.astimezone(zone)

    def note(self, zone: ZoneInfo) -> str | None:
        """What a reader has to know about the change of the clocks; None when there was none."""
        if self.change is ClockChange.SKIPPED:
            return f"{self.declared:%H:%M} does not exist on this day, so it is {self.local(zone):%H:%M}"
        if self.change is ClockChange.REPEATED:
            return f"{self.declared:%H:%M} comes twice on this day; the first one counts"
        return None


def resolve(declared: datetime, zone: ZoneInfo) -> Occurrence:
    """The occurrence that the naive local time `declared` means in `zone`."""
    first = declared.replace(tzinfo=zone, fold=0)
    instant = first.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != declared:
        return Occurrence(instant, declared, ClockChange.SKIPPED)
    second = declared.replace(tzinfo=zone, fold=1)
    repeated = second.utcoffset() != first.utcoffset()
    return Occurrence(instant, declared, ClockChange.REPEATED if repeated else None)


def margin(start: datetime, end: datetime, zone: ZoneInfo) -> timedelta:
    """How far outside [start, end] local times may lie that belong to it: nothing where no clock changes.

    The largest change there was is a whole day (Samoa left out 30 December 2011).
    """
    day = timedelta(hours=26)
    before, after = (start - day).astimezone(zone), (end + day).astimezone(zone)
    steady = before.utcoffset() == after.utcoffset() and end - start < timedelta(days=60)
    return timedelta(0) if steady else day

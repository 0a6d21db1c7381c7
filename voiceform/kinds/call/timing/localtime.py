"""Local times in their zones: what a time means that a change of the clocks skips or repeats.

For `at` and `rrule`:

- A local time that does not exist is moved forward by the length of the gap (02:30 becomes 03:30): it is read
  with the offset that was valid before the change.
- A local time that exists twice means the first of the two.

For `cron` it is as in Debian's cron. What runs at fixed times runs right after the gap (02:30 becomes 03:00),
and at the first of two. What has a star in its minute or hour goes on in real time: it leaves out what does
not exist, and comes twice with what exists twice.

Two local times that fall on the same instant are one occurrence in any case.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

_DAY = timedelta(hours=26)
"""More than the largest change there was: Samoa left out 30 December 2011."""


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


Reading = Callable[[datetime, ZoneInfo], Sequence[Occurrence]]
"""What a naive local time means in a zone."""


def resolve(declared: datetime, zone: ZoneInfo) -> Occurrence:
    """The occurrence that a local time of `at` or `rrule` means in `zone`."""
    first = declared.replace(tzinfo=zone, fold=0)
    instant = first.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) != declared:
        return Occurrence(instant, declared, ClockChange.SKIPPED)
    repeated = declared.replace(tzinfo=zone, fold=1).utcoffset() != first.utcoffset()
    return Occurrence(instant, declared, ClockChange.REPEATED if repeated else None)


def moved(declared: datetime, zone: ZoneInfo) -> Sequence[Occurrence]:
    """`resolve` as a reading."""
    return (resolve(declared, zone),)


def after_the_gap(declared: datetime, zone: ZoneInfo) -> Sequence[Occurrence]:
    """What cron makes of a fixed time: once, right after the gap that it lies in."""
    found = resolve(declared, zone)
    if found.change is not ClockChange.SKIPPED:
        return (found,)
    before = declared.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return (Occurrence(_change_between(before, found.instant, zone), declared, ClockChange.SKIPPED),)


def in_real_time(declared: datetime, zone: ZoneInfo) -> Sequence[Occurrence]:
    """What cron makes of a time of a star: whenever a clock there shows it, so never, once or twice."""
    found = resolve(declared, zone)
    if found.change is ClockChange.SKIPPED:
        return ()
    first = Occurrence(found.instant, declared)
    if found.change is None:
        return (first,)
    return (first, Occurrence(declared.replace(tzinfo=zone, fold=1).astimezone(UTC), declared))


def occurrences(
    times_of: Callable[[date], Iterable[datetime]],
    reading: Reading,
    zone: ZoneInfo,
    *,
    start: datetime,
    end: datetime,
    first: datetime | None = None,
    last: datetime | None = None,
) -> Iterator[Occurrence]:
    """What `times_of` names on each day, read by `reading`, with start <= instant <= end: in order, each
    instant once, and no day is looked at before it is needed. `first` and `last` bound the local times."""
    earliest, latest = _bounds(start, end, zone)
    earliest = max(earliest, first) if first is not None else earliest
    latest = min(latest, last) if last is not None else latest
    waiting: list[Occurrence] = []
    day = earliest.date()
    while day <= latest.date():
        if waiting:
            # Nothing of this day or a later one comes before its first moment.
            border = resolve(datetime.combine(day, datetime.min.time()), zone).instant
            yield from _taken(waiting, start, min(end, border - timedelta(microseconds=1)))
            if border > end:
                return
        for moment in times_of(day):
            if earliest <= moment <= latest:
                waiting.extend(reading(moment, zone))
        day += timedelta(days=1)
    yield from _taken(waiting, start, end)


def _taken(waiting: list[Occurrence], start: datetime, end: datetime) -> Iterator[Occurrence]:
    """Take out what comes up to `end`, each instant once: one that no clock has touched goes first."""
    waiting.sort(key=lambda item: (item.instant, item.change is not None))
    previous = None
    ready = [item for item in waiting if item.instant <= end]
    del waiting[: len(ready)]
    for item in ready:
        if item.instant >= start and item.instant != previous:
            yield item
        previous = item.instant


def _bounds(start: datetime, end: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The naive local times between which everything lies that belongs to [start, end]."""
    first, last = _wall(start, zone), _wall(end, zone)
    if _wall(start - _DAY, zone) != first - _DAY or _wall(start + _DAY, zone) != first + _DAY:
        first -= _DAY
    if _wall(end - _DAY, zone) != last - _DAY or _wall(end + _DAY, zone) != last + _DAY:
        last += _DAY
    return first, last


def _change_between(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant at which the clocks change, of which there is one between these."""
    offset = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + (after - before) // 2
        if middle.astimezone(zone).utcoffset() == offset:
            before = middle
        else:
            after = middle
    return after.replace(microsecond=0)


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)

"""Hours in a zone: at which instants they are open, to the second, whatever the clocks do.

A window belongs to the day on which it begins, and is open while the clock on the wall shows a time in it: a
time that comes twice is open twice, one that is left out is not open that day. On a closed day nobody is
called from midnight to midnight: neither in its windows, also where they go on after midnight, nor in what is
left of the window of the evening before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from voiceform.kinds.call.rules.closed import ClosedDays
from voiceform.kinds.call.rules.faults import Complain, refuse
from voiceform.kinds.call.rules.weekly import DAYS, MIDNIGHT, Weekly, Window, days_named
from voiceform.kinds.zone_names import zone_hint, zone_named

RECIPIENT = "recipient"
_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)

Span = tuple[datetime, datetime]
"""From the first instant until before the second."""
ZonesOf = Callable[[str], tuple[ZoneInfo, ...]]
"""In which zones somebody may be; empty when nobody knows."""


class Outside(StrEnum):
    """What becomes of a call that is due outside of the hours; the first of two is the stricter one."""

    SUPPRESS = "suppress"
    WAIT = "wait"
    NEXT_WINDOW = "next-window"


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of a rule. Without a zone they must hold in every zone in which the person called may be.
    `outside` is None where the rule does not say."""

    weekly: Weekly
    zone: ZoneInfo | None
    closed: ClosedDays = field(default_factory=ClosedDays)
    outside: Outside | None = None
    _spans: dict[tuple[ZoneInfo, date], tuple[Span, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )

    @classmethod
    def of(cls, block: Mapping[str, Any], complain: Complain = refuse) -> Hours:
        """From recorded hours; what is wrong with them is complained about."""

        def within(path: tuple[str | int, ...], problem: str, hint: str | None) -> None:
            complain(("weekly", *path), problem, hint)

        return cls(
            Weekly.parse(block["weekly"], within),
            read_zone(block, complain),
            ClosedDays.of(block),
            Outside(block["outside"]) if "outside" in block else None,
        )

    @classmethod
    def of_calling_hours(cls, block: Mapping[str, Any], complain: Complain = refuse) -> Hours:
        """From the short form, `calling_hours:`."""
        text = f"{block['start']}-{block['end']}"
        zone = read_zone(block, complain)
        days = [day for name in block.get("days", DAYS) for day in days_named(name)]
        if block["end"] > block["start"]:
            return cls(Weekly.of(days, Window.parse(text)), zone)
        complain(
            (),
            "the hours end before they begin",
            "hours across midnight are written as a rule, as in calling_rules: [{name: night, hours: {weekly:"
            ' {mon-sun: ["22:00-02:00"]}}}]',
        )
        return cls(Weekly.of((), Window(0, MIDNIGHT)), zone)

    def allow(self, zone: ZoneInfo, instant: datetime) -> bool:
        """Whether `instant` is within the hours by the clocks of `zone`. RuleError as `ClosedDays.has`."""
        moment = instant.astimezone(UTC)
        return any(begin <= moment < end for begin, end in self.spans(zone, moment.date()))

    def opens(self, zone: ZoneInfo, instant: datetime, until: datetime) -> datetime | None:
        """The first instant from `instant` to `until` that is within the hours, or None."""
        moment = instant.astimezone(UTC)
        for offset in range((until.astimezone(UTC).date() - moment.date()).days + 1):
            for begin, end in self.spans(zone, moment.date() + offset * _DAY):
                if end > moment:
                    opening = max(begin, moment)
                    return opening if opening <= until else None
        return None

    def spans(self, zone: ZoneInfo, day: date) -> tuple[Span, ...]:
        """When it is open in `zone` during one day of UTC, in order."""
        known = self._spans.get((zone, day))
        if known is None:
            midnight = datetime.combine(day, time(), UTC)
            found = [
                clipped
                for first, last, offset in _steady(zone, midnight, midnight + _DAY)
                for clipped in self._open_between(first, last, offset)
            ]
            known = self._spans[zone, day] = tuple(sorted(found))
        return known

    def _open_between(self, first: datetime, last: datetime, offset: timedelta) -> Iterator[Span]:
        """As `spans` between two instants between which clocks are `offset` ahead of UTC."""
        day = (first + offset).date() - _DAY  # a window of the evening before may go on
        while day <= (last + offset).date():
            for begin, end in self._windows(day):
                opening, closing = max(begin - offset, first), min(end - offset, last)
                if opening < closing:
                    yield opening, closing
            day += _DAY

    def _windows(self, day: date) -> Iterator[Span]:
        """The windows that begin on a day, as times of the clock that are written as if they were UTC."""
        windows = self.weekly.days[day.weekday()]
        if not windows or self.closed.has(day):
            return
        midnight = datetime.combine(day, time(), UTC)
        for window in windows:
            end = window.end
            if end > MIDNIGHT and self.closed.has(day + _DAY):
                end = MIDNIGHT
            yield midnight + timedelta(minutes=window.start), midnight + timedelta(minutes=end)


def read_zone(block: Mapping[str, Any], complain: Complain = refuse) -> ZoneInfo | None:
    """The zone that hours name; None for that of the person called."""
    name = block.get("timezone", RECIPIENT)
    zone = zone_named(name)
    if zone is None and name != RECIPIENT:
        complain(("timezone",), f"{name!r} is not an IANA time zone", zone_hint(name))
    return zone


def _steady(
    zone: ZoneInfo, first: datetime, last: datetime
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """The parts of a day in each of which the clocks of `zone` are one offset ahead of UTC."""
    before, after = _offset(zone, first), _offset(zone, last)
    if before == after:
        yield first, last, before
        return
    low, high = 0, int((last - first).total_seconds())
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(zone, first + middle * _SECOND) == before:
            low = middle
        else:
            high = middle
    change = first + high * _SECOND
    yield first, change, before
    if change < last:
        yield change, last, after


def _offset(zone: ZoneInfo, instant: datetime) -> timedelta:
    return instant.astimezone(zone).utcoffset() or timedelta(0)

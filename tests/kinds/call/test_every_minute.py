"""For every minute of a year in ten zones: what rules allow, and when they open, is what a clock says."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import holidays
import pytest

from voiceform.kinds.call.rules.hours import Hours
from voiceform.kinds.call.rules.weekly import DAYS

ZONES = [
    "America/New_York",
    "America/St_Johns",  # half an hour beside the others
    "America/Santiago",  # the south; its clocks change at midnight
    "America/Phoenix",  # never changes its clocks
    "Europe/Paris",
    "Africa/Casablanca",  # changes them four times in some years
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # changes them by half an hour
    "Pacific/Apia",
    "Pacific/Kiritimati",
]
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
WEEKLY = {
    "mon-thu": ["08:00-12:00", "13:00-21:00"],
    "fri": ["00:00-01:15", "02:15-02:45", "22:00-02:00"],
    "sat": ["01:30-03:10", "22:30-24:00"],
    "sun": ["00:00-00:40", "01:45-02:30", "23:15-04:00"],
}
HOURS: dict[str, Any] = {
    "weekly": WEEKLY,
    "holidays": {"country": "US", "subdivision": "FL"},
    "except": ["2026-03-08", "2026-07-11", "2026-11-02", "2026-12-24"],
}


def closed_days() -> frozenset[date]:
    known = holidays.country_holidays("US", subdiv="FL", years=[2025, 2026, 2027])
    return frozenset([*known, *map(date.fromisoformat, HOURS["except"])])


def minutes_of(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])


def week() -> list[list[tuple[bool, bool]]]:
    """For each day and minute of the clock on the wall: whether a window of that day is open, and whether one
    of the day before is, which goes on after midnight."""
    texts = [WEEKLY.get(day, WEEKLY["mon-thu"]) for day in DAYS]
    windows = [[(minutes_of(text[:5]), minutes_of(text[6:])) for text in day] for day in texts]
    return [
        [
            (
                any(a <= minute and (minute < b or b < a) for a, b in windows[day]),
                any(minute < b < a for a, b in windows[day - 1]),
            )
            for minute in range(24 * 60)
        ]
        for day in range(7)
    ]


def naive(zone: ZoneInfo, instants: list[datetime]) -> list[bool]:
    """The reference: what the clock on the wall shows decides. Nobody is called on a closed day, nor in what
    is left of a window that would have begun on one."""
    closed, days, answers = closed_days(), week(), []
    for quarter in instants[::15]:  # within which no clock is changed
        wall = quarter.astimezone(zone)
        assert (quarter + 14 * MINUTE).astimezone(zone).utcoffset() == wall.utcoffset()
        today, first = wall.date(), wall.hour * 60 + wall.minute
        kept = today in closed, today - DAY in closed
        for begun, left in days[wall.weekday()][first : first + 15]:
            answers.append((begun or (left and not kept[1])) and not kept[0])
    return answers


@pytest.fixture(scope="module")
def instants() -> list[datetime]:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    return [start + index * MINUTE for index in range(365 * 24 * 60)]


@pytest.mark.parametrize("name", ZONES)
def test_every_minute(name: str, instants: list[datetime]) -> None:
    """From each minute at which anything may change, and from the one before, the hours open at the next one
    that is allowed, which is itself if it is."""
    zone, end = ZoneInfo(name), instants[-1]
    hours = Hours.of({"timezone": "recipient", **HOURS})
    wanted = naive(zone, instants)
    opening: datetime | None = None
    for instant, is_open in zip(reversed(instants), reversed(wanted), strict=True):
        opening = instant if is_open else opening
        if instant.minute % 5 not in (0, 4):
            continue  # windows begin and end, and clocks are changed, at the fifth minutes
        assert hours.opens(zone, instant, end) == opening, instant
        if is_open is not hours.allow(zone, instant):
            pytest.fail(f"{instant} is {'open' if is_open else 'closed'}")
    assert 0.2 < sum(wanted) / len(wanted) < 0.5, "both answers are tried"

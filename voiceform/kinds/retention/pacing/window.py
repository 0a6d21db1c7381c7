"""A window of the day, by the clocks of one zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_MINUTE = timedelta(minutes=1)
_TWO_DAYS = 2 * 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` up to `end`, which is not in it; across midnight where the end is not after the start.

    What counts is what the clocks on the wall show: an hour that they show twice is in it twice, and one that
    they skip is not.
    """

    start: time
    end: time
    zone: ZoneInfo

    @classmethod
    def read(cls, text: str, zone: ZoneInfo) -> Window:
        """From `01:00-05:00`. ValueError for anything else, and for a window that holds no time."""
        first, _, last = text.partition("-")
        window = cls(time.fromisoformat(first.strip()), time.fromisoformat(last.strip()), zone)
        if window.start == window.end:
            raise ValueError("it begins when it ends, and holds no time")
        return window

    def is_open(self, now: datetime) -> bool:
        """Whether that instant is in it."""
        clock = now.astimezone(self.zone).time()
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end

    def changes(self, now: datetime) -> datetime:
        """The next instant at which it opens, or closes where it is open. Each lasts for a minute at least,
        and clocks are set at whole minutes."""
        present = self.is_open(now)
        moment = now.astimezone(UTC).replace(second=0, microsecond=0)
        for _ in range(_TWO_DAYS):
            moment += _MINUTE
            if self.is_open(moment) is not present:
                return moment
        return moment

    def __str__(self) -> str:
        return f"{self.start:%H:%M}-{self.end:%H:%M} {self.zone.key}"


def day_in(zone: ZoneInfo, now: datetime) -> date:
    """The day of the calendar there."""
    return now.astimezone(zone).date()

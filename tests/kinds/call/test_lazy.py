"""Of times without number no more are computed than somebody asks for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest

from voiceform.kinds.call.timing.cron import Cron
from voiceform.kinds.call.timing.localtime import in_real_time, occurrences
from voiceform.kinds.call.timing.schedule import HORIZON

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


class Watched:
    """The times of a cron expression, and the days that were asked for."""

    def __init__(self, text: str) -> None:
        self._cron = Cron.parse(text)
        self.days: list[date] = []

    def on(self, day: date) -> Sequence[datetime]:
        """See Cron."""
        self.days.append(day)
        return self._cron.on(day)


@pytest.mark.parametrize(
    ("begins", "count", "days"),
    [(None, 3, 2), ("2028-11-28", 3, 2), ("2060-01-01", 3, 2), ("2028-11-28", 1441, 3), ("2020-01-01", 1, 2)],
)
def test_days_before_the_beginning_and_after_the_last_are_not_looked_at(
    begins: str | None, count: int, days: int
) -> None:
    watched = Watched("* * * * *")
    first = datetime.fromisoformat(begins) if begins else None
    found = occurrences(
        watched.on, in_real_time, NEW_YORK, start=NOW, end=NOW + HORIZON, first=first, last=None
    )
    taken = list(islice(found, count))
    assert [later.instant - taken[0].instant for later in taken] == [
        timedelta(minutes=n) for n in range(count)
    ]
    assert len(watched.days) <= days
    assert watched.days[0] >= NOW.date() - timedelta(days=1)

"""Schedules of many times: a plan asks for the next ones, and no other is computed.

    python bench/schedules.py

Each is read from its block and asked for the next three times, as the planner does; `one instant` has a
single time. Nothing is read or sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import harness

from voiceform.kinds.call.timing.schedule import Schedule

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
NEXT = 3
SCHEDULES: Mapping[str, Mapping[str, str]] = {
    "one instant": {"at": "2028-12-01T09:00:00"},
    "every minute": {"cron": "* * * * *"},
    "every minute, from two years ahead": {"cron": "* * * * *", "start": "2028-11-28"},
    "every minute, since six years": {"cron": "* * * * *", "start": "2020-11-28"},
    "29 February": {"cron": "0 9 29 2 *"},
    "100,000 hours, since ten years": {
        "rrule": "FREQ=HOURLY;COUNT=100000",
        "dtstart": "2016-11-28T09:00:00",
    },
    "Mondays that are 29 February": {
        "rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=MO",
        "dtstart": "2026-11-28T09:00:00",
    },
}


def main() -> None:
    chosen = harness.options(__doc__).parse_args()
    times = 3 if chosen.short else 50
    report = harness.Report("schedules", chosen)

    def contestant(block: Mapping[str, str]) -> harness.Contestant:
        def work() -> None:
            for _ in range(times):
                schedule = Schedule.parse({**block, "timezone": "America/New_York"})
                assert schedule.following(NOW, NEXT)

        return lambda: harness.here(work)

    report.compare(
        f"the next {NEXT} times",
        {name: contestant(block) for name, block in SCHEDULES.items()},
        operations=times,
        unit="schedule",
    )
    report.save()


if __name__ == "__main__":
    main()

"""Previews of schedules as text, JSON and iCalendar."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import icalendar
import pytest

from tests.cli.calling import NINE, OTHER, TO, Timeline, calls
from tests.support import Stack

NIGHTLY = '{cron: "30 2 * * *", timezone: America/New_York}'


@pytest.fixture
def time(stack: Stack) -> Timeline:
    return Timeline(stack)


def test_spring_forward(stack: Stack) -> None:
    stack.write(calls(schedule=NIGHTLY))
    lines = stack.ok("schedule", "--start", "2026-03-07", "--end", "2026-03-10").out.splitlines()
    assert lines == [
        "Sat 2026-03-07 02:30 EST (2026-03-07 07:30 UTC)  call.reminder  1 calls",
        "Sun 2026-03-08 03:00 EDT (2026-03-08 07:00 UTC)"
        " [02:30 does not exist on this day, so it is 03:00]  call.reminder  1 calls",
        "Mon 2026-03-09 02:30 EDT (2026-03-09 06:30 UTC)  call.reminder  1 calls",
    ]


def test_fall_back(stack: Stack) -> None:
    stack.write(calls(schedule='{cron: "30 1 * * *", timezone: America/New_York}'))
    document = stack.ok("schedule", "--start", "2026-11-01", "--end", "2026-11-02", "--format", "json").json
    assert [(item["occurrence"], item["clock_change"]) for item in document["schedule"]] == [
        ("2026-11-01T05:30:00Z", "repeated")
    ]


def test_who_is_not_called_and_why(stack: Stack) -> None:
    (stack.folder / "dnc.txt").write_text(f"{OTHER}\n")
    stack.write(
        calls(
            [TO, OTHER, "+14155550103"], do_not_call="dnc.txt", calling_hours='{start: "08:00", end: "21:00"}'
        )
    )
    document = stack.ok("schedule", "--start", "2026-12-01", "--format", "json").json
    [item] = document["schedule"]
    assert item["calls"] == 1
    assert item["not_called"] == [
        {"reason": "on the do-not-call list", "count": 1},
        {"reason": "outside the calling hours in America/Los_Angeles", "count": 1},
    ]


def test_a_week_from_now_by_default(stack: Stack, time: Timeline) -> None:
    stack.write(calls(schedule='{cron: "0 9 * * *", timezone: America/New_York}'))
    assert len(time.at(NINE, "schedule").out.splitlines()) == 8


def test_a_calendar_that_other_programs_can_read(stack: Stack) -> None:
    stack.write(calls([TO, OTHER], schedule=NIGHTLY, pace="0.01"))
    text = stack.ok("schedule", "--start", "2026-03-07", "--end", "2026-03-10", "--format", "ics").out
    calendar: Any = icalendar.Calendar.from_ical(text)
    events = list(calendar.walk("VEVENT"))
    assert [event["dtstart"].dt for event in events] == [
        datetime(2026, 3, 7, 7, 30, tzinfo=UTC),
        datetime(2026, 3, 8, 7, 0, tzinfo=UTC),
        datetime(2026, 3, 9, 6, 30, tzinfo=UTC),
    ]
    assert (events[0]["dtend"].dt - events[0]["dtstart"].dt).total_seconds() == 100
    assert str(events[1]["summary"]) == "call.reminder: 2 calls"
    assert "does not exist" in str(events[1]["description"])
    assert len({str(event["uid"]) for event in events}) == 3
    assert TO not in text


def test_impossible_spans(stack: Stack) -> None:
    stack.write(calls())
    assert stack.run("schedule", "--start", "2026-12-02", "--end", "2026-12-01").code == 64
    assert stack.run("schedule", "--start", "2026-12-02", "--end", "2046-12-01").code == 64
    assert stack.run("schedule", "--start", "tomorrow").code == 64

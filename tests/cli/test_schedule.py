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
        "Sat 2026-03-07 02:30 EST (2026-03-07 07:30 UTC)  call.reminder  1 call",
        "Sun 2026-03-08 03:00 EDT (2026-03-08 07:00 UTC)"
        " [02:30 does not exist on this day, so it is 03:00]  call.reminder  1 call",
        "Mon 2026-03-09 02:30 EDT (2026-03-09 06:30 UTC)  call.reminder  1 call",
    ]


def test_what_is_in_utc_is_not_said_twice(stack: Stack) -> None:
    stack.write(calls([TO, OTHER], schedule='{cron: "30 2 7 3 *", timezone: UTC}'))
    line = "Sat 2026-03-07 02:30 UTC  call.reminder  2 calls\n"
    assert stack.ok("schedule", "--start", "2026-03-07", "--end", "2026-03-10").out == line


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
    assert stack.run("schedule", "--start", "someday").code == 64


@pytest.mark.parametrize(
    "span", [("9999-12-31", "9999-12-31"), ("0001-01-01", "0001-01-02"), ("1969-12-31", "1970-01-02")]
)
def test_years_that_nobody_can_tell(stack: Stack, span: tuple[str, str]) -> None:
    stack.write(calls())
    result = stack.run("schedule", "--start", span[0], "--end", span[1])
    assert (result.code, "from 1970 to 2199" in result.err) == (64, True)


def test_more_occurrences_than_anybody_reads(stack: Stack) -> None:
    stack.write(calls(schedule='{cron: "* * * * *", timezone: UTC}'))
    result = stack.run("schedule", "--start", "2026-12-01", "--end", "2036-12-01")
    assert (result.code, "more than 10,000 occurrences" in result.err) == (64, True)


@pytest.mark.parametrize(
    "schedule",
    [
        '{rrule: "FREQ=DAILY;INTERVAL=0", dtstart: 2026-12-01, timezone: UTC}',
        '{rrule: "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", dtstart: 2026-12-01, timezone: UTC}',
        '{cron: "0 0 30 2 *", timezone: UTC}',
    ],
)
def test_no_command_runs_a_rule_that_is_none(stack: Stack, schedule: str) -> None:
    stack.write(calls())
    (stack.folder / "base").mkdir()
    stack.write(calls(schedule=schedule), "base/voiceform.yaml")
    review = stack.run("plan", "--base", "base")
    assert (review.code, "invalid-schedule" in review.err) == (1, True)
    stack.write(calls(schedule=schedule))
    for command in (["plan"], ["apply", "--auto-approve"], ["schedule"], ["schedule", "--format", "ics"]):
        result = stack.run(*command)
        assert (result.code, "invalid-schedule" in result.err) == (1, True), command


def test_a_base_elsewhere_with_its_own_lists_is_the_same(stack: Stack) -> None:
    for folder in (stack.folder, stack.folder.parent / "checkout"):
        folder.mkdir(exist_ok=True)
        (folder / "dnc.txt").write_text(f"{OTHER}\n")
        (folder / "people.csv").write_text(f"phone\n{TO}\n")
        text = calls(do_not_call="dnc.txt").replace(f"['{TO}']", "{csv: people.csv}")
        (folder / "voiceform.yaml").write_text(f"version: 1\n{text}")
    result = stack.ok("plan", "--base", str(stack.folder.parent / "checkout"), "--detailed-exitcode")
    assert "No changes" in result.out

"""What is due and in nobody's ledger yet is listed, beside what is planned."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest

from tests.cli.calling import BUSY, NINE, OTHER, TO, Timeline, after, calls
from tests.support import Stack
from voiceform.cli.commands import calls as command
from voiceform.stack import calls as listing

BEFORE = NINE - timedelta(hours=1)
DAILY = '{cron: "0 9 * * *", timezone: America/New_York}'


@pytest.fixture
def time(stack: Stack) -> Timeline:
    return Timeline(stack)


def listed(time: Timeline, moment: datetime) -> Counter[tuple[str, str]]:
    rows = time.at(moment, "calls", "list", "--format", "json").json["calls"]
    return Counter((row["status"], row["occurrence"]) for row in rows)


def test_what_is_due_until_it_is_placed_or_missed(stack: Stack, time: Timeline) -> None:
    stack.write(calls([TO, OTHER], DAILY, pace="100"))
    time.apply(BEFORE)
    today, tomorrow = "2026-12-01T14:00:00Z", "2026-12-02T14:00:00Z"
    assert listed(time, BEFORE) == {("planned", today): 2}
    assert listed(time, after(5)) == {("due", today): 2, ("planned", tomorrow): 2}
    assert "2 due, 2 planned" in time.at(after(5), "calls", "list").out
    only = time.at(after(5), "calls", "list", "--status", "due", "--format", "json").json["calls"]
    assert len(only) == 2
    assert listed(time, after(minutes=16)) == {("planned", tomorrow): 2}, "nobody is called that late"
    time.at(after(60), "dispatch")
    assert listed(time, after(60)) == {("placed", today): 2, ("planned", tomorrow): 2}


def test_a_retry_that_is_due(stack: Stack, time: Timeline) -> None:
    stack.write(calls([BUSY], retry="{attempts: 2, delay: 5m, on: [busy]}"))
    time.apply(BEFORE)
    time.at(after(1), "dispatch")
    time.at(after(60), "dispatch")
    rows = time.at(after(minutes=7), "calls", "list", "--format", "json").json["calls"]
    assert [(row["status"], row["attempt"]) for row in rows] == [("busy", 1), ("due", 2)]


def test_nobody_is_due_who_may_not_be_called(stack: Stack, time: Timeline) -> None:
    (stack.folder / "dnc.txt").write_text(f"{TO}\n")
    stack.write(calls([TO, OTHER], do_not_call="dnc.txt"))
    time.apply(BEFORE)
    rows = time.at(after(5), "calls", "list", "--format", "json", "--show-numbers").json["calls"]
    assert [row["to"] for row in rows] == [OTHER]
    (stack.folder / "dnc.txt").unlink()
    text = time.at(after(5), "calls", "list")
    assert "2 due" in text.out
    assert "the do-not-call list dnc.txt" in " ".join(text.out.split())
    assert "2 not called" in text.err


def test_who_waits_for_calling_hours_is_due(stack: Stack, time: Timeline) -> None:
    hours = '{start: "09:05", end: "21:00"}'
    stack.write(calls([TO], calling_hours=hours))
    time.apply(BEFORE)
    assert "due  calling hours in America/New_York" in time.at(after(60), "calls", "list").out


def test_both_say_the_same_of_statuses() -> None:
    assert command.STATUSES == listing.STATUSES

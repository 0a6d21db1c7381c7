"""Calls that wait for the next window, however late that is: each person once, and never twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kinds.call.specs import BOB, spec
from voiceform.kinds.call.dialling.due import due_keys, lookback
from voiceform.kinds.call.dialling.verdicts import Due, Judge, Verdict
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.store import Head
from voiceform.kinds.call.spec import CallSpec

FRIDAY = datetime(2026, 3, 6, 20, tzinfo=UTC)
MONDAY = datetime(2026, 3, 9, 8, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
OFFICE = {"timezone": "UTC", "weekly": {"mon-fri": ["08:00-12:00", "13:00-17:00"]}, "outside": "next-window"}
ONCE = {"at": "2026-03-06T20:00:00", "timezone": "UTC"}
DAILY = {"cron": "0 20 * * *", "timezone": "UTC"}
KEY = Key(FRIDAY, BOB)


def waiting(
    schedule: dict[str, Any] | None = None, hours: dict[str, Any] | None = None, **more: Any
) -> CallSpec:
    return spec(schedule=schedule or ONCE, rules={"office": {"hours": hours or OFFICE}}, **more)


def verdict(now: datetime, schedule: CallSpec | None = None, key: Key = KEY) -> Due:
    return Judge(schedule or waiting(), now, None, None).verdict(key, key.occurrence)


@pytest.mark.parametrize(
    ("now", "expected", "until"),
    [
        (FRIDAY, Verdict.WAIT, MONDAY),
        (FRIDAY + 15 * MINUTE, Verdict.WAIT, MONDAY),
        (FRIDAY + 48 * HOUR, Verdict.WAIT, MONDAY),
        (MONDAY, Verdict.PLACE, None),
        (MONDAY + 15 * MINUTE, Verdict.PLACE, None),
        (MONDAY + 15 * MINUTE + SECOND, Verdict.MISS, None),
    ],
)
def test_lateness_counts_from_the_opening(now: datetime, expected: Verdict, until: datetime | None) -> None:
    found = verdict(now)
    assert (found.verdict, found.until, found.since) == (expected, until, FRIDAY)


def test_who_is_due_within_the_hours_does_not_wait() -> None:
    noon = datetime(2026, 3, 6, 11, tzinfo=UTC)
    at = waiting({"at": "2026-03-06T11:00:00", "timezone": "UTC"})
    assert verdict(noon, at, Key(noon, BOB)).verdict is Verdict.PLACE
    assert verdict(noon + 16 * MINUTE, at, Key(noon, BOB)).verdict is Verdict.MISS


@pytest.mark.parametrize(("days", "expected"), [(13, Verdict.WAIT), (14, Verdict.SUPPRESS)])
def test_nobody_waits_for_more_than_a_fortnight(days: int, expected: Verdict) -> None:
    closed = [str((FRIDAY + timedelta(days=day)).date()) for day in range(days + 1)]
    hours = {"timezone": "UTC", "weekly": {"mon-sun": ["08:00-20:00"]}, "outside": "next-window"}
    found = verdict(FRIDAY, waiting(hours={**hours, "except": closed}))
    assert found.verdict is expected


def test_of_several_occurrences_that_wait_for_one_window_the_last_is_called() -> None:
    daily = waiting(DAILY)
    days = [FRIDAY + timedelta(days=day) for day in range(3)]
    found = [verdict(day, daily, Key(day, BOB)).verdict for day in days]
    assert found == [Verdict.SUPPRESS, Verdict.SUPPRESS, Verdict.WAIT]
    late = [verdict(MONDAY, daily, Key(day, BOB)).verdict for day in days]
    assert late == [Verdict.SUPPRESS, Verdict.SUPPRESS, Verdict.PLACE], "also if nobody looked before"


def test_an_occurrence_at_the_opening_takes_the_place_of_one_that_waits() -> None:
    hourly = waiting({"cron": "0 * * * *", "timezone": "UTC"}, misfire_grace="2h")
    seven, eight = MONDAY - HOUR, MONDAY
    assert verdict(seven, hourly, Key(seven, BOB)).verdict is Verdict.SUPPRESS
    assert verdict(eight, hourly, Key(eight, BOB)).verdict is Verdict.PLACE


def test_the_strictest_word_of_all_rules_counts() -> None:
    rules = {"office": {"hours": OFFICE}, "law": {"hours": {**OFFICE, "outside": "wait"}}}
    strict = spec(schedule=ONCE, rules=rules)
    assert verdict(FRIDAY, strict).verdict is Verdict.SUPPRESS
    silent = {"timezone": "UTC", "weekly": OFFICE["weekly"]}
    assert verdict(FRIDAY, spec(schedule=ONCE, rules={**rules, "law": {"hours": silent}})).until == MONDAY


def keys(schedule: CallSpec, head: Head, now: datetime, entries: dict[Key, LedgerEntry]) -> list[Due]:
    return due_keys(schedule, entries, head, now, None)


def test_it_is_found_again_by_whoever_looks_after_a_restart() -> None:
    head = Head(since=FRIDAY - HOUR, high_water=FRIDAY + 40 * HOUR)
    for schedule in (waiting(), waiting(DAILY)):
        due = {item.key.occurrence: item.verdict for item in keys(schedule, head, MONDAY, {})}
        assert Verdict.PLACE in due.values(), schedule.schedule
    [found] = keys(waiting(), head, MONDAY, {})
    assert found.key == KEY
    placed = LedgerEntry(CallStatus.PLACED, MONDAY, sid="CA1")
    assert keys(waiting(), head, MONDAY + MINUTE, {KEY: placed}) == []


def test_what_was_due_before_it_was_applied_is_not_called() -> None:
    head = Head(since=FRIDAY + HOUR, high_water=FRIDAY + HOUR)
    assert all(item.key.occurrence > FRIDAY for item in keys(waiting(DAILY), head, MONDAY, {}))


def test_the_ledger_is_read_as_far_back_as_a_call_may_wait() -> None:
    assert lookback(waiting()) > timedelta(days=14)
    tried = waiting(retry={"attempts": 3, "delay": ["1h"], "on": ["busy"]})
    assert lookback(tried) > timedelta(days=42)
    assert lookback(spec()) == timedelta(days=7)


@given(
    st.lists(st.integers(1, 40), min_size=3, max_size=12),
    st.sampled_from(["0 20 * * *", "0 */6 * * *", "30 7 * * MON", "0 9 * * *"]),
)
@settings(max_examples=60, deadline=None)
def test_whenever_dispatchers_look_a_window_has_one_call_of_each_person(steps: list[int], cron: str) -> None:
    """Dispatchers look at odd moments and keep what they did; each person is called at most once in each
    window for what became due outside of it, and never outside."""
    schedule = waiting({"cron": cron, "timezone": "UTC"}, misfire_grace="1h")
    now, head = FRIDAY, Head(since=FRIDAY - HOUR)
    entries: dict[Key, LedgerEntry] = {}
    outside: list[datetime] = []
    for step in steps:
        now += step * HOUR
        for item in keys(schedule, head, now, entries):
            assert item.key not in entries
            if item.verdict is Verdict.PLACE:
                assert now.weekday() < 5
                assert now.hour in (8, 9, 10, 11, 13, 14, 15, 16)
                entries[item.key] = LedgerEntry(CallStatus.ANSWERED, now, sid="CA1")
                opening = schedule.rules_of(BOB).counts_from(item.since, {})
                if opening != item.since and opening is not None:
                    outside.append(opening)
            elif item.verdict in (Verdict.SUPPRESS, Verdict.MISS):
                entries[item.key] = LedgerEntry(CallStatus.SUPPRESSED, now)
        head = Head(since=head.since, high_water=now)
    assert len(outside) == len(set(outside))

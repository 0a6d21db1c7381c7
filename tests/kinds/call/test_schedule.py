"""When calls are due, in zones whose clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.call.timing.localtime import ClockChange, resolve
from voiceform.kinds.call.timing.schedule import Schedule, ScheduleError
from voiceform.model.address import Address

ZONES = (
    "America/New_York",
    "Europe/Berlin",
    "Europe/London",
    "Australia/Lord_Howe",  # half an hour
    "America/Sao_Paulo",  # no changes any more
    "Africa/Casablanca",  # negative summer time, around Ramadan
    "Pacific/Apia",  # left out 30 December 2011
    "UTC",
)
zones = st.sampled_from(ZONES)
days = st.dates(date(2011, 1, 1), date(2035, 12, 31))


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def texts(schedule: Schedule, start: str, end: str) -> list[str]:
    return [f"{item.instant:%Y-%m-%dT%H:%M}" for item in schedule.between(instant(start), instant(end))]


@pytest.mark.parametrize(
    ("zone", "declared", "expected", "change"),
    [
        ("America/New_York", "2026-03-08T02:30", "2026-03-08T07:30+00:00", ClockChange.SKIPPED),
        ("America/New_York", "2026-11-01T01:30", "2026-11-01T05:30+00:00", ClockChange.REPEATED),
        ("America/New_York", "2026-12-01T09:00", "2026-12-01T14:00+00:00", None),
        ("Europe/Berlin", "2026-03-29T02:00", "2026-03-29T01:00+00:00", ClockChange.SKIPPED),
        ("Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-03T15:40+00:00", ClockChange.SKIPPED),
        ("Pacific/Apia", "2011-12-30T09:00", "2011-12-30T19:00+00:00", ClockChange.SKIPPED),
    ],
)
def test_times_that_clocks_skip_or_repeat(
    zone: str, declared: str, expected: str, change: ClockChange | None
) -> None:
    found = resolve(datetime.fromisoformat(declared), ZoneInfo(zone))
    assert (found.instant, found.change) == (instant(expected), change)


@given(zones, days, st.integers(0, 23), st.integers(0, 59))
@example("Pacific/Apia", date(2011, 12, 29), 9, 0)
@settings(max_examples=300)
def test_a_daily_time_happens_once_on_each_day(zone: str, day: date, hour: int, minute: int) -> None:
    schedule = Schedule.parse({"cron": f"{minute} {hour} * * *", "timezone": zone})
    start = datetime.combine(day, datetime.min.time(), UTC) - timedelta(days=2)
    found = schedule.between(start, start + timedelta(days=6))
    declared = [item.declared.date() for item in found]
    assert declared == sorted(set(declared)), "no day twice"
    inner = [start.astimezone(schedule.zone).date() + timedelta(days=n) for n in range(1, 6)]
    hours = (start + timedelta(hours=n) for n in range(6 * 24))
    there = {moment.astimezone(schedule.zone).date() for moment in hours}
    assert set(inner) & there <= set(declared), "no day left out, but one that the zone itself left out"
    for item in found:
        local = item.local(schedule.zone).replace(tzinfo=None)
        assert (local == item.declared) == (item.change is not ClockChange.SKIPPED)
        assert local >= item.declared, "moved forward, never back"


@given(zones, days, st.integers(0, 1439), st.integers(1, 5 * 1440))
@settings(max_examples=200)
def test_windows_fit_together(zone: str, day: date, cut: int, width: int) -> None:
    """Looking at a span in two halves finds what looking at the whole finds: nothing is lost or doubled
    between two passes of a dispatcher, also where clocks change."""
    schedule = Schedule.parse({"cron": "*/20 * * * *", "timezone": zone})
    start = datetime.combine(day, datetime.min.time(), UTC)
    middle, end = start + timedelta(minutes=cut), start + timedelta(minutes=cut + width)
    whole = schedule.between(start, end)
    halves = schedule.between(start, middle) + schedule.between(middle + timedelta(microseconds=1), end)
    assert [item.instant for item in whole] == [item.instant for item in halves]
    instants = [item.instant for item in whole]
    assert instants == sorted(set(instants))


@given(zones, days)
@settings(max_examples=100)
def test_following_is_between(zone: str, day: date) -> None:
    schedule = Schedule.parse({"cron": "30 1,2,3 * * *", "timezone": zone})
    start = datetime.combine(day, datetime.min.time(), UTC)
    following = schedule.following(start, 5)
    assert following == schedule.between(start + timedelta(microseconds=1), following[-1].instant)


def test_rules_keep_local_time_over_the_change() -> None:
    schedule = Schedule.parse(
        {"rrule": "FREQ=WEEKLY;COUNT=3", "dtstart": "2026-03-01T09:00:00", "timezone": "America/New_York"}
    )
    assert texts(schedule, "2026-01-01T00:00Z", "2027-01-01T00:00Z") == [
        "2026-03-01T14:00",
        "2026-03-08T13:00",
        "2026-03-15T13:00",
    ]


def test_until_in_utc_means_that_instant() -> None:
    rule = {"rrule": "FREQ=DAILY;UNTIL=20261202T140000Z", "dtstart": "2026-12-01T09:00:00"}
    schedule = Schedule.parse({**rule, "timezone": "America/New_York"})
    assert texts(schedule, "2026-11-01T00:00Z", "2027-01-01T00:00Z") == [
        "2026-12-01T14:00",
        "2026-12-02T14:00",
    ]


def test_start_and_end_of_a_cron_schedule_are_included() -> None:
    block = {"cron": "0 9 * * *", "timezone": "Europe/Berlin", "start": "2026-12-01", "end": "2026-12-03"}
    schedule = Schedule.parse(block)
    assert texts(schedule, "2026-01-01T00:00Z", "2027-01-01T00:00Z") == [
        "2026-12-01T08:00",
        "2026-12-02T08:00",
        "2026-12-03T08:00",
    ]


def test_an_offset_makes_an_exact_instant() -> None:
    schedule = Schedule.parse({"at": "2026-11-01T01:30:00-05:00", "timezone": "America/New_York"})
    assert texts(schedule, "2026-11-01T00:00Z", "2026-11-02T00:00Z") == ["2026-11-01T06:30"]
    assert schedule.following(instant("2026-11-01T06:30Z"), 3) == []


@pytest.mark.parametrize(
    ("block", "key", "message"),
    [
        ({"timezone": "UTC"}, "timezone", "exactly one of at, cron, rrule"),
        ({"timezone": "UTC", "at": "2026-12-01T09:00", "cron": "0 9 * * *"}, "cron", "not at and cron"),
        ({"timezone": "Mars/Olympus", "at": "2026-12-01T09:00"}, "timezone", "not an IANA time zone"),
        ({"timezone": "UTC", "cron": "0 25 * * *"}, "cron", "the hour '25' is not 0-23"),
        ({"timezone": "UTC", "cron": "0 0 9 * * *"}, "cron", "five fields, not 6"),
        ({"timezone": "UTC", "cron": "0 0 31 2 *"}, "cron", "never fires"),
        ({"timezone": "UTC", "rrule": "FREQ=DAILY"}, "rrule", "needs dtstart"),
        ({"timezone": "UTC", "rrule": "FREQ=SECONDLY", "dtstart": "2026-12-01"}, "rrule", "too often"),
        ({"timezone": "UTC", "rrule": "FREQ=NEVERLY", "dtstart": "2026-12-01"}, "rrule", "not one of"),
        ({"timezone": "UTC", "rrule": "BYDAY=XX", "dtstart": "2026-12-01"}, "rrule", "needs FREQ"),
        ({"timezone": "UTC", "at": "2026-13-01T09:00"}, "at", "not a date"),
        ({"timezone": "UTC", "at": "2026-12-01T09:00", "end": "2026-12-02"}, "end", "does not go with at"),
        (
            {"timezone": "UTC", "cron": "0 9 * * *", "start": "2026-12-02", "end": "2026-12-01"},
            "end",
            "before",
        ),
    ],
)
def test_what_means_nothing(block: dict[str, Any], key: str, message: str) -> None:
    with pytest.raises(ScheduleError, match=message) as caught:
        Schedule.parse(block)
    assert caught.value.key == key


def test_what_is_recorded_and_cannot_be_read_names_its_address() -> None:
    attributes: dict[str, Any] = {
        "retry": None,
        "calling_hours": None,
        "rules": {},
        "to": [],
        "from": "+15017122661",
        "schedule": {"cron": "0 9 * * *", "timezone": "Mars/Olympus"},
        "answer": {"twiml": "<Response/>"},
    }
    with pytest.raises(ScheduleError) as caught:
        CallSpec.of(Address("call", "one"), attributes)
    assert str(caught.value).startswith("call.one: 'Mars/Olympus' is not an IANA time zone")

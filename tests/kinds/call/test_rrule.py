"""Recurrence rules: the grammar of RFC 5545, and no text that keeps anybody searching."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from voiceform.kinds.call.timing.cron import Cron
from voiceform.kinds.call.timing.recurrence import Rule, counted
from voiceform.kinds.call.timing.schedule import HORIZON, Schedule, ScheduleError

BEGIN = "2026-12-01T09:00:00"


def schedule(rule: str, dtstart: str = BEGIN, zone: str = "UTC") -> Schedule:
    return Schedule.parse({"rrule": rule, "dtstart": dtstart, "timezone": zone})


def first(rule: str, count: int = 4, dtstart: str = BEGIN, zone: str = "UTC") -> list[str]:
    found = schedule(rule, dtstart, zone).following(datetime(2026, 1, 1, tzinfo=UTC), count)
    return [f"{item.instant:%Y-%m-%dT%H:%M:%S}" for item in found]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY;INTERVAL=0", ("INTERVAL=0", "1 to 100,000")),
        ("FREQ=DAILY;INTERVAL=-1", ("INTERVAL=-1",)),
        ("FREQ=DAILY;INTERVAL=1.5", ("INTERVAL=1.5",)),
        ("FREQ=DAILY;INTERVAL=99999999999999999999", ("INTERVAL", "1 to 100,000")),
        ("FREQ=DAILY;BYMONTHDAY=0", ("BYMONTHDAY=0", "1-31 or -31 to -1")),
        ("FREQ=DAILY;BYMONTHDAY=32", ("BYMONTHDAY=32",)),
        ("FREQ=YEARLY;BYYEARDAY=0", ("BYYEARDAY=0", "1-366")),
        ("FREQ=YEARLY;BYYEARDAY=-367", ("BYYEARDAY=-367",)),
        ("FREQ=YEARLY;BYWEEKNO=0;BYDAY=MO", ("BYWEEKNO=0", "1-53")),
        ("FREQ=YEARLY;BYWEEKNO=54;BYDAY=MO", ("BYWEEKNO=54",)),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", ("BYSETPOS=0", "1-366")),
        ("FREQ=MONTHLY;BYSETPOS=1", ("BYSETPOS needs",)),
        ("FREQ=YEARLY;BYMONTH=13", ("BYMONTH=13", "1-12")),
        ("FREQ=YEARLY;BYMONTH=-1", ("BYMONTH=-1",)),
        ("FREQ=YEARLY;BYMONTH=", ("BYMONTH=",)),
        ("FREQ=DAILY;BYHOUR=24", ("BYHOUR=24", "0-23")),
        ("FREQ=DAILY;BYMINUTE=60", ("BYMINUTE=60", "0-59")),
        ("FREQ=DAILY;BYSECOND=60", ("BYSECOND=60", "0-59")),
        ("FREQ=DAILY;BYHOUR=9,", ("BYHOUR",)),
        ("FREQ=DAILY;BYHOUR=\u0669", ("BYHOUR",)),
        ("FREQ=WEEKLY;BYDAY=XX", ("BYDAY=XX", "MO, TU")),
        ("FREQ=WEEKLY;BYDAY=2TU", ("BYDAY=2TU", "FREQ=WEEKLY")),
        ("FREQ=MONTHLY;BYDAY=0TU", ("BYDAY=0TU",)),
        ("FREQ=MONTHLY;BYDAY=6TU", ("BYDAY=6TU", "1-5")),
        ("FREQ=YEARLY;BYDAY=54MO", ("BYDAY=54MO", "1-53")),
        ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=1MO", ("BYDAY=1MO", "BYWEEKNO")),
        ("FREQ=YEARLY;BYWEEKNO=20", ("BYWEEKNO needs BYDAY",)),
        ("FREQ=MONTHLY;BYWEEKNO=20;BYDAY=MO", ("BYWEEKNO", "FREQ=MONTHLY")),
        ("FREQ=MONTHLY;BYYEARDAY=1", ("BYYEARDAY", "FREQ=MONTHLY")),
        ("FREQ=WEEKLY;BYMONTHDAY=1", ("BYMONTHDAY", "FREQ=WEEKLY")),
        ("FREQ=DAILY;FREQ=SECONDLY", ("FREQ is given twice",)),
        ("FREQ=DAILY;BYHOUR=9;BYHOUR=10", ("BYHOUR is given twice",)),
        ("FREQ=DAILY;COUNT=0", ("COUNT=0", "1 to 100,000")),
        ("FREQ=DAILY;COUNT=5;UNTIL=20270101", ("COUNT and UNTIL",)),
        ("FREQ=DAILY;UNTIL=20261130", ("UNTIL lies before dtstart",)),
        ("FREQ=DAILY;UNTIL=00010101T000000Z", ("UNTIL lies before dtstart",)),
        ("FREQ=DAILY;UNTIL=00000101", ("UNTIL=00000101", "calendar")),
        ("FREQ=DAILY;UNTIL=20270230", ("UNTIL=20270230", "calendar")),
        ("FREQ=DAILY;UNTIL=20270101T25", ("UNTIL",)),
        ("FREQ=DAILY;UNTIL=2027-01-01", ("UNTIL",)),
        ("FREQ=DAILY;WKST=XX", ("WKST=XX",)),
        ("FREQ=DAILY;BYEASTER=0", ("'BYEASTER'",)),
        ("FREQ=DAILY;BYMONTDAY=1", ("did you mean BYMONTHDAY",)),
        ("FREQ=DAILY;;COUNT=1", ("''",)),
        ("FREQ=DAILY;", ("''",)),
        ("FREQ=DAILY;COUNT", ("'COUNT'",)),
        ("FREQ=NEVERLY", ("FREQ=NEVERLY", "HOURLY")),
        ("BYDAY=MO", ("needs FREQ",)),
        ("RRULE:FREQ=DAILY", ("only the rule itself",)),
        ("DTSTART:20260101\nRRULE:FREQ=DAILY", ("only the rule itself",)),
        ("FREQ=DAILY;BYHOUR=" + "1," * 2000 + "1", ("2,000 characters",)),
    ],
)
def test_what_the_grammar_forbids(rule: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ScheduleError) as caught:
        schedule(rule)
    assert caught.value.key == "rrule"
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=SECONDLY;INTERVAL=3600",
        "FREQ=MINUTELY",
        "FREQ=MINUTELY;BYSECOND=0,30",
        "FREQ=HOURLY;BYSECOND=0,10,20",
        "FREQ=HOURLY;BYMINUTE=0,59;BYSECOND=0,59;BYSETPOS=1,-1",
        "FREQ=DAILY;BYHOUR=9;BYMINUTE=0,1;BYSECOND=0,59",
        "freq=daily;bysecond=0,1",
    ],
)
def test_nobody_is_called_more_often_than_once_a_minute(rule: str) -> None:
    with pytest.raises(ScheduleError, match=r"too often|more often"):
        schedule(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=HOURLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=4;BYMONTHDAY=31",
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=2;BYDAY=MO",
        "FREQ=YEARLY;BYYEARDAY=1;BYMONTH=12",
        "FREQ=YEARLY;BYMONTHDAY=1;BYYEARDAY=2",
        "FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1",
        "FREQ=HOURLY;INTERVAL=24;BYHOUR=10",
        "FREQ=YEARLY;INTERVAL=100000;BYMONTH=1",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
        "FREQ=DAILY;UNTIL=20261201T085959",
    ],
)
def test_what_never_fires_is_an_error(rule: str) -> None:
    with pytest.raises(ScheduleError, match="never fires"):
        schedule(rule)


def test_until_as_a_date_includes_that_day() -> None:
    assert first("FREQ=DAILY;UNTIL=20261203") == [f"2026-12-0{day}T09:00:00" for day in (1, 2, 3)]
    # By the clocks of the schedule's zone: nine in the evening of the third in New York.
    evening = first("FREQ=DAILY;UNTIL=20261203", dtstart="2026-12-01T21:00:00", zone="America/New_York")
    assert evening[-1] == "2026-12-04T02:00:00"


def test_until_with_and_without_utc() -> None:
    zone = "America/New_York"
    assert len(first("FREQ=DAILY;UNTIL=20261203T140000Z", 9, zone=zone)) == 3
    assert len(first("FREQ=DAILY;UNTIL=20261203T135959Z", 9, zone=zone)) == 2
    assert len(first("FREQ=DAILY;UNTIL=20261203T090000", 9, zone=zone)) == 3
    assert len(first("FREQ=DAILY;UNTIL=99991231T235959Z", 9, zone="Pacific/Kiritimati")) == 9


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("FREQ=MONTHLY;BYDAY=2TU", ["2026-12-08", "2027-01-12", "2027-02-09", "2027-03-09"]),
        ("FREQ=MONTHLY;BYDAY=-1FR", ["2026-12-25", "2027-01-29", "2027-02-26", "2027-03-26"]),
        ("FREQ=MONTHLY;BYMONTHDAY=31", ["2026-12-31", "2027-01-31", "2027-03-31", "2027-05-31"]),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", ["2026-12-31", "2027-01-31", "2027-02-28", "2027-03-31"]),
        ("FREQ=YEARLY", ["2026-12-01", "2027-12-01", "2028-12-01", "2029-12-01"]),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", ["2028-02-29", "2032-02-29", "2036-02-29", "2040-02-29"]),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO", ["2027-01-04", "2028-01-03", "2029-01-01", "2029-12-31"]),
        ("FREQ=YEARLY;BYDAY=20MO", ["2027-05-17", "2028-05-15", "2029-05-14", "2030-05-20"]),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO",
            ["2026-12-01", "2026-12-06", "2026-12-15", "2026-12-20"],
        ),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU",
            ["2026-12-01", "2026-12-13", "2026-12-15", "2026-12-27"],
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            ["2026-12-31", "2027-01-29", "2027-02-26", "2027-03-31"],
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR", ["2027-08-13", "2028-10-13", "2029-04-13", "2029-07-13"]),
        ("FREQ=YEARLY;BYYEARDAY=366", ["2028-12-31", "2032-12-31", "2036-12-31", "2040-12-31"]),
    ],
)
def test_examples_in_the_manner_of_the_rfc(rule: str, expected: list[str]) -> None:
    assert [text[:10] for text in first(rule)] == expected


def test_hours_are_counted_through() -> None:
    assert first("FREQ=HOURLY;INTERVAL=7", 3) == [
        "2026-12-01T09:00:00",
        "2026-12-01T16:00:00",
        "2026-12-01T23:00:00",
    ]
    assert first("FREQ=HOURLY;BYHOUR=9,10;BYMINUTE=0,30;BYSETPOS=-1", 3) == [
        *("2026-12-01T09:30:00", "2026-12-01T10:30:00", "2026-12-02T09:30:00")
    ]


def some(low: int, high: int, *, backwards: bool = False) -> st.SearchStrategy[str]:
    value = st.integers(low, high)
    both = st.one_of(value, value.map(lambda number: -number)) if backwards else value
    return st.lists(both, min_size=1, max_size=4).map(lambda found: ",".join(map(str, found)))


WEEKDAYS = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])
NUMBERED = st.tuples(st.sampled_from(["1", "2", "-1", "5"]), WEEKDAYS).map("".join)


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Rules of the grammar, of which dateutil says the same."""
    frequency = draw(st.sampled_from(["HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    # Days with and without a number together mean either (RFC 5545); the other reader wants both to be true.
    weekday = draw(st.sampled_from([NUMBERED, WEEKDAYS])) if frequency in ("MONTHLY", "YEARLY") else WEEKDAYS
    parts = {
        "INTERVAL": st.integers(1, 5).map(str),
        "BYMONTH": some(1, 12),
        "BYDAY": st.lists(weekday, min_size=1, max_size=3).map(",".join),
        "BYHOUR": some(0, 23),
        "BYMINUTE": some(0, 59),
        "WKST": WEEKDAYS,
    }
    if frequency != "WEEKLY":
        parts["BYMONTHDAY"] = some(1, 31, backwards=True)
    if frequency in ("YEARLY", "HOURLY"):
        parts["BYYEARDAY"] = some(1, 366, backwards=True)
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), max_size=3, unique=True))
    text = ";".join([f"FREQ={frequency}", *(f"{name}={draw(parts[name])}" for name in chosen)])
    sets = [name for name in chosen if name.startswith("BY")]
    if sets and frequency != "WEEKLY" and draw(st.booleans()):
        text += ";BYSETPOS=" + draw(some(1, 3, backwards=True))
    return text


@given(rules(), st.dates(date(2024, 1, 1), date(2027, 12, 31)), st.integers(0, 23))
@settings(max_examples=150)
def test_rules_are_read_as_another_reader_reads_them(text: str, day: date, hour: int) -> None:
    begin = datetime.combine(day, datetime.min.time()).replace(hour=hour, minute=20)
    try:
        ours = schedule(text, begin.isoformat())
    except ScheduleError:
        reject()  # it never fires
    last = begin.replace(tzinfo=UTC) + timedelta(days=800)
    found = [item.declared for item in islice(ours.within(begin.replace(tzinfo=UTC), last), 50)]
    # The other reader searches to the year 9999 for one that does not come, so it is asked for no more.
    assert found == list(islice(rrulestr(text, dtstart=begin), len(found)))


@pytest.mark.parametrize("count", [1, 2, 7, 100])
def test_a_count_is_the_day_of_the_last_one(count: int) -> None:
    found = schedule(f"FREQ=WEEKLY;COUNT={count}").following(datetime(2026, 1, 1, tzinfo=UTC), 1000)
    assert len(found) == count
    late = schedule(f"FREQ=WEEKLY;COUNT={count}").following(found[-1].instant - timedelta(days=1), 10)
    assert len(late) == 1, "also when the first ones are not looked at"


def test_nobody_counts_anew_what_was_counted() -> None:
    rule = schedule("FREQ=DAILY;COUNT=5000").rule
    assert rule is not None
    assert counted(rule) is counted(replace(rule))


@dataclass(frozen=True)
class Counting(Cron):
    """An expression that notes the days it is asked for."""

    asked: list[date] = field(default_factory=list, compare=False, kw_only=True)

    def on(self, day: date) -> Sequence[datetime]:
        self.asked.append(day)
        return super().on(day)


def counting(text: str, **more: Any) -> tuple[Schedule, list[date]]:
    parsed = Schedule.parse({"cron": text, "timezone": "America/New_York", **more})
    assert parsed.cron is not None
    values = {name: getattr(parsed.cron, name) for name in Cron.__dataclass_fields__}
    cron = Counting(**values)
    return replace(parsed, cron=cron), cron.asked


NOW = datetime(2026, 11, 27, 16, 0, tzinfo=UTC)


def test_what_begins_in_two_years_is_not_computed_until_then() -> None:
    every_minute, asked = counting("* * * * *", start="2028-11-27")
    assert len(every_minute.following(NOW, 3)) == 3
    assert len(asked) == 1


def test_only_the_days_that_are_asked_for_are_looked_at() -> None:
    every_minute, asked = counting("* * * * *")
    assert len(every_minute.between(NOW - timedelta(minutes=15), NOW)) == 16
    assert len(asked) == 1
    daily, asked = counting("0 9 * * *")
    assert len(daily.following(NOW, 3)) == 3
    assert len(asked) <= 5


def test_every_search_ends_at_its_horizon() -> None:
    over, asked = counting("0 9 * * *", start="2020-01-01", end="2020-12-31")
    assert over.following(NOW, 1) == []
    assert asked == []
    rare, asked = counting("0 9 29 2 *")
    assert len(rare.following(NOW, 1)) == 1
    assert len(asked) <= 1461
    assert HORIZON.days < 15_000


def test_a_rule_looks_at_no_more_of_a_period_than_its_places_need() -> None:
    minutes = ",".join(map(str, range(60)))
    hours = ",".join(map(str, range(24)))
    rule = schedule(
        f"FREQ=YEARLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYHOUR={hours};BYMINUTE={minutes};BYSETPOS=1,-1"
    ).rule
    assert isinstance(rule, Rule)
    assert rule.on(date(2027, 1, 1)) == [datetime(2027, 1, 1)]  # noqa: DTZ001
    assert rule.on(date(2027, 12, 31)) == [datetime(2027, 12, 31, 23, 59)]  # noqa: DTZ001
    assert rule.on(date(2027, 6, 1)) == []


@pytest.mark.parametrize("year", ["0001", "1969", "2200", "9999"])
@pytest.mark.parametrize("key", ["at", "dtstart"])
def test_years_whose_clocks_nobody_can_tell(year: str, key: str) -> None:
    block = {key: f"{year}-12-31T23:59:59", "timezone": "Pacific/Kiritimati"}
    if key == "dtstart":
        block["rrule"] = "FREQ=DAILY"
    with pytest.raises(ScheduleError, match="from 1970 to 2199"):
        Schedule.parse(block)


@given(st.text(alphabet="FREQ=DAILYUNTCOBS;0123456789-+,MOZT", max_size=60))
@settings(max_examples=150)
def test_no_text_does_anything_but_fire_or_fail(text: str) -> None:
    for rule in (text, f"FREQ=DAILY;{text}", f"FREQ=YEARLY;BYMONTH={text}"):
        with suppress(ScheduleError):
            schedule(rule).following(NOW, 2)

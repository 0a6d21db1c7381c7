"""Cron expressions: what is read, what is refused and how it is said, and the hours of a clock change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim, CronSimError
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceform.kinds.call.timing.cron import Cron
from voiceform.kinds.call.timing.schedule import Schedule, ScheduleError


def field(low: int, high: int, *more: str) -> st.SearchStrategy[str]:
    """Fields that both read: values, ranges, steps, lists."""
    value = st.integers(low, high)
    span = st.lists(value, min_size=2, max_size=2, unique=True).map(
        lambda pair: "-".join(map(str, sorted(pair)))
    )
    step = st.tuples(st.one_of(st.just("*"), span), st.integers(1, high)).map(
        lambda pair: "{}/{}".format(*pair)
    )
    item = st.one_of(value.map(str), span, step, *map(st.just, more))
    return st.one_of(st.just("*"), item, st.lists(item, min_size=1, max_size=3).map(",".join))


EXPRESSIONS = st.tuples(
    field(0, 59),
    field(0, 23),
    field(1, 31, "L", "LW"),
    field(1, 12, "JAN", "feb"),
    field(0, 7, "MON", "5L", "2#2"),
).map(" ".join)


@given(EXPRESSIONS, st.dates(date(2024, 1, 1), date(2030, 1, 1)))
@settings(max_examples=200)
def test_it_is_read_as_another_reader_reads_it(text: str, day: date) -> None:
    begin = datetime.combine(day, datetime.min.time()) - timedelta(seconds=1)
    try:
        expected = list(islice(CronSim(text, begin), 3))
    except CronSimError:
        expected = []  # it finds out early that there is no such day
    end = begin + timedelta(days=1500)
    expected = [moment for moment in expected if moment <= end]
    cron = Cron.parse(text)
    days = (day + timedelta(days=offset) for offset in range(1500))
    assert list(islice((moment for each in days for moment in cron.on(each)), 3)) == expected


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("60 * * * *", ("minute", "'60'", "0-59")),
        ("* 24 * * *", ("hour", "'24'", "0-23")),
        ("* * 0 * *", ("day of month", "'0'", "1-31")),
        ("* * 32 * *", ("day of month", "'32'", "1-31")),
        ("* * * 13 *", ("month", "'13'", "1-12")),
        ("* * * FOO *", ("month", "'FOO'", "JAN-DEC")),
        ("* * * * 8", ("day of week", "'8'", "0-7")),
        ("* * * * FUN", ("day of week", "'FUN'", "SUN-SAT")),
        ("-1 * * * *", ("minute", "''", "0-59")),
        ("9-5 * * * *", ("minute", "'9-5'", "backwards")),
        ("* * * * FRI-SUN", ("day of week", "backwards")),
        ("*/0 * * * *", ("minute", "'*/0'", "step")),
        ("*/ * * * *", ("minute", "'*/'", "step")),
        ("*/-5 * * * *", ("minute", "step")),
        ("1,,2 * * * *", ("minute", "''", "0-59")),
        ("1.5 * * * *", ("minute", "'1.5'")),
        ("*5 * * * *", ("minute", "'*5'")),
        ("? * * * *", ("minute", "'?'")),
        ("* * * * 2#6", ("day of week", "'2#6'", "1-5")),
        ("* * * * #", ("day of week", "1-5")),
        ("* * W * *", ("day of month", "'W'")),
        ("\u0661 * * * *", ("minute", "0-59")),
        ("* * * *", ("five fields", "4")),
        ("@daily", ("five fields", "1")),
        ("0 " * 600, ("five fields", "600")),
        ("99999999999999999999 * * * *", ("minute", "0-59")),
    ],
)
def test_errors_name_the_field_the_value_and_the_range(text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(ScheduleError) as caught:
        Cron.parse(text)
    assert all(word in str(caught.value) for word in words), str(caught.value)


@pytest.mark.parametrize("text", ["0 0 30 2 *", "0 0 31 4,6,9,11 *", "0 0 31 2 *", "0 0 30-31 FEB *"])
def test_what_never_fires_is_an_error(text: str) -> None:
    with pytest.raises(ScheduleError, match="never fires"):
        Schedule.parse({"cron": text, "timezone": "UTC"})


@pytest.mark.parametrize(
    ("start", "end"), [("9999-12-31", None), ("9999-12-30", "9999-12-31"), ("9996-03-01", None)]
)
def test_the_end_of_the_calendar_is_an_end(start: str, end: str | None) -> None:
    block = {"cron": "0 0 29 2 *", "timezone": "Etc/GMT+12", "start": start}
    with pytest.raises(ScheduleError, match="never fires"):
        Schedule.parse(block if end is None else {**block, "end": end})


@pytest.mark.parametrize("zone", ["Etc/GMT+12", "Pacific/Kiritimati"])
def test_the_whole_calendar_is_a_span(zone: str) -> None:
    block = {"cron": "0 0 1 1 *", "timezone": zone, "start": "0001-01-01", "end": "9999-12-31"}
    found = Schedule.parse(block).following(datetime(2026, 6, 1, tzinfo=UTC), 2)
    assert [item.declared.date() for item in found] == [date(2027, 1, 1), date(2028, 1, 1)]


def test_what_does_not_fire_between_start_and_end_is_an_error() -> None:
    block = {"cron": "0 9 29 2 *", "timezone": "UTC", "start": "2026-01-01", "end": "2027-12-31"}
    with pytest.raises(ScheduleError, match="between start and end"):
        Schedule.parse(block)
    assert Schedule.parse({**block, "end": "2028-02-29"}).following(datetime(2026, 1, 1, tzinfo=UTC), 1)


@pytest.mark.parametrize(
    ("text", "odd"),
    [
        ("*/90 * * * *", True),
        ("*/60 * * * *", True),
        ("0 */24 * * *", True),
        ("0 0 */40 * *", True),
        ("0 0 1 */13 *", True),
        ("0 0 * * */9", True),
        ("10-20/30 * * * *", True),
        ("*/59 * * * *", False),
        ("*/15 */2 * * *", False),
        ("5 4 * * *", False),
    ],
)
def test_a_step_above_its_range_is_odd(text: str, odd: bool) -> None:
    assert bool(Cron.parse(text).oddities) is odd


NEW_YORK = "America/New_York"


def hours(text: str, day: str, zone: str = NEW_YORK) -> list[str]:
    """The occurrences of a day by its own clock, with the offset."""
    schedule = Schedule.parse({"cron": text, "timezone": zone})
    start = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    end = (start.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=ZoneInfo(zone))
    found = schedule.between(start.astimezone(UTC), end.astimezone(UTC) - timedelta(seconds=1))
    return [item.local(schedule.zone).strftime("%H:%M %Z") for item in found]


def test_what_has_a_star_goes_on_in_real_time() -> None:
    spring = hours("30 * * * *", "2026-03-08")
    assert len(spring) == 23
    assert spring[:4] == ["00:30 EST", "01:30 EST", "03:30 EDT", "04:30 EDT"]
    autumn = hours("30 * * * *", "2026-11-01")
    assert len(autumn) == 25
    assert autumn[:4] == ["00:30 EDT", "01:30 EDT", "01:30 EST", "02:30 EST"]
    assert len(hours("*/20 * * * *", "2026-11-01")) == 75
    assert len(hours("*/20 * * * *", "2026-03-08")) == 69
    assert hours("*/30 1-2 * * *", "2026-11-01") == [
        *("01:00 EDT", "01:30 EDT", "01:00 EST", "01:30 EST", "02:00 EST", "02:30 EST")
    ]


def test_what_has_fixed_times_runs_once() -> None:
    assert hours("30 2 * * *", "2026-03-08") == ["03:00 EDT"]
    assert hours("0,30 2 * * *", "2026-03-08") == ["03:00 EDT"]
    assert hours("0,30 2,3 * * *", "2026-03-08") == ["03:00 EDT", "03:30 EDT"]
    assert hours("30 1 * * *", "2026-11-01") == ["01:30 EDT"]
    assert hours("10 2 * * *", "2026-10-04", "Australia/Lord_Howe") == ["02:30 +11"]


@given(
    st.sampled_from(
        ["*/20 * * * *", "5 * * * *", "*/7 1-3 * * *", "30 2 * * *", "0,30 1,2,3 * * *", "15 0 * * 0"]
    ),
    st.sampled_from(
        ["America/New_York", "Europe/London", "Australia/Lord_Howe", "America/Havana", "Asia/Beirut"]
    ),
    st.dates(date(2024, 1, 1), date(2028, 1, 1)),
)
@settings(max_examples=300)
def test_clock_changes_are_those_of_another_reader(text: str, zone: str, day: date) -> None:
    start = datetime.combine(day, datetime.min.time(), UTC)
    end = start + timedelta(days=3)
    expected = []
    for moment in CronSim(text, (start - timedelta(days=1)).astimezone(ZoneInfo(zone))):
        instant = moment.astimezone(UTC)
        if instant > end:
            break
        if instant >= start and instant not in expected:
            expected.append(instant)
    schedule = Schedule.parse({"cron": text, "timezone": zone})
    assert [item.instant for item in schedule.between(start, end)] == expected

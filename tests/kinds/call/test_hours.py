"""Calling hours hold wherever the called person may be."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voiceform.kinds.call.rules.book import RuleBook, Ruling
from voiceform.kinds.call.rules.faults import RuleError, refuse
from voiceform.kinds.call.rules.hours import Hours
from voiceform.kinds.call.rules.weekly import DAYS, MIDNIGHT, Weekly
from voiceform.kinds.call.timing.zones import zones_of_number

NEW_YORK, LOS_ANGELES, TOLL_FREE, FICTION = "+12125550100", "+14155550100", "+18005550100", "+15558675310"
HOURS = {"start": "08:00", "end": "21:00"}


def ruling(
    number: str, now: datetime, until: datetime, zones: Sequence[ZoneInfo] | None = None, **more: Any
) -> Ruling:
    """What calling hours say, of somebody who is in `zones`, or where the number may lie."""
    book = RuleBook.of({**HOURS, **more}, {})
    zones_of = zones_of_number if zones is None else lambda _: tuple(zones)
    return book.about(number, zones_of).ruling(now, until, {})


def allowed(number: str, text: str, **more: Any) -> bool:
    now = datetime.fromisoformat(text)
    return ruling(number, now, now, **more).allows


def opens(number: str, now: datetime, until: datetime, **more: Any) -> datetime | None:
    found = ruling(number, now, until, **more)
    return now if found.allows else found.opens


def test_each_number_has_its_own_clock() -> None:
    assert allowed(NEW_YORK, "2026-12-01T13:00Z")
    assert not allowed(LOS_ANGELES, "2026-12-01T13:00Z")
    assert allowed(LOS_ANGELES, "2026-12-02T04:59Z")
    assert not allowed(NEW_YORK, "2026-12-02T02:00Z"), "the end is outside"


@pytest.mark.parametrize("number", [TOLL_FREE, FICTION])
def test_a_number_that_may_be_anywhere_must_be_allowed_everywhere(number: str) -> None:
    zones = zones_of_number(number)
    assert len(zones) > 20
    assert allowed(number, "2026-12-01T23:00Z")
    assert not allowed(number, "2026-12-01T14:00Z"), "it is six in the morning in Los Angeles"


def test_nobody_knows_where_a_sip_address_is() -> None:
    assert not allowed("sip:anna@example.com", "2026-12-01T15:00Z")
    assert allowed("sip:anna@example.com", "2026-12-01T15:00Z", timezone="Europe/Berlin")


def test_days_are_those_of_the_same_clock() -> None:
    assert allowed(NEW_YORK, "2026-12-05T01:00Z", days=["fri"])
    assert not allowed(NEW_YORK, "2026-12-05T14:00Z", days=["fri"])


def test_midnight_can_be_the_end() -> None:
    assert allowed(NEW_YORK, "2026-12-02T04:59Z", end="24:00")


@given(
    st.sampled_from([NEW_YORK, LOS_ANGELES, FICTION, "+4930123456", "+61491570006"]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001
)
@settings(max_examples=150)
def test_the_next_opening_is_the_first_allowed_moment(number: str, moment: datetime) -> None:
    days = ["mon", "tue", "wed", "thu", "fri"]
    now = moment.replace(tzinfo=UTC, second=0, microsecond=0)
    opening = opens(number, now, now + timedelta(days=14), days=days)
    assert opening is not None
    assert ruling(number, opening, opening, days=days).allows
    if ruling(number, now, now, days=days).allows:
        assert opening == now
    else:
        before = opening - timedelta(minutes=1)
        assert not ruling(number, before, before, days=days).allows


@pytest.mark.parametrize("end", ["08:00", "07:59", "00:00"])
def test_hours_that_never_open_are_refused(end: str) -> None:
    with pytest.raises(RuleError, match="end before they begin"):
        RuleBook.of({"start": "08:00", "end": end}, {})
    assert allowed(NEW_YORK, "2026-12-01T13:00Z", end="08:01")


def test_the_first_and_the_last_minute() -> None:
    assert allowed(NEW_YORK, "2026-12-01T13:00:00Z")
    assert not allowed(NEW_YORK, "2026-12-01T12:59:59Z")
    assert allowed(NEW_YORK, "2026-12-02T01:59:59Z")
    assert not allowed(NEW_YORK, "2026-12-02T02:00:00Z")


def test_no_zone_is_never_within_the_hours() -> None:
    now = datetime(2026, 12, 1, 15, tzinfo=UTC)
    found = ruling(NEW_YORK, now, now + timedelta(days=9), zones=())
    assert (found.allows, found.opens) == (False, None)


@pytest.mark.parametrize(("minutes", "found"), [(60, True), (59, False)])
def test_an_opening_counts_up_to_the_instant_that_was_asked_for(minutes: int, found: bool) -> None:
    now = datetime(2026, 12, 1, 7, tzinfo=UTC)
    opening = opens(NEW_YORK, now, now + timedelta(minutes=minutes), timezone="UTC")
    assert opening == (now + timedelta(hours=1) if found else None)


@pytest.mark.parametrize(
    ("start", "end", "opening"),
    [
        ("02:15", "02:45", "2026-03-09T06:15Z"),  # never that day, on which 03:00 follows upon 01:59
        ("02:15", "03:30", "2026-03-08T07:00Z"),
        ("02:15", "03:15", "2026-03-08T07:00Z"),
        ("01:15", "01:45", "2026-03-08T06:15Z"),
    ],
)
@pytest.mark.parametrize("now", ["2026-03-08T06:00Z", "2026-03-08T05:30Z"])
def test_of_hours_that_the_clocks_jump_over_what_is_left_counts(
    now: str, start: str, end: str, opening: str
) -> None:
    hours: dict[str, Any] = {"start": start, "end": end, "timezone": "America/New_York"}
    moment = datetime.fromisoformat(now)
    found = opens(NEW_YORK, moment, moment + timedelta(days=9), **hours)
    assert found == datetime.fromisoformat(opening)
    assert ruling(NEW_YORK, found, found, **hours).allows


@pytest.mark.parametrize("day", DAYS)
def test_the_days_between_are_passed(day: str) -> None:
    now = datetime(2026, 12, 7, 21, tzinfo=UTC)
    assert now.weekday() == 0
    found = opens(NEW_YORK, now, now + timedelta(days=9), days=[day], timezone="UTC")
    assert found == datetime(2026, 12, 7 + (DAYS.index(day) or 7), 8, tzinfo=UTC)


@pytest.mark.parametrize(("days", "found"), [(1, True), (31, True), (32, False)])
def test_hours_of_several_zones_that_do_not_meet_are_looked_for_during_a_month(
    days: int, found: bool
) -> None:
    zones = (ZoneInfo("Europe/Berlin"), ZoneInfo("Africa/Lagos"))  # the same clock, but not in summer
    change = datetime(2026, 10, 25, 1, tzinfo=UTC)
    now = change - timedelta(days=days)
    opening = opens(NEW_YORK, now, now + timedelta(days=200), zones=zones, end="08:30")
    assert opening == (change + timedelta(hours=6) if found else None)


CHANGES = {
    name: [datetime.fromisoformat(text) for text in texts]
    for name, texts in {
        "America/New_York": ("2026-03-08T07:00Z", "2026-11-01T06:00Z"),
        "Europe/Berlin": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),
        "Australia/Sydney": ("2026-10-03T16:00Z", "2026-04-04T16:00Z"),
        "Australia/Lord_Howe": ("2026-10-03T15:30Z", "2026-04-04T15:00Z"),
        "America/St_Johns": ("2026-03-08T05:30Z", "2026-11-01T04:30Z"),
        "Atlantic/Azores": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),
        "Pacific/Chatham": ("2026-09-26T14:00Z", "2026-04-04T14:00Z"),
        "America/Santiago": ("2026-09-06T04:00Z", "2026-04-05T03:00Z"),
    }.items()
}
"""When clocks are turned, forward and back."""
SECOND = timedelta(seconds=1)


def shown(zone: ZoneInfo, instant: datetime) -> datetime:
    """What the clock on the wall shows."""
    return instant.astimezone(zone).replace(tzinfo=None)


def by_the_wall(windows: dict[str, list[str]], zone: ZoneInfo, instant: datetime) -> bool:
    """Whether the clock on the wall shows a time in a window of its day, or of the day before."""
    now = shown(zone, instant)
    for back in (0, 1):
        day = (now - timedelta(days=back)).date()
        for text in windows.get(DAYS[day.weekday()], ()):
            start, end = (int(part[:2]) * 60 + int(part[3:]) for part in text.split("-"))
            minute = (now - datetime.combine(day, datetime.min.time())) / timedelta(minutes=1)
            if start <= minute < (end if end > start else end + MIDNIGHT):
                return True
    return False


def text_of(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@pytest.mark.parametrize("name", CHANGES)
def test_no_second_is_open_whose_time_no_clock_shows(name: str) -> None:
    """The times that are left out when clocks are turned forward are open neither then nor soon."""
    zone, (change, _) = ZoneInfo(name), CHANGES[name]
    late, early = shown(zone, change), shown(zone, change - SECOND) + SECOND
    assert early < late
    end = late.hour * 60 + late.minute
    windows = {DAYS[late.weekday()]: [f"{early:%H:%M}-{text_of(end)}"]}
    hours = Hours(Weekly.parse(windows, refuse), zone)
    assert not any(hours.allow(zone, change + number * SECOND) for number in range(-3, 4))
    opening = hours.opens(zone, change - timedelta(hours=2), change + timedelta(days=9))
    assert opening is not None
    assert shown(zone, opening) == early + timedelta(days=7)


windows = st.dictionaries(
    st.sampled_from(DAYS),
    st.tuples(st.integers(0, MIDNIGHT - 1), st.integers(0, MIDNIGHT))
    .filter(lambda ends: ends[0] != ends[1])
    .map(lambda ends: ["-".join(map(text_of, ends))]),
    min_size=1,
)


@given(
    st.sampled_from(sorted(CHANGES)).flatmap(
        lambda name: st.tuples(st.just(ZoneInfo(name)), st.sampled_from(CHANGES[name]))
    ),
    windows,
    st.integers(-3, 3) | st.integers(-3 * 86400, 3 * 86400),
)
@settings(max_examples=300)
def test_it_is_open_while_the_clock_on_the_wall_shows_a_time_in_a_window(
    place: tuple[ZoneInfo, datetime], weekly: dict[str, list[str]], seconds: int
) -> None:
    zone, change = place
    instant = change + seconds * SECOND
    hours = Hours(Weekly.parse(weekly, refuse), zone)
    assert hours.allow(zone, instant) == by_the_wall(weekly, zone, instant)
    opening = hours.opens(zone, instant, instant + timedelta(days=9))
    if opening is not None:
        assert by_the_wall(weekly, zone, opening)
        assert opening == instant or not by_the_wall(weekly, zone, opening - SECOND)


def test_a_window_of_the_evening_before_goes_on_in_the_west() -> None:
    """When it is another day already by UTC."""
    hours = Hours(Weekly.parse({"mon": ["22:00-21:00"]}, refuse), None)
    zone = ZoneInfo("America/New_York")
    tuesday = datetime(2026, 12, 2, 1, 30, tzinfo=UTC)
    assert f"{shown(zone, tuesday):%a %H:%M}" == "Tue 20:30"
    assert hours.allow(zone, tuesday)
    assert not hours.allow(zone, tuesday + timedelta(minutes=30))

"""Times as tables have them: one grammar, in every zone, and nothing is guessed."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.kinds.call.timing.cells import read_moment
from voiceform.kinds.call.timing.localtime import ClockChange

NEW_YORK, BERLIN, APIA = ZoneInfo("America/New_York"), ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Apia")
ZONES = [NEW_YORK, BERLIN, APIA, ZoneInfo("Asia/Kathmandu"), ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]


@pytest.mark.parametrize(
    "cell",
    [
        "2026-12-01 09:00",
        "2026-12-01T09:00",
        "2026-12-01T09:00:00",
        "2026-12-01  09:00:00.000",
        "2026-12-01 14:00Z",
        "2026-12-01T14:00:00+00",
        "2026-12-01 15:00+0100",
        "2026-12-01 09:00:00-05:00",
        "2026-12-01t14:00z",
    ],
)
def test_spellings_of_one_time(cell: str) -> None:
    moment = read_moment(cell, NEW_YORK)
    assert (moment.instant, moment.local) == (
        datetime(2026, 12, 1, 14, tzinfo=UTC),
        datetime(2026, 12, 1, 9),  # noqa: DTZ001
    )


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("46357.375", "as spreadsheets keep times"),
        ("46357", "as spreadsheets keep times"),
        ("46357,375", "as spreadsheets keep times"),
        ("2026-12-01", "without a time of day"),
        ("12/01/2026 9:00 AM", "is not a date and time"),
        ("01.12.2026 09:00", "is not a date and time"),
        ("tomorrow", "is not a date and time"),
        ("=cmd|' /C calc'!A0", "is not a date and time"),
        ("2026-12-01 09:00 EST", "is not a date and time"),
        ("2026-W49-2T09:00", "is not a date and time"),
        ("2026-12-01 09:00:00.5", "is not a date and time"),
        ("٢٠٢٦-١٢-٠١ ٠٩:٠٠", "is not a date and time"),
        ("2026-02-30 09:00", "no clock shows"),
        ("2026-12-01 24:00", "is not a date and time"),
        ("2026-12-01 09:00+25:00", "no clock shows"),
        ("0001-01-01 09:00", "year is not between"),
        ("9999-12-31 23:59", "year is not between"),
        ("x" * 100_000, "is not a date and time"),
    ],
)
def test_what_is_no_time(cell: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        read_moment(cell, NEW_YORK)
    assert cell not in str(caught.value)


def test_a_time_without_offset_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="no time zone is known here"):
        read_moment("2026-12-01 09:00", None)
    assert read_moment("2026-12-01 09:00+02:00", None).local.hour == 9


def test_changes_of_the_clocks() -> None:
    skipped = read_moment("2026-03-29 02:30", BERLIN)
    assert (skipped.instant, skipped.local.hour, skipped.change) == (
        datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
        3,
        ClockChange.SKIPPED,
    )
    twice = read_moment("2026-10-25 02:30", BERLIN)
    assert (twice.instant, twice.change) == (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), ClockChange.REPEATED)
    assert read_moment("2026-10-25 02:30+01:00", BERLIN).instant == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    # Samoa had no 30 December 2011.
    assert read_moment("2011-12-30 09:00", APIA).local.day == 31


EARLIEST, LATEST = datetime(1971, 1, 2), datetime(2198, 12, 30)  # noqa: DTZ001


@given(
    st.datetimes(EARLIEST, LATEST).map(lambda time: time.replace(second=0, microsecond=0)),
    st.sampled_from(ZONES),
)
def test_each_time_as_a_naive_reference_has_it(local: datetime, zone: ZoneInfo) -> None:
    moment = read_moment(f"{local:%Y-%m-%d %H:%M}", zone)
    expected = local.replace(tzinfo=zone).astimezone(UTC)
    assert moment.instant == expected
    assert moment.local == expected.astimezone(zone).replace(tzinfo=None, fold=0)

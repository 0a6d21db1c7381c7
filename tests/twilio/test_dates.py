from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.twilio.dates import format_instant, parse_date

MOMENTS = st.datetimes(
    min_value=datetime.fromisoformat("2008-01-01"),
    max_value=datetime.fromisoformat("9999-12-30"),
    timezones=st.just(UTC),
).map(lambda moment: moment.replace(microsecond=0))
ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(MOMENTS)
def test_rfc_2822_as_the_service_writes_it(moment: datetime) -> None:
    assert parse_date(format_datetime(moment)) == moment


LOCAL = st.datetimes(
    min_value=datetime.fromisoformat("2008-01-02"), max_value=datetime.fromisoformat("9990-01-01")
)


@given(LOCAL, ZONES)
def test_offsets_are_respected_in_both_forms(local: datetime, zone: timezone) -> None:
    moment = local.replace(microsecond=0, tzinfo=zone)
    for text in (format_datetime(moment), moment.isoformat()):
        found = parse_date(text)
        assert found == moment
        assert found is not None
        assert found.tzinfo is UTC


@given(MOMENTS)
def test_what_filters_are_given_reads_back(moment: datetime) -> None:
    assert parse_date(format_instant(moment)) == moment


@given(st.one_of(st.text(), st.none(), st.integers(), st.lists(st.integers())))
def test_anything_else_is_none_or_an_aware_instant(value: object) -> None:
    found = parse_date(value)
    assert found is None or found.tzinfo is UTC


@given(st.text(alphabet="0123456789 :,+-TueAgZ", min_size=25, max_size=25).map("{} +0000".format))
def test_near_misses_of_the_usual_form_never_raise(text: str) -> None:
    found = parse_date(text)
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Tue, 31 Aug 2010 20:36:28 +0000", datetime(2010, 8, 31, 20, 36, 28, tzinfo=UTC)),
        ("Tue, 31 Aug 2010 21:36:28 +0100", datetime(2010, 8, 31, 20, 36, 28, tzinfo=UTC)),
        ("2010-08-31T20:36:28Z", datetime(2010, 8, 31, 20, 36, 28, tzinfo=UTC)),
        ("2010-08-31T20:36:28.5+02:00", datetime(2010, 8, 31, 18, 36, 28, 500000, tzinfo=UTC)),
        ("2010-08-31T20:36:28", datetime(2010, 8, 31, 20, 36, 28, tzinfo=UTC)),
        ("Tue, 31 Foo 2010 20:36:28 +0000", None),
        ("Tue, 32 Aug 2010 20:36:28 +0000", None),
        ("Tue, 31 Aug ²010 20:36:28 +0000", None),
        ("", None),
        ("yesterday", None),
        ("Thu, 01 Jan 1970 00:00:00 +0000", None),
        ("Mon, 01 Jan 0001 00:00:00 +0000", None),
        ("1970-01-01T00:00:00Z", None),
        ("0001-01-01T00:00:00Z", None),
        ("1969-12-31T19:00:00-05:00", None),
        ("2007-12-31T23:59:59Z", None),
        ("2008-01-01T00:00:00Z", datetime(2008, 1, 1, tzinfo=UTC)),
    ],
)
def test_examples(text: str, expected: datetime | None) -> None:
    assert parse_date(text) == expected

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.model.instants import instant_as_shown, instant_from_text, instant_to_text

MOMENTS = st.datetimes(timezones=st.just(UTC)).filter(lambda moment: moment.year >= 1000)


@given(MOMENTS)
def test_what_is_written_is_read(moment: datetime) -> None:
    assert instant_from_text(instant_to_text(moment)) == moment
    assert instant_as_shown(instant_to_text(moment)) == moment


@given(MOMENTS.map(lambda moment: moment.replace(second=0, microsecond=0)))
def test_what_is_shown_is_read(moment: datetime) -> None:
    for form in (
        "%Y-%m-%d %H:%M:%S UTC",
        "%Y-%m-%d %H:%M UTC",
        "Fri 2026-11-27 09:06 EST (%Y-%m-%d %H:%M UTC)",
    ):
        assert instant_as_shown(moment.strftime(form)) == moment


@given(st.text("0123456789-: TZUC().+", max_size=30))
def test_whatever_else_is_an_error_or_an_instant(text: str) -> None:
    try:
        assert instant_as_shown(text).tzinfo is UTC
    except (ValueError, OverflowError):
        return


@pytest.mark.parametrize("text", ["2026-11-27 09:06 EST", "2026-11-27 09:06", "2026-11-27", "09:06 UTC"])
def test_a_time_without_a_zone_that_is_known_is_no_instant(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        instant_as_shown(text)

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.model.durations import format_duration, parse_duration
from voiceform.model.errors import UsageError


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("45s", timedelta(seconds=45)),
        ("15m", timedelta(minutes=15)),
        ("12h", timedelta(hours=12)),
        ("90d", timedelta(days=90)),
    ],
)
def test_the_four_units(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration
    assert format_duration(duration) == text


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("1h30m", "90m"),
        ("1d12h", "36h"),
        ("0d90s", "90s"),
        ("", "45s"),
        ("0s", "45s"),
        ("-5m", "45s"),
        ("1.5h", "45s"),
        ("5", "45s"),
        ("5 m", "45s"),
        ("5M", "45s"),
        ("05m", "5m"),
        ("5m\n", "45s"),
        ("1w", "45s"),
        ("٣m", "45s"),
        ("999999d", "45s"),
    ],
)
def test_everything_else_is_refused_with_advice(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_duration(text)
    assert hint in (caught.value.hint or "")


def test_the_shortest_spelling() -> None:
    spellings = {"60s": "1m", "90s": "90s", "120m": "2h", "36h": "36h", "48h": "2d", "86400s": "1d"}
    assert {text: format_duration(parse_duration(text)) for text in spellings} == spellings


@pytest.mark.parametrize("duration", [timedelta(), timedelta(seconds=-1), timedelta(milliseconds=1500)])
def test_what_has_no_spelling(duration: timedelta) -> None:
    with pytest.raises(ValueError, match="whole seconds"):
        format_duration(duration)


@given(st.integers(1, 99_999), st.sampled_from("smhd"))
def test_a_duration_survives_being_written_and_read(count: int, unit: str) -> None:
    duration = parse_duration(f"{count}{unit}")
    assert parse_duration(format_duration(duration)) == duration


@pytest.mark.parametrize("text", ["999999999s", "9999999m", "99999h", "99999d"])
def test_the_longest_durations_leave_dates_in_range(text: str) -> None:
    today = datetime(2026, 1, 1, tzinfo=UTC)
    assert today - parse_duration(text) < today < today + parse_duration(text)

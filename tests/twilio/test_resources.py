from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.twilio.errors import InvalidArgumentError
from voiceform.twilio.fields import MalformedAnswerError
from voiceform.twilio.filters import Span
from voiceform.twilio.resources import Call, Conference, Participant, Queue, Recording

PARSERS: list[Callable[[object], Any]] = [
    Queue.parse,
    Call.parse,
    Recording.parse,
    Conference.parse,
    Participant.parse,
]
NAMES = [
    "status", "to", "from", "duration", "price", "queue_time", "date_created", "start_time", "muted", "label",
    "friendly_name", "max_size", "encryption_details", "channels", "something_new",
]  # fmt: skip
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()), st.just({})
)


@pytest.mark.parametrize("parse", PARSERS)
@given(values=st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_any_values_beside_an_identity_are_read(
    parse: Callable[[object], Any], values: dict[str, object]
) -> None:
    found = parse({**values, "sid": "X1", "call_sid": "X1"})
    assert found.sid == "X1"
    created = found.date_created
    assert created is None or created.tzinfo is UTC


@pytest.mark.parametrize("parse", PARSERS)
@pytest.mark.parametrize("value", [None, [], "x", 1, {}, {"sid": None, "call_sid": None}, {"sid": 1}])
def test_without_an_identity_nothing_is_read(parse: Callable[[object], Any], value: object) -> None:
    with pytest.raises(MalformedAnswerError):
        parse(value)


def test_numbers_as_texts_nulls_and_new_words() -> None:
    call = Call.parse(
        {
            "sid": "CA1",
            "status": "teleported",
            "duration": "15",
            "queue_time": "1000",
            "price": "-0.03000",
            "parent_call_sid": "",
            "start_time": None,
            "answered_by": "machine_end_beep",
        }
    )
    assert (call.status, call.duration, call.queue_time, call.price) == ("teleported", 15, 1000, "-0.03000")
    assert (call.parent_call_sid, call.start_time, call.answered_by) == (None, None, "machine_end_beep")
    assert Call.parse({"sid": "CA1", "duration": "soon"}).duration is None
    assert Recording.parse({"sid": "RE1", "price": -0.0025}).price == "-0.0025"


def test_numbers_of_people_do_not_show() -> None:
    call = Call.parse(
        {"sid": "CA1", "to": "+15558675310", "from": "+15017122661", "caller_name": "ALICE SMITH"}
    )
    assert (call.to, call.from_) == ("+15558675310", "+15017122661")
    assert not any(secret in repr(call) for secret in ("5310", "2661", "ALICE"))


def test_an_empty_text_for_a_missing_name() -> None:
    assert Queue.parse({"sid": "QU1", "friendly_name": None}).friendly_name == ""


def test_spans_ask_for_at_least_what_they_contain() -> None:
    start, end = (
        datetime(2026, 1, 2, 3, 4, 5, 600, tzinfo=UTC),
        datetime(2026, 2, 3, 4, 5, 6, 700, tzinfo=UTC),
    )
    span = Span.of(start, end)
    assert span.query("D") == [("D>", "2026-01-02T03:04:05Z"), ("D<", "2026-02-03T04:05:07Z")]
    assert span.query("D", days_only=True) == [("D>", "2026-01-02"), ("D<", "2026-02-04")]
    days = Span.of(date(2026, 1, 2), date(2026, 2, 3))
    assert days.query("D") == days.query("D", days_only=True) == [("D>", "2026-01-02"), ("D<", "2026-02-03")]
    assert Span().query("D") == []


@given(st.integers(-100, 100), st.integers(-100, 100), st.integers(-100, 100))
def test_spans_are_half_open(first: int, last: int, moment: int) -> None:
    middle = datetime(2026, 1, 1, tzinfo=UTC)
    start, end, instant = (middle + timedelta(hours=hours) for hours in (first, last, moment))
    assert Span(start, end).contains(instant) is (first <= moment < last)


def test_an_unknown_date_is_only_inside_of_everything() -> None:
    assert Span().contains(None)
    assert not Span.of(date(2026, 1, 1), None).contains(None)


def test_a_naive_instant_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match="time zone"):
        Span.of(datetime.fromisoformat("2026-01-01T00:00:00"), None)

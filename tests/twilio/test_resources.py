from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twilio.scripted import sid
from voiceform.twilio.errors import InvalidArgumentError
from voiceform.twilio.fields import MalformedAnswerError
from voiceform.twilio.filters import Span
from voiceform.twilio.resources import Call, Conference, Participant, Queue, Recording

PREFIXES: dict[Callable[[object], Any], str] = {
    Queue.parse: "QU",
    Call.parse: "CA",
    Recording.parse: "RE",
    Conference.parse: "CF",
    Participant.parse: "CA",
}
MAKERS: dict[Callable[[object], Any], str] = {Call.made: "CA", Recording.made: "RE", Participant.made: "CA"}
NAMES = [
    "status", "to", "from", "duration", "price", "queue_time", "date_created", "start_time", "muted", "label",
    "friendly_name", "max_size", "encryption_details", "channels", "conference_sid", "something_new",
]  # fmt: skip
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers()), st.just({})
)
NO_SIDS: list[object] = [
    None, 7, [], "", "X1", "QU1", "QU " + "0" * 31, " QU" + "0" * 32,
    "QU" + "0" * 32 + "\n", "QU" + "0" * 31 + "g", "QU" + "0" * 33,
    "qu" + "0" * 32, "QU" + "٠" * 32, "QU" + "0" * 30 + "\n::", "../../x", "QU" + "0" * 31 + "\x00",
]  # fmt: skip


def identity(prefix: str) -> dict[str, object]:
    return {"sid": sid(prefix, 1), "call_sid": sid("CA", 1)}


@pytest.mark.parametrize("parse", PREFIXES)
@given(values=st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_any_values_beside_an_identity_are_read_or_refused(
    parse: Callable[[object], Any], values: dict[str, object]
) -> None:
    try:
        found = parse({**values, **identity(PREFIXES[parse])})
    except MalformedAnswerError:
        return
    assert found.sid == sid(PREFIXES[parse], 1)
    created = found.date_created
    assert created is None or created.tzinfo is UTC


@pytest.mark.parametrize("made", MAKERS)
@given(values=st.dictionaries(st.sampled_from(NAMES), VALUES))
def test_what_was_made_is_known_whatever_stands_beside_its_identity(
    made: Callable[[object], Any], values: dict[str, object]
) -> None:
    assert made({**values, **identity(MAKERS[made])}).sid == sid(MAKERS[made], 1)


@pytest.mark.parametrize("parse", [*PREFIXES, *MAKERS])
@pytest.mark.parametrize("value", [None, [], "x", 1, {}, *({"sid": no, "call_sid": no} for no in NO_SIDS)])
def test_without_an_identity_nothing_is_read(parse: Callable[[object], Any], value: object) -> None:
    with pytest.raises(MalformedAnswerError) as caught:
        parse(value)
    assert str(caught.value).isprintable()
    assert "::" not in str(caught.value)


@pytest.mark.parametrize("no_sid", [no for no in NO_SIDS if no not in (None, "")])
def test_a_recording_of_an_unreadable_call_is_not_one_without_a_call(no_sid: object) -> None:
    for name in ("call_sid", "conference_sid"):
        with pytest.raises(MalformedAnswerError):
            Recording.parse({"sid": sid("RE", 1), name: no_sid})
    with pytest.raises(MalformedAnswerError):
        Call.parse({"sid": sid("CA", 1), "parent_call_sid": no_sid})


@pytest.mark.parametrize(
    ("value", "expected"),
    [(100, 100), ("100", 100), (100.0, 100), ("100.0", 100), ("-1", -1), (None, None), ("", None), (0, 0)],
)
def test_numbers_are_read_in_every_spelling(value: object, expected: int | None) -> None:
    queue = Queue.parse({"sid": sid("QU", 1), "max_size": value, "current_size": value})
    assert (queue.max_size, queue.current_size) == (expected, expected)


@pytest.mark.parametrize(
    "value",
    [
        100.5,
        "100.5",
        True,
        {},
        [],
        "abc",
        "1_000",
        "1e3",
        "٣",
        " 1",
        "0x10",
        float("nan"),
        float("inf"),
        "9" * 40,
    ],
)
def test_an_unreadable_number_is_not_an_unset_one(value: object) -> None:
    for parse, prefix, name in (
        (Queue.parse, "QU", "max_size"),
        (Queue.parse, "QU", "current_size"),
        (Recording.parse, "RE", "duration"),
        (Recording.parse, "RE", "channels"),
        (Call.parse, "CA", "duration"),
    ):
        with pytest.raises(MalformedAnswerError, match=name):
            parse({"sid": sid(prefix, 1), name: value})


def test_numbers_as_texts_nulls_and_new_words() -> None:
    call = Call.parse(
        {
            "sid": sid("CA", 1),
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
    assert Recording.parse({"sid": sid("RE", 1), "price": -0.0025}).price == "-0.0025"


def test_numbers_of_people_do_not_show() -> None:
    call = Call.parse(
        {"sid": sid("CA", 1), "to": "+15558675310", "from": "+15017122661", "caller_name": "ALICE SMITH"}
    )
    assert (call.to, call.from_) == ("+15558675310", "+15017122661")
    assert not any(secret in repr(call) for secret in ("5310", "2661", "ALICE"))


def test_an_empty_text_for_a_missing_name() -> None:
    assert Queue.parse({"sid": sid("QU", 1), "friendly_name": None}).friendly_name == ""


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

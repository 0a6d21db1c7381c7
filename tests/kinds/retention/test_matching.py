"""Criteria and their four answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kinds.retention.rows import KnownCalls, NoCalls, facts, recording
from voiceform.kinds.retention.matching.legs import CallFacts
from voiceform.kinds.retention.matching.match import Match
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.twilio.resources import Recording

CALL = "CA" + "1" * 32
ALICE, BOB = "+15558675310", "+15017122661"


def answer(criteria: dict[str, Any], row: Recording, calls: Any = None) -> Truth:
    return Match.read(criteria).test(row, calls or NoCalls())


@pytest.mark.parametrize(
    ("criteria", "fields", "expected"),
    [
        ({}, {}, Truth.YES),
        ({"source": ["Conference"]}, {"source": "Conference"}, Truth.YES),
        ({"source": ["Conference"]}, {"source": "DialVerb"}, Truth.NO),
        ({"source": ["Conference"]}, {"source": ""}, Truth.UNKNOWN),
        ({"status": ["absent"]}, {"status": "absent"}, Truth.YES),
        ({"channels": [2]}, {"channels": 2}, Truth.YES),
        ({"channels": [2]}, {"channels": 1}, Truth.NO),
        ({"channels": [2]}, {"channels": None}, Truth.UNKNOWN),
        ({"call_sid": [CALL]}, {"call_sid": CALL}, Truth.YES),
        ({"call_sid": [CALL]}, {"call_sid": None}, Truth.UNKNOWN),
        ({"conference_sid": ["CF" + "1" * 32]}, {"conference_sid": None}, Truth.NO),
        ({"min_duration": "60s"}, {"duration": 60}, Truth.YES),
        ({"min_duration": "60s"}, {"duration": 59}, Truth.NO),
        ({"min_duration": "60s"}, {"duration": None}, Truth.UNKNOWN),
        ({"max_duration": "1m"}, {"duration": 60}, Truth.YES),
        ({"max_duration": "1m"}, {"duration": 61}, Truth.NO),
        ({"source": ["Conference"], "min_duration": "60s"}, {"duration": None}, Truth.NO),
    ],
)
def test_what_the_row_says(criteria: dict[str, Any], fields: dict[str, Any], expected: Truth) -> None:
    assert answer(criteria, recording(**fields)) is expected


@pytest.mark.parametrize(
    ("created", "expected"),
    [
        (datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC), Truth.NO),
        (datetime(2026, 1, 1, tzinfo=UTC), Truth.YES),
        (datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC), Truth.YES),
        (datetime(2026, 7, 1, tzinfo=UTC), Truth.NO),
        (None, Truth.UNKNOWN),
    ],
)
def test_a_range_has_its_start_and_not_its_end(created: datetime | None, expected: Truth) -> None:
    criteria = {"created": {"start": "2026-01-01T00:00:00Z", "end": "2026-07-01T00:00:00Z"}}
    assert answer(criteria, recording(date_created=created)) is expected


def test_a_call_is_asked_about_only_when_the_row_leaves_it_open() -> None:
    criteria = {"from": [ALICE], "source": ["Conference"]}
    calls = KnownCalls({CALL: facts(ALICE, BOB)})
    assert answer(criteria, recording(call_sid=CALL, source="DialVerb"), calls) is Truth.NO
    assert calls.asked == []
    assert answer(criteria, recording(call_sid=CALL, source="Conference"), calls) is Truth.YES
    assert calls.asked == [CALL]


@pytest.mark.parametrize(
    ("criteria", "told", "expected"),
    [
        ({"from": [ALICE]}, facts(ALICE, BOB), Truth.YES),
        ({"from": [ALICE]}, facts(BOB, ALICE), Truth.NO),
        ({"to": [ALICE], "direction": ["inbound"]}, facts(BOB, ALICE), Truth.YES),
        ({"to": [ALICE], "direction": ["inbound"]}, facts(BOB, ALICE, "outbound-api"), Truth.NO),
        ({"from": [ALICE]}, facts("", BOB), Truth.UNKNOWN),
        ({"from": [ALICE]}, None, Truth.UNKNOWN),
        ({"from": [ALICE], "min_duration": "1s"}, facts(ALICE, BOB), Truth.UNKNOWN),
        ({"from": [BOB], "min_duration": "1s"}, facts(ALICE, BOB), Truth.NO),
    ],
)
def test_what_the_call_says(criteria: dict[str, Any], told: CallFacts | None, expected: Truth) -> None:
    calls = KnownCalls({CALL: told} if told else {})
    duration = None if "min_duration" in criteria else 60
    assert answer(criteria, recording(call_sid=CALL, duration=duration), calls) is expected


def test_before_anybody_looked_the_call_is_needed() -> None:
    assert answer({"from": [ALICE]}, recording(call_sid=CALL)) is Truth.NEEDED


SOURCES = ["Conference", "DialVerb", "RecordVerb"]
STATUSES = ["completed", "absent", "failed"]
NUMBERS = [ALICE, BOB, "+15550001111"]
LIVE = [*NUMBERS, "15558675310", "sip:+15558675310@pbx.example.com", "5558675310", "anonymous", ""]
numbers = st.lists(st.sampled_from(NUMBERS), min_size=1, unique=True)
matches = st.fixed_dictionaries(
    {},
    optional={
        "source": st.lists(st.sampled_from(SOURCES), min_size=1, unique=True),
        "status": st.lists(st.sampled_from(STATUSES), min_size=1, unique=True),
        "channels": st.lists(st.sampled_from([1, 2]), min_size=1, unique=True),
        "from": numbers,
        "to": numbers,
        "number": numbers,
        "min_duration": st.sampled_from(["10s", "20s", "30s"]),
        "max_duration": st.sampled_from(["10s", "20s", "30s"]),
        "created": st.fixed_dictionaries(
            {},
            optional={
                "start": st.sampled_from(["2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"]),
                "end": st.sampled_from(["2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"]),
            },
        ),
    },
)
rows = st.builds(
    recording,
    source=st.sampled_from([*SOURCES, "", "BrandNew"]),
    status=st.sampled_from(STATUSES),
    channels=st.sampled_from([1, 2, None]),
    duration=st.sampled_from([5, 10, 15, 20, 30, 35, None]),
    date_created=st.sampled_from([None, *(datetime(2026, month, 15, tzinfo=UTC) for month in range(1, 6))]),
    call_sid=st.just(CALL),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    one=matches,
    other=matches,
    row=rows,
    caller=st.sampled_from(LIVE),
    children=st.lists(st.tuples(st.sampled_from(LIVE), st.sampled_from(LIVE)), max_size=2),
)
def test_what_covers_another_matches_and_keeps_all_that_it_does(
    one: dict[str, Any], other: dict[str, Any], row: Recording, caller: str, children: list[tuple[str, str]]
) -> None:
    calls = KnownCalls({CALL: facts(caller, BOB, "inbound", *children)})
    wide, narrow = Match.read(one), Match.read(other)
    assert wide.covers(wide)
    if wide.covers(narrow):
        if narrow.test(row, calls) is Truth.YES:
            assert wide.test(row, calls) is Truth.YES
        if narrow.test(row, calls) is Truth.UNKNOWN:
            assert wide.test(row, calls) is not Truth.NO


@given(one=matches, other=matches)
def test_everything_is_covered_by_no_criteria_and_by_itself(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert Match.read({}).covers(Match.read(one))
    if Match.read(one) != Match() and Match.read(one).covers(Match()):
        raise AssertionError("criteria cannot cover everything")
    assert Match.read({**other, **one}).covers(Match.read({**other, **one}))

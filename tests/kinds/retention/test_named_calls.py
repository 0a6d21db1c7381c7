"""What criteria about calls say where calls cannot be read whole, and where a room was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.kinds.retention.rows import NOW, KnownCalls, NoCalls, facts
from voiceform.kinds.retention.matching.legs import CallFacts, Calls, Family, Leg, Life
from voiceform.kinds.retention.matching.match import Match, heard_between
from voiceform.kinds.retention.matching.truth import Truth

YES, NO, UNKNOWN, NEEDED = Truth.YES, Truth.NO, Truth.UNKNOWN, Truth.NEEDED
OWN, NAMED, OTHER = "CA" + "0" * 32, "CA" + "1" * 32, "CA" + "2" * 32
ROOM, OTHER_ROOM = "CF" + "1" * 32, "CF" + "2" * 32
ALICE, BOB, CAROL = "+15558675310", "+15017122661", "+15550001111"
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@dataclass(frozen=True)
class AnyRow:
    """A row as a service may send it, whatever it says."""

    call_sid: str | None = OWN
    conference_sid: str | None = None
    source: str = "DialVerb"
    status: str = "completed"
    channels: int | None = 1
    duration: int | None = 60
    date_created: datetime | None = NOW
    sid: str = "RE" + "1" * 32


def answer(row: AnyRow, calls: Calls | None = None, **criteria: Any) -> Truth:
    return Match.read(criteria).test(row, calls or NoCalls())


def family(**fields: Any) -> KnownCalls:
    """A book in which the named call is known, and nothing else."""
    return KnownCalls(families={NAMED: Family(**{"sids": frozenset({NAMED}), **fields})})


@pytest.mark.parametrize(
    ("row", "calls", "expected"),
    [
        (AnyRow(call_sid=NAMED), NoCalls(), YES),
        (AnyRow(call_sid=NAMED.lower().replace("ca", "CA")), NoCalls(), YES),
        (AnyRow(), NoCalls(), NEEDED),
        (AnyRow(), family(sids=frozenset({NAMED, OWN})), YES),
        (AnyRow(), family(beside=frozenset({OWN})), UNKNOWN),
        (AnyRow(), family(beside=frozenset({OTHER})), NO),
        (AnyRow(), family(), NO),
    ],
)
def test_a_named_call_and_its_legs(row: AnyRow, calls: Calls, expected: Truth) -> None:
    assert answer(row, calls, call_sid=[NAMED]) is expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (None, UNKNOWN),
        (facts(ALICE, related=frozenset({NAMED})), YES),
        (facts(ALICE, related=frozenset({NAMED, OTHER})), YES),
        (facts(ALICE, related=frozenset({OTHER})), NO),
        (facts(ALICE), NO),
        (facts(ALICE, complete=False), UNKNOWN),
    ],
)
def test_where_the_named_call_is_lost_its_legs_may_tell(told: CallFacts | None, expected: Truth) -> None:
    """A parent that was deleted is still named by its child."""
    known = {OWN: told} if told else {}
    calls = KnownCalls(known, {NAMED: Family(frozenset({NAMED}), lost=True)})
    assert answer(AnyRow(), calls, call_sid=[NAMED]) is expected


def test_what_is_not_lost_is_not_asked_of_other_calls() -> None:
    calls = family()
    assert answer(AnyRow(), calls, call_sid=[NAMED]) is NO
    assert calls.asked == []


def test_a_named_call_that_a_row_cannot_be_of_needs_no_number() -> None:
    calls = family()
    assert answer(AnyRow(), calls, call_sid=[NAMED], number=[ALICE]) is NO
    assert calls.asked == []


@pytest.mark.parametrize(
    ("row", "criteria", "expected"),
    [
        ({}, {"call_sid": [OWN], "number": [ALICE]}, YES),
        ({}, {"call_sid": [OWN], "number": [CAROL]}, NO),
        ({"duration": None}, {"min_duration": "1s", "call_sid": [OWN], "number": [ALICE]}, UNKNOWN),
        ({"duration": None}, {"min_duration": "1s", "call_sid": [OWN], "number": [CAROL]}, NO),
        ({"duration": None}, {"min_duration": "1s", "call_sid": [OWN]}, UNKNOWN),
        ({"call_sid": None}, {"call_sid": [OWN]}, UNKNOWN),
        ({"call_sid": "nonsense"}, {"number": [ALICE]}, UNKNOWN),
        ({"call_sid": None}, {"source": ["RecordVerb"], "number": [ALICE]}, NO),
    ],
)
def test_all_criteria_must_be_met(row: dict[str, Any], criteria: dict[str, Any], expected: Truth) -> None:
    assert answer(AnyRow(**row), KnownCalls({OWN: facts(ALICE, BOB)}), **criteria) is expected


# who is on which leg

WITH_CHILD = facts(ALICE, BOB, "inbound", (BOB, CAROL))
WITH_SIBLING = CallFacts(Leg(OWN, ALICE, BOB, "inbound"), beside=(Leg(OTHER, BOB, CAROL, "outbound-dial"),))


@pytest.mark.parametrize(
    ("told", "criteria", "expected"),
    [
        (WITH_CHILD, {"from": [ALICE]}, YES),
        (WITH_CHILD, {"from": [CAROL]}, NO),
        (WITH_CHILD, {"to": [CAROL]}, YES),
        (WITH_CHILD, {"to": [ALICE]}, NO),
        (WITH_CHILD, {"number": [ALICE]}, YES),
        (WITH_CHILD, {"number": [CAROL]}, YES),
        (WITH_CHILD, {"number": ["+15552223333"]}, NO),
        (WITH_CHILD, {"direction": ["inbound"]}, YES),
        (WITH_CHILD, {"direction": ["outbound-dial"]}, NO),
        (facts(ALICE, BOB, "sideways"), {"direction": ["inbound"]}, UNKNOWN),
        (facts(ALICE, BOB, ""), {"direction": ["inbound"]}, UNKNOWN),
        (WITH_SIBLING, {"to": [CAROL]}, UNKNOWN),
        (WITH_SIBLING, {"from": [CAROL]}, NO),
        (WITH_SIBLING, {"number": [CAROL]}, UNKNOWN),
        (WITH_SIBLING, {"number": [ALICE]}, YES),
        (facts(ALICE, BOB, complete=False), {"from": [CAROL]}, UNKNOWN),
        (facts(ALICE, BOB, complete=False), {"from": [ALICE]}, YES),
    ],
)
@pytest.mark.parametrize("of_room", [False, True])
def test_who_is_on_a_leg(told: CallFacts, criteria: dict[str, Any], expected: Truth, of_room: bool) -> None:
    """In a room there may have been others whom nobody can name."""
    row = AnyRow(source="Conference") if of_room else AnyRow()
    expected = UNKNOWN if of_room and expected is NO else expected
    assert answer(row, KnownCalls({OWN: told}), **criteria) is expected


@pytest.mark.parametrize(
    ("criteria", "leg", "touched"),
    [
        ({"from": [ALICE]}, (ALICE, BOB), True),
        ({"from": [ALICE]}, (BOB, ALICE), False),
        ({"from": [ALICE]}, ("anonymous", BOB), True),
        ({"to": [ALICE]}, (BOB, ALICE), True),
        ({"to": [ALICE]}, (ALICE, BOB), False),
        ({"number": [ALICE]}, (ALICE, BOB), True),
        ({"number": [ALICE]}, (BOB, ALICE), True),
        ({"number": [ALICE]}, (BOB, CAROL), False),
        ({"from": [CAROL], "to": [ALICE]}, (BOB, ALICE), True),
        ({"direction": ["inbound"]}, (ALICE, BOB), False),
        ({}, (ALICE, BOB), False),
    ],
)
def test_which_legs_are_worth_reading(criteria: dict[str, Any], leg: tuple[str, str], touched: bool) -> None:
    assert Match.read(criteria).touches(Leg(OWN, *leg, "inbound")) is touched


# rooms


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"conference_sid": ROOM}, YES),
        ({"conference_sid": OTHER_ROOM}, NO),
        ({"conference_sid": "nonsense"}, UNKNOWN),
        ({"conference_sid": ROOM, "source": "DialVerb"}, YES),
        ({"conference_sid": None}, NO),
        ({"conference_sid": None, "source": "Conference"}, UNKNOWN),
        ({"conference_sid": None, "source": ""}, UNKNOWN),
        ({"conference_sid": None, "source": "BrandNew"}, UNKNOWN),
        ({"conference_sid": None, "source": "OUTBOUNDAPI"}, NO),
    ],
)
def test_which_room_a_recording_is_of(fields: dict[str, Any], expected: Truth) -> None:
    assert answer(AnyRow(**fields), conference_sid=[ROOM]) is expected


@pytest.mark.parametrize(
    ("fields", "begins", "ends"),
    [
        ({}, -HOUR, HOUR + 60 * SECOND),
        ({"duration": 0}, -HOUR, HOUR),
        ({"duration": -5}, -HOUR, HOUR),
        ({"duration": None}, -HOUR, 25 * HOUR),
    ],
)
def test_a_call_in_a_room_went_on_while_it_was_recorded(
    fields: dict[str, Any], begins: timedelta, ends: timedelta
) -> None:
    """Clocks may differ by an hour, and no call lasts longer than a day."""
    assert heard_between(AnyRow(**fields)) == (NOW + begins, NOW + ends)


def test_nobody_knows_when_a_room_was_recorded_that_has_no_date() -> None:
    assert heard_between(AnyRow(date_created=None)) is None


@pytest.mark.parametrize(
    ("life", "expected"),
    [
        (Life(None, NOW - HOUR), UNKNOWN),
        (Life(None, NOW - HOUR - SECOND), NO),
        (Life(NOW + HOUR + 60 * SECOND, None), UNKNOWN),
        (Life(NOW + HOUR + 61 * SECOND, None), NO),
        (Life(), UNKNOWN),
    ],
)
@pytest.mark.parametrize(
    "room", [{"source": "Conference"}, {"conference_sid": ROOM}, {"source": ""}, {"source": "BrandNew"}]
)
def test_a_named_call_may_have_been_in_a_room(life: Life, room: dict[str, Any], expected: Truth) -> None:
    row = AnyRow(**room)
    assert answer(row, family(lives=(life,)), call_sid=[NAMED]) is expected
    unknown = UNKNOWN if expected is UNKNOWN else NO
    assert answer(row, family(lives=(Life(None, NOW - 2 * HOUR), life)), call_sid=[NAMED]) is unknown
    assert answer(AnyRow(**room, date_created=None), family(lives=(life,)), call_sid=[NAMED]) is UNKNOWN


def test_a_named_call_that_is_lost_may_have_been_in_any_room() -> None:
    calls = family(lives=(Life(None, NOW - 2 * HOUR),), lost=True)
    assert answer(AnyRow(source="Conference"), calls, call_sid=[NAMED]) is NO


# what the row says itself


@pytest.mark.parametrize(
    ("fields", "criteria", "expected"),
    [
        ({"status": "BUSY"}, {"status": ["Busy"]}, YES),
        ({"status": "busy"}, {"status": ["failed"]}, NO),
        ({"status": "brand-new"}, {"status": ["failed"]}, UNKNOWN),
        ({"channels": 3}, {"channels": [1]}, UNKNOWN),
        ({"channels": 3}, {"channels": [3]}, YES),
        ({"channels": 1}, {"channels": [2]}, NO),
        ({"channels": 2}, {"channels": [1]}, NO),
        ({"channels": 0}, {"channels": [1]}, UNKNOWN),
        ({}, {"recording_sid": ["RE" + "1" * 32]}, YES),
        ({}, {"recording_sid": ["RE" + "2" * 32]}, NO),
        ({"sid": "nonsense"}, {"recording_sid": ["RE" + "1" * 32]}, UNKNOWN),
        ({"sid": "RE" + "ab" * 16}, {"recording_sid": ["RE" + "AB" * 16]}, YES),
        ({"sid": "RE" + "AB" * 16}, {"recording_sid": ["RE" + "ab" * 16]}, YES),
        ({"duration": 0}, {"max_duration": "1m"}, YES),
        ({"duration": -1}, {"max_duration": "1m"}, UNKNOWN),
        ({"duration": 60}, {"min_duration": "1m", "max_duration": "1m"}, YES),
        ({"duration": 61}, {"min_duration": "1m", "max_duration": "1m"}, NO),
        ({"duration": 59}, {"min_duration": "1m", "max_duration": "1m"}, NO),
        ({}, {"created": {"start": (NOW + SECOND).isoformat()}}, NO),
        ({}, {"created": {"start": NOW.isoformat()}}, YES),
        ({}, {"created": {"end": NOW.isoformat()}}, NO),
        ({}, {"created": {"end": (NOW + SECOND).isoformat()}}, YES),
        ({"date_created": None}, {"created": {"end": NOW.isoformat()}}, UNKNOWN),
        ({"duration": None, "channels": 1}, {"min_duration": "1s", "channels": [2]}, NO),
        ({"duration": None}, {"min_duration": "1s", "channels": [1]}, UNKNOWN),
    ],
)
def test_what_is_asked_of_the_row_alone(
    fields: dict[str, Any], criteria: dict[str, Any], expected: Truth
) -> None:
    assert answer(AnyRow(**fields), **criteria) is expected
    assert Match.read(criteria).of_row(AnyRow(**fields)) is expected


def test_what_is_no_sid_is_named_as_it_is_written() -> None:
    """Nothing has it, and who looks for it says so."""
    assert Match.read({"call_sid": ["nonsense"]}).call_sid == frozenset({"nonsense"})


@pytest.mark.parametrize(
    ("criteria", "asks_parties", "needs_call"),
    [
        ({}, False, False),
        ({"source": ["Conference"]}, False, False),
        ({"call_sid": [OWN]}, False, True),
        ({"from": [ALICE]}, True, True),
        ({"to": [ALICE]}, True, True),
        ({"number": [ALICE]}, True, True),
        ({"direction": ["inbound"]}, True, True),
    ],
)
def test_what_calls_are_read_for(criteria: dict[str, Any], asks_parties: bool, needs_call: bool) -> None:
    match = Match.read(criteria)
    assert (match.asks_parties, match.needs_call) == (asks_parties, needs_call)


# which criteria have nothing left to say behind others

SETS: dict[str, tuple[Any, Any]] = {
    "source": ("Conference", "DialVerb"),
    "status": ("completed", "failed"),
    "channels": (1, 2),
    "recording_sid": ("RE" + "1" * 32, "RE" + "2" * 32),
    "call_sid": (OWN, OTHER),
    "conference_sid": (ROOM, OTHER_ROOM),
    "direction": ("inbound", "outbound-api"),
    "from": (ALICE, BOB),
    "to": (ALICE, BOB),
    "number": (ALICE, BOB),
}


def covers(wide: dict[str, Any], narrow: dict[str, Any]) -> bool:
    return Match.read(wide).covers(Match.read(narrow))


@pytest.mark.parametrize("name", SETS)
def test_a_set_covers_its_parts(name: str) -> None:
    one, two = SETS[name]
    assert covers({name: [one]}, {name: [one]})
    assert covers({name: [one, two]}, {name: [one]})
    assert covers({}, {name: [one]})
    assert not covers({name: [one]}, {name: [one, two]})
    assert not covers({name: [one]}, {name: [two]})
    assert not covers({name: [one]}, {})
    other = next(key for key in SETS if key not in (name, "from", "to", "number"))
    assert not covers({name: [one], other: [SETS[other][0]]}, {name: [one]})
    assert not covers({name: [one]}, {other: [SETS[other][0]]})


def test_a_number_on_either_side_covers_both_sides() -> None:
    assert covers({"number": [ALICE]}, {"from": [ALICE]})
    assert covers({"number": [ALICE]}, {"to": [ALICE]})
    assert covers({"number": [ALICE]}, {"to": [BOB], "from": [ALICE]})
    assert not covers({"number": [ALICE]}, {"to": [BOB]})
    assert not covers({"from": [ALICE]}, {"number": [ALICE]})
    assert not covers({"to": [ALICE]}, {"number": [ALICE]})
    assert not covers({"from": [ALICE]}, {"to": [ALICE]})


@pytest.mark.parametrize(
    ("wide", "narrow"),
    [
        ({"min_duration": "10s"}, {"min_duration": "20s"}),
        ({"max_duration": "20s"}, {"max_duration": "10s"}),
        ({"created": {"start": "2026-01-01T00:00:00Z"}}, {"created": {"start": "2026-01-02T00:00:00Z"}}),
        ({"created": {"end": "2026-01-02T00:00:00Z"}}, {"created": {"end": "2026-01-01T00:00:00Z"}}),
    ],
)
def test_a_range_covers_what_lies_within(wide: dict[str, Any], narrow: dict[str, Any]) -> None:
    assert covers(wide, narrow)
    assert covers(wide, wide)
    assert covers({}, wide)
    assert not covers(narrow, wide)
    assert not covers(wide, {})

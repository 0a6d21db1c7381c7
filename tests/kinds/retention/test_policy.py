"""What rules and holds decide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kinds.retention.rows import NOW, KnownCalls, NoCalls, facts, recording
from voiceform.kinds.retention.hold_index import HoldIndex
from voiceform.kinds.retention.matching.match import Match
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.kinds.retention.policy import (
    CALL_RECORDS,
    FINISHED_RECORDING,
    RECORDINGS,
    Hold,
    Policy,
    Rule,
    Ruling,
    address,
    call_holds,
    check_recorded,
    due_at,
    held_by,
    holds_of,
    rules_of,
)
from voiceform.model.address import Address
from voiceform.model.durations import parse_duration
from voiceform.model.resource import Desired
from voiceform.twilio.resources import Recording

CALL = "CA" + "1" * 32


def rule(name: str, keep: str = "90d", **match: Any) -> Rule:
    return Rule.read(name, {"match": match, "keep": keep}, NOW)


def hold(name: str, **match: Any) -> Hold:
    return Hold.read(name, {"match": match})


def verdict(policy: Policy, row: Recording, calls: Any = None) -> Ruling:
    return policy.decide(row, calls or NoCalls()).ruling


def test_the_first_rule_that_matches_decides() -> None:
    policy = Policy((rule("short", "30d", source=["Conference"]), rule("rest", "365d")))
    assert policy.decide(recording(source="Conference", days_old=100), NoCalls()).rule == "short"
    assert verdict(policy, recording(source="Conference", days_old=100)) is Ruling.DUE
    assert verdict(policy, recording(source="DialVerb", days_old=100)) is Ruling.YOUNG
    turned = Policy((rule("rest", "365d"), rule("short", "30d", source=["Conference"])))
    assert verdict(turned, recording(source="Conference", days_old=100)) is Ruling.YOUNG


def test_no_rule_no_deletion() -> None:
    assert verdict(Policy(), recording(days_old=5000)) is Ruling.NO_RULE
    assert verdict(Policy((rule("a", source=["Conference"]),)), recording(days_old=5000)) is Ruling.NO_RULE


def test_forever_is_forever() -> None:
    assert verdict(Policy((rule("a", "forever"), rule("b", "1d"))), recording(days_old=5000)) is Ruling.YOUNG


@pytest.mark.parametrize(("seconds", "expected"), [(0, Ruling.DUE), (1, Ruling.DUE), (-1, Ruling.YOUNG)])
def test_ages_are_exact_to_the_second(seconds: int, expected: Ruling) -> None:
    created = NOW - timedelta(days=90, seconds=seconds)
    assert verdict(Policy((rule("a"),)), recording(date_created=created)) is expected


@pytest.mark.parametrize(("now", "expected"), [("2026-06-30", Ruling.YOUNG), ("2026-07-01", Ruling.DUE)])
def test_until_a_date(now: str, expected: Ruling) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    until = Rule.read("a", {"match": {}, "until": "2026-07-01T00:00:00Z"}, moment)
    assert verdict(Policy((until,)), recording(days_old=1)) is expected


@pytest.mark.parametrize(
    "status", ["in-progress", "paused", "stopped", "processing", "deleted", "brand-new", ""]
)
def test_what_is_not_finished_stays(status: str) -> None:
    assert verdict(Policy((rule("a", "1s"),)), recording(status=status)) is Ruling.UNFINISHED


@pytest.mark.parametrize(
    ("status", "duration", "expected"),
    [
        ("completed", None, Ruling.UNDECIDED),
        ("completed", 0, Ruling.DUE),
        ("absent", None, Ruling.DUE),
        ("failed", None, Ruling.DUE),
    ],
)
def test_only_what_is_completed_must_have_a_length(
    status: str, duration: int | None, expected: Ruling
) -> None:
    assert verdict(Policy((rule("a"),)), recording(status=status, duration=duration)) is expected


def test_what_has_no_readable_date_stays() -> None:
    assert verdict(Policy((rule("a", "1s"),)), recording(date_created=None)) is Ruling.UNDATED


def test_a_rule_that_cannot_be_decided_keeps() -> None:
    policy = Policy((rule("mine", "forever", **{"from": ["+15558675310"]}), rule("rest", "30d")))
    row = recording(call_sid=CALL)
    assert verdict(policy, row, KnownCalls()) is Ruling.UNDECIDED
    assert verdict(policy, row) is Ruling.NEEDED
    known = KnownCalls({CALL: facts("+15017122661", "+15550001111")})
    assert verdict(policy, row, known) is Ruling.DUE


def test_no_call_is_needed_for_what_is_young_for_every_rule() -> None:
    policy = Policy((rule("mine", "60d", **{"from": ["+15558675310"]}), rule("rest", "30d")))
    assert verdict(policy, recording(days_old=29)) is Ruling.YOUNG


def test_a_hold_wins_and_says_its_name() -> None:
    policy = Policy((rule("a"),), (hold("x", source=["Conference"]), hold("y", channels=[1])))
    decision = policy.decide(recording(source="Conference"), NoCalls())
    assert decision.ruling is Ruling.HELD
    assert decision.holds == ("x", "y")
    assert verdict(policy, recording(channels=2)) is Ruling.DUE


def test_a_hold_that_cannot_be_decided_holds() -> None:
    policy = Policy((rule("a"),), (hold("x", **{"from": ["+15558675310"]}),))
    assert verdict(policy, recording(call_sid=CALL), KnownCalls()) is Ruling.HELD
    assert verdict(policy, recording(call_sid=None), KnownCalls()) is Ruling.HELD


@pytest.mark.parametrize(
    ("matches", "ruling", "names"),
    [
        ([], Ruling.DUE, ()),
        ([{"source": ["DialVerb"]}], Ruling.DUE, ()),
        (
            [{"source": ["Conference"]}, {"source": ["DialVerb"]}, {"call_sid": [CALL]}],
            Ruling.HELD,
            ("0", "2"),
        ),
        ([{"source": ["Conference"]}, {"from": ["+15558675310"]}], Ruling.NEEDED, ()),
    ],
)
def test_what_holds_say_by_themselves(
    matches: list[dict[str, Any]], ruling: Ruling, names: tuple[str, ...]
) -> None:
    index = HoldIndex(hold(str(number), **match) for number, match in enumerate(matches))
    found = held_by(index, recording(source="Conference", call_sid=CALL), NoCalls(), "a")
    assert (found.ruling, found.holds) == (ruling, names)
    assert found.rule == (None if ruling is Ruling.NEEDED else "a")


def test_policies_that_say_the_same_are_equal() -> None:
    assert Policy((rule("a"),), (hold("x"),)) == Policy((rule("a"),), (hold("x"),))
    assert Policy((rule("a"),), (hold("x"),)) != Policy((rule("a"),))


@pytest.mark.parametrize(
    ("match", "keeps_calls"),
    [
        ({}, True),
        ({"call_sid": [CALL]}, True),
        ({"min_duration": "1m"}, True),
        ({"created": {"start": "2026-01-01T00:00:00Z"}}, True),
        ({"number": ["+15558675310"]}, True),
        ({"direction": ["inbound"]}, True),
        ({"source": ["Conference"]}, False),
        ({"status": ["completed"]}, False),
        ({"channels": [2]}, False),
        ({"conference_sid": ["CF" + "1" * 32]}, False),
        ({"recording_sid": ["RE" + "1" * 32]}, False),
        ({"channels": [2], "number": ["+15558675310"]}, False),
    ],
)
def test_a_hold_keeps_calls_unless_it_asks_for_what_only_a_recording_has(
    match: dict[str, Any], keeps_calls: bool
) -> None:
    assert bool(call_holds([hold("x", **match)])) is keeps_calls


def declared(*parts: tuple[str, str, dict[str, Any]]) -> dict[Address, Desired]:
    """Rules and holds as part, name and attributes."""
    items = [Desired(address(part, name), attributes) for part, name, attributes in parts]
    return {item.address: item for item in items}


def in_order(order: int) -> dict[str, Any]:
    return {"match": {}, "keep": "1d", "order": order}


def test_rules_are_those_of_their_part_in_their_order_and_holds_by_name() -> None:
    items = declared(
        (RECORDINGS, "calls.of.2020", in_order(1)),
        ("holds", "z", {"match": {}}),
        (CALL_RECORDS, "recordings", in_order(0)),
        (RECORDINGS, "first", in_order(0)),
        ("holds", "a.b", {"match": {}}),
    )
    assert [one.name for one in rules_of(items, RECORDINGS, NOW)] == ["first", "calls.of.2020"]
    assert [one.name for one in rules_of(items, CALL_RECORDS, NOW)] == ["recordings"]
    assert [one.name for one in holds_of(items)] == ["a.b", "z"]


def test_a_cutoff_is_a_whole_second() -> None:
    """As the service tells when something was created."""
    read = Rule.read("a", {"match": {}, "keep": "1d"}, NOW + timedelta(microseconds=999_999))
    assert read.cutoff == NOW - timedelta(days=1)


@pytest.mark.parametrize(
    ("part", "attributes"),
    [
        (RECORDINGS, {"match": {}, "until": "2026-02-30T00:00:00Z"}),
        (RECORDINGS, {"match": {"created": {"start": "2026-02-30T00:00:00Z"}}, "keep": "1d"}),
        (CALL_RECORDS, {"match": {}, "until": "2026-01-01T00:00:00"}),
        ("holds", {"match": {"created": {"end": "2026-02-30T00:00:00Z"}}}),
    ],
)
def test_what_was_recorded_and_cannot_be_read_is_named(part: str, attributes: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"^retention\.{part}\.x: .+"):
        check_recorded(declared((part, "x", attributes)))


def test_what_was_recorded_and_can_be_read_passes() -> None:
    check_recorded(
        declared(
            (RECORDINGS, "a", in_order(0)),
            (CALL_RECORDS, "b", {"match": {}, "keep": "forever"}),
            ("holds", "c", {"match": {"call_sid": [CALL]}}),
        )
    )


NUMBERS = ["+15558675310", "+15017122661"]
SOURCES = ["Conference", "DialVerb", ""]
criteria = st.fixed_dictionaries(
    {},
    optional={
        "source": st.lists(st.sampled_from(SOURCES[:2]), min_size=1),
        "min_duration": st.sampled_from(["30s", "90s"]),
        "number": st.lists(st.sampled_from(NUMBERS), min_size=1),
    },
)
keeps = st.sampled_from(["1d", "50d", "100d", "forever"])
rules = st.lists(st.tuples(criteria, keeps), max_size=4)
holds = st.lists(criteria, max_size=2)
rows = st.builds(
    recording,
    source=st.sampled_from(SOURCES),
    duration=st.sampled_from([None, 10, 60, 100]),
    status=st.sampled_from(["completed", "absent", "in-progress", "odd"]),
    date_created=st.one_of(st.none(), st.integers(0, 120).map(lambda days: NOW - timedelta(days=days))),
    call_sid=st.just(CALL),
)


@given(rules=rules, holds=holds, row=rows, caller=st.sampled_from([*NUMBERS, "+15552223333", "", None]))
def test_only_what_is_certainly_due_is_due(
    rules: list[tuple[dict[str, Any], str]],
    holds: list[dict[str, Any]],
    row: Recording,
    caller: str | None,
) -> None:
    """Against a second, plain reading of the rules."""
    calls = KnownCalls({} if caller is None else {CALL: facts(caller, "+15550001111")})
    policy = Policy(
        tuple(rule(str(n), keep, **match) for n, (match, keep) in enumerate(rules)),
        tuple(hold(str(n), **match) for n, match in enumerate(holds)),
    )
    due = policy.decide(row, calls).ruling is Ruling.DUE
    assert due == plainly_due(rules, holds, row, calls)


def plainly_due(
    rules: list[tuple[dict[str, Any], str]], holds: list[dict[str, Any]], row: Recording, calls: KnownCalls
) -> bool:
    if row.status not in FINISHED_RECORDING or row.date_created is None:
        return False
    if row.status == "completed" and row.duration is None:
        return False
    if any(Match.read(match).test(row, calls) is not Truth.NO for match in holds):
        return False
    for match, keep in rules:
        truth = Match.read(match).test(row, calls)
        if truth is Truth.NO:
            continue
        old_enough = keep != "forever" and row.date_created + parse_duration(keep) <= NOW
        return truth is Truth.YES and old_enough
    return False


CREATED = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ({"keep": "30d"}, CREATED + timedelta(days=30)),
        ({"keep": "forever"}, None),
        ({"until": "2026-07-01T00:00:00Z"}, datetime(2026, 7, 1, tzinfo=UTC)),
    ],
)
def test_from_when_on_something_may_go(attributes: dict[str, Any], expected: datetime | None) -> None:
    assert due_at(attributes, CREATED) == expected


def test_what_no_calendar_has_never_comes() -> None:
    assert due_at({"keep": "30d"}, datetime(9999, 12, 31, tzinfo=UTC)) is None


def test_what_is_young_for_every_rule_is_told_its_rule_when_asked() -> None:
    policy = Policy((rule("rooms", "60d", source=["Conference"]), rule("rest", "30d")))
    row = recording(source="DialVerb", days_old=1)
    assert policy.decide(row, NoCalls()).rule is None
    asked = policy.decide(row, NoCalls(), young_too=True)
    assert (asked.ruling, asked.rule) == (Ruling.YOUNG, "rest")

"""What rules and holds decide."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kinds.retention.rows import NOW, KnownCalls, NoCalls, facts, recording
from voiceform.kinds.retention.matching.match import Match
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.kinds.retention.policy import FINISHED_RECORDING, Hold, Policy, Rule, Ruling
from voiceform.model.durations import parse_duration
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
    assert verdict(Policy(), recording(days_old=9999)) is Ruling.NO_RULE
    assert verdict(Policy((rule("a", source=["Conference"]),)), recording(days_old=9999)) is Ruling.NO_RULE


def test_forever_is_forever() -> None:
    assert verdict(Policy((rule("a", "forever"), rule("b", "1d"))), recording(days_old=9999)) is Ruling.YOUNG


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

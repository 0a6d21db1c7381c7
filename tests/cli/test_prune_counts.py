"""Every plan says how much each rule takes and each hold keeps, and warns of what is without effect."""

from __future__ import annotations

import pytest

from tests.cli.pruning import ALICE, BOB, CAROL, Pruner, ca_sid, call, plain, recording
from tests.support import Stack

RULES = "recordings: [{name: all, keep: 90d}]"


@pytest.fixture
def pruner(stack: Stack) -> Pruner:
    return Pruner(stack)


def holding(match: str, rules: str = RULES) -> str:
    return f"{rules}\nholds: {{case: {{reason: litigation, match: {match}}}}}"


def impact(pruner: Pruner, address: str) -> list[str]:
    (change,) = [item for item in pruner.plan()["changes"] if item["address"] == address]
    lines: list[str] = change["impact"]
    return lines


def test_every_rule_and_hold_says_its_number_in_every_plan(pruner: Pruner) -> None:
    pruner.declare(holding(f'{{number: ["{ALICE}"]}}'))
    pruner.seed(
        [
            *(recording(n, 91) for n in (1, 2)),
            recording(3, 91, source="Conference"),
            recording(4, 10),
            recording(5, 91),
        ],
        [call(1, 91, caller=ALICE), *(call(n, 91, caller=BOB, to=CAROL) for n in (2, 3, 4, 5))],
    )
    told = [
        "keeps 2 recordings whose time is over",
        "matches 1 recording of 5, and might match 1 more that nobody can tell of",
        "1 recording that no rule would delete now was not compared with it",
    ]
    assert impact(pruner, "retention.holds.case") == told
    assert impact(pruner, "retention.recordings.all")[0].startswith("2 recordings of 5 ")
    pruner.pruned()
    assert pruner.left() == {1, 3, 4}
    again = pruner.stack.run("plan", clock=pruner.clock)
    assert again.code == 0
    assert "No changes" in again.out
    shown = plain(again.out)
    assert "In force as before: retention.holds.case keeps 2 recordings whose time is over matches 1" in shown
    assert "retention.recordings.all deletes 0 of 3 recordings now 2 recordings kept by a hold" in shown
    for form in ("markdown", "html", "json"):
        assert (
            "keeps 2 recordings whose time is over"
            in pruner.stack.run("plan", "--format", form, clock=pruner.clock).out
        )


def test_a_hold_that_matches_nothing_is_a_warning_until_it_does(pruner: Pruner) -> None:
    pruner.declare(holding(f'{{number: ["{ALICE}"]}}'))
    pruner.seed([recording(1, 91)], [call(1, 91, caller=BOB, to=CAROL)])
    pruner.seed([recording(n, 10, source="DialVerb") for n in range(10, 12)])
    for _ in range(2):
        (warning,) = pruner.plan()["warnings"]
        assert warning["address"] == "retention.holds.case"
        assert warning["message"].startswith("nothing matches it so far; ")
        for form in ("text", "markdown", "html"):
            out = pruner.stack.run("plan", "--format", form, clock=pruner.clock).out
            assert "Warning: " in out
            assert "nothing matches it so far" in plain(out)
        pruner.pruned()
    pruner.seed([recording(2, 91)], [call(2, 91, caller=ALICE, to=CAROL)])
    assert pruner.plan()["warnings"] == []


@pytest.mark.parametrize(
    ("match", "message"),
    [
        (f'{{call_sid: ["{ca_sid(77)}"], source: [DialVerb]}}', "it matches nothing, so it keeps nothing"),
        ("{created: {start: 2030-01-01}}", "it matches nothing, so it keeps nothing"),
        (
            f'{{number: ["{ALICE}"], source: [Conference]}}',
            "nothing matches it for certain; it keeps what might, 1",
        ),
    ],
)
def test_a_warning_says_what_it_knows(pruner: Pruner, match: str, message: str) -> None:
    pruner.declare(holding(match))
    pruner.seed(
        [recording(1, 91), recording(2, 91, source="Conference")], [call(2, 91, caller=BOB, to=CAROL)]
    )
    (warning,) = pruner.plan()["warnings"]
    assert warning["message"].startswith(message)


def test_a_hold_without_rules_is_counted_too(pruner: Pruner) -> None:
    pruner.declare(
        "holds: {a: {reason: x, match: {source: [Conference]}}, b: {reason: x, match: {channels: [2]}}}"
    )
    pruner.seed([recording(1, 91, source="Conference")])
    assert impact(pruner, "retention.holds.a") == ["matches 1 recording of 1"]
    assert [item["address"] for item in pruner.plan()["warnings"]] == ["retention.holds.b"]


def test_a_saved_plan_keeps_its_warnings(pruner: Pruner) -> None:
    pruner.declare(holding("{channels: [2]}"))
    pruner.seed([recording(1, 91)])
    assert pruner.stack.run("plan", "--out", "p.json", clock=pruner.clock).code == 0
    assert "it matches nothing" in pruner.stack.run("show", "p.json").out


@pytest.mark.parametrize(
    ("keep", "warned"),
    [("364d", False), ("365d", True), ("395d", True), ("8760h", True), ("8759h", False), ("forever", False)],
)
def test_call_records_that_nobody_can_delete_any_more(pruner: Pruner, keep: str, warned: bool) -> None:
    pruner.declare(f"call_records: [{{name: cdr, keep: {keep}}}]")
    found = pruner.stack.run("validate", "--format", "json").json["diagnostics"]
    assert [item["code"] for item in found] == (["beyond-reach"] if warned else [])
    told = pruner.plan()["warnings"]
    assert bool(told) is warned
    assert all("13 months" in item["message"] and "365d" in item["hint"] for item in told)


def test_a_rule_that_waits_for_a_date_may_come_too_late_too(pruner: Pruner) -> None:
    pruner.declare("call_records: [{name: late, until: 2027-12-01}, {name: soon, until: 2026-12-01}]")
    assert [item["address"] for item in pruner.plan()["warnings"]] == ["retention.call_records.late"]


@pytest.mark.parametrize(
    ("section", "code"),
    [
        (
            f'holds: {{a: {{reason: x, match: {{conference_sid: ["CF{"1" * 32}"], source: [DialVerb]}}}}}}',
            "never-matches",
        ),
        ("call_records: [{name: a, keep: 1d, match: {status: [busy], min_duration: 1s}}]", "never-matches"),
        ("holds: {a: {reason: x, match: {created: {end: 2007-01-01}}}}", "empty-range"),
        ("holds: {a: {reason: x, match: {status: [Completed]}}}", "not-allowed"),
        ("holds: {a: {reason: x, match: {status: [in-progress]}}}", "not-allowed"),
        ("holds: {a: {reason: x, match: {source: [conference]}}}", "not-allowed"),
        (f"holds: {{a: {{reason: x, match: {{call_sid: [ca{'1' * 32}]}}}}}}", None),
        (f"holds: {{a: {{reason: x, match: {{call_sid: [RE{'1' * 32}]}}}}}}", None),
    ],
)
def test_what_can_match_nothing_is_told_offline(pruner: Pruner, section: str, code: str | None) -> None:
    pruner.declare(section)
    (found,) = pruner.stack.run("validate", "--format", "json").json["diagnostics"]
    assert found["line"]
    if code in ("never-matches", "empty-range"):
        assert found["code"] == code
    else:
        assert found["severity"] == "error"

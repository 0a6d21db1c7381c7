"""Retention through the command line, counted at the account."""

from __future__ import annotations

import json

import pytest

from tests.cli.pruning import (
    ALICE,
    BOB,
    NOW,
    SAFETY,
    Pruner,
    ca_sid,
    call,
    days_ago,
    plain,
    re_sid,
    recording,
)
from tests.support import Stack

RULES = "recordings: [{name: all, keep: 90d}]"


@pytest.fixture
def pruner(stack: Stack) -> Pruner:
    return Pruner(stack)


def test_exactly_what_is_due_goes(pruner: Pruner) -> None:
    pruner.declare(
        f"""
recordings:
  - {{name: disputes, match: {{call_sid: [{ca_sid(1)}]}}, keep: forever}}
  - {{name: rooms, match: {{source: [Conference], min_duration: 60s}}, keep: 365d}}
  - {{name: rest, keep: 90d}}
"""
    )
    pruner.seed(
        [
            recording(1, 5000),
            recording(2, 364, source="Conference", duration=60),
            recording(3, 366, source="Conference", duration=60),
            recording(4, 366, source="Conference", duration=59),
            recording(5, 100, source="Conference", duration=59),
            recording(6, 89, source="DialVerb"),
            recording(7, 91, source="DialVerb"),
            recording(8, 91, status="in-progress"),
            recording(9, 91, status="processing"),
            recording(10, 91, status="absent"),
            recording(11, 0.1),
        ]
    )
    pruner.pruned()
    assert pruner.left() == {1, 2, 6, 8, 9, 11}
    assert pruner.statuses() == dict.fromkeys([3, 4, 5, 7, 10], "deleted")
    assert {line["rule"] for line in pruner.lines()} == {
        "retention.recordings.rooms",
        "retention.recordings.rest",
    }


def test_after_a_prune_there_is_nothing_to_do(pruner: Pruner) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(n, 91) for n in range(5)])
    pruner.pruned()
    assert pruner.stack.run("plan", "--detailed-exitcode", clock=pruner.clock).code == 0
    again = pruner.pruned()
    assert "No changes" in again.out
    assert len(list(pruner.evidence.glob("*.jsonl"))) == 1, "a run that destroys nothing takes nothing down"


def test_a_dry_run_changes_nothing(pruner: Pruner) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(n, 91) for n in range(5)])
    result = pruner.stack.run("prune", "--dry-run", clock=pruner.clock)
    assert result.code == 0
    assert "5 recordings of 5" in result.out
    assert pruner.left() == set(range(5))
    assert pruner.stack.account.writes() == []
    assert not (pruner.stack.folder / ".voiceform").exists()


def test_prune_leaves_everything_else_alone(pruner: Pruner) -> None:
    pruner.stack.write("queues: {support: {}}\nretention:\n  recordings: [{name: all, keep: 90d}]\n" + SAFETY)
    pruner.seed([recording(1, 91)])
    pruner.pruned()
    assert pruner.stack.account.writes() == ["deleteRecording"]
    operations = {entry["operation"] for entry in pruner.stack.emulator.requests()}
    assert "listQueues" not in operations


def test_apply_does_the_same_with_the_rest(pruner: Pruner) -> None:
    pruner.stack.write("queues: {support: {}}\nretention:\n  recordings: [{name: all, keep: 90d}]\n" + SAFETY)
    pruner.seed([recording(1, 91), recording(2, 89)])
    assert pruner.stack.run("apply", "--auto-approve", clock=pruner.clock).code == 0
    assert pruner.left() == {2}
    assert set(pruner.stack.account.queues()) == {"support"}


def test_a_saved_plan_deletes_what_it_names_and_no_more(pruner: Pruner) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(1, 91), recording(2, 92)])
    assert pruner.stack.run("plan", "--out", "p.json", clock=pruner.clock).code == 0
    document = json.loads((pruner.stack.folder / "p.json").read_text())
    (change,) = [item for item in document["changes"] if item.get("counts")]
    (chunk,) = change["details"]["chunks"]
    assert chunk["sids"] == f"{2:032x}{1:032x}"
    assert change["details"]["months"] == {"2026-03": 2}
    assert document["summary"]["recordings"] == 2
    pruner.seed([recording(3, 93)])
    pruner.stack.account.delete(f"Recordings/{re_sid(2)}.json")
    result = pruner.stack.run("apply", "p.json", "--evidence", "evidence", clock=pruner.clock)
    assert result.code == 0, result.out + result.err
    assert pruner.left() == {3}
    assert pruner.statuses() == {1: "deleted", 2: "already-gone"}


def test_the_plan_tells_what_goes_and_what_it_saves(pruner: Pruner) -> None:
    prices = "as_of: 2026-05-01\ncurrency: EUR\nstorage_per_minute_month: 0.5\nfree_minutes: 2\n"
    (pruner.stack.folder / "prices.yaml").write_text(prices)
    pruner.declare(RULES + "\nprices: prices.yaml")
    pruner.seed([recording(n, 91 + 30 * n, duration=61) for n in range(3)] + [recording(9, 1)])
    text = pruner.stack.run("prune", "--dry-run", clock=pruner.clock).out
    assert "3 recordings of 4 (6 minutes)" in text
    assert "2026-03  1  ██" in text
    assert "saves 2.50 EUR of storage a month (prices of 2026-05-01" in text


@pytest.mark.parametrize(
    ("count", "of", "blocked_by"),
    [(11, 100, "max_recording_deletes"), (1, 2, "max_delete_percent"), (1, 1, "max_delete_percent")],
)
def test_limits_hold_also_for_small_sets(pruner: Pruner, count: int, of: int, blocked_by: str) -> None:
    pruner.declare(RULES, safety="safety: {max_recording_deletes: 10, max_delete_percent: 30}\n")
    pruner.seed([recording(n, 91 if n < count else 1) for n in range(of)])
    refused = pruner.prune()
    assert refused.code == 4
    assert blocked_by in refused.out
    assert len(pruner.left()) == of
    assert pruner.stack.run("prune", "--dry-run", clock=pruner.clock).code == 4
    assert pruner.prune("--approve", f"delete:recording={count - 1}").code == 4
    pruner.pruned("--approve", f"delete:recording={count}")
    assert len(pruner.left()) == of - count


def test_calls_are_looked_up_once_each_and_only_if_a_rule_asks(pruner: Pruner) -> None:
    pruner.declare(
        f"""
recordings:
  - {{name: mine, match: {{from: ["{ALICE}"], direction: [inbound]}}, keep: forever}}
  - {{name: rest, keep: 90d}}
"""
    )
    calls = [
        call(1, 91, caller=ALICE, direction="inbound"),
        call(2, 91, caller=BOB, direction="inbound"),
        call(3, 91, caller=ALICE, direction="outbound-api"),
        call(5, 10, caller=ALICE, direction="inbound"),
    ]
    twins = [recording(20 + n, 91, call_sid=ca_sid(2)) for n in range(3)]
    pruner.seed([*(recording(n, 91) for n in (1, 2, 3, 4)), recording(5, 10), *twins], calls)
    pruner.pruned()
    assert pruner.left() == {1, 4, 5}, (
        "4 has no readable call, so nobody can tell whether rule `mine` is about it"
    )
    fetched = [entry["path"] for entry in pruner.stack.emulator.requests("fetchCall")]
    assert len(fetched) == len(set(fetched)) == 4


def test_many_calls_are_listed_instead(pruner: Pruner) -> None:
    pruner.declare(f"recordings: [{{name: mine, match: {{from: ['{ALICE}']}}, keep: 90d}}]")
    numbers = range(1, 401)
    pruner.seed(
        [recording(n, 91 + n / 100) for n in numbers],
        [call(n, 91 + n / 100, caller=ALICE if n % 2 else BOB) for n in numbers],
    )
    pruner.pruned()
    assert pruner.left() == {n for n in numbers if n % 2 == 0}
    assert len(pruner.stack.emulator.requests("fetchCall")) == 0


def test_call_records_go_when_their_recordings_allow_it(pruner: Pruner) -> None:
    pruner.declare(
        f"""
recordings:
  - {{name: rooms, match: {{source: [Conference]}}, keep: 400d}}
  - {{name: dialled, match: {{source: [DialVerb]}}, keep: 90d}}
call_records: [{{name: cdr, keep: 100d}}]
holds:
  case: {{reason: litigation, match: {{call_sid: ["{ca_sid(4)}"]}}}}
"""
    )
    pruner.seed(
        [
            recording(1, 200, source="Conference"),
            recording(2, 200, source="DialVerb"),
            recording(3, 200, source="RecordVerb"),
            recording(4, 200, source="DialVerb"),
            recording(5, 200, status="processing"),
        ],
        [
            *(call(n, 200) for n in range(1, 7)),
            call(7, 99),
            call(8, 200, status="in-progress"),
            call(9, 200, status="canceled", start_time=None),
        ],
    )
    pruner.pruned()
    assert pruner.left() == {1, 3, 4, 5}
    assert pruner.calls_left() == {1, 4, 5, 7, 8}


def test_a_call_record_waits_until_the_service_lets_it_go(pruner: Pruner) -> None:
    pruner.declare("call_records: [{name: cdr, keep: 1d}]")
    pruner.seed(calls=[call(n, 2) for n in range(3)])
    pruner.stack.emulator.faults(
        [{"operation": "deleteCall", "times": 4, "kind": "status", "status": 409, "code": 20009}]
    )
    pruner.pruned()
    assert pruner.calls_left() == set()
    assert (pruner.clock.now() - NOW).total_seconds() >= 60


def test_a_call_record_that_never_becomes_deletable_is_said(pruner: Pruner) -> None:
    pruner.declare("call_records: [{name: cdr, keep: 1d}]")
    pruner.seed(calls=[call(n, 2) for n in range(3)])
    pruner.stack.emulator.faults(
        [{"operation": "deleteCall", "times": 999, "kind": "status", "status": 409, "code": 20009}]
    )
    result = pruner.prune()
    assert result.code == 5
    assert "3 not deletable yet" in plain(result.out)
    assert {line["status"] for line in pruner.lines("call-record")} == {"not-yet"}


def test_no_number_gets_into_plan_output_or_evidence(pruner: Pruner) -> None:
    pruner.declare(
        f"""
recordings:
  - {{name: mine, match: {{from: ["{ALICE}"]}}, keep: 90d}}
holds:
  case: {{reason: "call {BOB} first", match: {{to: ["{BOB}"]}}}}
"""
    )
    pruner.seed([recording(1, 91)], [call(1, 91, caller=ALICE, to="+15550001111")])
    result = pruner.pruned()
    assert pruner.left() == set()
    written = "".join(path.read_text() for path in pruner.evidence.iterdir())
    for text in (result.out, result.err, written):
        assert ALICE not in text
        assert BOB not in text


def test_verify_finds_what_was_said_to_be_gone_and_is_not(pruner: Pruner) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(n, 91) for n in range(3)])
    pruner.pruned()
    pruner.stack.emulator.reset()
    pruner.seed([recording(1, 91)])
    result = pruner.stack.run("prune", "verify", "evidence")
    assert result.code == 1
    assert re_sid(1) in result.out
    assert pruner.stack.run("prune", "verify", "evidence", "--offline").code == 0
    nobody = pruner.stack.run("prune", "verify", "evidence", environ={})
    assert nobody.code == 0
    assert "not looked at" in nobody.out


def test_review_of_rules_needs_no_account(pruner: Pruner) -> None:
    pruner.declare(RULES)
    (pruner.stack.folder / "base").mkdir()
    base = (pruner.stack.folder / "voiceform.yaml").read_text().replace("90d", "365d")
    (pruner.stack.folder / "base" / "voiceform.yaml").write_text(base)
    result = pruner.stack.run("plan", "--base", "base", environ={})
    assert result.code == 0, result.err
    assert 'keep: "365d" -> "90d"' in result.out


def test_destroy_deletes_no_recording(pruner: Pruner) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(1, 89), recording(2, 300)])
    pruner.pruned()
    pruner.seed([recording(3, 300)])
    assert pruner.stack.run("destroy", "--auto-approve", clock=pruner.clock).code == 0
    assert pruner.left() == {1, 3}
    assert pruner.stack.ok("state", "list").out == ""


def test_the_age_is_counted_from_the_moment_the_plan_is_for(pruner: Pruner) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(1, 89)])
    later = pruner.stack.run("plan", "--at", days_ago(-2), "--format", "json", clock=pruner.clock)
    assert later.json["summary"]["recordings"] == 1
    assert pruner.plan()["summary"]["recordings"] == 0

"""The last line says what happened to recordings, not to our own records; so does the plan's."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime

import pytest

from tests.cli.pruning import SAFETY, Pruner, ca_sid, call, recording
from tests.support import Stack

TWO_RULES = "recordings: [{name: rooms, match: {source: [RecordVerb]}, keep: 90d}, {name: rest, keep: 90d}]"


@pytest.fixture
def pruner(stack: Stack) -> Pruner:
    return Pruner(stack)


def last(text: str) -> str:
    return text.rstrip("\n").splitlines()[-1]


def test_what_was_deleted_and_what_holds_kept(pruner: Pruner) -> None:
    holds = f"""
holds:
  one: {{reason: x, match: {{call_sid: ["{ca_sid(5000)}"]}}}}
  two: {{reason: x, match: {{call_sid: ["{ca_sid(5001)}"]}}}}
"""
    pruner.declare(TWO_RULES + holds)
    pruner.seed(
        recording(n, 91, duration=61, source="RecordVerb" if n % 2 else "DialVerb") for n in range(1200)
    )
    pruner.seed(recording(5000 + n, 91) for n in range(2))
    dry = pruner.stack.run("prune", "--dry-run", clock=pruner.clock).out
    assert last(dry) == "Plan: 1,200 recordings to delete by 2 rules; 2 to create, 0 to update, 0 to delete."
    assert "- delete 600 recordings by retention.recordings.rooms, the rule is new" in dry
    result = pruner.pruned()
    assert last(result.out) == (
        "Deleted 1,200 recordings (2,400 minutes), kept 2 by 2 holds; 2 rules and 2 holds recorded."
    )
    assert "retention.recordings.rooms: 600 recordings deleted (1,200 minutes)" in result.err
    assert "retention.holds.one: recorded" in result.err


def test_a_rule_that_was_known_is_no_change_of_ours(pruner: Pruner) -> None:
    pruner.declare(TWO_RULES)
    pruner.pruned()
    pruner.seed([recording(1, 91)])
    dry = pruner.stack.run("prune", "--dry-run", clock=pruner.clock).out
    assert last(dry) == "Plan: 1 recording to delete by 1 rule."
    assert last(pruner.pruned().out) == "Deleted 1 recording (1 minute); 1 rule recorded."


def test_call_records_and_what_else_an_apply_does(pruner: Pruner) -> None:
    pruner.stack.write(
        "queues: {support: {}}\n"
        + SAFETY
        + "retention:\n  recordings: [{name: all, keep: 90d}]\n  call_records: [{name: cdr, keep: 90d}]\n"
    )
    pruner.seed([recording(1, 91)], [call(n, 91) for n in range(1, 4)])
    result = pruner.stack.run("apply", "--auto-approve", "--evidence", "evidence", clock=pruner.clock)
    assert last(result.out) == (
        "Deleted 1 recording (1 minute) and 3 call records; 2 rules recorded; applied: 1 created."
    )


def test_nothing_due_is_nothing_deleted(pruner: Pruner) -> None:
    pruner.declare(TWO_RULES)
    assert last(pruner.pruned().out) == "Deleted nothing; 2 rules recorded."


def test_failures_are_counted_as_recordings(pruner: Pruner) -> None:
    pruner.declare("recordings: [{name: all, keep: 90d}]")
    pruner.seed([recording(n, 91) for n in range(3)])
    pruner.stack.emulator.faults(
        [{"operation": "deleteRecording", "times": 1, "kind": "status", "status": 400, "code": 20001}]
    )
    result = pruner.prune("--parallelism", "1")
    assert result.code == 5
    assert last(result.out) == "Deleted 2 recordings (2 minutes), 1 failed."


def test_interrupted_is_not_done(stack: Stack) -> None:
    now = datetime.now(UTC)
    pruner = Pruner(stack, now)
    pruner.declare("recordings: [{name: all, keep: 90d}]")
    due = 2000
    pruner.seed([recording(n, 91 + n / 1000, now) for n in range(due)])
    stack.emulator.faults(
        [{"operation": "deleteRecording", "times": 9999, "kind": "latency", "delay_ms": 20}]
    )
    process = stack.start(
        "prune", "--auto-approve", "--evidence", "evidence", "--report-json", "report.json",
        "--parallelism", "4",
    )  # fmt: skip
    while process.poll() is None and len(stack.account.writes()) < 10:
        pass
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 5, out + err
    left = len(pruner.left())
    gone = due - left
    assert 0 < gone < due
    minutes = f"({gone:,} minute{'s' if gone > 1 else ''})"
    assert f"stopped: {gone:,} deleted {minutes}, {left:,} not begun" in err
    line = last(out)
    assert line.startswith(f"Stopped: deleted {gone:,} recordings {minutes}, {left:,} not begun")
    (outcome,) = json.loads((stack.folder / "report.json").read_text())["outcomes"]
    assert outcome["destroyed"]["deleted"] == gone
    assert outcome["destroyed"]["rest"] == {"not begun": left}
    assert outcome["destroyed"]["stopped"] is True

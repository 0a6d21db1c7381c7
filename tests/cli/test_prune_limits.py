"""Full disks, other profiles of the service, and everything else around a prune."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.pruning import Pruner, recording
from tests.support import Account, Stack
from voiceform.emulator import Emulator

RULES = "recordings: [{name: all, keep: 90d}]"
PARALLEL = 4
UNTOLD = 64
"""Lines that may wait to be written."""


def test_nothing_is_deleted_that_cannot_be_taken_down(stack: Stack) -> None:
    """The disk is full in the middle of a run: the deletions end with the evidence."""
    now = datetime.now(UTC)
    pruner = Pruner(stack, now)
    pruner.declare(RULES)
    count = 900
    pruner.seed([recording(n, 91 + n / 100, now) for n in range(count)])

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (250_000, 250_000))

    process = subprocess.run(
        [sys.executable, "-m", "voiceform", "-C", stack.folder, "prune", "--auto-approve",
         "--evidence", "evidence", "--parallelism", str(PARALLEL)],
        env={**os.environ, **stack.environ}, capture_output=True, text=True, check=False,
        preexec_fn=small_files,
    )  # fmt: skip
    assert process.returncode == 5, process.stdout + process.stderr
    assert "evidence cannot be written" in process.stderr
    assert "stopped after" in process.stderr
    gone = count - len(pruner.left())
    (path,) = pruner.evidence.glob("*.jsonl")
    told = path.read_bytes().count(b'"status":"deleted"')
    assert 0 < told < count
    assert gone <= told + UNTOLD + PARALLEL, "only what was in flight when the disk was full, or to be told"
    pruner.pruned()
    assert pruner.left() == set()
    assert set(pruner.statuses()) == set(range(count)), "also what was deleted and not told is taken down"


@pytest.mark.parametrize("profile", ["twilio", "openapi"])
def test_both_profiles_of_the_service(stack: Stack, profile: str) -> None:
    with Emulator(profile=profile) as other:
        stack.emulator, stack.account = other, Account(other)
        stack.environ["VOICEFORM_BASE_URL"] = other.url
        pruner = Pruner(stack)
        pruner.declare(RULES)
        pruner.seed([recording(n, 91 + n / 10) for n in range(1200)])
        pruner.seed([recording(10_000 + n, 10) for n in range(40)])
        pruner.pruned("--parallelism", "16")
        assert pruner.left() == {10_000 + n for n in range(40)}


@pytest.mark.parametrize("shared_state", ["postgres", "s3"], indirect=True)
def test_state_elsewhere(shared_state: Stack) -> None:
    pruner = Pruner(shared_state)
    pruner.declare(RULES + "\nholds: {case: {reason: x, match: {source: [Conference]}}}")
    pruner.seed([recording(1, 91), recording(2, 91, source="Conference"), recording(3, 1)])
    pruner.pruned()
    assert pruner.left() == {2, 3}
    assert pruner.stack.run("plan", "--detailed-exitcode", clock=pruner.clock).code == 0


def test_evidence_that_was_edited_stops_the_next_run(stack: Stack) -> None:
    pruner = Pruner(stack)
    pruner.declare(RULES)
    pruner.seed([recording(1, 91)])
    pruner.pruned()
    (path,) = pruner.evidence.glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b"deleted", b"spared "))
    pruner.seed([recording(2, 91)])
    result = pruner.prune()
    assert result.code == 1
    assert f"{path}:3" in result.err
    assert pruner.left() == {2}
    assert stack.run("prune", "verify", "evidence").code == 1


def test_there_must_be_evidence_to_verify(stack: Stack) -> None:
    (stack.folder / "empty").mkdir()
    assert "no evidence" in stack.run("prune", "verify", "empty").err
    assert stack.run("prune", "verify", "nowhere").code == 1


def test_without_evidence_nothing_is_written(stack: Stack) -> None:
    pruner = Pruner(stack)
    pruner.declare(RULES + "\nevidence: off")
    pruner.seed([recording(1, 91)])
    assert stack.run("prune", "--auto-approve", clock=pruner.clock).code == 0
    assert pruner.left() == set()
    assert {path.name for path in Path(stack.folder).iterdir()} == {".voiceform", "voiceform.yaml"}


def test_the_report_as_json(stack: Stack) -> None:
    pruner = Pruner(stack)
    pruner.declare(RULES)
    pruner.seed([recording(1, 91), recording(2, 91)])
    result = stack.run("prune", "--auto-approve", "--format", "json", clock=pruner.clock)
    (outcome,) = result.json["outcomes"]
    assert outcome["address"] == "retention.recordings.all"
    assert outcome["message"] == "2 recordings deleted (2 minutes)"
    assert outcome["destroyed"] == {
        "thing": "recording",
        "deleted": 2,
        "minutes": 2,
        "kept_by_holds": 0,
        "rest": {},
        "stopped": False,
    }


def test_the_parts_that_are_recorded_alone(stack: Stack) -> None:
    pruner = Pruner(stack)
    pruner.declare(RULES + "\nholds: {case: {reason: x, match: {source: [Conference]}}}")
    pruner.pruned()
    listed = stack.ok("state", "list").out
    assert "retention.recordings.all" in listed
    assert "RE" not in listed
    exported = stack.ok("export").out
    assert "name: all" in exported
    assert "RE" not in exported
    assert stack.run("drift", clock=pruner.clock).code == 0
    refused = stack.run("import", "retention.recordings.all", "RE" + "0" * 32)
    assert refused.code == 64

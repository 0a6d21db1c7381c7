"""Interrupted is not done: every command that acts, every signal, every format."""

from __future__ import annotations

import json
import signal
from datetime import UTC, datetime

import pytest

from tests.cli.pruning import Pruner, recording
from tests.cli.test_signals import ended, when
from tests.support import Stack

SIGNALS = pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
COUNT = 40
SAFETY = "safety: {max_deletes: 999, max_delete_percent: 100, max_recording_deletes: 999}\n"


def slow(stack: Stack, operation: str) -> None:
    stack.emulator.faults([{"operation": operation, "times": 999, "kind": "latency", "delay_ms": 100}])


def many(stack: Stack, size: int = 10) -> None:
    queues = "".join(f"  q{number}: {{max_size: {size}}}\n" for number in range(COUNT))
    stack.write(f"{SAFETY}queues:\n{queues}")


@SIGNALS
@pytest.mark.parametrize("format_", ["text", "json"])
def test_an_interrupted_destroy(stack: Stack, number: int, format_: str) -> None:
    many(stack)
    stack.apply()
    slow(stack, "deleteQueue")
    process = stack.start("destroy", "--auto-approve", "--parallelism", "2", "--format", format_,
        "--report-json", "run.json",
    )  # fmt: skip
    when(lambda: stack.account.writes().count("deleteQueue") >= 4, process)
    process.send_signal(number)
    code, out, _ = ended(process)
    left = len(stack.account.queues())
    assert code == 5
    assert 0 < left < COUNT
    document = json.loads(out if format_ == "json" else (stack.folder / "run.json").read_text())
    assert document["exit_code"] == 5
    assert document["summary"]["skipped"] == left
    if format_ == "text":
        assert out.splitlines()[-1] == (
            f"Interrupted: {COUNT - left} deleted, {left} not begun."
            " Run destroy again; the rest is planned anew."
        )
        assert out.count("not begun") == 1


@SIGNALS
def test_an_interrupted_saved_plan(stack: Stack, number: int) -> None:
    many(stack)
    stack.ok("plan", "--out", "plan.json")
    slow(stack, "createQueue")
    process = stack.start("apply", "plan.json", "--parallelism", "2")
    when(lambda: len(stack.account.writes()) >= 4, process)
    process.send_signal(number)
    code, out, _ = ended(process)
    made = len(stack.account.queues())
    assert code == 5
    assert f"Interrupted: {made} created, {COUNT - made} not begun." in out
    assert stack.run("apply", "plan.json").code == 6, "it was used, and what is left is planned anew"
    assert f"\nApplied: {COUNT - made} created" in stack.apply().out


@SIGNALS
def test_an_interrupted_undo(stack: Stack, number: int) -> None:
    many(stack)
    stack.apply()
    many(stack, 20)
    run = json.loads(stack.apply("--format", "json").out)["run_id"]
    stack.ok("undo", run, "--out", "undo.json")
    slow(stack, "updateQueue")
    process = stack.start("apply", "undo.json", "--parallelism", "2", "--report-json", "run.json")
    before = stack.account.writes().count("updateQueue")
    when(lambda: stack.account.writes().count("updateQueue") >= before + 4, process)
    process.send_signal(number)
    code, out, _ = ended(process)
    back = sum(queue["max_size"] == 10 for queue in stack.account.queues().values())
    assert code == 5
    assert f"Interrupted: {back} updated, {COUNT - back} not begun." in out
    assert json.loads((stack.folder / "run.json").read_text())["exit_code"] == 5


@SIGNALS
def test_an_interrupted_prune(stack: Stack, number: int) -> None:
    pruner = Pruner(stack, datetime.now(UTC))
    pruner.declare("recordings:\n  - {name: old, keep: 30d}")
    pruner.seed(recording(index, 100, pruner.clock.now()) for index in range(1, COUNT * 4 + 1))
    slow(stack, "deleteRecording")
    process = stack.start("prune", "--auto-approve", "--parallelism", "2", "--report-json", "run.json")
    when(lambda: stack.account.writes().count("deleteRecording") >= 4, process)
    process.send_signal(number)
    code, out, _ = ended(process)
    left = len(pruner.left())
    assert code == 5
    assert 0 < left < COUNT * 4
    assert f"Stopped: deleted {COUNT * 4 - left} recordings" in out
    assert f"{left} not begun" in out
    assert json.loads((stack.folder / "run.json").read_text())["exit_code"] == 5

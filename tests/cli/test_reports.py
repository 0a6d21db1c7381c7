"""`--report-json` and `--metrics`: written however a command ends."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.support import Stack

FILES = ("--report-json", "report.json", "--metrics", "voiceform.prom")


def report(stack: Stack) -> Any:
    return json.loads((stack.folder / "report.json").read_text(encoding="utf-8"))


def metrics(stack: Stack) -> dict[str, float]:
    lines = (stack.folder / "voiceform.prom").read_text(encoding="utf-8").splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {re.sub(r',?stack="default",?', "", name).replace("{}", ""): float(value) for name, value in pairs}


def test_a_plan(stack: Stack) -> None:
    stack.queues(a=1, b=2)
    stack.run("plan", "--detailed-exitcode", *FILES)
    assert report(stack)["summary"]["create"] == 2
    found = metrics(stack)
    assert found['voiceform_changes_pending{action="create"}'] == 2
    assert found["voiceform_drifted_objects"] == 0
    assert found['voiceform_last_run_exit_code{command="plan"}'] == 2
    assert (stack.folder / "report.json").stat().st_mode & 0o777 == 0o600


def test_drift(stack: Stack) -> None:
    stack.queues(a=1)
    stack.apply()
    stack.account.post(f"Queues/{stack.account.queues()['a']['sid']}.json", MaxSize=9)
    assert stack.run("drift", "--stack", "eu", *FILES).code == 3
    assert report(stack)["drift"][0]["address"] == "queue.a"
    assert metrics(stack)['voiceform_drifted_objects{stack="eu"}'] == 1


def test_a_run_that_partly_fails(stack: Stack) -> None:
    stack.queues(a=1, b=2)
    stack.emulator.faults(
        [{"operation": "createQueue", "times": 1, "kind": "status", "status": 400, "code": 20001}]
    )
    assert stack.run("apply", "--auto-approve", "--parallelism", "1", *FILES).code == 5
    assert report(stack)["summary"]["failed"] == 1
    assert report(stack)["exit_code"] == 5
    assert metrics(stack)["voiceform_failed_operations"] == 1
    assert metrics(stack)['voiceform_last_run_exit_code{command="apply"}'] == 5


def test_a_run_without_anything_to_do(stack: Stack) -> None:
    stack.queues()
    stack.apply(*FILES)
    assert report(stack)["outcomes"] == []
    assert metrics(stack)["voiceform_failed_operations"] == 0


def test_a_blocked_run(stack: Stack) -> None:
    stack.queues(a=1)
    stack.apply()
    assert stack.run("destroy", "--auto-approve", *FILES).code == 4
    assert report(stack)["error"]["exit_code"] == 4
    assert metrics(stack)['voiceform_changes_pending{action="delete"}'] == 1
    assert metrics(stack)['voiceform_last_run_exit_code{command="destroy"}'] == 4


def test_a_broken_configuration(stack: Stack) -> None:
    stack.write("queues: {a: {max_size: none}}\n")
    assert stack.run("apply", "--auto-approve", *FILES).code == 1
    assert report(stack)["error"]["exit_code"] == 1
    assert report(stack)["diagnostics"][0]["line"] == 2


def test_prune(stack: Stack) -> None:
    stack.write("retention: {recordings: [{name: old, keep: 90d}]}\n")
    stack.ok("prune", "--dry-run", *FILES)
    assert report(stack)["summary"]["create"] == 1
    stack.ok("prune", "--auto-approve", *FILES)
    assert report(stack)["summary"]["applied"] == 1
    assert metrics(stack)['voiceform_last_run_exit_code{command="prune"}'] == 0


@pytest.mark.parametrize("option", ["--report-json", "--metrics"])
def test_a_folder_that_is_missing_is_found_before_anything_is_done(stack: Stack, option: str) -> None:
    stack.queues(a=1)
    assert stack.run("apply", "--auto-approve", option, "nowhere/file").code == 64
    assert stack.account.writes() == []


def test_numbers_are_masked_unless_asked_for(stack: Stack) -> None:
    stack.write(
        "calls: {c: {to: '+15558675310', from: '+15017122661', answer: {say: hi},"
        " schedule: {at: 2036-12-01T09:00:00, timezone: UTC}}}\n"
    )
    stack.ok("plan", "--report-json", "report.json")
    assert "+15558675310" not in json.dumps(report(stack))
    stack.ok("plan", "--report-json", "report.json", "--show-numbers")
    assert "+15558675310" in json.dumps(report(stack))

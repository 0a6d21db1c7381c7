"""Monitoring is told of each stack of a fleet what it is told of a stack by itself."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.calling import Timeline, calls
from tests.hostile.proxy import hostile_proxy
from tests.support import ACCOUNT, Stack

FLEET = f"""\
version: 1
state: sqlite:///.voiceform/state.db
credentials: {{token: {{env: TWILIO_AUTH_TOKEN}}}}
stacks: [{{name: default, path: ., account: {ACCOUNT}}}]
"""
OLD = [{"sid": f"RE{number:032x}", "date_created": "2020-01-01T00:00:00Z"} for number in (1, 2)]
_INSTANT = re.compile(r"^(# \w+ )?voiceform_\w+_(timestamp_seconds|created)\b.*\n", re.MULTILINE)
both = pytest.mark.parametrize("of", [(), ("fleet",)], ids=["stack", "fleet"])


def metrics(stack: Stack) -> str:
    """What was measured last, without instants."""
    return _INSTANT.sub("", (stack.folder / "m.prom").read_text())


def run(stack: Stack, of: tuple[str, ...], *argv: str) -> int:
    """The exit code of a command, of the stack or of the fleet that it is."""
    return stack.run(*of, *argv, *(("--jobs", "1") if of else ()), "--metrics", "m.prom").code


@pytest.fixture
def due(stack: Stack) -> datetime:
    """When a call is due; recordings are, too, and nothing was applied yet."""
    instant = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    stack.write(FLEET, "fleet.yaml")
    stack.write(
        "safety: {max_delete_percent: 100}\nqueues: {support: {max_size: 5}}\n"
        "retention: {recordings: [{name: all, keep: 90d}]}\n"
        + calls(schedule=f"{{at: {instant:%Y-%m-%dT%H:%M:%S}, timezone: UTC}}", misfire_grace="1h")
    )
    stack.emulator.seed({"account_sid": ACCOUNT, "recordings": OLD})
    return instant


@pytest.mark.parametrize("command", ["plan", "drift"])
@pytest.mark.usefixtures("due")
def test_looking_at_a_fleet_measures_what_looking_at_a_stack_does(stack: Stack, command: str) -> None:
    assert run(stack, (), command) == 0
    alone = metrics(stack)
    assert 'voiceform_recordings_due{stack="default"} ' in alone
    assert run(stack, ("fleet",), command) == 0
    assert metrics(stack) == alone


@both
@pytest.mark.usefixtures("due")
def test_a_run_tells_what_failed_and_that_nothing_is_unknown(stack: Stack, of: tuple[str, ...]) -> None:
    stack.emulator.faults([{"operation": "createQueue", "times": None, "kind": "status", "status": 400}])
    assert run(stack, of, "apply", "--auto-approve") == 5
    told = metrics(stack)
    assert 'voiceform_failed_operations{stack="default"} 1.0' in told
    assert 'voiceform_calls_unknown{stack="default"} 0.0' in told
    assert 'voiceform_last_run_exit_code{command="apply",stack="default"} 5.0' in told


@both
def test_a_dispatch_tells_whom_it_dealt_with_and_what_nobody_knows(
    stack: Stack, due: datetime, of: tuple[str, ...]
) -> None:
    assert stack.run("apply", "--auto-approve").code == 0
    time, jobs = Timeline(stack), ("--jobs", "1") if of else ()
    with hostile_proxy(stack.emulator.url) as front:
        stack.environ["VOICEFORM_BASE_URL"] = front.url
        front.rule("POST", "/Calls.json", b"", times=1)
        assert time.at(due, *of, "dispatch", *jobs, "--metrics", "m.prom").code == 8
    told = metrics(stack)
    assert 'voiceform_calls_total{address="call.reminder",stack="default",status="unknown"} 1.0' in told
    assert 'voiceform_calls_unknown{stack="default"} 1.0' in told
    assert 'voiceform_schedules_stopped{stack="default"} 0.0' in told
    assert "voiceform_failed_operations" not in told

"""A dispatcher that was killed while it placed a call: the next ones say that it is in doubt, and never 0."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.cli.calling import TO, Timeline, calls
from tests.hostile.killing import kill_at
from tests.hostile.proxy import Proxy, hostile_proxy
from tests.support import ACCOUNT, Result, Stack

FLEET = f"""\
version: 1
state: sqlite:///.voiceform/state.db
credentials: {{token: {{env: TWILIO_AUTH_TOKEN}}}}
stacks: [{{name: one, path: ., account: {ACCOUNT}}}]
"""


@pytest.fixture
def front(stack: Stack) -> Iterator[Proxy]:
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        yield proxy


class Died:
    """One of the calls of an occurrence was reserved, and the dispatcher killed when its request had left."""

    def __init__(self, stack: Stack, front: Proxy, *, placed: bool) -> None:
        self.stack = stack
        self.due = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=5)
        self.time = Timeline(stack)
        stack.write(calls(TO, f"{{at: {self.due:%Y-%m-%dT%H:%M:%S}, timezone: UTC}}", misfire_grace="1h"))
        stack.write(FLEET, "fleet.yaml")
        self.time.apply(self.due - timedelta(minutes=5))
        stack.emulator.clock(now=datetime.now(UTC).isoformat())
        kill_at(stack, front, "/Calls.json", "dispatch", after=placed)
        stack.ok("lock", "break", "--dispatch", "--reason", "its holder was killed")

    def after(self, minutes: float, *argv: str) -> Result:
        return self.time.at(self.due + timedelta(minutes=minutes), *argv)


@pytest.fixture
def died(stack: Stack, front: Proxy) -> Died:
    return Died(stack, front, placed=False)


def test_the_next_dispatch_says_that_the_call_is_in_doubt_and_until_when(died: Died) -> None:
    soon = died.after(1, "dispatch", "--metrics", "m.prom")
    assert soon.code == 8
    (entry,) = died.stack.run("calls", "list", "--format", "json").json["calls"]
    assert entry["status"] == "reserved"
    assert "1 call in doubt: reserved by a process that has not said what came of it" in soon.err
    assert "UTC on looks for what it placed" in soon.err
    assert 'voiceform_calls_unknown{stack="default"} 1.0' in (died.stack.folder / "m.prom").read_text()
    document = json.loads(died.after(2, "dispatch", "--format", "json").out)
    assert (document["unknown"], document["in_doubt"]) == (0, 1)


def test_when_that_has_passed_it_is_looked_for_and_unknown(died: Died) -> None:
    assert died.after(1, "dispatch").code == 8
    late = died.after(6, "dispatch")
    assert late.code == 8
    assert "Unknown outcomes: 1" in late.err
    assert "in doubt" not in late.err
    assert died.time.placed() == []


def test_one_that_was_placed_is_found(stack: Stack, front: Proxy) -> None:
    died = Died(stack, front, placed=True)
    assert died.after(1, "dispatch").code == 8
    assert died.after(6, "dispatch").code == 0
    assert died.time.placed() == [TO]


def test_a_fleet_says_so_too(died: Died) -> None:
    result = died.after(1, "fleet", "dispatch", "--jobs", "1")
    assert result.code == 8
    assert "1 call in doubt" in result.out + result.err


@pytest.mark.parametrize("command", [("calls", "list"), ("status",)], ids=" ".join)
def test_after_four_minutes_it_is_unknown_also_where_nobody_dispatches(
    died: Died, command: tuple[str, ...]
) -> None:
    early, late = died.after(1, *command), died.after(6, *command)
    assert "reserved" in late.out
    assert (early.code, late.code) == ((0, 8) if command[0] == "calls" else (0, 0))
    assert ("nobody knows whether 1 call" in late.out) == (command[0] == "status")


def test_a_service_that_is_stopped_meanwhile_does_not_end_with_0(died: Died) -> None:
    service = died.stack.start("dispatch", "--watch", "--metrics", "m.prom")
    metrics = died.stack.folder / "m.prom"
    while not metrics.exists() or 'calls_unknown{stack="default"} 1.0' not in metrics.read_text():
        assert service.poll() is None
    service.terminate()
    assert service.wait() == 8


@pytest.mark.parametrize("removed", ["destroy", "no longer declared"])
def test_a_plan_that_removes_the_schedule_says_that_a_call_is_in_doubt(died: Died, removed: str) -> None:
    if removed != "destroy":
        died.stack.write("queues: {}\n")
    destroy = ("--destroy",) if removed == "destroy" else ()
    planned = died.after(1, "plan", *destroy)
    assert "calls of which nobody knows whether they go on: 1" in planned.out


def test_who_is_in_doubt_is_told_where_the_calls_cannot_be_listed(died: Died) -> None:
    died.stack.emulator.faults([{"operation": "listCalls", "times": None, "kind": "status", "status": 400}])
    for minutes in (1, 6, 7):
        result = died.after(minutes, "dispatch", "--format", "json")
        assert result.code == 8
    assert died.after(8, "fleet", "dispatch", "--jobs", "1").code == 8
    assert died.time.placed() == []

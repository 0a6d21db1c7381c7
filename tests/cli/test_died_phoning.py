"""A run that died while it phoned somebody: whoever comes next says at once of whom nobody knows, and ends
with 8, however it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.calling import OTHER, TO, calls
from tests.cli.conference_rooms import BRIDGE
from tests.hostile.killing import kill_at
from tests.hostile.proxy import Proxy, hostile_proxy
from tests.support import ACCOUNT, Stack
from tests.telling import tells_of_alice

DECLARED = f"""\
queues: {{support: {{max_size: 10}}}}
conferences: {{standup: {{participants: {{bridge: {BRIDGE}}}}}}}
"""
FLEET = f"""\
version: 1
state: sqlite:///.voiceform/state.db
credentials: {{token: {{env: TWILIO_AUTH_TOKEN}}}}
stacks: [{{name: one, path: ., account: {ACCOUNT}}}]
"""
BLOCKED = f"safety: {{max_calls: 0}}\n{DECLARED.replace('bridge:', 'other:').replace('5310', '5311')}"
SAVED = ("apply", "plan.json")
NOW = ("apply", "--auto-approve")


@pytest.fixture
def front(stack: Stack) -> Iterator[Proxy]:
    """The way that every command of the stack takes to the account."""
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        yield proxy


@pytest.fixture
def died(stack: Stack, front: Proxy) -> Stack:
    """An apply was killed when its request to phone the bridge had left; a plan was saved before."""
    stack.write("queues: {support: {max_size: 5}}\n")
    stack.apply()
    stack.write(DECLARED)
    room = {"friendly_name": "standup", "sid": "CF" + "1" * 32, "participants": [{}]}
    stack.emulator.seed({"account_sid": ACCOUNT, "conferences": [room]})
    stack.write(FLEET, "fleet.yaml")
    stack.ok("plan", "--out", "plan.json")
    stack.ok("fleet", "plan", "--out", "plans", "--jobs", "1")
    kill_apply(stack, front, "/Participants.json")
    return stack


def kill_apply(stack: Stack, front: Proxy, path: str) -> None:
    """Kill an apply when its first POST there has left, and while those to queues wait."""
    kill_at(stack, front, path, *NOW, meanwhile="/Queues/")
    stack.ok("lock", "break", "--reason", "its holder was killed")


def stale(_: Stack) -> tuple[str, ...]:
    return SAVED


def blocked(stack: Stack) -> tuple[str, ...]:
    stack.write(BLOCKED)
    return NOW


def nobody_to_ask(_: Stack) -> tuple[str, ...]:
    return ("apply",)


def unreadable(stack: Stack) -> tuple[str, ...]:
    stack.emulator.faults([{"operation": "listQueues", "times": None, "kind": "status", "status": 400}])
    return NOW


def done(_: Stack) -> tuple[str, ...]:
    return NOW


Ending = Callable[[Stack], tuple[str, ...]]


@pytest.mark.parametrize("ending", [stale, blocked, nobody_to_ask, unreadable, done])
def test_whoever_may_have_been_phoned_is_named_by_the_next_command(died: Stack, ending: Ending) -> None:
    result = died.run(*ending(died), "--report-json", "report.json")
    told = " ".join(result.err.split())
    assert result.code == 8, result.err
    assert "of 1 nobody knows" in told
    assert "conference.standup: create has an unknown outcome" in told
    assert "bridge" in told
    assert "`voiceform calls resolve conference.standup bridge`" in told
    assert not tells_of_alice(told.replace("•5310", ""))
    document: dict[str, Any] = json.loads((died.folder / "report.json").read_text())
    assert document.get("error", document)["exit_code"] == 8
    assert [(one["address"], one["unknown"]) for one in document["earlier"]] == [
        ("conference.standup", {"call": 1})
    ]


def test_programs_are_told_in_the_document_of_the_error(died: Stack) -> None:
    result = died.run(*SAVED, "--format", "json")
    assert result.code == 8
    document = json.loads(result.out)
    assert "state moved on" in document["error"]["what"]
    assert "bridge" in document["earlier"][0]["message"]


def test_it_is_told_once(died: Stack) -> None:
    assert died.run(*SAVED).code == 8
    assert died.run(*SAVED).code == 6


def test_who_cannot_be_looked_for_is_named_and_looked_for_again(died: Stack) -> None:
    died.emulator.faults([{"operation": "fetchParticipant", "times": None, "kind": "status", "status": 400}])
    for _ in range(2):
        result = died.run(*NOW)
        told = " ".join(result.err.split())
        assert result.code == 8, result.err
        assert "while it phoned bridge" in told
        assert "`voiceform calls resolve conference.standup bridge`" in told
    died.emulator.faults([])
    assert "no participant of that label is in the room" in " ".join(died.run(*NOW).err.split())
    assert died.run(*NOW).code == 0


@pytest.mark.parametrize("more", [("apply", "plans"), ("apply", "--auto-approve")])
def test_a_fleet_names_them_too(died: Stack, more: tuple[str, ...]) -> None:
    result = died.run("fleet", *more, "--jobs", "1")
    assert result.code == 8
    told = " ".join((result.out + result.err).split())
    assert "`voiceform calls resolve conference.standup bridge`" in told


def test_whoever_an_apply_called_is_named_and_masked(stack: Stack, front: Proxy) -> None:
    stack.write("queues: {support: {max_size: 5}}\n")
    stack.apply()
    due = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=5)
    at = f"{{at: {due:%Y-%m-%dT%H:%M:%S}, timezone: UTC}}"
    stack.write("queues: {support: {max_size: 5}}\n" + calls([TO, OTHER], at, misfire_grace="1h", pace="100"))
    stack.ok("plan", "--out", "plan.json")
    kill_apply(stack, front, "/Calls.json")
    result = stack.run(*SAVED)
    assert result.code == 8
    told = " ".join(result.err.split())
    assert "1 is in doubt: +1•••••0101" in told
    assert "`voiceform dispatch --once` looks for them" in told
    assert TO not in told

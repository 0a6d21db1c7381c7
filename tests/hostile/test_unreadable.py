"""One entry of a list that cannot be read stops no plan, is lost to nobody, and permits nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.hostile.proxy import Proxy, hostile_proxy
from tests.support import Stack
from tests.twilio.scripted import answer

Row = dict[str, Any]

NO_SIDS = {
    "missing": None,
    "a number": 7,
    "empty": "",
    "short": "QU1",
    "a command": "QU0\n::set-output name=x::y",
    "another prefix": "AC" + "0" * 32,
    "a path": "../../Calls/CA" + "0" * 32,
    "nul": "QU" + "0" * 31 + "\x00",
    "half a surrogate": "QU\ud800" + "0" * 31,
    "a list": ["QU" + "0" * 32],
}


@pytest.fixture
def proxy(stack: Stack) -> Iterator[Proxy]:
    with hostile_proxy(stack.emulator.url) as running:
        stack.environ["VOICEFORM_BASE_URL"] = running.url
        yield running


def spoil(proxy: Proxy, path: str, key: str, change: Callable[[Row], None]) -> None:
    """Let `change` have the first row of each page of a list, on its way to voiceform."""

    def spoiled(seen: Any) -> bytes:
        body = proxy._forward(seen).partition(b"\r\n\r\n")[2]
        document = json.loads(body)
        if document[key]:
            change(document[key][0])
        return answer(200, document, Content_Type="application/json")

    proxy.rule("GET", path, spoiled)


def setting(**fields: Any) -> Callable[[Row], None]:
    return lambda row: row.update(fields)


@pytest.mark.parametrize("name", NO_SIDS)
def test_a_queue_without_a_readable_sid(name: str, stack: Stack, proxy: Proxy) -> None:
    stack.account.post("Queues.json", FriendlyName="somebody else's", MaxSize="5")
    stack.queues(a=10, b=10)
    stack.apply()
    spoil(proxy, r"/Queues\.json", "queues", setting(sid=NO_SIDS[name]))
    planned = stack.ok("plan")
    assert "1 of the account's queues cannot be read" in planned.out
    assert "::" not in planned.out + planned.err
    stack.queues(a=20, b=10)
    stack.apply()
    assert stack.account.queues()["a"]["max_size"] == 20
    assert len(stack.account.queues()) == 3


@pytest.mark.parametrize(
    "command", [["queues", "sales"], ["queues", "sales", "--members"], ["rooms", "board"]]
)
def test_what_cannot_be_read_may_be_what_is_asked_for(command: list[str], stack: Stack, proxy: Proxy) -> None:
    stack.account.post("Queues.json", FriendlyName="sales", MaxSize="5")
    stack.emulator.seed({"conferences": [{"friendly_name": "board", "participants": [{}]}]})
    spoil(proxy, r"/Queues\.json", "queues", setting(sid="QU1"))
    spoil(proxy, r"/Conferences\.json.*in-progress", "conferences", setting(sid="CF1"))
    result = stack.run(*command)
    assert result.code == 1
    assert "and 1 of the account's cannot be" in result.err
    assert "the account has no" not in result.err


@pytest.mark.parametrize("number", ["abc", {}, True, 100.5, "1_0", float("inf")])
def test_a_recorded_queue_whose_row_cannot_be_read_is_neither_gone_nor_recreated(
    number: object, stack: Stack, proxy: Proxy
) -> None:
    stack.queues(a=10)
    stack.apply()
    spoil(proxy, r"/Queues\.json", "queues", setting(max_size=number))
    planned = stack.ok("plan", "--format", "json")
    assert [change["action"] for change in planned.json["changes"]] == ["no-op"]
    assert planned.json["drift"] == []


def test_an_exclusive_stack_deletes_nothing_that_it_cannot_read(stack: Stack, proxy: Proxy) -> None:
    stack.account.post("Queues.json", FriendlyName="stranger", MaxSize="5")
    stack.write("ownership: exclusive\nqueues: {}\n")
    spoil(proxy, r"/Queues\.json", "queues", setting(sid="QU1"))
    stack.apply()
    assert set(stack.account.queues()) == {"stranger"}


@pytest.mark.parametrize("name", NO_SIDS)
def test_an_export_tells_of_what_it_cannot_read(name: str, stack: Stack, proxy: Proxy) -> None:
    stack.queues(a=10)
    stack.apply()
    stack.account.post("Queues.json", FriendlyName="somebody else's", MaxSize="5")
    room = {"friendly_name": "board", "participants": [{}]}
    stack.emulator.seed({"conferences": [room, {**room, "friendly_name": "other"}]})
    spoil(proxy, r"/Queues\.json", "queues", setting(sid=NO_SIDS[name]))
    spoil(proxy, r"/Conferences\.json.*in-progress", "conferences", setting(sid=NO_SIDS[name]))
    exported = stack.ok("export")
    for told in (
        "1 of the account's queues cannot be read",
        "1 of the account's live conferences cannot be read",
    ):
        assert told in exported.out
        assert f"Warning: {told}" in exported.err
    assert "\n::" not in exported.out + exported.err
    stack.write(exported.out)
    stack.ok("validate")
    planned = stack.run("plan", "--format", "json").json
    assert {change["action"]: change["operations"] for change in planned["changes"]} == {
        "create": [],  # the settings of the other room are recorded
        "no-op": [],
    }


def old(number: int) -> Row:
    created = datetime.now(UTC) - timedelta(days=400)
    return {
        "sid": f"RE{number:032x}",
        "call_sid": f"CA{number:032x}",
        "date_created": created.isoformat(),
        "duration": 60,
    }


@pytest.mark.parametrize(
    "change",
    [
        setting(sid="RE1"),
        setting(sid=None),
        setting(call_sid="CA1"),
        setting(conference_sid="x\n::"),
        setting(duration="long"),
        setting(channels={}),
    ],
    ids=["sid", "no sid", "call", "conference", "duration", "channels"],
)
def test_a_recording_that_cannot_be_read_stays(
    change: Callable[[Row], None], stack: Stack, proxy: Proxy
) -> None:
    stack.emulator.seed({"recordings": [old(1), old(2), old(3)]})
    safety = "safety: {max_delete_percent: 100}\n"
    stack.write(f"{safety}retention:\n  recordings:\n    - {{name: old, keep: 90d}}\n")
    spoil(proxy, r"/Recordings\.json", "recordings", change)
    planned = stack.ok("plan")
    assert "1 of the account's recordings cannot be read" in planned.out
    assert "::" not in planned.out
    stack.ok("prune", "--auto-approve", "--approve", "delete:recording=3")
    deleted = [seen for seen in proxy.requests if seen.method == "DELETE"]
    assert len(deleted) == 2


ROOM = """
queues:
  support: {}
conferences:
  standup:
    participants:
      bridge: {to: "+15558675310", from: "+15017122661"}
"""


LIVE = {
    "friendly_name": "standup",
    "status": "in-progress",
    "participants": [{"label": "somebody", "to": "+15558675399"}],
}
unreadable_rooms = pytest.mark.parametrize(
    ("path", "key", "change"),
    [
        (r"/Conferences\.json", "conferences", setting(sid="CF1")),
        (r"/Conferences\.json", "conferences", setting(sid=None, friendly_name=7)),
        (r"/Participants\.json", "participants", setting(call_sid="CA1")),
        (r"/Participants\.json", "participants", setting(muted="perhaps")),
    ],
    ids=["room", "room without a name", "person", "flag"],
)


@unreadable_rooms
def test_nobody_is_phoned_into_a_room_that_cannot_be_read(
    path: str, key: str, change: Callable[[Row], None], stack: Stack, proxy: Proxy
) -> None:
    stack.emulator.seed({"conferences": [LIVE]})
    stack.write(ROOM)
    spoil(proxy, path, key, change)
    planned = stack.run("plan", "--format", "json")
    assert planned.code == 4, planned.out + planned.err
    assert [item["rule"] for item in planned.json["blocked"]] == ["unreadable-room"]
    assert planned.json["summary"]["calls"] == 0
    stack.ok("apply", "--auto-approve", "--exclude", "conference.standup")
    assert "support" in stack.account.queues()
    assert not any(seen.method == "POST" and "Participants" in seen.target for seen in proxy.requests)


@pytest.mark.parametrize("removed", ["destroy", "no longer declared"])
@unreadable_rooms
def test_a_plan_that_forgets_a_conference_says_that_its_room_cannot_be_read(
    path: str, key: str, change: Callable[[Row], None], removed: str, stack: Stack, proxy: Proxy
) -> None:
    stack.write(ROOM)
    stack.apply()
    stack.emulator.seed({"conferences": [LIVE]})
    spoil(proxy, path, key, change)
    if removed != "destroy":
        stack.write("queues: {support: {}}\n")
    destroy = ("--destroy",) if removed == "destroy" else ()
    planned = stack.run("plan", "--format", "json", *destroy)
    (found,) = [item for item in planned.json["changes"] if item["address"] == "conference.standup"]
    assert found["action"] == "delete"
    (line,) = found["impact"]
    assert "a live room that may have the name 'standup', or somebody in it, cannot be read" in line
    assert "nobody is hung up on" in line
    assert "cannot be read" in " ".join(stack.run("plan", *destroy).out.split())


def without_size(row: Row) -> None:
    del row["current_size"]


@pytest.mark.parametrize(
    "change",
    [
        setting(current_size=None),
        setting(current_size=""),
        without_size,
        setting(current_size=None, max_size=None),
    ],
    ids=["null", "empty", "missing", "neither size"],
)
@pytest.mark.parametrize("what", ["destroy", "smaller", "renamed"])
def test_how_many_wait_in_a_queue_is_not_known_where_the_api_does_not_say(
    change: Callable[[Row], None], what: str, stack: Stack, proxy: Proxy
) -> None:
    stack.write("queues: {support: {max_size: 100}}\n")
    stack.apply()
    spoil(proxy, r"/Queues\.json", "queues", change)
    if what != "destroy":
        more = "max_size: 5" if what == "smaller" else "max_size: 100, friendly_name: Help"
        stack.write(f"queues: {{support: {{{more}}}}}\n")
    planned = stack.run("plan", "--format", "json", *(("--destroy",) if what == "destroy" else ()))
    (found,) = planned.json["changes"]
    assert any("how many callers are waiting is not known" in line for line in found["impact"])

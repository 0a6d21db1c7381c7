"""Who waits, and who is in which room, at this moment."""

from __future__ import annotations

import pytest

from tests.support import Stack
from tests.terminal.terminal import Terminal

ENQUEUE = "<Response><Enqueue>Support Desk</Enqueue></Response>"
ROOM = "<Response><Dial><Conference>war room</Conference></Dial></Response>"


@pytest.fixture
def waiting(stack: Stack) -> list[str]:
    """Three calls in a managed queue, each a minute longer there than the next; another queue is empty."""
    stack.write("queues:\n  support: {friendly_name: Support Desk, max_size: 10}\n")
    stack.apply()
    stack.account.post("Queues.json", FriendlyName="unmanaged \x1b[31m", MaxSize=5)
    calls = []
    for number in range(3):
        call = stack.account.post("Calls.json", To=f"+1212555010{number}", From="+12125550190", Twiml=ENQUEUE)
        calls.append(call["sid"])
        stack.emulator.clock_advance("60s")
    return calls


def test_the_fullest_queue_comes_first(stack: Stack, waiting: list[str]) -> None:
    title, first, second = stack.ok("queues").out.splitlines()
    assert title.split() == ["WAITING", "LONGEST", "AVERAGE", "SIZE", "NAME", "ADDRESS"]
    assert first.split()[0] == "3"
    assert first.split()[-3:] == ["Support", "Desk", "queue.support"]
    assert second.split()[:4] == ["0", "-", "-", "5"]
    assert second.endswith("not managed")
    assert "\x1b" not in second


def test_queues_as_json(stack: Stack, waiting: list[str]) -> None:
    (first, second) = stack.ok("queues", "--format", "json").json["queues"]
    assert (first["address"], first["friendly_name"], first["current_size"]) == (
        "queue.support",
        "Support Desk",
        3,
    )
    assert first["longest_wait_time"] > first["average_wait_time"] >= 60
    assert (second["address"], second["longest_wait_time"]) == (None, None)


@pytest.mark.parametrize("name", ["queue.support", "support", "Support Desk", "support desk"])
def test_a_queue_by_any_of_its_names(stack: Stack, waiting: list[str], name: str) -> None:
    found = stack.ok("queues", name, "--members", "--format", "json").json
    assert found["address"] == "queue.support"
    assert [member["call_sid"] for member in found["members"]] == waiting
    assert [member["position"] for member in found["members"]] == [1, 2, 3]
    assert stack.ok("queues", found["sid"], "--format", "json").json["queues"][0]["sid"] == found["sid"]


def test_members_in_order(stack: Stack, waiting: list[str]) -> None:
    lines = stack.ok("queues", "support", "--members").out.splitlines()
    assert [line.split()[-1] for line in lines[1:]] == waiting
    for call in waiting:
        stack.account.post(f"Calls/{call}.json", Status="completed")
    assert stack.ok("queues", "support", "--members").out == "Nobody waits.\n"


def test_a_queue_that_is_not_there(stack: Stack, waiting: list[str]) -> None:
    refused = stack.run("queues", "Suport Desk")
    assert refused.code == 64
    assert "no queue 'Suport Desk'" in refused.err
    assert "did you mean 'Support Desk'?" in refused.err
    assert stack.run("queues", "--members").code == 64


def test_nothing_is_written(stack: Stack, waiting: list[str]) -> None:
    before = stack.account.writes()
    for argv in (("queues",), ("queues", "support", "--members"), ("rooms",)):
        stack.ok(*argv)
    assert stack.account.writes() == before


def test_only_what_is_named_is_asked(stack: Stack, waiting: list[str]) -> None:
    """Other queues may be many, and `--watch` looks again and again."""
    other = stack.account.post("Queues.json", FriendlyName="Other", MaxSize=5)["sid"]
    twiml = "<Response><Enqueue>Other</Enqueue></Response>"
    stack.account.post("Calls.json", To="+12125550109", From="+12125550190", Twiml=twiml)
    room = "<Response><Dial><Conference>another room</Conference></Dial></Response>"
    stack.account.post("Calls.json", To="+12125550108", From="+12125550190", Twiml=room)
    stack.account.post("Calls.json", To="+12125550107", From="+12125550190", Twiml=ROOM)
    stack.emulator.clock_advance("60s")
    before = len(stack.emulator.requests())
    stack.ok("queues", "support")
    stack.ok("queues", "support", "--members")
    stack.ok("rooms", "war room")
    asked = [item["path"] for item in stack.emulator.requests()[before:]]
    assert sum("/Members" in path for path in asked) == 2
    assert sum("/Participants" in path for path in asked) == 1
    assert not any(other in path for path in asked)


def test_no_state_is_needed(stack: Stack) -> None:
    assert stack.ok("queues").out == "The account has no queues.\n"
    assert stack.ok("rooms").out == "No room is open.\n"
    assert not (stack.folder / ".voiceform").exists()


@pytest.fixture
def room(stack: Stack) -> list[str]:
    """Two people in a managed room, the second one muted."""
    stack.write("conferences:\n  crisis: {friendly_name: war room}\n")
    stack.apply()
    calls = []
    for number in (1, 2):
        call = stack.account.post("Calls.json", To=f"+1212555010{number}", From="+12125550190", Twiml=ROOM)
        calls.append(call["sid"])
    stack.emulator.clock_advance("90s")
    (live,) = stack.ok("rooms", "--format", "json").json["rooms"]
    stack.account.post(f"Conferences/{live['sid']}/Participants/{calls[1]}.json", Muted="true")
    return calls


def test_who_is_in_a_room(stack: Stack, room: list[str]) -> None:
    title, *people = stack.ok("rooms").out.splitlines()
    assert title.split() == ["ROOM", "ADDRESS", "FOR", "WHO", "CALL", "STATUS"]
    assert people[0].startswith("war room  conference.crisis")
    assert people[1].startswith(" " * 28)
    assert {line.split()[-2] if line.endswith("muted") else line.split()[-1] for line in people} <= {
        "connected",
        "connected,",
    }
    assert sum("connected, muted" in line for line in people) == 1
    (found,) = stack.ok("rooms", "crisis", "--format", "json").json["rooms"]
    assert (found["address"], found["friendly_name"]) == ("conference.crisis", "war room")
    assert {person["call_sid"]: person["muted"] for person in found["participants"]} == {
        room[0]: False,
        room[1]: True,
    }
    assert stack.run("rooms", "piece room").code == 64


def test_who_was_phoned_is_known_by_the_name_in_the_configuration(stack: Stack) -> None:
    """What the labels have in common stands beside them, and would be all that is left of them."""
    people = ", ".join(
        f'{key}: {{to: "+1212555010{n}", from: "+15017122661"}}' for n, key in enumerate(("ana", "bob"))
    )
    stack.write(f"conferences: {{standup: {{start: true, participants: {{{people}}}}}}}\n")
    stack.apply()
    title, *rows = stack.ok("rooms").out.splitlines()
    at = title.index("WHO")
    assert sorted(row[at:].split()[0] for row in rows) == ["ana", "bob"]
    (found,) = stack.ok("rooms", "--format", "json").json["rooms"]
    assert sorted(each["label"] for each in found["participants"]) == [
        "conference.standup.ana",
        "conference.standup.bob",
    ]


@pytest.mark.parametrize("columns", [60, 100])
def test_it_fits_the_terminal(stack: Stack, waiting: list[str], columns: int) -> None:
    stack.account.post("Queues.json", FriendlyName="ü" * 64, MaxSize=5)
    terminal = Terminal(stack.folder, stack.environ, "queues", columns=columns)
    assert terminal.end() == 0
    assert len(terminal.lines) == 4
    assert all(len(line) <= columns for line in terminal.lines)


def test_watching_draws_in_place_until_ctrl_c(stack: Stack, waiting: list[str]) -> None:
    terminal = Terminal(stack.folder, stack.environ, "queues", "--watch", "--every", "1s")
    terminal.until("Support Desk")
    stack.account.post(f"Calls/{waiting[0]}.json", Status="completed")
    terminal.until("\n      2 ")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert terminal.text.count("WAITING") == 1


def test_who_may_not_read_is_told(stack: Stack) -> None:
    environ = {name: value for name, value in stack.environ.items() if name != "TWILIO_AUTH_TOKEN"}
    refused = stack.run("queues", environ=environ)
    assert (refused.code, refused.out) == (1, "")
    assert "TWILIO_AUTH_TOKEN" in refused.err

"""Whatever happens to a request that phones somebody, nobody is phoned twice."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.cli.conference_rooms import BRIDGE, Rooms, profiled_emulator, rooms

__all__ = ["profiled_emulator", "rooms"]

WITH_BRIDGE = f"participants: {{bridge: {BRIDGE}}}"
LABEL = "conference.standup.bridge"
DONE_AND_LOST = [
    {"kind": "drop-after"},
    {"kind": "truncate"},
    {"kind": "garbage"},
    {"kind": "status", "status": 500, "after": True},
    {"kind": "status", "status": 503, "after": True},
    {"kind": "status", "status": 400, "code": 16026, "after": True},
]
LOST_AND_NOT_DONE = [
    {"kind": "drop-before"},
    {"kind": "garbage", "after": False},
    {"kind": "status", "status": 500},
    {"kind": "status", "status": 504},
]


def name_of(fault: dict[str, Any]) -> str:
    return "-".join(str(value) for value in fault.values())


def spoil(rooms: Rooms, operation: str, fault: dict[str, Any], times: int | None = 1) -> None:
    rooms.emulator.faults([{"operation": operation, "times": times, **fault}])


@pytest.mark.parametrize("fault", DONE_AND_LOST, ids=name_of)
def test_a_lost_answer_is_settled_by_the_label(rooms: Rooms, fault: dict[str, Any]) -> None:
    rooms.declare(WITH_BRIDGE)
    room = rooms.room({})
    spoil(rooms, "createParticipant", fault)
    rooms.apply()
    assert LABEL in rooms.people(room)
    assert rooms.code() == 0
    assert len(rooms.params("createParticipant")) == 1


@pytest.mark.parametrize("fault", LOST_AND_NOT_DONE, ids=name_of)
def test_what_cannot_be_proven_is_unknown_and_not_tried_again(rooms: Rooms, fault: dict[str, Any]) -> None:
    rooms.declare(WITH_BRIDGE)
    rooms.apply()
    rooms.room({})
    spoil(rooms, "createParticipant", fault)
    result = rooms.at("apply", "--auto-approve", "--metrics", "m.prom")
    assert result.code == 8
    assert "nobody knows whether bridge was phoned" in result.out + result.err
    assert 'voiceform_calls_unknown{stack="default"} 1.0' in (rooms.folder / "m.prom").read_text()
    assert LABEL in result.out + result.err
    rooms.emulator.faults([])
    for _ in range(2):
        assert rooms.code() == 3
        (drift,) = rooms.plan()["drift"]
        assert "is not phoned again until that room is over or a day has passed" in drift["explanation"]
        rooms.apply()
    assert len(rooms.params("createParticipant")) == 1


def test_an_unknown_outcome_of_the_very_first_apply_is_explained_too(rooms: Rooms) -> None:
    rooms.declare(WITH_BRIDGE)
    rooms.room({})
    spoil(rooms, "createParticipant", {"kind": "drop-before"})
    assert rooms.at("apply", "--auto-approve").code == 8
    (change,) = rooms.plan()["changes"]
    assert (change["action"], change["operations"]) == ("create", [])
    assert "nobody knows whether bridge was phoned" in change["impact"][0]


def test_forgetting_the_conference_does_not_forget_the_unknown_outcome(rooms: Rooms) -> None:
    rooms.declare(WITH_BRIDGE)
    rooms.apply()
    rooms.room({})
    spoil(rooms, "createParticipant", {"kind": "drop-before"})
    assert rooms.at("apply", "--auto-approve").code == 8
    rooms.write("conferences: {}\n")
    rooms.apply()
    rooms.declare(WITH_BRIDGE)
    rooms.apply()
    assert len(rooms.params("createParticipant")) == 1


def push_older(rooms: Rooms, older: dict[str, Any]) -> None:
    """Put an older copy of the state over the present one, as a person does who restores a backup."""
    serial = json.loads(rooms.ok("state", "pull").out)["serial"] + 1
    (rooms.folder / "older.json").write_text(json.dumps({**older, "serial": serial}))
    rooms.ok("state", "push", "older.json")


def test_an_older_copy_of_the_state_does_not_forget_an_unknown_outcome(rooms: Rooms) -> None:
    rooms.declare(WITH_BRIDGE)
    rooms.apply()
    older = json.loads(rooms.ok("state", "pull").out)
    rooms.room({})
    spoil(rooms, "createParticipant", {"kind": "drop-before"})
    assert rooms.at("apply", "--auto-approve").code == 8
    push_older(rooms, older)
    rooms.apply()
    assert len(rooms.params("createParticipant")) == 1


def test_an_older_copy_of_the_state_does_not_forget_an_announcement(rooms: Rooms) -> None:
    rooms.declare("announce: {url: 'https://example.com/notice.xml'}")
    rooms.apply()
    older = json.loads(rooms.ok("state", "pull").out)
    rooms.room({})
    rooms.apply()
    push_older(rooms, older)
    rooms.apply()
    assert len(rooms.params("updateConference")) == 1


def test_an_unknown_outcome_ends_with_its_room(rooms: Rooms) -> None:
    rooms.declare(WITH_BRIDGE)
    rooms.apply()
    first = rooms.room({})
    spoil(rooms, "createParticipant", {"kind": "drop-before"})
    assert rooms.at("apply", "--auto-approve").code == 8
    rooms.account.post(f"Conferences/{first}.json", Status="completed")
    assert rooms.code() == 0
    second = rooms.room({})
    rooms.apply()
    assert LABEL in rooms.people(second)
    assert rooms.code() == 0


def test_an_unknown_outcome_ends_with_the_longest_possible_call(rooms: Rooms) -> None:
    rooms.declare(WITH_BRIDGE)
    rooms.apply()
    room = rooms.room({})
    spoil(rooms, "createParticipant", {"kind": "drop-before"})
    assert rooms.at("apply", "--auto-approve").code == 8
    rooms.advance(24 * 3600)
    assert rooms.code() == 3
    rooms.advance(3600 + 1)
    rooms.apply()
    assert LABEL in rooms.people(room)


def test_an_attempt_to_begin_a_room_is_not_repeated_either(rooms: Rooms) -> None:
    rooms.declare(f"start: true\n{WITH_BRIDGE}")
    spoil(rooms, "createParticipant", {"kind": "drop-before"})
    assert rooms.at("apply", "--auto-approve").code == 8
    second = rooms.at("apply", "--auto-approve")
    assert second.code == 0
    assert len(rooms.params("createParticipant")) == 1
    assert rooms.rooms() == []
    rooms.advance(25 * 3600 + 1)
    rooms.apply()
    assert len(rooms.rooms()) == 1


def test_too_many_requests_were_never_processed_and_are_repeated(rooms: Rooms) -> None:
    rooms.declare(WITH_BRIDGE)
    rooms.room({})
    spoil(rooms, "createParticipant", {"kind": "status", "status": 429, "code": 20429}, times=2)
    rooms.apply()
    assert rooms.code() == 0
    assert [entry["status"] for entry in rooms.emulator.requests("createParticipant")] == [429, 429, 201]


def test_a_refusal_is_reported_and_may_be_tried_again(rooms: Rooms) -> None:
    rooms.declare('participants: {bridge: {to: "+15005550001", from: "+15017122661"}}')
    rooms.room({})
    result = rooms.at("apply", "--auto-approve")
    assert result.code == 5
    assert "5550001" not in result.out + result.err
    assert rooms.code() == 2


def test_the_first_who_cannot_be_added_ends_the_change_and_the_message_says_how_far_it_got(
    rooms: Rooms,
) -> None:
    rooms.declare(f"participants: {{bridge: {BRIDGE}, other: {{to: '+15005550001', from: '+15017122661'}}}}")
    rooms.room({})
    result = rooms.at("apply", "--auto-approve", "--format", "json")
    assert result.code == 5
    (outcome,) = json.loads(result.out)["outcomes"]
    assert "before that: bridge was phoned" in outcome["message"]
    plan = rooms.plan()
    assert [step["participant"] for step in plan["changes"][0]["details"]["steps"]] == ["other"]


def test_ending_is_repeated_after_a_lost_answer(rooms: Rooms) -> None:
    rooms.declare("status: ended")
    rooms.room({})
    spoil(rooms, "updateConference", {"kind": "drop-after"})
    rooms.apply()
    assert rooms.rooms() == []
    assert rooms.code() == 0


def test_a_room_that_ended_by_itself_is_ended(rooms: Rooms) -> None:
    rooms.declare("status: ended")
    room = rooms.room({})
    rooms.at("plan", "--out", "p.json")
    rooms.account.post(f"Conferences/{room}.json", Status="completed")
    writes = rooms.account.writes()
    assert rooms.at("apply", "p.json").code == 0
    assert rooms.account.writes() == writes


def test_an_announcement_whose_answer_was_lost_is_not_played_again(rooms: Rooms) -> None:
    rooms.declare('announce: {url: "https://example.com/a.xml"}')
    rooms.apply()
    rooms.room({})
    spoil(rooms, "updateConference", {"kind": "drop-after"})
    assert rooms.at("apply", "--auto-approve").code == 8
    assert rooms.code() == 0
    assert len(rooms.params("updateConference")) == 1


def test_an_announcement_that_was_refused_is_played_by_the_next_apply(rooms: Rooms) -> None:
    rooms.declare('announce: {url: "https://example.com/a.xml"}')
    rooms.apply()
    rooms.room({})
    spoil(rooms, "updateConference", {"kind": "status", "status": 400, "code": 20001})
    assert rooms.at("apply", "--auto-approve").code == 5
    rooms.apply()
    assert rooms.code() == 0


@pytest.mark.parametrize("change", ["joined", "muted", "ended"])
def test_a_plan_whose_people_moved_is_stale(rooms: Rooms, change: str) -> None:
    rooms.declare(f"participants: {{bridge: {BRIDGE[:-1]}, muted: true}}}}")
    label = {"label": LABEL} if change == "muted" else {}
    room = rooms.room(label)
    rooms.at("plan", "--out", "p.json")
    if change == "joined":
        rooms.account.post(
            f"Conferences/{room}/Participants.json", To="+15558675311", From="+15017122661", Label=LABEL
        )
    elif change == "muted":
        rooms.account.post(f"Conferences/{room}/Participants/{LABEL}.json", Muted="true")
    else:
        rooms.account.post(f"Conferences/{room}.json", Status="completed")
    writes = rooms.account.writes()
    assert rooms.at("apply", "p.json").code == 6
    assert rooms.account.writes() == writes


@pytest.mark.parametrize("fault", ["latency", "drop-before"])
def test_a_run_that_is_killed_while_it_phones_is_settled_by_the_next(rooms: Rooms, fault: str) -> None:
    """The intent is durable before the request leaves; whether it arrived is read from the room."""
    rooms.declare(WITH_BRIDGE)
    rooms.apply()
    room = rooms.room({})
    spoil(rooms, "createParticipant", {"kind": fault, "delay_ms": 1500})
    process = rooms.start("apply", "--auto-approve")
    while process.poll() is None and "attempts" not in rooms.run("state", "pull").out:
        time.sleep(0.02)
    process.kill()
    process.wait()
    rooms.emulator.faults([])
    settled = time.monotonic() + 3
    while time.monotonic() < settled and not rooms.emulator.requests("createParticipant"):
        time.sleep(0.05)  # a request that is under way may still arrive, or may never have left
    rooms.run("lock", "break", "--reason", "its holder was killed")
    for _ in range(2):
        rooms.run("apply", "--auto-approve")
    code = rooms.run("plan", "--detailed-exitcode").code
    assert code in (0, 3)
    assert code == 3 or LABEL in rooms.people(room)
    assert len(rooms.params("createParticipant")) <= 1

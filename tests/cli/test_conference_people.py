"""What is kept true of one person in a room, in both profiles of the API: one test per promise."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conference_rooms import Rooms, profiled_emulator, rooms

__all__ = ["profiled_emulator", "rooms"]

LABEL = "conference.standup.bridge"
HOLD, WAIT = "https://example.com/hold.xml", "https://example.com/wait.xml"


def people(bridge: str = "", **others: str) -> str:
    """A conference with a bridge, and others, that have these settings beside their numbers."""
    lines = []
    for number, (key, more) in enumerate({"bridge": bridge, **others}.items()):
        settings = f", {more}" if more else ""
        lines.append(f'  {key}: {{to: "+1212555010{number}", from: "+15017122661"{settings}}}')
    return "participants:\n" + "\n".join(lines)


def settled(rooms: Rooms) -> None:
    """Nothing is left to do, and another apply writes nothing."""
    assert rooms.code() == 0, rooms.at("plan").out
    writes = rooms.account.writes()
    rooms.apply()
    assert rooms.account.writes() == writes


def test_how_a_participant_is_phoned(rooms: Rooms) -> None:
    rooms.declare(
        people(
            "recording: {channels: dual,"
            " callback: {url: 'https://example.com/r', events: [started, failed]}},"
            " machine_detection: {mode: Enable, timeout: 20, callback: {url: 'https://example.com/m'}},"
            " status_callback: {url: 'https://example.com/s', events: [ringing, completed]},"
            " call_reason: Standup, timeout: 20, time_limit: 600"
        )
    )
    rooms.room({})
    rooms.apply()
    (sent,) = rooms.params("createParticipant")
    expected = {
        "Record": "true",
        "RecordingChannels": "dual",
        "RecordingStatusCallback": "https://example.com/r",
        "RecordingStatusCallbackEvent": ["started", "failed"],
        "RecordingStatusCallbackMethod": "POST",
        "MachineDetection": "Enable",
        "MachineDetectionTimeout": "20",
        "AmdStatusCallback": "https://example.com/m",
        "AmdStatusCallbackMethod": "POST",
        "StatusCallback": "https://example.com/s",
        "StatusCallbackEvent": ["ringing", "completed"],
        "StatusCallbackMethod": "POST",
        "CallReason": "Standup",
        "Timeout": "20",
        "TimeLimit": "600",
        "Label": LABEL,
    }
    assert {key: sent[key] for key in expected} == expected
    settled(rooms)


def test_whether_the_conference_ends_is_kept_as_declared(rooms: Rooms) -> None:
    rooms.declare(people("end_conference_on_exit: true"))
    room = rooms.room({})
    rooms.apply()
    rooms.advance(30)
    rooms.account.post(f"Conferences/{room}/Participants/{LABEL}.json", EndConferenceOnExit="false")
    (change,) = rooms.plan()["changes"]
    assert change["fields"] == [
        {"path": "participants.bridge.end_conference_on_exit", "before": False, "after": True}
    ]
    assert change["impact"] == ["lets the conference end when bridge leaves in 'standup'"]
    rooms.apply()
    assert rooms.people(room)[LABEL]["end_conference_on_exit"] is True
    settled(rooms)


def test_whoever_is_on_hold_hears_what_is_declared(rooms: Rooms) -> None:
    rooms.declare(people(f"hold: true, hold_url: '{HOLD}', hold_method: POST"))
    rooms.room({})
    rooms.apply()
    (sent,) = rooms.params("updateParticipant")
    assert sent == {"Hold": "true", "HoldUrl": HOLD, "HoldMethod": "POST"}
    settled(rooms)
    rooms.declare(people(f"hold: true, hold_url: '{HOLD}?2', hold_method: POST"))
    (change,) = rooms.plan()["changes"]
    assert change["impact"] == [f"puts bridge on hold with {HOLD}?2 in 'standup'"]
    rooms.apply()
    assert rooms.params("updateParticipant")[-1] == {
        "Hold": "true",
        "HoldUrl": f"{HOLD}?2",
        "HoldMethod": "POST",
    }
    settled(rooms)
    rooms.declare(people(f"hold_url: '{HOLD}'"))
    rooms.apply()
    assert rooms.params("updateParticipant")[-1] == {"Hold": "false"}
    settled(rooms)


def test_whoever_waits_hears_what_is_declared(rooms: Rooms) -> None:
    rooms.declare(people(f"wait_url: '{WAIT}', wait_method: GET"))
    rooms.room({})
    rooms.apply()
    (sent,) = rooms.params("createParticipant")
    assert (sent["WaitUrl"], sent["WaitMethod"]) == (WAIT, "GET")
    rooms.declare(people("wait_url: ''"))
    rooms.apply()
    assert rooms.params("updateParticipant") == [{"WaitUrl": ""}]
    settled(rooms)


@pytest.mark.parametrize(("beep", "sent"), [("on-enter", "false"), ("false", "false"), ("on-exit", None)])
def test_a_tone_at_the_exit(beep: str, sent: str | None, rooms: Rooms) -> None:
    rooms.declare(people("beep: on-exit"))
    rooms.room({})
    rooms.apply()
    rooms.declare(people(f"beep: {beep}"))
    rooms.apply()
    assert rooms.params("updateParticipant") == ([{"BeepOnExit": sent}] if sent else [])
    settled(rooms)


def test_a_supervisor_is_heard_by_the_agent_alone_from_the_first_moment(rooms: Rooms) -> None:
    rooms.declare(people(boss="coach: bridge"))
    room = rooms.room({})
    plan = rooms.plan()
    assert [item["message"] for item in plan["warnings"]] == [
        "boss is not phoned yet: bridge, whom boss coaches, is not in the room"
    ]
    rooms.apply()
    (first,) = rooms.params("createParticipant")
    assert first["Label"] == LABEL
    rooms.apply()
    assert len(rooms.params("createParticipant")) == 1  # it rings still
    rooms.advance(30)
    agent = rooms.people(room)[LABEL]["call_sid"]
    rooms.apply()
    boss = rooms.params("createParticipant")[1]
    assert (boss["Coaching"], boss["CallSidToCoach"]) == ("true", agent)
    assert rooms.plan()["warnings"] == []
    settled(rooms)


def test_coaching_is_kept_as_declared(rooms: Rooms) -> None:
    rooms.declare(people(boss="coach: bridge"))
    room = rooms.room({})
    rooms.apply()
    rooms.advance(30)
    rooms.apply()
    rooms.advance(30)
    boss = "conference.standup.boss"
    agent = rooms.people(room)[LABEL]["call_sid"]
    rooms.account.post(f"Conferences/{room}/Participants/{boss}.json", Coaching="false")
    (change,) = rooms.plan()["changes"]
    assert change["impact"] == [f"lets boss be heard by the call {agent} alone in 'standup'"]
    assert change["fields"] == [{"path": "participants.boss.coach", "before": None, "after": "bridge"}]
    rooms.apply()
    assert rooms.people(room)[boss]["coaching"] is True
    settled(rooms)
    rooms.declare(people(boss=""))
    rooms.apply()
    assert rooms.people(room)[boss]["coaching"] is False
    settled(rooms)


def test_an_announcement_is_played_to_one_person_once_in_each_call(rooms: Rooms) -> None:
    notice = "https://example.com/notice.xml"
    rooms.declare(people(f"announce: {{url: '{notice}', method: GET}}"))
    room = rooms.room({})
    rooms.apply()
    assert rooms.params("updateParticipant") == []  # it rings still
    rooms.advance(30)
    (change,) = rooms.plan()["changes"]
    assert change["impact"] == [f"plays {notice} to bridge in 'standup'"]
    rooms.apply()
    assert rooms.params("updateParticipant") == [{"AnnounceUrl": notice, "AnnounceMethod": "GET"}]
    assert rooms.params("updateConference") == []
    settled(rooms)
    rooms.account.delete(f"Conferences/{room}/Participants/{LABEL}.json")
    rooms.apply()
    rooms.advance(30)
    rooms.apply()
    assert len(rooms.params("updateParticipant")) == 2
    settled(rooms)


def test_an_announcement_that_may_have_been_played_is_not_played_again(rooms: Rooms) -> None:
    rooms.declare(people("announce: {url: 'https://example.com/notice.xml'}"))
    rooms.room({})
    rooms.apply()
    rooms.advance(30)
    rooms.emulator.faults([{"operation": "updateParticipant", "times": 1, "kind": "drop-after"}])
    assert rooms.at("apply", "--auto-approve").code == 8
    rooms.apply()
    assert len(rooms.params("updateParticipant")) == 1


def test_nobody_is_phoned_twice_because_a_label_changed(rooms: Rooms) -> None:
    room = rooms.room({})
    for label in ("label: first", "label: second", "", "label: fourth"):
        rooms.declare(people(label))
        rooms.apply()
        rooms.advance(30)
        assert rooms.code() == 0
    (sent,) = rooms.params("createParticipant")
    assert sent["Label"] == "first"
    rooms.account.delete(f"Conferences/{room}/Participants/first.json")
    rooms.apply()
    assert [item["Label"] for item in rooms.params("createParticipant")] == ["first", "fourth"]
    settled(rooms)


def test_an_unknown_attempt_under_a_label_of_ones_own_is_resolved_by_the_key(rooms: Rooms) -> None:
    rooms.declare(people("label: first"))
    rooms.room({})
    rooms.emulator.faults([{"operation": "createParticipant", "times": 1, "kind": "drop-before"}])
    assert rooms.at("apply", "--auto-approve").code == 8
    rooms.declare(people("label: second"))
    rooms.apply()
    assert len(rooms.params("createParticipant")) == 1
    assert rooms.code() == 3
    rooms.advance(300)
    done = rooms.at("calls", "resolve", "conference.standup", "bridge", "--not-placed")
    assert done.code == 0, done.err
    rooms.apply()
    assert [item["Label"] for item in rooms.params("createParticipant")] == ["first", "second"]


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (people("label: 'a/b'"), "invalid-value", "slash"),
        (people(f"label: CA{'0' * 32}"), "invalid-value", "slash"),
        (people("label: x", other="label: x"), "conference-participant-twice", "other has a label"),
        (people("label: conference.standup.other", other=""), "conference-participant-twice", "bridge has"),
        (people("coach: bridge"), "unknown-reference", "itself"),
        (people("coach: nobody"), "unknown-reference", "nobody is not declared"),
        (people("recording: {channels: dual}, record: false"), "conflicting-keys", "record: false"),
        (people("machine_detection: {mode: Enable, async: true}"), "unknown-key", "async"),
        (people("caller_display_name: A"), "out-of-range", "2"),
        (people("sip_auth: {username: a, password: b}"), "credential", "must not stand"),
    ],
)
def test_what_is_refused(body: str, code: str, words: str, rooms: Rooms) -> None:
    rooms.declare(body)
    found: list[dict[str, Any]] = rooms.at("validate", "--format", "json").json["diagnostics"]
    errors = [item for item in found if item["severity"] == "error"]
    assert [item["code"] for item in errors] == [code]
    assert words in errors[0]["message"]
    assert errors[0]["line"] >= 4


@pytest.mark.parametrize("name", ["hold", "wait"])
def test_a_method_without_a_sound_is_told(name: str, rooms: Rooms) -> None:
    rooms.declare(people(f"{name}_method: GET"))
    (found,) = rooms.at("validate", "--format", "json").json["diagnostics"]
    assert (found["code"], found["severity"]) == ("conference-setting-unused", "warning")
    assert f"{name}_method has no effect without {name}_url" in found["message"]

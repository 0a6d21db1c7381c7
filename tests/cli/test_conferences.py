"""Declared conferences against the account, in both profiles of the API: one test per promise."""

from __future__ import annotations

import json

import pytest

from tests.cli.conference_rooms import BRIDGE, Rooms, profiled_emulator, rooms

__all__ = ["profiled_emulator", "rooms"]

WITH_BRIDGE = f"participants: {{bridge: {BRIDGE}}}"
LABEL = "conference.standup.bridge"


def test_settings_alone_need_no_request_that_writes(rooms: Rooms) -> None:
    rooms.declare("settings: {beep: on-enter, max_participants: 40}")
    assert rooms.code() == 2
    rooms.apply()
    assert rooms.code() == 0
    assert rooms.account.writes() == []


def test_a_room_that_needs_nothing_is_left_alone(rooms: Rooms) -> None:
    rooms.declare("settings: {beep: on-enter}\nmax_duration: 4h")
    rooms.room({}, {})
    rooms.apply()
    assert rooms.code() == 0
    assert rooms.account.writes() == []


def test_rooms_are_asked_for_by_name_and_status(rooms: Rooms) -> None:
    rooms.declare()
    rooms.at("plan")
    asked = {(params["FriendlyName"], params["Status"]) for params in rooms.params("listConferences")}
    assert asked == {("standup", "in-progress"), ("standup", "init")}


def test_a_missing_participant_is_phoned_into_the_live_room_once(rooms: Rooms) -> None:
    rooms.declare(f"settings: {{max_participants: 40, beep: on-enter}}\n{WITH_BRIDGE}")
    rooms.apply()
    room = rooms.room({}, {})
    (change,) = rooms.plan()["changes"]
    assert change["operations"] == ["createParticipant"]
    assert change["counts"] == {"call": 1}
    (impact,) = change["impact"]
    assert (
        impact == f"phones +15558675310 as bridge into the room 'standup' ({room}); 2 participants are in it"
    )
    rooms.apply()
    assert rooms.code() == 0
    rooms.apply()
    (sent,) = rooms.params("createParticipant")
    assert sent["Label"] == LABEL
    assert sent["MaxParticipants"] == "40"
    assert sent["Beep"] == "onEnter"
    assert rooms.people(room)[LABEL]["conference_sid"] == room


def test_the_number_is_masked_in_what_people_see(rooms: Rooms) -> None:
    rooms.declare(WITH_BRIDGE)
    rooms.room({})
    for form in ("text", "json", "markdown", "html"):
        shown = rooms.at("plan", "--format", form).out
        assert "8675310" not in shown
        assert "+1•••••5310" in shown


def test_nobody_is_phoned_when_no_room_is_live(rooms: Rooms) -> None:
    rooms.declare(WITH_BRIDGE)
    rooms.room(status="completed")
    rooms.apply()
    assert rooms.code() == 0
    assert rooms.account.writes() == []


def test_start_begins_the_room_by_phoning(rooms: Rooms) -> None:
    second = '{to: "+15558675311", from: "+15017122661"}'
    rooms.declare(
        f"start: true\nsettings: {{max_participants: 7}}\nparticipants: {{bridge: {BRIDGE}, host: {second}}}"
    )
    rooms.apply()
    (room,) = rooms.rooms()
    assert set(rooms.people(room["sid"])) == {LABEL, "conference.standup.host"}
    assert [sent["MaxParticipants"] for sent in rooms.params("createParticipant")] == ["7", "7"]
    assert rooms.code() == 0
    rooms.advance(30)
    assert rooms.rooms()[0]["status"] == "in-progress"
    assert rooms.code() == 0


def test_start_made_stale_by_a_room_that_appeared(rooms: Rooms) -> None:
    rooms.declare(f"start: true\n{WITH_BRIDGE}")
    rooms.at("plan", "--out", "p.json")
    rooms.room({})
    result = rooms.at("apply", "p.json")
    assert result.code == 6
    assert "appeared after the plan was made" in result.out + result.err
    assert rooms.account.writes() == []


def test_a_participant_in_twilios_queue_is_not_phoned_again(rooms: Rooms) -> None:
    """The list of participants does not show a call that is still queued; the call itself does."""
    rooms.declare(WITH_BRIDGE)
    room = rooms.room({})
    rooms.apply()
    call = rooms.people(room)[LABEL]["call_sid"]
    rooms.account.delete(f"Conferences/{room}/Participants/{call}.json")
    rooms.emulator.seed({"calls": [{"sid": "CA" + "7" * 32, "status": "queued"}]})
    # As the service would show it: a live call, and a room that does not know of it.
    with_other_call(rooms, "CA" + "7" * 32)
    assert rooms.code() == 0


def with_other_call(rooms: Rooms, sid: str) -> None:
    """Write another call into our memory of the room."""
    state = json.loads(rooms.ok("state", "pull").out)
    state["documents"]["conferences/conference.standup"]["attempts"][LABEL]["call_sid"] = sid
    del state["digest"]  # edited on purpose
    (rooms.folder / "state.json").write_text(json.dumps({**state, "serial": state["serial"] + 1}))
    rooms.ok("state", "push", "state.json")


def test_someone_who_hung_up_is_phoned_again_by_the_next_apply(rooms: Rooms) -> None:
    rooms.declare(WITH_BRIDGE)
    room = rooms.room({})
    rooms.apply()
    rooms.advance(30)
    rooms.account.delete(f"Conferences/{room}/Participants/{LABEL}.json")
    rooms.advance(30)
    assert rooms.code() == 2
    rooms.apply()
    assert len(rooms.params("createParticipant")) == 2


def test_muted_and_hold_are_kept_as_declared(rooms: Rooms) -> None:
    rooms.declare(f"participants: {{bridge: {BRIDGE[:-1]}, muted: true, hold: true}}}}")
    room = rooms.room({"label": LABEL})
    (change,) = rooms.plan()["changes"]
    assert change["operations"] == ["updateParticipant"]
    assert change["impact"] == ["puts bridge on hold and mutes bridge in 'standup'"]
    rooms.apply()
    person = rooms.people(room)[LABEL]
    assert (person["muted"], person["hold"]) == (True, True)
    assert rooms.code() == 0
    rooms.account.post(f"Conferences/{room}/Participants/{LABEL}.json", Muted="false")
    plan = rooms.plan()
    assert plan["drift"][0]["fields"] == [
        {"path": "participants.bridge.muted", "before": True, "after": False}
    ]
    rooms.apply()
    assert rooms.people(room)[LABEL]["muted"] is True
    assert rooms.code() == 0


def test_a_new_participant_who_is_declared_on_hold_is_put_on_hold(rooms: Rooms) -> None:
    rooms.declare(f"participants: {{bridge: {BRIDGE[:-1]}, hold: true}}}}")
    room = rooms.room({})
    rooms.apply()
    assert rooms.people(room)[LABEL]["hold"] is True
    assert "Hold" not in rooms.params("createParticipant")[0]
    assert rooms.code() == 0


def test_what_cannot_be_changed_is_explained_drift_and_nothing_to_do(rooms: Rooms) -> None:
    rooms.declare(WITH_BRIDGE)
    room = rooms.room({})
    rooms.apply()
    rooms.declare(f"participants: {{bridge: {BRIDGE[:-1]}, start_conference_on_enter: false}}}}")
    rooms.apply()
    assert rooms.code() == 3
    plan = rooms.plan()
    assert plan["summary"]["update"] == 0
    (drift,) = plan["drift"]
    assert drift["fields"] == [
        {"path": "participants.bridge.start_conference_on_enter", "before": False, "after": True}
    ]
    assert "it holds the next time bridge is added" in drift["explanation"]
    assert drift["sid"] == room
    writes = rooms.account.writes()
    rooms.apply()
    assert rooms.account.writes() == writes
    assert rooms.code() == 3


def test_another_region_is_reported(rooms: Rooms) -> None:
    rooms.declare("settings: {region: ie1}")
    room = rooms.room({}, region="us1")
    rooms.apply()
    (drift,) = rooms.plan()["drift"]
    assert drift["explanation"] == f"the first participant decided that the room {room} is in us1"
    assert rooms.code() == 3
    assert rooms.account.writes() == []


def test_settings_that_change_while_people_talk_hold_for_the_next_room(rooms: Rooms) -> None:
    rooms.declare("settings: {max_participants: 10}")
    rooms.apply()
    room = rooms.room({})
    rooms.declare("settings: {max_participants: 20}")
    (change,) = rooms.plan()["changes"]
    assert change["operations"] == []
    assert change["impact"] == [
        f"the room that is live ({room}) keeps the settings it began with; the next one gets the new"
    ]
    rooms.apply()
    assert rooms.code() == 0


def test_a_room_that_is_too_old_is_ended(rooms: Rooms) -> None:
    rooms.declare("max_duration: 4h")
    room = rooms.room({}, {}, {})
    rooms.apply()
    rooms.advance(4 * 3600)
    assert rooms.code() == 0
    rooms.advance(600)
    (change,) = rooms.plan()["changes"]
    assert change["counts"] == {"delete:conference": 1}
    assert change["impact"] == [
        f"ends the room 'standup' ({room}): it is older than max_duration (4h);"
        " 3 participants are in it, it has run for 4 h 10 min"
    ]
    rooms.apply()
    assert rooms.rooms() == []
    assert rooms.code() == 0


def test_status_ended_ends_every_room_of_the_name(rooms: Rooms) -> None:
    rooms.declare(f"status: ended\n{WITH_BRIDGE}")
    rooms.apply()
    assert rooms.account.writes() == []
    for _ in range(2):
        rooms.room({})
        assert rooms.code() == 2
        rooms.apply()
        assert rooms.rooms() == []
        assert rooms.code() == 0
    assert rooms.account.writes() == ["updateConference", "updateConference"]


def test_ending_people_counts_against_max_deletes(rooms: Rooms) -> None:
    rooms.declare("status: ended", more="safety: {max_deletes: 0}\n")
    rooms.room({})
    blocked = rooms.at("apply", "--auto-approve")
    assert blocked.code == 4
    assert len(rooms.rooms()) == 1
    rooms.apply("--approve", "delete:conference=1")
    assert rooms.rooms() == []


def test_an_empty_room_is_ended_without_an_approval(rooms: Rooms) -> None:
    rooms.declare("status: ended", more="safety: {max_deletes: 0}\n")
    rooms.room()
    rooms.apply()
    assert rooms.rooms() == []


def test_people_who_entered_an_empty_room_after_the_plan_keep_it(rooms: Rooms) -> None:
    rooms.declare(f"status: ended\n{WITH_BRIDGE}")
    room = rooms.room()
    rooms.at("plan", "--out", "p.json")
    rooms.account.post(f"Conferences/{room}/Participants.json", To="+15558675311", From="+15017122661")
    result = rooms.at("apply", "p.json")
    assert result.code == 6
    assert len(rooms.rooms()) == 1


def test_adding_people_counts_against_max_calls(rooms: Rooms) -> None:
    rooms.declare(WITH_BRIDGE, more="safety: {max_calls: 0}\n")
    rooms.room({})
    assert rooms.at("apply", "--auto-approve").code == 4
    assert rooms.account.writes() == []
    rooms.apply("--approve", "call=1")
    assert rooms.account.writes() == ["createParticipant"]


def test_an_announcement_is_played_once_per_room_and_content(rooms: Rooms) -> None:
    rooms.declare('announce: {url: "https://example.com/a.xml", method: GET}')
    first = rooms.room({})
    for _ in range(2):
        rooms.apply()
    assert rooms.code() == 0
    assert rooms.params("updateConference") == [
        {"AnnounceUrl": "https://example.com/a.xml", "AnnounceMethod": "GET"}
    ]
    rooms.declare('announce: {url: "https://example.com/b.xml"}')
    rooms.apply()
    rooms.account.post(f"Conferences/{first}.json", Status="completed")
    rooms.emulator.clear_requests()
    rooms.room({})
    rooms.apply()
    assert rooms.params("updateConference") == [
        {"AnnounceUrl": "https://example.com/b.xml", "AnnounceMethod": "POST"}
    ]
    assert rooms.code() == 0


def test_several_rooms_of_one_name_are_an_error_with_their_sids(rooms: Rooms) -> None:
    rooms.declare(f"{WITH_BRIDGE}\nstart: true")
    sids = [rooms.room({}), rooms.room({})]
    plan = rooms.plan()
    (blocked,) = plan["blocked"]
    assert all(sid in blocked["message"] for sid in sids)
    assert rooms.at("apply", "--auto-approve").code == 4
    assert rooms.account.writes() == []


def test_a_conference_that_is_no_longer_declared_is_forgotten_and_its_room_goes_on(rooms: Rooms) -> None:
    rooms.declare(WITH_BRIDGE)
    rooms.room({}, {})
    rooms.apply()
    rooms.write("conferences: {}\n")
    writes = rooms.account.writes()
    (change,) = rooms.plan()["changes"]
    assert (change["action"], change["operations"]) == ("delete", [])
    assert "goes on with 3 participants; nobody is hung up on" in change["impact"][0]
    rooms.apply()
    assert rooms.account.writes() == writes
    assert len(rooms.rooms()) == 1
    assert rooms.code() == 0


def test_a_renamed_conference_phones_nobody_again(rooms: Rooms) -> None:
    rooms.declare(WITH_BRIDGE)
    rooms.room({})
    rooms.apply()
    rooms.declare(f"friendly_name: standup\naliases: [standup]\n{WITH_BRIDGE}", name="daily")
    (change,) = rooms.plan()["changes"]
    assert change["previous_address"] == "conference.standup"
    rooms.apply()
    assert len(rooms.params("createParticipant")) == 1
    assert rooms.code() == 0


def test_a_record_that_is_moved_by_hand_phones_nobody_again(rooms: Rooms) -> None:
    """People are known by the address: only a renaming in the file takes it along."""
    rooms.declare(WITH_BRIDGE)
    rooms.room({})
    rooms.apply()
    refused = rooms.at("state", "mv", "conference.standup", "conference.daily")
    assert refused.code == 64
    assert "`aliases: [standup]`" in refused.err
    rooms.declare(f"friendly_name: standup\naliases: [standup]\n{WITH_BRIDGE}", name="daily")
    rooms.apply()
    assert len(rooms.params("createParticipant")) == 1


def test_a_record_of_which_nothing_else_is_known_can_be_moved_by_hand(rooms: Rooms) -> None:
    rooms.declare("settings: {beep: false}")
    rooms.apply()
    rooms.ok("state", "mv", "conference.standup", "conference.daily")
    rooms.declare("friendly_name: standup\nsettings: {beep: false}", name="daily")
    assert rooms.code() == 0


@pytest.mark.parametrize("live", [False, True])
def test_what_was_announced_is_known_by_the_address_too(rooms: Rooms, live: bool) -> None:
    rooms.declare('announce: {url: "https://example.com/a.xml"}')
    if live:
        rooms.room({})
    rooms.apply()
    assert len(rooms.params("updateConference")) == live
    assert rooms.at("state", "mv", "conference.standup", "conference.daily").code == (64 if live else 0)


def test_a_renamed_conference_announces_nothing_again(rooms: Rooms) -> None:
    announce = 'announce: {url: "https://example.com/a.xml"}'
    rooms.declare(announce)
    rooms.room({})
    rooms.apply()
    rooms.declare(f"friendly_name: standup\naliases: [standup]\n{announce}", name="daily")
    rooms.apply()
    assert rooms.code() == 0
    assert len(rooms.params("updateConference")) == 1
    documents = json.loads(rooms.ok("state", "pull").out)["documents"]
    assert [key for key in documents if key.startswith("conferences/")] == ["conferences/conference.daily"]


def test_a_review_knows_of_no_room_and_proposes_no_call(rooms: Rooms) -> None:
    rooms.declare(f"start: true\n{WITH_BRIDGE}")
    base = rooms.write((rooms.folder / "voiceform.yaml").read_text(), "base/voiceform.yaml")
    same = rooms.at("plan", "--base", str(base.parent), "--detailed-exitcode")
    assert same.code == 0, same.out
    rooms.declare(f"start: true\nsettings: {{beep: false}}\n{WITH_BRIDGE}")
    changed = rooms.at("plan", "--base", str(base.parent), "--format", "json").json
    assert changed["summary"]["update"] == 1
    assert changed["summary"]["calls"] == 0


def test_a_call_that_outlived_an_earlier_room_does_not_count_for_the_next(rooms: Rooms) -> None:
    rooms.declare(WITH_BRIDGE)
    first = rooms.room({})
    rooms.apply()
    rooms.account.post(f"Conferences/{first}.json", Status="completed")
    rooms.emulator.seed({"calls": [{"sid": "CA" + "7" * 32, "status": "in-progress"}]})
    with_other_call(rooms, "CA" + "7" * 32)
    second = rooms.room({})
    rooms.apply()
    assert LABEL in rooms.people(second)
    assert rooms.code() == 0


def test_running_rooms_are_exported_and_can_be_taken_over(rooms: Rooms) -> None:
    sid = rooms.room({}, friendly_name="Board Room", region="ie1")
    rooms.room(friendly_name="over", status="completed", sid="CF" + "e" * 32)
    exported = rooms.at("export").out
    assert "over" not in exported
    rooms.write(exported)
    assert rooms.at("import", "conference.board-room", sid).code == 0
    assert rooms.code() == 0
    rooms.apply()
    assert rooms.account.writes() == []
    state = json.loads(rooms.ok("state", "show", "conference.board-room").out)
    assert state["sid"] == sid
    assert state["attributes"]["settings"] == {"region": "ie1"}


@pytest.mark.parametrize("form", ["completed", "unknown"])
def test_a_room_that_is_over_cannot_be_imported(rooms: Rooms, form: str) -> None:
    rooms.declare()
    sid = rooms.room(status="completed") if form == "completed" else "CF" + "d" * 32
    result = rooms.at("import", "conference.standup", sid)
    assert result.code in (1, 64)
    assert sid in result.err


def test_a_room_of_a_name_that_is_not_plain(rooms: Rooms) -> None:
    rooms.declare(f'friendly_name: "Ärger & <Söhne> #1?"\nstart: true\n{WITH_BRIDGE}')
    rooms.apply()
    assert rooms.code() == 0
    (created,) = rooms.emulator.requests("createParticipant")
    assert created["status"] == 201
    (room,) = rooms.get("Conferences.json")["conferences"]
    assert room["friendly_name"] == "Ärger & <Söhne> #1?"


def test_destroy_forgets_and_hangs_up_on_nobody(rooms: Rooms) -> None:
    rooms.declare(WITH_BRIDGE)
    rooms.room({})
    rooms.apply()
    assert rooms.at("destroy", "--auto-approve").code == 0
    assert len(rooms.rooms()) == 1
    assert rooms.ok("state", "list").out == ""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.api import Api, error
from voiceform.emulator import Emulator


def _join(api: Api, room: str, attributes: str = "", after: str = "") -> str:
    twiml = f"<Response><Dial><Conference {attributes}>{room}</Conference></Dial>{after}</Response>"
    return str(api.call(Twiml=twiml, To="+15005550014")["sid"])


def _room(api: Api, name: str = "standup") -> dict[str, Any]:
    rooms = api.show(f"Conferences.json?FriendlyName={name}")["conferences"]
    return dict(rooms[0])


def _people(api: Api, room: dict[str, Any]) -> list[dict[str, Any]]:
    return list(api.show(room["subresource_uris"]["participants"])["participants"])


def test_a_room_begins_with_the_first_participant_and_ends_with_the_last(
    emulator: Emulator, api: Api
) -> None:
    assert api.show("Conferences.json")["conferences"] == []
    first = api.add("standup", Label="bridge")
    assert (first["status"], first["label"], first["queue_time"]) == ("queued", "bridge", "0")
    assert _room(api)["status"] == "init"
    emulator.clock_advance("10s")
    assert _room(api)["status"] == "in-progress"
    second = api.add("standup")
    assert second["conference_sid"] == first["conference_sid"]
    emulator.clock_advance("10s")
    assert [person["status"] for person in _people(api, _room(api))] == ["connected", "connected"]
    api.post(f"Calls/{first['call_sid']}.json", {"Status": "completed"})
    assert [person["call_sid"] for person in _people(api, _room(api))] == [second["call_sid"]]
    api.post(f"Calls/{second['call_sid']}.json", {"Status": "completed"})
    room = _room(api)
    assert (room["status"], room["reason_conference_ended"]) == ("completed", "last-participant-left")
    assert room["call_sid_ending_conference"] == second["call_sid"]
    assert _people(api, room) == []
    assert api.add("standup")["conference_sid"] != room["sid"]


def test_a_participant_is_called_like_any_call(emulator: Emulator, api: Api) -> None:
    person = api.add("standup")
    seen: list[str] = []
    for _ in range(12):
        status = api.show(person["uri"])["status"]
        if not seen or seen[-1] != status:
            seen.append(status)
        emulator.clock_advance("500ms")
    assert seen == ["queued", "connecting", "ringing", "connected"]


def test_somebody_who_does_not_answer_ends_an_empty_room(emulator: Emulator, api: Api) -> None:
    person = api.add("standup", To="+15005550010")
    emulator.clock_advance("1m")
    assert api.show(f"Calls/{person['call_sid']}.json")["status"] == "busy"
    assert _room(api)["status"] == "completed"
    assert error(api.get(person["uri"])) == (404, 20404)


def test_a_room_waits_for_somebody_who_starts_it(emulator: Emulator, api: Api) -> None:
    _join(api, "standup", "startConferenceOnEnter='false'")
    emulator.clock_advance("10s")
    assert _room(api)["status"] == "init"
    _join(api, "standup")
    emulator.clock_advance("10s")
    assert _room(api)["status"] == "in-progress"


def test_a_room_ends_with_somebody_whose_exit_ends_it(emulator: Emulator, api: Api) -> None:
    moderator = api.add("standup", EndConferenceOnExit="true")
    guest = _join(api, "standup", after="<Pause length='30'/>")
    emulator.clock_advance("10s")
    api.post(f"Calls/{moderator['call_sid']}.json", {"Status": "completed"})
    room = _room(api)
    assert room["reason_conference_ended"] == "participant-with-end-conference-on-exit-left"
    assert room["call_sid_ending_conference"] == moderator["call_sid"]
    assert api.show(f"Calls/{guest}.json")["status"] == "in-progress"
    emulator.clock_advance("31s")
    assert api.show(f"Calls/{guest}.json")["status"] == "completed"


def test_a_room_is_ended_by_an_update(emulator: Emulator, api: Api) -> None:
    connected, on_the_way = api.add("standup"), api.add("standup")
    emulator.clock_advance("6s")
    ended = api.post(_room(api)["uri"], {"Status": "completed"}).json()
    assert (ended["status"], ended["reason_conference_ended"]) == ("completed", "conference-ended-via-api")
    assert ended["call_sid_ending_conference"] is None
    emulator.clock_advance("1m")
    assert api.show(f"Calls/{connected['call_sid']}.json")["status"] == "completed"
    assert api.show(f"Calls/{on_the_way['call_sid']}.json")["status"] == "canceled"


def test_an_update_of_a_room_that_is_over(emulator: Emulator, api: Api) -> None:
    emulator.seed({"conferences": [{"friendly_name": "standup", "status": "completed"}]})
    uri = _room(api)["uri"]
    assert api.post(uri, {"Status": "completed"}).json()["status"] == "completed"
    emulator.switches(completed_conference_update="refuse")
    assert error(api.post(uri, {"Status": "completed"})) == (400, 16022)
    assert api.post(uri).status_code == 200


@pytest.mark.parametrize(
    "fields", [{"Status": "in-progress"}, {"AnnounceUrl": "x"}, {"AnnounceMethod": "PUT"}]
)
def test_an_update_that_cannot_be_read(emulator: Emulator, api: Api, fields: dict[str, str]) -> None:
    emulator.seed({"conferences": [{"friendly_name": "standup"}]})
    assert error(api.post(_room(api)["uri"], fields)) == (400, 20001)
    assert _room(api)["status"] == "in-progress"


def test_filters(emulator: Emulator, api: Api) -> None:
    emulator.seed(
        {
            "conferences": [
                {"friendly_name": "a", "status": "completed", "date_created": "2026-01-01"},
                {"friendly_name": "a", "date_created": "2026-01-02", "date_updated": "2026-01-05"},
                {"friendly_name": "ab", "status": "init", "date_created": "2026-01-03"},
            ]
        }
    )

    def found(**query: str) -> int:
        return len(api.get("Conferences.json", params=query).json()["conferences"])

    assert found(FriendlyName="a") == 2
    assert found(FriendlyName="a", Status="in-progress") == 1
    assert found(Status="init") == 1
    assert found(DateCreated="2026-01-02") == 1
    assert found(**{"DateCreated<": "2026-01-03"}) == 2
    assert found(**{"DateUpdated>": "2026-01-04"}) == 1
    assert error(api.get("Conferences.json?Status=over")) == (400, 20001)


def test_a_room_by_name_with_special_characters(api: Api) -> None:
    person = api.post(
        "Conferences/a%2Fb%20%C3%BC/Participants.json", {"To": "+15558675310", "From": "+15017122661"}
    )
    assert person.status_code == 201
    assert api.show("Conferences.json")["conferences"][0]["friendly_name"] == "a/b ü"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": ""}, 21201),
        ({"From": ""}, 21213),
        ({"To": "x"}, 21211),
        ({"Timeout": "4"}, 21208),
        ({"Label": "a/b"}, 16024),
        ({"Label": "a%2Fb"}, 16024),
        ({"Label": "CA" + "0" * 32}, 16024),
        ({"Label": "x" * 129}, 16024),
        ({"AsyncAmd": "true"}, 21263),
        ({"CallSidToCoach": "CA" + "0" * 32}, 16028),
        ({"MaxParticipants": "251"}, 20001),
        ({"Region": "mars"}, 20001),
        ({"ConferenceStatusCallback": "x"}, 21609),
    ],
)
def test_a_participant_who_cannot_be_added(api: Api, fields: dict[str, str], code: int) -> None:
    response = api.post(
        "Conferences/standup/Participants.json", {"To": "+15558675310", "From": "+15017122661", **fields}
    )
    assert error(response) == (400, code)
    assert api.show("Conferences.json")["conferences"] == []
    assert api.show("Calls.json")["calls"] == []


def test_a_label_is_used_once_in_a_room(emulator: Emulator, api: Api) -> None:
    form = {"To": "+15558675310", "From": "+15017122661", "Label": "bridge"}
    first = api.add("standup", Label="bridge")
    assert error(api.post("Conferences/standup/Participants.json", form)) == (400, 16026)
    assert len(api.show("Calls.json")["calls"]) == 1
    api.add("other", Label="bridge")
    api.post(f"Calls/{first['call_sid']}.json", {"Status": "canceled"})
    assert api.add("standup", Label="bridge")["call_sid"] != first["call_sid"]


def test_a_room_by_sid_must_be_live(emulator: Emulator, api: Api) -> None:
    form = {"To": "+15558675310", "From": "+15017122661"}
    emulator.seed({"conferences": [{"friendly_name": "over", "status": "completed"}]})
    over = _room(api, "over")["sid"]
    assert error(api.post(f"Conferences/{over}/Participants.json", form)) == (400, 16022)
    assert error(api.post(f"Conferences/CF{'0' * 32}/Participants.json", form)) == (400, 16003)
    assert error(api.post(f"Conferences/{'x' * 129}/Participants.json", form)) == (400, 16003)


def test_a_full_room(emulator: Emulator, api: Api) -> None:
    form = {"To": "+15558675310", "From": "+15017122661"}
    api.add("standup", MaxParticipants="2")
    api.add("standup")
    assert error(api.post("Conferences/standup/Participants.json", form)) == (400, 16020)
    call = _join(api, "standup")
    emulator.clock_advance("10s")
    assert len(_people(api, _room(api))) == 2
    assert api.show(f"Calls/{call}.json")["status"] == "completed"


def test_participants_are_found_changed_and_thrown_out(emulator: Emulator, api: Api) -> None:
    person, guest = api.add("standup", Label="bridge", Muted="true"), _join(api, "standup", "muted='false'")
    emulator.clock_advance("10s")
    base = f"Conferences/{person['conference_sid']}/Participants"
    assert api.show(f"{base}/bridge.json") == api.show(f"{base}/{person['call_sid']}.json")
    changed = api.post(f"{base}/bridge.json", {"Muted": "false", "Hold": "true"}).json()
    assert (changed["muted"], changed["hold"]) == (False, True)
    coach = api.post(f"{base}/bridge.json", {"Coaching": "true", "CallSidToCoach": guest}).json()
    assert (coach["coaching"], coach["call_sid_to_coach"]) == (True, guest)
    assert error(api.post(f"{base}/{guest}.json", {"CallSidToCoach": person["call_sid"]})) == (400, 16027)

    def found(query: str) -> list[str]:
        return [row["call_sid"] for row in api.show(f"{base}.json?{query}")["participants"]]

    assert found("Hold=true") == found("Coaching=true") == [person["call_sid"]]
    assert found("Hold=false") == [guest]
    assert sorted(found("Muted=false")) == sorted([guest, person["call_sid"]])
    assert api.delete(f"{base}/bridge.json").status_code == 204
    assert error(api.delete(f"{base}/bridge.json")) == (404, 20404)
    assert api.show(f"Calls/{person['call_sid']}.json")["status"] == "completed"
    assert api.delete(f"{base}/{guest}.json").status_code == 204
    assert _room(api)["reason_conference_ended"] == "last-participant-kicked"


def test_a_recorded_room(emulator: Emulator, api: Api) -> None:
    person = api.add("standup", ConferenceRecord="record-from-start", Record="true")
    emulator.clock_advance("10s")
    rows = api.show(_room(api)["subresource_uris"]["recordings"])["recordings"]
    assert [(row["source"], row["status"]) for row in rows] == [("Conference", "in-progress")]
    api.post(_room(api)["uri"], {"Status": "completed"})
    emulator.clock_advance("1m")
    rows = api.show("Recordings.json")["recordings"]
    assert sorted(
        (row["source"], row["status"], row["conference_sid"]) for row in rows if row["conference_sid"]
    ) == [("Conference", "completed", person["conference_sid"])]
    assert {row["source"] for row in rows} == {"Conference", "OutboundAPI"}


def test_rooms_of_a_seed_can_be_ended(emulator: Emulator, api: Api) -> None:
    emulator.seed(
        {
            "conferences": [
                {"friendly_name": "standup", "participants": [{"label": "a", "muted": True}, {"label": "b"}]}
            ]
        }
    )
    room = _room(api)
    assert sorted((person["label"], person["muted"]) for person in _people(api, room)) == [
        ("a", True),
        ("b", False),
    ]
    api.post(room["uri"], {"Status": "completed"})
    assert {call["status"] for call in api.show("Calls.json")["calls"]} == {"completed"}


@pytest.mark.parametrize("path", ["Conferences/{}.json", "Conferences/{}/Participants.json"])
def test_a_room_is_not_found_by_its_name(api: Api, path: str) -> None:
    api.add("standup")
    assert error(api.get(path.format("standup"))) == (405, 20004)
    assert error(api.get(path.format("CF" + "0" * 32))) == (404, 20404)

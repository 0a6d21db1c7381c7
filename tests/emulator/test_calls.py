from __future__ import annotations

import re
from typing import Any

import pytest

from tests.emulator.api import FROM, TO, Api, error
from voiceform.emulator import Emulator
from voiceform.emulator.calls import numbers


def _status(api: Api, sid: str) -> str:
    return str(api.show(f"Calls/{sid}.json")["status"])


def test_a_new_call_is_queued_and_has_no_times_yet(api: Api) -> None:
    call = api.call()
    assert (call["status"], call["direction"], call["queue_time"]) == ("queued", "outbound-api", "0")
    assert (call["to"], call["to_formatted"], call["from"]) == (TO, "(555) 867-5310", FROM)
    assert call["price_unit"] == "USD"
    assert call["trunk_sid"] == ""
    for empty in (
        "start_time",
        "end_time",
        "duration",
        "price",
        "answered_by",
        "annotation",
        "parent_call_sid",
    ):
        assert call[empty] is None
    assert set(call["subresource_uris"]) >= {"recordings", "notifications", "events"}
    assert api.show(call["uri"]) == call


def test_a_call_rings_is_answered_ends_and_gets_a_price(emulator: Emulator, api: Api) -> None:
    sid = api.call(Twiml="<Response><Say>Hello</Say><Pause length='9'/></Response>")["sid"]
    seen: list[str] = []
    for _ in range(60):
        emulator.clock_advance("500ms")
        status = _status(api, sid)
        if not seen or seen[-1] != status:
            seen.append(status)
    assert seen == ["queued", "ringing", "in-progress", "completed"]
    call = api.show(f"Calls/{sid}.json")
    assert call["duration"] == "10"
    assert call["price"] is None
    emulator.clock_advance("1m")
    assert api.show(f"Calls/{sid}.json")["price"] == "-0.01400"


def test_an_hour_at_once_is_an_hour_in_steps(emulator: Emulator, api: Api) -> None:
    sid = api.call(Record="true")["sid"]
    emulator.clock_advance("1h")
    call = api.show(f"Calls/{sid}.json")
    assert (call["status"], call["duration"]) == ("completed", "20")
    assert call["end_time"] == "Sun, 01 Mar 2026 12:00:25 +0000"


@pytest.mark.parametrize(
    ("number", "status", "answered_by"),
    [
        ("+15005550010", "busy", None),
        ("+15005550011", "no-answer", None),
        ("+15005550012", "failed", None),
        ("+15005550013", "completed", "machine_start"),
        ("+15005550014", "completed", "human"),
        ("+15005550015", "completed", "human"),
        ("+15005550016", "completed", "fax"),
        ("+15558675310", "completed", "human"),
    ],
)
def test_the_number_decides(
    emulator: Emulator, api: Api, number: str, status: str, answered_by: str | None
) -> None:
    sid = api.call(To=number, MachineDetection="Enable")["sid"]
    emulator.clock_advance("5h")
    call = api.show(f"Calls/{sid}.json")
    assert (call["status"], call["answered_by"]) == (status, answered_by)
    assert (call["duration"] is not None) == (call["end_time"] is not None) == (status == "completed")


@pytest.mark.parametrize(
    ("outcome", "detection", "answered_by"),
    [
        ("machine", "DetectMessageEnd", "machine_end_beep"),
        ("machine-silence", "DetectMessageEnd", "machine_end_silence"),
        ("machine-other", "DetectMessageEnd", "machine_end_other"),
        ("machine-other", "Enable", "machine_start"),
        ("unknown", "Enable", "unknown"),
    ],
)
def test_a_seed_says_who_answers(
    emulator: Emulator, api: Api, outcome: str, detection: str, answered_by: str
) -> None:
    emulator.seed({"numbers": [{"phone_number": "+15558675310", "outcome": outcome}]})
    sid = api.call(To="+15558675310", MachineDetection=detection)["sid"]
    emulator.clock_advance("30s")
    assert api.show(f"Calls/{sid}.json")["answered_by"] == answered_by


def test_every_magic_number_is_documented() -> None:
    documented = re.findall(r"``(\+1500555\d{4})``", numbers.__doc__ or "")
    assert set(documented) == {*numbers.MAGIC, *numbers.REFUSED_TO, *numbers.REFUSED_FROM}


def test_without_detection_nobody_knows_who_answered(emulator: Emulator, api: Api) -> None:
    plain, digits = api.call()["sid"], api.call(MachineDetection="enable", SendDigits="12")["sid"]
    thorough = api.call(To="+15005550013", MachineDetection="DetectMessageEnd")["sid"]
    emulator.clock_advance("10m")
    assert [api.show(f"Calls/{sid}.json")["answered_by"] for sid in (plain, digits, thorough)] == [
        None,
        None,
        "machine_end_beep",
    ]


def test_a_seed_decides_for_any_number(emulator: Emulator, api: Api) -> None:
    emulator.seed(
        {"numbers": [{"phone_number": TO, "outcomes": ["busy", "no-answer", "human"], "talk_seconds": 3}]}
    )
    seen = []
    for _ in range(4):
        sid = api.call()["sid"]
        emulator.clock_advance("10m")
        call = api.show(f"Calls/{sid}.json")
        seen.append((call["status"], call["duration"]))
    assert seen == [("busy", None), ("no-answer", None), ("completed", "3"), ("completed", "3")]


def test_it_rings_no_longer_than_the_timeout(emulator: Emulator, api: Api) -> None:
    sid = api.call(Timeout="3")["sid"]
    emulator.clock_advance("10s")
    assert _status(api, sid) == "no-answer"
    patient = api.call(To="+15005550011", Timeout="100")["sid"]
    emulator.clock_advance("90s")
    assert _status(api, patient) == "ringing"
    emulator.clock_advance("20s")
    assert _status(api, patient) == "no-answer"


def test_a_long_call_ends_at_its_time_limit(emulator: Emulator, api: Api) -> None:
    sid = api.call(To="+15005550014", Twiml="<Response><Pause length='99999'/></Response>", TimeLimit="100")[
        "sid"
    ]
    emulator.clock_advance("1h")
    assert api.show(f"Calls/{sid}.json")["duration"] == "100"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"To": ""}, 21201),
        ({"To": "", "Twiml": ""}, 21201),
        ({"Twiml": ""}, 21205),
        ({"Twiml": "", "From": ""}, 21205),
        ({"Twiml": "", "Url": "not a url"}, 21205),
        ({"Url": "ftp://example.com/x"}, 21205),
        ({"From": ""}, 21213),
        ({"To": "nobody"}, 21211),
        ({"From": "nobody"}, 21212),
        ({"To": FROM}, 21211),
        ({"To": "+15005550001"}, 21217),
        ({"To": "+15005550002"}, 21214),
        ({"To": "+15005550003"}, 21215),
        ({"To": "+15005550004"}, 21216),
        ({"From": "+15005550001"}, 21212),
        ({"From": "+15005550007"}, 21210),
        ({"Twiml": "", "ApplicationSid": "AP1"}, 21218),
        ({"Method": "PUT"}, 21209),
        ({"Timeout": "soon"}, 21208),
        ({"Timeout": "601"}, 21208),
        ({"MachineDetection": "maybe"}, 21234),
        ({"StatusCallback": "localhost"}, 21609),
        ({"StatusCallback": "http://127.0.0.1:99999/x"}, 21609),
        ({"StatusCallback": "http://[::1/x"}, 21609),
        ({"StatusCallback": "http://my_host.example.com/x"}, 21609),
        ({"RecordingStatusCallback": "http://my_host.example.com/x"}, 21609),
        ({"SendDigits": "1" * 33}, 21206),
        ({"SendDigits": "12x"}, 21206),
        ({"MachineDetectionSpeechThreshold": "999"}, 21234),
        ({"MachineDetectionSpeechEndThreshold": "5001"}, 21234),
        ({"MachineDetectionSilenceTimeout": "soon"}, 21234),
        ({"MachineDetectionTimeout": "60"}, 21234),
        ({"Byoc": "BY1"}, 20001),
        ({"From": "client:anna"}, 21212),
        ({"From": "sip:anna@example.com"}, 21212),
        ({"RecordingChannels": "three"}, 20001),
        ({"Twiml": "x" * 4001}, 20001),
    ],
)
def test_a_call_that_cannot_be_placed(api: Api, fields: dict[str, str], code: int) -> None:
    assert api.refused_call(**fields) == code
    assert api.show("Calls.json")["calls"] == []


def test_only_verified_numbers_may_call_if_there_are_any() -> None:
    with Emulator(verified_numbers=(FROM,)) as emulator, Api(emulator.url) as api:
        assert api.refused_call(From="+15550001111") == 21210
        assert api.call()["from"] == FROM


@pytest.mark.parametrize("to", ["client:alice", "sip:bob@example.com", "(555) 867-5310", "15558675310"])
def test_addresses_that_are_no_e164_number(api: Api, to: str) -> None:
    assert api.call(To=to)["to"] == (to if ":" in to else TO)


def test_calls_are_dialled_one_a_second_and_accepted_without_limit(emulator: Emulator, api: Api) -> None:
    calls = [api.call() for _ in range(4)]
    assert [call["queue_time"] for call in calls] == ["0", "1000", "2000", "3000"]
    emulator.clock_advance("2600ms")
    assert [_status(api, call["sid"]) for call in calls] == ["ringing", "ringing", "queued", "queued"]


def test_more_than_24_hours_of_calls_are_refused() -> None:
    with Emulator(calls_per_second=1 / 50_000) as emulator, Api(emulator.url) as api:
        emulator.clock(frozen=True)
        assert [api.call()["queue_time"] for _ in range(2)] == ["0", "50000000"]
        assert api.refused_call() == 22005


def test_a_call_is_canceled_while_it_is_queued_or_rings(emulator: Emulator, api: Api) -> None:
    queued = api.call()["sid"]
    assert api.post(f"Calls/{queued}.json", {"Status": "canceled"}).json()["status"] == "canceled"
    ringing = api.call()["sid"]
    emulator.clock_advance("3s")
    assert _status(api, ringing) == "ringing"
    assert api.post(f"Calls/{ringing}.json", {"Status": "completed"}).json()["status"] == "canceled"
    emulator.clock_advance("1h")
    assert [_status(api, sid) for sid in (queued, ringing)] == ["canceled", "canceled"]


def test_a_call_in_progress_is_ended_by_completed_only(emulator: Emulator, api: Api) -> None:
    sid = api.call()["sid"]
    emulator.clock_advance("10s")
    assert api.post(f"Calls/{sid}.json", {"Status": "canceled"}).json()["status"] == "in-progress"
    ended = api.post(f"Calls/{sid}.json", {"Status": "completed"}).json()
    assert (ended["status"], ended["duration"]) == ("completed", "5")


@pytest.mark.parametrize(
    "fields", [{"Status": "completed"}, {"Twiml": "<Response/>"}, {"Url": "https://a.example.com"}]
)
def test_a_call_that_is_over_cannot_be_changed(emulator: Emulator, api: Api, fields: dict[str, str]) -> None:
    sid = api.call()["sid"]
    emulator.clock_advance("1h")
    refused = api.post(f"Calls/{sid}.json", fields)
    assert error(refused) == (400, 21220)
    assert refused.json()["message"] == "Call is not in-progress. Cannot redirect."
    assert api.post(f"Calls/{sid}.json").status_code == 200


def test_only_a_call_in_progress_can_be_redirected(emulator: Emulator, api: Api) -> None:
    sid = api.call()["sid"]
    assert error(api.post(f"Calls/{sid}.json", {"Twiml": "<Response/>"})) == (400, 21220)
    assert error(api.post(f"Calls/{sid}.json", {"Status": "paused"})) == (400, 20001)
    emulator.clock_advance("10s")
    api.post(f"Calls/{sid}.json", {"Twiml": "<Response><Pause length='100'/></Response>"})
    emulator.clock_advance("60s")
    assert _status(api, sid) == "in-progress"
    emulator.clock_advance("60s")
    assert api.show(f"Calls/{sid}.json")["duration"] == "105"


def test_a_call_is_deleted_when_it_is_over_and_its_recordings_stay(emulator: Emulator, api: Api) -> None:
    sid = api.call(Record="true")["sid"]
    for _ in range(3):
        assert error(api.delete(f"Calls/{sid}.json")) == (409, 20009)
        emulator.clock_advance("2s")
    emulator.clock_advance("1m")
    assert api.delete(f"Calls/{sid}.json").status_code == 204
    assert error(api.get(f"Calls/{sid}.json")) == (404, 20404)
    assert error(api.delete(f"Calls/{sid}.json")) == (404, 20404)
    assert [row["call_sid"] for row in api.show("Recordings.json")["recordings"]] == [sid]
    assert len(api.show(f"Calls/{sid}/Recordings.json")["recordings"]) == 1
    emulator.clock_advance("1h")
    assert api.show("Calls.json")["calls"] == []


def test_for_a_while_after_its_end_a_call_may_not_be_deletable(emulator: Emulator, api: Api) -> None:
    emulator.switches(call_delete_grace=60, not_complete_status=422)
    sid = api.call()["sid"]
    emulator.clock_advance("30s")
    assert _status(api, sid) == "completed"
    assert error(api.delete(f"Calls/{sid}.json")) == (422, 20009)
    emulator.clock_advance("1m")
    assert api.delete(f"Calls/{sid}.json").status_code == 204


@pytest.fixture
def history(emulator: Emulator) -> None:
    emulator.seed(
        {
            "calls": [
                {
                    "to": "+15550000001",
                    "status": "completed",
                    "start_time": "2026-01-01T23:59:59Z",
                    "duration": 1,
                },
                {"to": "+15550000002", "status": "completed", "start_time": "2026-01-02T00:00:00Z"},
                {
                    "to": "+15550000003",
                    "status": "busy",
                    "start_time": "2026-01-02T12:30:00Z",
                    "from": "+15550000009",
                },
                {"to": "+15550000004", "status": "queued", "parent_call_sid": "CA" + "5" * 32},
            ]
        }
    )


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"To": "+15550000003"}, "3"),
        ({"From": "+15550000009"}, "3"),
        ({"From": "+15550000009", "To": "+15550000001"}, ""),
        ({"Status": "completed"}, "12"),
        ({"Status": "queued"}, "4"),
        ({"ParentCallSid": "CA" + "5" * 32}, "4"),
        ({"StartTime": "2026-01-02"}, "23"),
        ({"StartTime": "2026-01-02T12:30:00Z"}, "3"),
        ({"StartTime<": "2026-01-02"}, "1"),
        ({"StartTime>": "2026-01-02"}, "23"),
        ({"StartTime>": "2026-01-02", "StartTime<": "2026-01-02"}, ""),
        ({"StartTime>": "2026-01-02T12:00:00Z"}, "3"),
        ({"StartTime>": "2026-01-02T12:00:00+02:00"}, "3"),
        ({"StartTime>": "Fri, 02 Jan 2026 12:00:00 +0000"}, "3"),
        ({"StartTime>": "01/02/2026 12:00:00 UTC"}, "3"),
        ({"StartTime>": "01/02/2026 05:30:00 MST"}, "3"),
        ({"EndTime": "2026-01-02"}, "12"),
        ({"EndTime<": "2026-01-02T00:00:30Z"}, "1"),
        ({"To": ""}, "1234"),
        ({"StartTimeAfter": "2030-01-01"}, "1234"),
    ],
)
@pytest.mark.usefixtures("history")
def test_filters(api: Api, query: dict[str, str], found: str) -> None:
    calls = api.get("Calls.json", params=query).json()["calls"]
    assert "".join(sorted(call["to"][-1] for call in calls)) == found


@pytest.mark.parametrize(
    "query", [{"Status": "initiated"}, {"StartTime": "yesterday"}, {"EndTime>": "2026-13-01"}]
)
def test_filters_that_cannot_be_read(api: Api, query: dict[str, Any]) -> None:
    assert error(api.get("Calls.json", params=query)) == (400, 20001)


@pytest.mark.parametrize(
    ("twiml", "seconds"),
    [
        ("<Response/>", 0),
        ("not xml", 0),
        ("<Other/>", 0),
        ('<!DOCTYPE x [<!ENTITY a "aa">]><Response><Say>&a;</Say></Response>', 0),
        ("<Response><Hangup/><Pause length='60'/></Response>", 0),
        ("<Response><Say loop='2'>" + "x" * 45 + "</Say></Response>", 6),
        ("<Response><Play>https://example.com/a.mp3</Play></Response>", 10),
        ("<Response><Gather timeout='4'><Pause length='3'/></Gather></Response>", 7),
        ("<Response><Dial>+15558675311</Dial></Response>", 30),
        ("<Response><Say>" + "x" * 15 + "</Say><Unknown/><Pause length='60'/></Response>", 1),
    ],
)
def test_how_long_twiml_takes(emulator: Emulator, api: Api, twiml: str, seconds: int) -> None:
    sid = api.call(Twiml=twiml)["sid"]
    emulator.clock_advance("1h")
    assert api.show(f"Calls/{sid}.json")["duration"] == str(seconds)


def test_a_document_at_a_url_is_not_fetched_and_wins_over_twiml(emulator: Emulator, api: Api) -> None:
    sid = api.call(Url="https://nowhere.example.com/x", Twiml="<Response/>")["sid"]
    emulator.clock_advance("1h")
    assert api.show(f"Calls/{sid}.json")["duration"] == "30"


@pytest.mark.parametrize("text", ["15558675310", "5558675310", "+1 (555) 867-5310", TO])
def test_a_number_is_found_in_every_spelling(api: Api, text: str) -> None:
    sid = api.call()["sid"]
    api.call(To="+15550001111")
    assert [call["sid"] for call in api.get("Calls.json", params={"To": text}).json()["calls"]] == [sid]
    assert api.get("Calls.json", params={"From": "15017122661"}).json()["calls"] != []
    assert api.get("Calls.json", params={"From": text}).json()["calls"] == []


def test_a_sip_user_may_call_a_sip_address(api: Api) -> None:
    assert api.call(To="sip:bob@example.com", From="anna")["from"] == "anna"
    assert api.refused_call(From="anna") == 21212

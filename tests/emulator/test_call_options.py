"""What may be said of a call when it is placed, and what the emulator makes of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.api import FROM, TO, TWIML, Api
from voiceform.emulator import Emulator

URL = "https://example.com/answer.xml"
FALLBACK = "https://example.com/fallback.xml"
MACHINE = "+15005550013"


def posted(emulator: Emulator, url: str) -> list[dict[str, Any]]:
    return [item for item in emulator.callbacks() if item["url"] == url]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"SendDigits": "12x"}, 21206),
        ({"SendDigits": "1" * 33}, 21206),
        ({"Byoc": "BY1"}, 20001),
        ({"FallbackUrl": "nowhere"}, 20001),
        ({"FallbackMethod": "PUT"}, 21209),
        ({"TimeLimit": "0"}, 20001),
        ({"TimeLimit": "86401"}, 20001),
        ({"MachineDetectionTimeout": "60"}, 21234),
        ({"MachineDetectionSpeechThreshold": "999"}, 21234),
        ({"AsyncAmdStatusCallback": "nowhere"}, 21609),
        ({"AsyncAmdStatusCallbackMethod": "PUT"}, 21209),
        ({"RecordingChannels": "three"}, 20001),
        ({"RecordingTrack": "all"}, 20001),
        ({"Trim": "yes"}, 20001),
        ({"ClientNotificationUrl": "nowhere"}, 20001),
    ],
)
def test_what_is_refused(fields: dict[str, str], code: int, api: Api) -> None:
    assert api.refused_call(**fields) == code


def test_an_unknown_parameter_is_ignored_and_logged(api: Api, emulator: Emulator) -> None:
    api.call(Unheard="of")
    assert emulator.requests("createCall")[-1]["params"]["Unheard"] == "of"


def test_a_document_that_cannot_be_had_is_asked_of_the_fallback(api: Api, emulator: Emulator) -> None:
    emulator.switches(answer_url="fail")
    call = api.post(
        "Calls.json",
        {"To": TO, "From": FROM, "Url": URL, "FallbackUrl": FALLBACK, "FallbackMethod": "GET"},
    ).json()
    emulator.clock_advance("20s")
    (asked,) = posted(emulator, FALLBACK)
    assert asked["method"] == "GET"
    assert asked["params"]["CallSid"] == call["sid"]
    assert (asked["params"]["ErrorCode"], asked["params"]["ErrorUrl"]) == ("11200", URL)
    assert api.show(f"Calls/{call['sid']}.json")["status"] == "in-progress"


def test_without_a_fallback_the_call_ends(api: Api, emulator: Emulator) -> None:
    emulator.switches(answer_url="fail")
    call = api.post("Calls.json", {"To": TO, "From": FROM, "Url": URL}).json()
    other = api.call(FallbackUrl=FALLBACK)
    emulator.clock_advance("20s")
    assert api.show(f"Calls/{call['sid']}.json")["status"] == "completed"
    assert api.show(f"Calls/{other['sid']}.json")["status"] == "in-progress"
    assert posted(emulator, FALLBACK) == []


@pytest.mark.parametrize(("asynchronous", "told"), [("true", 1), ("false", 0)])
def test_who_answered_is_told_beside_the_call(
    asynchronous: str, told: int, api: Api, emulator: Emulator
) -> None:
    url = "https://example.com/amd"
    call = api.call(To=MACHINE, MachineDetection="Enable", AsyncAmd=asynchronous, AsyncAmdStatusCallback=url)
    emulator.clock_advance("20s")
    found = posted(emulator, url)
    assert len(found) == told
    for item in found:
        assert item["params"].pop("MachineDetectionDuration").isdigit()
        assert item["params"] == {
            "CallSid": call["sid"],
            "AccountSid": call["account_sid"],
            "AnsweredBy": "machine_start",
        }


def test_digits_keep_machines_from_being_looked_for(api: Api, emulator: Emulator) -> None:
    call = api.call(To=MACHINE, MachineDetection="Enable", SendDigits="W1#")
    emulator.clock_advance("20s")
    assert api.show(f"Calls/{call['sid']}.json")["answered_by"] is None


def test_who_answered_for_a_participant(api: Api, emulator: Emulator) -> None:
    url = "https://example.com/amd"
    api.add("room", To=MACHINE, MachineDetection="Enable", AmdStatusCallback=url)
    emulator.clock_advance("20s")
    assert [item["params"]["AnsweredBy"] for item in posted(emulator, url)] == ["machine_start"]


def test_a_redirection_brings_what_goes_with_it(api: Api, emulator: Emulator) -> None:
    emulator.switches(answer_url="fail")
    call = api.call(Twiml="<Response><Pause length='600'/></Response>")
    emulator.clock_advance("20s")
    api.post(
        f"Calls/{call['sid']}.json",
        {"Url": URL, "FallbackUrl": FALLBACK, "StatusCallback": "https://example.com/status"},
    )
    emulator.clock_advance("2m")
    assert len(posted(emulator, FALLBACK)) == 1
    assert [item["params"]["CallStatus"] for item in posted(emulator, "https://example.com/status")] == [
        "completed"
    ]


def test_a_time_limit_ends_a_call(api: Api, emulator: Emulator) -> None:
    long = "<Response><Pause length='600'/></Response>"
    first, later = api.call(Twiml=long, TimeLimit="10"), api.call(Twiml=long)
    emulator.clock_advance("30s")
    assert api.show(f"Calls/{first['sid']}.json")["status"] == "completed"
    assert api.show(f"Calls/{later['sid']}.json")["status"] == "in-progress"
    api.post(f"Calls/{later['sid']}.json", {"TimeLimit": "40"})
    emulator.clock_advance("30s")
    ended = api.show(f"Calls/{later['sid']}.json")
    assert (ended["status"], ended["duration"]) == ("completed", "40")


def test_no_password_is_kept(api: Api, emulator: Emulator) -> None:
    api.call(To="sip:anna@example.com", SipAuthUsername="anna", SipAuthPassword="hunter2", Twiml=TWIML)
    emulator.clock_advance("1m")
    assert "hunter2" not in str(emulator.callbacks())

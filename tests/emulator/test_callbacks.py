from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest
from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from tests.emulator.api import TOKEN, Api
from voiceform.emulator import Emulator
from voiceform.emulator.callbacks import is_loopback, signature


@dataclass
class Receiver:
    url: str = ""
    got: list[tuple[str, str, dict[str, str], str]] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def wait_for(self, count: int) -> list[tuple[str, str, dict[str, str], str]]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.got) >= count, timeout=20)
        return self.got


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    target = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def _take(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            params = dict(parse_qsl(body, keep_blank_values=True))
            with target.arrived:
                target.got.append((self.command, self.path, params, self.headers["X-Twilio-Signature"]))
                target.arrived.notify_all()
            # Answered last: the next callback is sent when this one is answered, and must not overtake it.
            self.send_response(204)
            self.end_headers()

        do_POST = _take  # noqa: N815
        do_GET = _take  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        target.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield target
        server.shutdown()
        thread.join()


def test_the_signature_of_the_documentation() -> None:
    params = {
        "CallSid": "CA1234567890ABCDE",
        "Caller": "+14158675309",
        "Digits": "1234",
        "From": "+14158675309",
        "To": "+18005551212",
    }
    expected = "RSOYDt4T1cUTdK1PDd93/VVr8B8="
    assert signature("12345", "https://mycompany.com/myapp.php?foo=1&bar=2", params) == expected


def test_a_call_reports_its_progress_in_order_and_signed(
    emulator: Emulator, api: Api, receiver: Receiver
) -> None:
    url = f"{receiver.url}/calls?tag=1"
    call = api.call(StatusCallback=url, StatusCallbackEvent=["initiated", "ringing", "answered", "completed"])
    emulator.clock_advance("1h")
    got = receiver.wait_for(4)
    assert [params["CallStatus"] for _, _, params, _ in got] == [
        "initiated",
        "ringing",
        "in-progress",
        "completed",
    ]
    assert [params["SequenceNumber"] for _, _, params, _ in got] == ["0", "1", "2", "3"]
    assert {params["CallSid"] for _, _, params, _ in got} == {call["sid"]}
    assert got[-1][2]["CallDuration"] == "20"
    for method, path, params, signed in got:
        assert (method, path) == ("POST", "/calls?tag=1")
        assert RequestValidator(TOKEN).validate(url, params, signed)


def test_by_default_only_the_end_is_reported(emulator: Emulator, api: Api, receiver: Receiver) -> None:
    api.call(To="+15005550010", StatusCallback=receiver.url + "/end", StatusCallbackMethod="GET")
    emulator.clock_advance("1h")
    method, path, params, signed = receiver.wait_for(1)[0]
    assert method == "GET"
    assert "CallStatus=busy" in path
    assert params == {}
    assert RequestValidator(TOKEN).validate(receiver.url + path, {}, signed)


def test_recordings_and_rooms_report_too(emulator: Emulator, api: Api, receiver: Receiver) -> None:
    person = api.add(
        "standup",
        Label="anna",
        Record="true",
        RecordingStatusCallback=f"{receiver.url}/recording",
        ConferenceStatusCallback=f"{receiver.url}/room",
        ConferenceStatusCallbackEvent="start end join leave mute hold",
    )
    emulator.clock_advance("10s")
    api.post(person["uri"], {"Muted": "true"})
    api.post(person["uri"], {"Hold": "true"})
    api.post(person["uri"], {"Muted": "false"})
    api.post(person["uri"], {"Hold": "false"})
    api.post(f"Calls/{person['call_sid']}.json", {"Status": "completed"})
    emulator.clock_advance("1m")
    got = receiver.wait_for(9)
    rooms = [params["StatusCallbackEvent"] for _, path, params, _ in got if path == "/room"]
    assert rooms == [
        "participant-join",
        "conference-start",
        "participant-mute",
        "participant-hold",
        "participant-unmute",
        "participant-unhold",
        "participant-leave",
        "conference-end",
    ]
    told = [params for _, path, params, _ in got if path == "/room"]
    assert [params["SequenceNumber"] for params in told] == [str(number) for number in range(1, 9)]
    muted, held = told[2], told[3]
    assert (muted["Muted"], muted["Hold"], held["Hold"], muted["ParticipantLabel"]) == (
        "true",
        "false",
        "true",
        "anna",
    )
    assert {"Coaching", "EndConferenceOnExit", "StartConferenceOnEnter"} <= set(muted)
    left, end = told[-2:]
    assert (left["ParticipantCallStatus"], left["ReasonParticipantLeft"]) == ("completed", "participant_left")
    assert end["ReasonConferenceEnded"] == "last-participant-left"
    assert (end["CallSidEndingConference"], end["ParticipantLabelEndingConference"]) == (
        person["call_sid"],
        "anna",
    )
    recordings = [params for _, path, params, _ in got if path == "/recording"]
    assert [params["RecordingStatus"] for params in recordings] == ["completed"]
    assert recordings[0]["RecordingUrl"].startswith(emulator.url)


def test_an_application_has_callbacks_of_its_own(emulator: Emulator, api: Api) -> None:
    api.call(Twiml="", ApplicationSid="AP" + "1" * 32, StatusCallback="https://example.com/x")
    emulator.clock_advance("1h")
    assert emulator.callbacks() == []


def test_nobody_else_is_told(emulator: Emulator, api: Api, receiver: Receiver) -> None:
    api.call(StatusCallback="http://127.0.0.1.example.com/x")
    api.call(StatusCallback=receiver.url)
    emulator.clock_advance("1h")
    receiver.wait_for(1)
    stranger, local = emulator.callbacks()
    assert stranger["url"] == "http://127.0.0.1.example.com/x"
    assert stranger["status"] == "not sent: not a loopback address"
    assert local["params"]["CallStatus"] == "completed"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:80/x", True),
        ("http://localhost/x", True),
        ("http://[::1]:80/x", True),
        ("http://10.0.0.1/x", False),
        ("http://localhost.example.com/x", False),
        ("http://example.com@127.0.0.2/x", True),
        ("http://127.0.0.1@example.com/x", False),
        ("http:///x", False),
    ],
)
def test_what_is_loopback(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


def test_a_word_that_is_no_event_is_taken_and_nobody_is_ever_called_back(
    emulator: Emulator, api: Api
) -> None:
    api.call(StatusCallback="https://example.com/x", StatusCallbackEvent="['completed']")
    api.call(StatusCallback="https://example.com/y", StatusCallbackEvent=["completed", "finished"])
    emulator.clock_advance("1h")
    assert emulator.callbacks() == []
    emulator.switches(unknown_callback_event="refuse")
    assert api.refused_call(StatusCallback="https://example.com/x", StatusCallbackEvent="done") == 20001


def test_a_room_that_is_ended_by_the_api_tells_of_everybody(emulator: Emulator, api: Api) -> None:
    person = api.add(
        "standup",
        ConferenceStatusCallback="https://example.com/room",
        ConferenceStatusCallbackEvent="leave end",
    )
    emulator.clock_advance("10s")
    api.post(f"Conferences/{person['conference_sid']}.json", {"Status": "completed"})
    left, end = [sent["params"] for sent in emulator.callbacks()]
    assert (left["StatusCallbackEvent"], left["CallSid"]) == ("participant-leave", person["call_sid"])
    assert end["ReasonConferenceEnded"] == "conference-ended-via-api"
    assert "CallSidEndingConference" not in end


@pytest.mark.parametrize(
    "url", ["http://[::1/x", "http://127.0.0.1:99999/x", "http://127.0.0.1:1/\r\nX: y", "no url", "http://"]
)
def test_a_callback_that_nobody_can_send_does_not_end_the_others(
    emulator: Emulator, api: Api, receiver: Receiver, url: str
) -> None:
    """TwiML may name any URL."""
    room = f"<Conference statusCallback='{url.replace(chr(13), '').replace(chr(10), '&#10;')}'>r</Conference>"
    api.call(Twiml=f"<Response><Dial>{room}</Dial></Response>")
    emulator.clock_advance("1m")
    api.call(StatusCallback=receiver.url)
    emulator.clock_advance("1h")
    assert [params["CallStatus"] for _, _, params, _ in receiver.wait_for(1)] == ["completed"]
    assert str(emulator.callbacks()[0]["status"]).startswith("not ")


def test_who_answered_and_the_fallback_are_asked_signed(
    emulator: Emulator, api: Api, receiver: Receiver
) -> None:
    emulator.switches(answer_url="fail")
    amd, fallback = f"{receiver.url}/amd", f"{receiver.url}/fallback"
    api.call(
        Url="https://example.com/answer.xml",
        FallbackUrl=fallback,
        MachineDetection="Enable",
        AsyncAmd="true",
        AsyncAmdStatusCallback=amd,
    )
    emulator.clock_advance("1m")
    first, second = receiver.wait_for(2)
    assert [first[1], second[1]] == ["/amd", "/fallback"]
    assert first[2]["AnsweredBy"] == "human"
    assert second[2]["ErrorCode"] == "11200"
    for url, (method, _, params, signed) in ((amd, first), (fallback, second)):
        assert method == "POST"
        assert RequestValidator(TOKEN).validate(url, params, signed)

"""Settings that are lists, as the bytes of the request that they lead to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from tests.hostile.proxy import hostile_proxy
from tests.support import Stack
from tests.twilio.scripted import Server, answer, sid
from voiceform.model.clock import ManualClock
from voiceform.twilio.client import Client
from voiceform.twilio.parameters import CreateCall, CreateParticipant

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
PEOPLE: dict[str, str] = {"to": "+15558675310", "from_": "+15017122661"}
CALLBACK = "https://example.com/cb"

CALL = """
calls:
  reminder:
    to: "+15558675310"
    from: "+15017122661"
    schedule: {at: 2026-11-24T12:00:00, timezone: UTC}
    misfire_grace: 1h
    answer: {say: Hello}
    status_callback: {url: "https://example.com/cb", events: EVENTS}
"""
ROOM = """
conferences:
  standup:
    start: true
    settings:
      status_callback: "https://example.com/cb"
      status_callback_event: [start, end, join]
      record: record-from-start
      recording_status_callback: "https://example.com/cb"
      recording_status_callback_event: [in-progress, completed]
    participants:
      bridge: {to: "+15558675310", from: "+15017122661"}
"""


def sent_by(stack: Stack, path: str) -> dict[str, list[str]]:
    """The form of the one POST to `path` that applying sends."""
    stack.emulator.clock(now=NOW.isoformat(), frozen=True)
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        stack.ok("apply", "--auto-approve", clock=ManualClock(NOW))
        (request,) = proxy.seen("POST", path)
    return parse_qs(request.body, keep_blank_values=True)


@pytest.mark.parametrize(
    "events", [["completed"], ["initiated", "ringing", "answered", "completed"], ["answered", "completed"]]
)
def test_the_events_of_a_scheduled_call(events: list[str], stack: Stack) -> None:
    stack.write(CALL.replace("EVENTS", f"[{', '.join(events)}]"))
    form = sent_by(stack, r"/Calls\.json")
    assert form["StatusCallbackEvent"] == events


def test_the_events_of_a_conference_and_of_its_recording(stack: Stack) -> None:
    stack.write(ROOM)
    form = sent_by(stack, "/Participants.json")
    assert form["ConferenceStatusCallbackEvent"] == ["start", "end", "join"]
    assert form["ConferenceRecordingStatusCallbackEvent"] == ["in-progress", "completed"]


LISTS: dict[str, Callable[[Client, dict[str, list[str]]], object]] = {
    "createCall": lambda client, lists: client.create_call(
        CreateCall(**PEOPLE, url=CALLBACK, **lists)  # type: ignore[arg-type]
    ),
    "createParticipant": lambda client, lists: client.create_participant(
        sid("CF", 1),
        CreateParticipant(**PEOPLE, **lists),  # type: ignore[arg-type]
    ),
    "createCallRecording": lambda client, lists: client.create_call_recording(
        sid("CA", 1),
        **lists,  # type: ignore[arg-type]
    ),
}
NAMES = {
    "createCall": ["status_callback_event", "recording_status_callback_event"],
    "createParticipant": [
        "status_callback_event",
        "recording_status_callback_event",
        "conference_status_callback_event",
        "conference_recording_status_callback_event",
    ],
    "createCallRecording": ["recording_status_callback_event"],
}


@pytest.mark.parametrize("operation", LISTS)
@pytest.mark.parametrize("kind", [list, tuple])
def test_every_list_of_every_operation(
    operation: str, kind: Callable[[list[str]], list[str]], server: Server, client: Client
) -> None:
    made = sid("RE" if operation == "createCallRecording" else "CA", 1)
    server.play(answer(201, {"sid": made, "call_sid": sid("CA", 1)}))
    LISTS[operation](client, {name: kind(["one two", "three"]) for name in NAMES[operation]})
    form = parse_qs(server.requests[0].body)
    for name in NAMES[operation]:
        assert form["".join(part.capitalize() for part in name.split("_"))] == ["one two", "three"]

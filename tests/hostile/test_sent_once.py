"""What phones or records somebody is sent once, whatever bytes come back: then its outcome is unknown."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from tests.hostile.answers import BROKEN, GOOD, NOT_THE_ANSWER, chunked
from tests.hostile.proxy import hostile_proxy
from tests.support import Stack
from tests.twilio.scripted import listening, new_client, sid
from voiceform.model.clock import ManualClock
from voiceform.twilio.client import Client
from voiceform.twilio.errors import (
    AmbiguousError,
    ConnectionFailedError,
    ProtocolError,
    TwilioOutcomeUnknownError,
)
from voiceform.twilio.parameters import CreateCall, CreateParticipant
from voiceform.twilio.wire import Timeouts

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
QUICK = Timeouts(connect=5, read=0.3)
CALL = CreateCall(to="+15558675310", from_="+15017122661", twiml="<Response/>")
BRIDGE = CreateParticipant(to="+15558675310", from_="+15017122661", label="bridge")

PHONING: dict[str, Callable[[Client], object]] = {
    "createCall": lambda client: client.create_call(CALL),
    "createParticipant": lambda client: client.create_participant(sid("CF", 1), BRIDGE),
    "createCallRecording": lambda client: client.create_call_recording(sid("CA", 1)),
}
ANYTHING = BROKEN | NOT_THE_ANSWER


@pytest.mark.parametrize("operation", PHONING)
@pytest.mark.parametrize("name", ANYTHING)
def test_whatever_comes_back_it_is_not_sent_again(name: str, operation: str) -> None:
    with listening(ANYTHING[name]) as server:
        client = new_client(server.url, ManualClock(NOW), timeouts=QUICK)
        with pytest.raises(TwilioOutcomeUnknownError) as caught:
            PHONING[operation](client)
        assert len(server.requests) == 1
    assert caught.value.exit_code == 8
    assert client.transport.throttle.in_flight == 0


@pytest.mark.parametrize("name", ANYTHING)
def test_a_queue_is_not_created_again_blindly(name: str) -> None:
    with listening(ANYTHING[name]) as server:
        client = new_client(server.url, ManualClock(NOW), timeouts=QUICK)
        with pytest.raises(AmbiguousError):
            client.create_queue(friendly_name="Support", max_size=5)
        assert len(server.requests) == 1


@pytest.mark.parametrize("name", ANYTHING)
def test_reading_it_is_an_error_in_words(name: str) -> None:
    with listening(ANYTHING[name]) as server:
        client = new_client(server.url, ManualClock(NOW), timeouts=QUICK)
        with pytest.raises((ProtocolError, ConnectionFailedError)):
            client.fetch_call(sid("CA", 1))


@pytest.mark.parametrize(
    "reply",
    [
        chunked(),
        chunked(end=b"0\r\nX-Checksum: 1\r\n\r\n"),
        b"HTTP/1.1 100 Continue\r\n\r\n" + chunked(),
        b"HTTP/1.0 201 Created\r\n\r\n" + json.dumps(GOOD).encode(),
        b"HTTP/1.1 201 \xc3\xa9t\xc3\xa9\r\nContent-Length: 4\r\n\r\n",
    ],
    ids=["chunks", "trailers", "after 100", "http/1.0", "another language"],
)
def test_unusual_answers_are_answers(reply: bytes) -> None:
    if reply.endswith(b"4\r\n\r\n"):
        body = json.dumps(GOOD).encode()
        reply = reply.replace(b": 4", b": %d" % len(body)) + body
    with listening(reply) as server, new_client(server.url, ManualClock(NOW)) as client:
        assert client.create_call(CALL).sid == GOOD["sid"]


DISPATCHED = [
    "reset",
    "closed",
    "cut body",
    "two lengths",
    "length and chunks",
    "101",
    "103 and then the answer",
    "endless 100 Continue",
    "large headers",
    "http/2 preface",
    "gzip bomb",
    "too much",
    "login page",
    "empty",
    "lone surrogate",
    "not a number",
]


@pytest.mark.parametrize("name", DISPATCHED)
def test_the_ledger_says_unknown_and_the_next_dispatch_does_not_call_again(name: str, stack: Stack) -> None:
    due = datetime(2026, 5, 1, 9, tzinfo=UTC)
    stack.write(
        'calls:\n  reminder:\n    to: "+15558675310"\n    from: "+15017122661"\n'
        "    schedule: {at: 2026-05-01T09:00:00, timezone: UTC}\n    misfire_grace: 12h\n"
        "    answer: {say: Hello}\n"
    )
    stack.ok("apply", "--auto-approve", clock=ManualClock(due.replace(hour=8)))
    with hostile_proxy(stack.emulator.url) as proxy:
        proxy.rule("POST", "/Calls.json", ANYTHING[name], after=True)
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        first = stack.run("dispatch", "--once", clock=ManualClock(due))
        again = stack.run("dispatch", "--once", clock=ManualClock(due.replace(second=30)))
        assert len(proxy.seen("POST", "/Calls.json")) == 1
    assert first.code == 8, first.out + first.err
    assert again.code == 8, again.out + again.err
    assert "unknown" in stack.run("calls", "list").out

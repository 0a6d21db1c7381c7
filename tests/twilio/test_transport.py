from __future__ import annotations

import base64
import gzip
import json
import logging
import socket
import threading
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from email.utils import format_datetime

import pytest

from tests.hostile.answers import html
from tests.telling import tells_of_alice
from tests.twilio.scripted import (
    ACCOUNT,
    RESET,
    ROOT,
    SILENCE,
    START,
    TOKEN,
    Seen,
    Server,
    Step,
    answer,
    error,
    listening,
    new_client,
    page,
    queue_row,
    sid,
)
from voiceform.model.clock import ManualClock
from voiceform.model.errors import OutcomeUnknownError
from voiceform.model.shown import shown_lines
from voiceform.twilio.client import Client
from voiceform.twilio.errors import (
    AmbiguousError,
    ApiError,
    AuthenticationError,
    ConnectionFailedError,
    ForeignAnswerError,
    NotFinishedError,
    ProtocolError,
    RateLimitedError,
    ReadOnlyError,
    ServerError,
    TwilioError,
    TwilioOutcomeUnknownError,
)
from voiceform.twilio.operations import Ended
from voiceform.twilio.parameters import CreateCall, CreateParticipant
from voiceform.twilio.retry import RetryPolicy
from voiceform.twilio.wire import Timeouts

QUEUE, CALL, ROOM, AUDIO = sid("QU", 1), sid("CA", 1), sid("CF", 1), sid("RE", 1)
REMINDER = CreateCall(to="+15558675310", from_="+15017122661", twiml="<Response/>")
BRIDGE = CreateParticipant(to="+15558675310", from_="+15017122661", label="bridge")

PHONING: dict[str, Callable[[Client], object]] = {
    "createCall": lambda client: client.create_call(REMINDER),
    "createParticipant": lambda client: client.create_participant(ROOM, BRIDGE),
    "createCallRecording": lambda client: client.create_call_recording(CALL),
}
ASKING: dict[str, Callable[[Client], object]] = {
    "createQueue": lambda client: client.create_queue(friendly_name="Support", max_size=5),
    "updateCall": lambda client: client.update_call(CALL, twiml="<Response/>"),
    "updateConference": lambda client: client.update_conference(ROOM, announce_url="https://example.com/"),
    "updateParticipant": lambda client: client.update_participant(
        ROOM, CALL, announce_url="https://example.com/"
    ),
}
SETTING: dict[str, Callable[[Client], object]] = {
    "updateQueue": lambda client: client.update_queue(QUEUE, max_size=7),
    "updateCall": lambda client: client.update_call(CALL, status="completed"),
    "updateConference": lambda client: client.update_conference(ROOM, status="completed"),
    "updateParticipant": lambda client: client.update_participant(ROOM, CALL, muted=True),
}
DELETING: dict[str, Callable[[Client], object]] = {
    "deleteQueue": lambda client: client.delete_queue(QUEUE),
    "deleteCall": lambda client: client.delete_call(CALL),
    "deleteRecording": lambda client: client.delete_recording(AUDIO),
    "deleteParticipant": lambda client: client.delete_participant(ROOM, "bridge"),
}
READING: dict[str, Callable[[Client], object]] = {
    "fetchQueue": lambda client: client.fetch_queue(QUEUE),
    "listQueues": lambda client: list(client.list_queues()),
}
EVERYTHING = [
    *PHONING.values(),
    *ASKING.values(),
    *SETTING.values(),
    *DELETING.values(),
    *READING.values(),
]


def good(request: Seen) -> bytes:
    """An answer that suits every operation: about the object that the path names, or a list without rows."""
    name = request.target.partition("?")[0].rpartition("/")[2].removesuffix(".json")
    name = {"Calls": CALL, "Queues": QUEUE, "Recordings": AUDIO}.get(name, name)
    return answer(200, {"sid": name, "call_sid": CALL, "queues": []})


LOST: dict[str, Step] = {
    "reset": RESET,
    "500": error(500, 20500),
    "502 page": answer(502, raw=b"<html>Bad gateway</html>"),
    "503": error(503, 20503),
    "504": answer(504),
    "408": answer(408),
    "truncated": answer(201, raw=b'{"sid": "CA', Content_Length="500"),
    "incomplete JSON": answer(201, raw=b'{"sid": "CA'),
    "HTML": answer(200, raw=b"<!DOCTYPE html><p>Welcome to our Wi-Fi"),
    "XML": answer(200, raw=b"<?xml version='1.0'?>"),
    "empty": answer(201),
    "no SID": answer(201, {}),
    "a list": answer(201, []),
    "a SID of a wrong type": answer(201, {"sid": 7, "call_sid": None}),
    "not HTTP": b"220 smtp.example.com ESMTP\r\n\r\n",
    "deep": answer(201, raw=b"[" * 100_000),
    "not gzip": answer(201, raw=b"not compressed", Content_Encoding="gzip"),
}


@pytest.mark.parametrize("call", PHONING.values(), ids=PHONING)
@pytest.mark.parametrize("step", LOST.values(), ids=LOST)
def test_what_phones_somebody_is_sent_once_and_its_outcome_is_unknown(
    call: Callable[[Client], object], step: Step, server: Server, client: Client
) -> None:
    server.play(step)
    with pytest.raises(TwilioOutcomeUnknownError) as caught:
        call(client)
    assert len(server.requests) == 1
    assert caught.value.exit_code == 8
    assert isinstance(caught.value, OutcomeUnknownError)
    assert not isinstance(caught.value, AmbiguousError)


@pytest.mark.parametrize("call", PHONING.values(), ids=PHONING)
def test_no_answer_in_time_is_unknown_too(call: Callable[[Client], object], clock: ManualClock) -> None:
    with (
        listening(SILENCE) as server,
        new_client(server.url, clock, timeouts=Timeouts(connect=5, read=0.2)) as client,
    ):
        with pytest.raises(TwilioOutcomeUnknownError, match="no answer in time"):
            call(client)
        assert len(server.requests) == 1


@pytest.mark.parametrize("call", PHONING.values(), ids=PHONING)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_of_a_write_is_not_followed(
    call: Callable[[Client], object], status: int, server: Server, client: Client
) -> None:
    server.play(answer(status, Location="https://elsewhere.example.com/"))
    with pytest.raises(TwilioOutcomeUnknownError):
        call(client)
    assert len(server.requests) == 1


@pytest.mark.parametrize("call", [*PHONING.values(), *ASKING.values()])
def test_429_was_never_processed_and_is_repeated(
    call: Callable[[Client], object], server: Server, client: Client
) -> None:
    server.play(error(429, 20429), error(429, 20429), good)
    call(client)
    assert len(server.requests) == 3
    assert len({request.body for request in server.requests}) == 1


@pytest.mark.parametrize("call", EVERYTHING)
def test_429_without_end_gives_up(
    call: Callable[[Client], object], server: Server, client: Client, clock: ManualClock
) -> None:
    server.play(error(429, 20429))
    with pytest.raises(RateLimitedError) as caught:
        call(client)
    assert caught.value.code == 20429
    assert len(server.requests) == RetryPolicy().throttled_attempts
    assert client.transport.throttle.limit == 1
    assert clock.now() <= START + timedelta(seconds=Timeouts().total)


@pytest.mark.parametrize("call", PHONING.values(), ids=PHONING)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 422])
def test_a_refusal_is_no_unknown_outcome(
    call: Callable[[Client], object], status: int, server: Server, client: Client
) -> None:
    server.play(error(status, 21211, "The phone number +15558675310 is not valid."))
    with pytest.raises(ApiError) as caught:
        call(client)
    assert caught.value.status == status
    assert caught.value.code == 21211
    assert "555867" not in shown_lines(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("call", EVERYTHING)
def test_without_a_connection_nothing_was_sent(call: Callable[[Client], object], clock: ManualClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with (
        new_client(f"http://127.0.0.1:{port}", clock) as client,
        pytest.raises(ConnectionFailedError, match="refused") as caught,
    ):
        call(client)
    assert "nothing was sent" in str(caught.value)
    assert caught.value.exit_code == 1


def test_an_unknown_host_is_a_failed_connection(clock: ManualClock) -> None:
    with (
        new_client("https://api.invalid", clock) as client,
        pytest.raises(ConnectionFailedError, match="resolved"),
    ):
        client.create_call(REMINDER)


def test_a_phoning_request_reaches_a_server_that_comes_back(clock: ManualClock) -> None:
    """A refused connection is repeated even for a call: nothing was sent."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    class Opening(ManualClock):
        """Opens the port when the client waits for the first time."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            if not opened:
                opened.append(socket.create_server(("127.0.0.1", port)))
                _serve_once(opened[0], answer(201, {"sid": CALL}))

    opened: list[socket.socket] = []
    with new_client(f"http://127.0.0.1:{port}", Opening(START)) as client:
        assert client.create_call(REMINDER).sid == CALL
    opened[0].close()


def _serve_once(listener: socket.socket, reply: bytes) -> None:
    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(reply)

    threading.Thread(target=serve, daemon=True).start()


@pytest.mark.parametrize("call", ASKING.values(), ids=ASKING)
@pytest.mark.parametrize("step", LOST.values(), ids=LOST)
def test_what_can_be_read_again_is_not_repeated_blindly(
    call: Callable[[Client], object], step: Step, server: Server, client: Client
) -> None:
    server.play(step)
    with pytest.raises(AmbiguousError) as caught:
        call(client)
    assert len(server.requests) == 1
    assert not isinstance(caught.value, OutcomeUnknownError)


@pytest.mark.parametrize("call", SETTING.values(), ids=SETTING)
@pytest.mark.parametrize("name", ["reset", "500", "truncated", "HTML", "no SID"])
def test_setting_a_value_is_repeated(
    call: Callable[[Client], object], name: str, server: Server, client: Client
) -> None:
    server.play(LOST[name], LOST[name], good)
    call(client)
    assert len(server.requests) == 3


@pytest.mark.parametrize("call", SETTING.values(), ids=SETTING)
def test_setting_a_value_that_stays_in_doubt_is_ambiguous(
    call: Callable[[Client], object], server: Server, client: Client
) -> None:
    server.play(RESET)
    with pytest.raises(AmbiguousError):
        call(client)
    assert len(server.requests) == RetryPolicy().attempts


@pytest.mark.parametrize("call", DELETING.values(), ids=DELETING)
@pytest.mark.parametrize("name", ["reset", "500", "502 page", "504"])
def test_deleting_is_repeated_and_gone_is_well(
    call: Callable[[Client], object], name: str, server: Server, client: Client
) -> None:
    server.play(LOST[name], error(404, 20404))
    assert call(client) is Ended.ALREADY
    server.play(LOST[name], answer(204))
    assert call(client) is Ended.NOW


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("reset", ConnectionFailedError),
        ("500", ServerError),
        ("504", ServerError),
        ("truncated", ConnectionFailedError),
        ("HTML", ProtocolError),
        ("XML", ProtocolError),
        ("incomplete JSON", ProtocolError),
        ("no SID", ProtocolError),
        ("not HTTP", ConnectionFailedError),
        ("deep", ProtocolError),
        ("not gzip", ConnectionFailedError),
    ],
)
@pytest.mark.parametrize("call", READING.values(), ids=READING)
def test_reading_is_repeated_and_gives_up_in_words(
    call: Callable[[Client], object],
    name: str,
    expected: type[TwilioError],
    server: Server,
    client: Client,
) -> None:
    server.play(LOST[name], LOST[name], good)
    call(client)
    server.requests.clear()
    server.play(LOST[name])
    with pytest.raises(expected):
        call(client)
    assert len(server.requests) == RetryPolicy().attempts


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_of_a_read_is_not_followed(status: int, server: Server, client: Client) -> None:
    server.play(answer(status, Location=f"{server.url}/other"))
    with pytest.raises(ProtocolError, match="redirect"):
        client.fetch_queue(QUEUE)
    assert len(server.requests) == 1


def test_an_answer_about_another_object_is_refused(server: Server, client: Client) -> None:
    server.play(answer(200, queue_row(2)))
    with pytest.raises(ProtocolError, match="another object"):
        client.fetch_queue(QUEUE)


@pytest.mark.parametrize("call", [*PHONING.values(), *ASKING.values(), *SETTING.values(), *DELETING.values()])
def test_a_read_only_client_sends_no_write(call: Callable[[Client], object], clock: ManualClock) -> None:
    with listening(good) as server, new_client(server.url, clock, read_only=True) as client:
        with pytest.raises(ReadOnlyError):
            call(client)
        assert server.requests == []
        for read in READING.values():
            read(client)
        assert {request.method for request in server.requests} == {"GET"}


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("7", 7.0, 7.5),
        (format_datetime(START + timedelta(seconds=20), usegmt=False), 20.0, 20.5),
        (format_datetime(START - timedelta(hours=1)), 0.0, 0.5),
        ("86400", 60.0, 60.5),
        ("soon", 0.0, 0.5),
    ],
)
def test_retry_after_is_honoured(
    value: str, least: float, most: float, server: Server, client: Client, clock: ManualClock
) -> None:
    server.play(error(429, 20429, Retry_After=value), good)
    client.fetch_queue(QUEUE)
    waited = (clock.now() - START).total_seconds()
    assert least <= waited <= most


def test_patience_ends(server: Server, client: Client, clock: ManualClock) -> None:
    server.play(error(429, 20429, Retry_After="59"))
    with pytest.raises(RateLimitedError):
        client.fetch_queue(QUEUE)
    assert len(server.requests) == 3
    assert clock.now() <= START + timedelta(seconds=Timeouts().total)


def test_what_every_request_carries(server: Server, client: Client) -> None:
    server.play(answer(201, queue_row(1)))
    client.create_queue(friendly_name="Größe & +1", max_size=5)
    request = server.requests[0]
    sign_in = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    assert (request.method, request.target) == ("POST", f"{ROOT}/Queues.json")
    assert request.body == "FriendlyName=Gr%C3%B6%C3%9Fe+%26+%2B1&MaxSize=5"
    assert request.headers["authorization"] == f"Basic {sign_in}"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept"] == "application/json"
    assert request.headers["user-agent"].startswith("voiceform/")


def test_connections_are_kept_but_not_for_what_phones_somebody(server: Server, client: Client) -> None:
    server.play(good)
    client.fetch_queue(QUEUE)
    client.fetch_queue(QUEUE)
    assert [request.connection for request in server.requests] == [1, 1]
    client.create_call(REMINDER)
    client.create_call(REMINDER)
    client.fetch_queue(QUEUE)
    assert [request.connection for request in server.requests] == [1, 1, 2, 3, 1]
    assert server.requests[2].headers["connection"] == "close"


def test_a_kept_connection_that_was_closed_meanwhile_is_replaced(server: Server, client: Client) -> None:
    server.play(answer(200, queue_row(1), Connection="close"))
    client.fetch_queue(QUEUE)
    client.create_queue(friendly_name="Support", max_size=1)
    assert len(server.requests) == 2


def test_an_error_says_what_where_and_what_next(server: Server, client: Client) -> None:
    server.play(error(400, 20002, "Bad \x1b[31mname\r\n+15558675310", Twilio_Request_Id="RQ" + "a" * 32))
    with pytest.raises(ApiError) as caught:
        client.create_queue(friendly_name="x", max_size=1)
    text = str(caught.value)
    assert text.startswith("Twilio 20002: Bad")
    assert f"(createQueue, HTTP 400, RQ{'a' * 32})\n" in text
    assert caught.value.where == f"createQueue (POST {server.url}{ROOT}/Queues.json)"
    assert "\n  see https://www.twilio.com/docs/errors/20002" in text
    assert "\x1b" not in text
    assert "555867" in text  # outputs mask it
    assert caught.value.request_id == "RQ" + "a" * 32


def test_a_query_is_not_repeated_in_errors(server: Server, client: Client) -> None:
    server.play(error(400, 20001))
    with pytest.raises(ApiError) as caught:
        list(client.list_calls(to="+15558675310"))
    assert not tells_of_alice(str(caught.value))
    assert "To=%2B15558675310" in server.targets[0]


@pytest.mark.parametrize("status", [401, 403])
def test_refused_credentials_say_which_variables_were_used(
    status: int, server: Server, client: Client
) -> None:
    server.play(error(status, 20003, "Authenticate"))
    with pytest.raises(AuthenticationError, match="TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"):
        client.fetch_queue(QUEUE)


@pytest.mark.parametrize(
    "body",
    [None, [], "text", {"code": "-1"}, {"code": True, "message": 7, "more_info": []}, {"message": None}],
)
def test_error_bodies_of_any_shape(body: object, server: Server, client: Client) -> None:
    server.play(answer(404, body))
    with pytest.raises(ForeignAnswerError) as caught:
        client.fetch_queue(QUEUE)
    assert caught.value.code is None


def test_an_error_code_as_text_is_that_code(server: Server, client: Client) -> None:
    server.play(answer(409, {"code": "20009", "message": "Cannot delete", "status": "409"}))
    with pytest.raises(NotFinishedError) as caught:
        client.delete_call(sid("CA", 1))
    assert caught.value.code == 20009


def test_the_token_appears_nowhere(server: Server, client: Client, caplog: pytest.LogCaptureFixture) -> None:
    """Not in messages, reprs, causes, contexts or logs, whatever happens."""
    caplog.set_level(logging.DEBUG)
    encoded = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    texts = [repr(client.transport), repr(client), str(vars(client)), repr(client.transport.throttle)]
    for step in [*LOST.values(), error(401, 20003), error(404, 20404), error(429, 20429), answer(302)]:
        for call in EVERYTHING:
            server.play(step)
            try:
                call(client)
            except TwilioError as caught:
                texts += _everything_said(caught)
    texts.append(caplog.text)
    assert caplog.text
    assert not any(TOKEN in text or encoded in text for text in texts)


def _everything_said(error: BaseException) -> list[str]:
    texts = []
    pending: list[BaseException | None] = [error]
    while pending:
        link = pending.pop()
        if link is not None:
            texts += [str(link), repr(link), str(vars(link))]
            pending += [link.__cause__, link.__context__ if not link.__suppress_context__ else None]
    return texts


def test_a_closed_client_sends_nothing(server: Server, client: Client) -> None:
    client.close()
    with pytest.raises(ConnectionFailedError, match="closed"):
        client.fetch_queue(QUEUE)
    assert server.requests == []


def test_the_number_of_requests_of_the_account_is_watched(server: Server, clock: ManualClock) -> None:
    server.play(answer(200, queue_row(1), Twilio_Concurrent_Requests="500"), answer(200, queue_row(1)))
    with new_client(server.url, clock, max_in_flight=8) as client:
        client.fetch_queue(QUEUE)
        assert client.transport.throttle.limit == 6


def test_gzip_is_read(server: Server, client: Client) -> None:
    server.play(answer(200, raw=gzip.compress(json.dumps(queue_row(1)).encode()), Content_Encoding="gzip"))
    assert client.fetch_queue(QUEUE).sid == QUEUE
    assert "gzip" in server.requests[0].headers["accept-encoding"]


def test_a_proxy_of_the_environment_is_used(
    server: Server, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.play(answer(200, queue_row(1)))
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with new_client("http://api.example.invalid", clock) as client:
        client.fetch_queue(QUEUE)
    assert server.targets == [f"http://api.example.invalid{ROOT}/Queues/{QUEUE}.json"]


def test_https_goes_through_a_tunnel_and_a_refused_tunnel_means_that_nothing_was_sent(
    server: Server, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.play(answer(403))
    monkeypatch.setenv("HTTPS_PROXY", f"http://someone:{TOKEN}@{server.url.removeprefix('http://')}")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with (
        new_client("https://api.example.invalid", clock) as client,
        pytest.raises(ConnectionFailedError, match="proxy refuses") as caught,
    ):
        client.create_call(REMINDER)
    assert TOKEN not in str(caught.value)
    assert {(request.method, request.target) for request in server.requests} == {
        ("CONNECT", "api.example.invalid:443")
    }
    assert "authorization" not in server.requests[0].headers


def test_a_call_that_a_proxy_loses_is_unknown(
    server: Server, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy was reached, so the call may be placed."""
    server.play(RESET)
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with new_client("http://api.example.invalid", clock) as client, pytest.raises(TwilioOutcomeUnknownError):
        client.create_call(REMINDER)
    assert len(server.requests) == 1


def test_unreadable_certificates_are_reported_before_anything_is_sent(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nowhere/bundle.pem")
    with pytest.raises(ConnectionFailedError, match=r"/nowhere/bundle\.pem"):
        new_client("https://api.example.invalid", clock)


def test_an_unusable_proxy_setting_is_reported(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "gopher://127.0.0.1:1")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(ConnectionFailedError):
        new_client("http://api.example.invalid", clock)


def test_pages_go_through_the_same_repetition(server: Server, client: Client) -> None:
    server.play(
        page("queues", [queue_row(1)], f"{ROOT}/Queues.json?PageToken=PAQU1"),
        RESET,
        error(503, 20503),
        page("queues", [queue_row(2)]),
    )
    assert [queue.sid for queue in client.list_queues()] == [sid("QU", 1), sid("QU", 2)]


LARGE = {
    "too much": answer(200, raw=b" " * (5 * 1024 * 1024) + b"{}"),
    "a page": html(200, b"<html>" + b" " * (3 * 1024 * 1024)),
    "a page of an error": html(502, b"<html>" + b" " * (3 * 1024 * 1024)),
    "no JSON": answer(200, raw=b"[" + b" " * (3 * 1024 * 1024), Content_Type="application/json"),
}
"""Answers of megabytes that are none."""


@pytest.mark.parametrize("name", ["createCall", "createQueue", "deleteRecording", "listQueues"])
@pytest.mark.parametrize("step", LARGE.values(), ids=LARGE)
def test_an_error_does_not_keep_the_answer_that_it_comes_from(
    name: str, step: bytes, server: Server, client: Client
) -> None:
    call = {**PHONING, **ASKING, **DELETING, **READING}[name]
    server.play(step)
    kept: list[TwilioError] = []
    tracemalloc.start()
    try:
        for _ in range(4):
            with pytest.raises(TwilioError) as caught:
                call(client)
            kept.append(caught.value)
            del caught
        assert tracemalloc.get_traced_memory()[0] < 8 * 1024 * 1024
    finally:
        tracemalloc.stop()

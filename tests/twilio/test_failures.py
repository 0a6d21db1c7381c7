from __future__ import annotations

import inspect
import socket
import ssl
from http.client import BadStatusLine, HTTPException, IncompleteRead, RemoteDisconnected
from typing import Any

import pytest
import urllib3.exceptions
from requests import exceptions
from requests.exceptions import RequestException

from tests.twilio.scripted import ACCOUNT, START, TOKEN, sid
from voiceform.model.clock import ManualClock
from voiceform.twilio import errors
from voiceform.twilio.client import Client
from voiceform.twilio.credentials import Credentials
from voiceform.twilio.errors import AmbiguousError, ConnectionFailedError, TwilioError
from voiceform.twilio.failures import failure
from voiceform.twilio.transport import Transport

POOL = urllib3.HTTPConnectionPool("127.0.0.1")
CONNECTION = urllib3.connection.HTTPConnection("127.0.0.1")

REQUESTS_ERRORS = [
    kind
    for _, kind in inspect.getmembers(exceptions, inspect.isclass)
    if issubclass(kind, RequestException) and not issubclass(kind, exceptions.JSONDecodeError)
]
URLLIB3_ERRORS: list[Exception] = [
    urllib3.exceptions.HTTPError("x"),
    urllib3.exceptions.ProtocolError("Connection aborted.", RemoteDisconnected("x")),
    urllib3.exceptions.ReadTimeoutError(POOL, "/", "x"),
    urllib3.exceptions.ConnectTimeoutError(CONNECTION, "x"),
    urllib3.exceptions.NewConnectionError(CONNECTION, "x"),
    urllib3.exceptions.MaxRetryError(POOL, "/", urllib3.exceptions.NewConnectionError(CONNECTION, "x")),
    urllib3.exceptions.ProxyError("x", OSError("Tunnel connection failed: 403 Forbidden")),
    urllib3.exceptions.ProxyError("x", ConnectionResetError(104, "reset")),
    urllib3.exceptions.SSLError(ssl.SSLCertVerificationError("x")),
    urllib3.exceptions.DecodeError("x"),
    urllib3.exceptions.IncompleteRead(1, 2),
    urllib3.exceptions.LocationParseError("x"),
    urllib3.exceptions.ClosedPoolError(POOL, "x"),
    urllib3.exceptions.EmptyPoolError(POOL, "x"),
    urllib3.exceptions.InvalidHeader("x"),
]
MACHINE_ERRORS: list[Exception] = [
    OSError(5, "Input/output error"),
    ConnectionResetError(104, "Connection reset by peer"),
    BrokenPipeError(32, "Broken pipe"),
    TimeoutError(),
    ssl.SSLError("x"),
    HTTPException("x"),
    BadStatusLine("x"),
    IncompleteRead(b"x"),
    ValueError("x"),
    UnicodeError("x"),
]


class Raising:
    """A way to the origin on which every exchange ends with the same exception."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def send(self, *args: Any, **kwargs: Any) -> Any:
        raise self.error

    def close(self) -> None:
        pass


def client_that_meets(error: Exception) -> Client:
    transport = Transport(
        Credentials(ACCOUNT, ACCOUNT, TOKEN), "http://127.0.0.1:9", read_only=False, clock=ManualClock(START)
    )
    road: Any = Raising(error)
    transport._wire._road = road
    return Client(transport)


EVERY_ERROR = [*[kind("x") for kind in REQUESTS_ERRORS], *URLLIB3_ERRORS, *MACHINE_ERRORS]


def test_the_walk_finds_the_errors_of_requests() -> None:
    assert {"Timeout", "ConnectionError", "ChunkedEncodingError", "ProxyError", "InvalidProxyURL"} <= {
        kind.__name__ for kind in REQUESTS_ERRORS
    }


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: type(error).__name__)
def test_no_error_of_a_library_leaks(error: Exception) -> None:
    client = client_that_meets(error)
    with pytest.raises(ConnectionFailedError) as caught:
        client.fetch_queue(sid("QU", 1))
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    with pytest.raises((AmbiguousError, ConnectionFailedError)):
        client.create_queue(friendly_name="x", max_size=1)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (urllib3.exceptions.ConnectTimeoutError(CONNECTION, "x"), "no connection in time"),
        (urllib3.exceptions.NameResolutionError("h", CONNECTION, socket.gaierror(1, "x")), "resolved"),
        (urllib3.exceptions.ProxyError("x", OSError("Tunnel connection failed: 403 Forbidden")), "refuses"),
        (urllib3.exceptions.SSLError(ssl.SSLCertVerificationError("x")), "not trusted"),
        (urllib3.exceptions.InvalidHeader("x"), "contradict"),
        (urllib3.exceptions.ReadTimeoutError(POOL, "/", "x"), "no answer in time"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_reason_is_found_under_what_libraries_wrap_around_it(error: Exception, reason: str) -> None:
    wrapped = exceptions.ConnectionError(urllib3.exceptions.MaxRetryError(POOL, "/", error))
    assert reason in failure(wrapped, sent=True).reason


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("sent", [True, False])
def test_no_exception_says_whether_something_was_sent(error: Exception, sent: bool) -> None:
    """Only the connection knows."""
    assert failure(error, sent=sent).sent is sent


def test_exceptions_that_wrap_each_other_in_a_circle_end() -> None:
    first, second = Exception("x"), Exception("y")
    first.args, second.args = (second,), (first,)
    assert failure(first, sent=True).reason == "the exchange broke off"


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn = errors.__doc__ or ""
    classes = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, TwilioError) and not kind.__name__.startswith("_")
    ]
    assert len(classes) > 10
    assert all(kind.__name__ in drawn for kind in classes)
    assert set(errors.__all__) >= {kind.__name__ for kind in classes}

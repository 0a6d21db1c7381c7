from __future__ import annotations

import inspect
import socket
import ssl
from types import ModuleType
from typing import Any

import httptools
import pytest
import socks

from tests.twilio.scripted import ACCOUNT, START, TOKEN, sid
from voiceform.model.clock import ManualClock
from voiceform.twilio import errors
from voiceform.twilio.client import Client
from voiceform.twilio.credentials import Credentials
from voiceform.twilio.errors import AmbiguousError, ConnectionFailedError, TwilioError
from voiceform.twilio.failures import meaning
from voiceform.twilio.transport import Transport


def kinds(library: ModuleType, *bases: type[Exception]) -> list[Exception]:
    """One error of each kind below `bases` that a library has."""
    found = [kind for _, kind in inspect.getmembers(library, inspect.isclass) if issubclass(kind, bases)]
    return [kind("x") for kind in found]


PARSER_ERRORS = kinds(httptools, httptools.HttpParserError)
PROXY_ERRORS = kinds(socks, socks.ProxyError)
TLS_ERRORS = kinds(ssl, ssl.SSLError, ssl.CertificateError)
MACHINE_ERRORS: list[Exception] = [
    OSError(5, "Input/output error"),
    ConnectionResetError(104, "Connection reset by peer"),
    ConnectionRefusedError(111, "Connection refused"),
    BrokenPipeError(32, "Broken pipe"),
    TimeoutError(),
    socket.gaierror(-2, "Name or service not known"),
    ValueError("x"),
    UnicodeError("x"),
]


class Raising:
    """A way to the origin on which every exchange ends with the same exception."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    before = headers = ""

    def line(self, *args: Any, **kwargs: Any) -> Any:
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


EVERY_ERROR = [*PARSER_ERRORS, *PROXY_ERRORS, *TLS_ERRORS, *MACHINE_ERRORS]


def test_the_walks_find_the_errors_of_libraries() -> None:
    assert {"HttpParserError", "HttpParserCallbackError", "SOCKS5AuthError", "SSLCertVerificationError"} <= {
        type(error).__name__ for error in EVERY_ERROR
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
        (TimeoutError(), "no answer in time"),
        (socket.gaierror(-2, "x"), "resolved"),
        (ssl.SSLCertVerificationError("x"), "not trusted"),
        (ssl.SSLEOFError("x"), "TLS connection failed"),
        (BrokenPipeError(32, "x"), "closed without an answer"),
        (httptools.HttpParserError("Content-Length can't be present with Transfer-Encoding"), "contradict"),
        (httptools.HttpParserError("Duplicate Content-Length"), "contradict"),
        (httptools.HttpParserError("Invalid character in Content-Length"), "not HTTP"),
        (OSError(101, "Network is unreachable"), "network is unreachable"),
        (OSError("x"), "broke off"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_an_exception_is_called(error: Exception, reason: str) -> None:
    assert reason in meaning(error, sent=True)


def test_a_wait_for_a_connection_is_no_wait_for_an_answer() -> None:
    assert meaning(TimeoutError(), sent=False) == "no connection in time"


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

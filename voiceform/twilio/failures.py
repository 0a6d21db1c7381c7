"""What a failed exchange is called. Whether something was sent is not concluded from exceptions: the exchange
knows it (see lines.py)."""

from __future__ import annotations

import socket
import ssl

from httptools import HttpParserError

ERRORS = (HttpParserError, OSError, ValueError)
"""What the machine, TLS, llhttp and names that are none raise for an exchange that failed."""


class ExchangeFailedError(Exception):
    """No readable answer. `sent` is False only where it is certain that no byte of the request left us.

    Stays inside this package: the transport turns it into one of the errors that callers know.
    """

    def __init__(self, reason: str, *, sent: bool) -> None:
        self.reason = reason
        self.sent = sent
        super().__init__(reason)


def meaning(error: Exception, *, sent: bool) -> str:
    """What one of ERRORS is called. Nothing of the exception is kept, but the system's words for an error."""
    for kind, text in _REASONS:
        if isinstance(error, kind):
            return text
    if isinstance(error, TimeoutError):
        return "no answer in time" if sent else "no connection in time"
    if isinstance(error, HttpParserError):
        contradict = "Content-Length" in str(error) and "Invalid character" not in str(error)
        return "the answer's headers contradict each other" if contradict else "the answer is not HTTP"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    return "the exchange broke off" if sent else "the request could not be made"


_REASONS: tuple[tuple[type[Exception], str], ...] = (
    (ssl.SSLCertVerificationError, "its TLS certificate is not trusted"),
    (ssl.SSLError, "the TLS connection failed"),
    (socket.gaierror, "its name cannot be resolved"),
    (ConnectionRefusedError, "the connection is refused"),
    (ConnectionResetError, "the connection was reset"),
    (ConnectionError, "the connection was closed without an answer"),
)
"""First match wins."""

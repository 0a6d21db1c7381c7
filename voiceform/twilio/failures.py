"""What a failed exchange means: was anything sent?

The one place that knows the errors of requests and urllib3.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from requests import exceptions as requests_errors
from urllib3 import exceptions as urllib3_errors

_NEVER_SENT = (
    requests_errors.ConnectTimeout,
    requests_errors.InvalidHeader,
    requests_errors.InvalidSchema,
    requests_errors.InvalidURL,
    requests_errors.MissingSchema,
    urllib3_errors.ConnectTimeoutError,
    urllib3_errors.LocationValueError,
    urllib3_errors.NewConnectionError,
    ssl.SSLCertVerificationError,
)
"""Raised before the first byte of a request leaves. A ProxyError is not among them: urllib3 wraps everything
into one after it has closed the connection, also what came after the request."""

_TUNNEL_REFUSED = "Tunnel connection failed"


class ExchangeFailedError(Exception):
    """No readable answer. `sent` is False only where it is certain that no byte of the request left us.

    Stays inside this package: the transport turns it into one of the errors that callers know.
    """

    def __init__(self, reason: str, *, sent: bool) -> None:
        self.reason = reason
        self.sent = sent
        super().__init__(reason)


def failure(error: Exception) -> ExchangeFailedError:
    """What an exception of requests, urllib3 or the machine means.

    Nothing of the exception is kept: requests' exceptions carry the request, and with it the token.
    """
    if isinstance(error, ExchangeFailedError):
        return error
    chain = list(_chain(error))
    sent = not any(isinstance(link, _NEVER_SENT) or _tunnel_refused(link) for link in chain)
    return ExchangeFailedError(_reason(chain, sent=sent), sent=sent)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """`error` and what it wraps, outermost first."""
    pending: list[object] = [error]
    seen: set[int] = set()
    while pending:
        link = pending.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        pending += [
            *link.args,
            getattr(link, "reason", None),
            getattr(link, "original_error", None),
            link.__cause__,
        ]


def _tunnel_refused(link: BaseException) -> bool:
    return isinstance(link, OSError) and str(link).startswith(_TUNNEL_REFUSED)


def _reason(chain: list[BaseException], *, sent: bool) -> str:
    for kind, text in _REASONS:
        if any(isinstance(link, kind) for link in chain):
            return text
    for link in chain:
        if _tunnel_refused(link):
            return "the proxy refuses to connect to it"
        if isinstance(link, OSError) and link.strerror:
            return link.strerror.lower()
    return "the exchange broke off" if sent else "the request could not be made"


_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLCertVerificationError, "its TLS certificate is not trusted"),
    (urllib3_errors.NameResolutionError, "its name cannot be resolved"),
    (ConnectionRefusedError, "the connection is refused"),
    (urllib3_errors.ConnectTimeoutError, "no connection in time"),
    (urllib3_errors.ReadTimeoutError, "no answer in time"),
    (TimeoutError, "no answer in time"),
    (urllib3_errors.IncompleteRead, "the answer was cut off"),
    (urllib3_errors.DecodeError, "the answer cannot be decompressed"),
    (ConnectionResetError, "the connection was reset"),
    (ssl.SSLError, "the TLS connection failed"),
    (ConnectionError, "the connection was closed without an answer"),
)
"""First match wins. http.client's RemoteDisconnected is a ConnectionResetError as well."""

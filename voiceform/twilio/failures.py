"""What a failed exchange is called. The one place that knows the errors of requests and urllib3.

Whether something was sent is not concluded from them: the connection knows it (see lines.py).
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from urllib3 import exceptions as urllib3_errors

_TUNNEL_REFUSED = "Tunnel connection failed"


class ExchangeFailedError(Exception):
    """No readable answer. `sent` is False only where it is certain that no byte of the request left us.

    Stays inside this package: the transport turns it into one of the errors that callers know.
    """

    def __init__(self, reason: str, *, sent: bool) -> None:
        self.reason = reason
        self.sent = sent
        super().__init__(reason)


def failure(error: Exception, *, sent: bool) -> ExchangeFailedError:
    """What an exception of requests, urllib3 or the machine means.

    Nothing of the exception is kept: requests' exceptions carry the request, and with it the token.
    """
    if isinstance(error, ExchangeFailedError):
        return ExchangeFailedError(error.reason, sent=sent)
    chain = list(_chain(error))
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
    (urllib3_errors.InvalidHeader, "the answer's headers contradict each other"),
    (ConnectionResetError, "the connection was reset"),
    (ssl.SSLError, "the TLS connection failed"),
    (ConnectionError, "the connection was closed without an answer"),
)
"""First match wins. http.client's RemoteDisconnected is a ConnectionResetError as well."""

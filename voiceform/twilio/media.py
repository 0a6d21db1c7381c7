"""A recording's audio, as a stream; it may lie on another host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

from voiceform.twilio.credentials import is_loopback
from voiceform.twilio.errors import ConnectionFailedError, ProtocolError
from voiceform.twilio.failures import ExchangeFailedError
from voiceform.twilio.lines import is_address, is_public
from voiceform.twilio.verdict import Place
from voiceform.twilio.wire import Stream, Wire

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5


class Media:
    """Audio that arrives: iterate over its pieces (bytes), once, and close it; a context manager.

    `status` is 2xx (200 is the whole of it), `content_type` is as the service says, `length` in bytes or
    None. Iterating raises ConnectionFailedError when the stream breaks off, comes too slowly, or brings more
    than `limit` bytes: a stream that ends without an error is complete.
    """

    def __init__(self, stream: Stream, place: Place, limit: int, release: Callable[[], None]) -> None:
        self.status = stream.status
        self.content_type = stream.header("content-type")
        length = stream.header("content-length")
        self.length = int(length) if length.isascii() and length.isdigit() else None
        self._stream = stream
        self._place = place
        self._limit = limit
        self._release: Callable[[], None] | None = release

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        try:
            for piece in self._stream.pieces():
                size += len(piece)
                if size > self._limit:
                    raise ExchangeFailedError(f"more than {self._limit:,} bytes came", sent=True)
                yield piece
        except ExchangeFailedError as error:
            raise ConnectionFailedError(
                f"the audio is incomplete: {error.reason}",
                operation=self._place.operation.name,
                where=self._place.where,
                hint="nothing was changed; download it again",
            ) from None

    def close(self) -> None:
        """Give the connection back; harmless twice."""
        release, self._release = self._release, None
        if release is not None:
            self._stream.close()
            release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_stream(wire: Wire, place: Place, target: str, *, limit: int, within: float) -> Stream:
    """The answer to a GET with its body unread, after redirects, of which only our origin's see the token.

    Raises ExchangeFailedError, and ProtocolError for a redirect that leads astray.
    """
    url = wire.origin + target
    stream = wire.stream(url, largest=limit, within=within)
    for _ in range(_MOST_REDIRECTS):
        if stream.status not in _REDIRECTS:
            return stream
        stream.close()
        url = _next_url(url, stream.header("location"), wire, place)
        stream = wire.stream(url, largest=limit, within=within)
    stream.close()
    raise ExchangeFailedError("redirected too often", sent=True)


def _next_url(url: str, location: str, wire: Wire, place: Place) -> str:
    """Where a redirect leads. From an API on the network it stays on https and leaves this machine and
    private networks alone; addresses behind names are looked at when they are connected to."""
    try:
        following = urljoin(url, location)
        parts = urlsplit(following)
        host = parts.hostname
    except ValueError:
        raise _astray(place, "a redirect that cannot be followed") from None
    plain = following.isascii() and following.isprintable() and " " not in following
    if not location or not host or not plain or parts.username is not None:
        raise _astray(place, "a redirect that cannot be followed")
    if f"{parts.scheme}://{parts.netloc}" == wire.origin:
        return following
    local = is_loopback(host)
    if local and not wire.on_this_machine:
        raise _astray(place, f"a redirect to {host}, which is this machine")
    if parts.scheme != "https" and not (parts.scheme == "http" and local):
        raise _astray(place, f"a redirect to {parts.scheme}://{host}, which is not encrypted")
    if not wire.on_this_machine and is_address(host) and not is_public(host):
        raise _astray(place, f"a redirect to {host}, which is in a private network")
    return following


def _astray(place: Place, what: str) -> ProtocolError:
    return ProtocolError(
        f"the answer is {what}",
        operation=place.operation.name,
        where=place.where,
        hint="nothing was changed; check the base URL and where the account stores its recordings",
    )

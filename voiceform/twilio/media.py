"""A recording's audio, as a stream; it may lie on another host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

from requests import Response

from voiceform.twilio.credentials import is_loopback
from voiceform.twilio.errors import ConnectionFailedError, ProtocolError
from voiceform.twilio.failures import ExchangeFailedError, failure
from voiceform.twilio.verdict import Place
from voiceform.twilio.wire import ERRORS, Wire

_CHUNK = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5


class Media:
    """Audio that arrives: iterate over its pieces (bytes), once, and close it; a context manager.

    `status` is 2xx (200 is the whole of it), `content_type` is as the service says, `length` in bytes or
    None. Iterating raises ConnectionFailedError
    when the stream breaks off: a stream that ends without an error is complete.
    """

    def __init__(self, response: Response, place: Place, release: Callable[[], None]) -> None:
        self.status: int = response.status_code
        self.content_type: str = response.headers.get("Content-Type", "")
        length = response.headers.get("Content-Length", "")
        self.length = int(length) if length.isascii() and length.isdigit() else None
        self._response = response
        self._place = place
        self._release: Callable[[], None] | None = release

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._response.raw.stream(_CHUNK, decode_content=False)
        except ERRORS as error:
            raise ConnectionFailedError(
                f"the audio is incomplete: {failure(error).reason}",
                operation=self._place.operation.name,
                where=self._place.where,
                hint="nothing was changed; download it again",
            ) from None

    def close(self) -> None:
        """Give the connection back; harmless twice."""
        release, self._release = self._release, None
        if release is not None:
            self._response.raw.close()
            release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_stream(wire: Wire, place: Place, target: str) -> Response:
    """The answer to a GET with its body unread, after redirects, of which only our origin's see the token.

    Raises ExchangeFailedError, and ProtocolError for a redirect that leads astray.
    """
    url = wire.origin + target
    response = wire.stream(url)
    for _ in range(_MOST_REDIRECTS):
        if response.status_code not in _REDIRECTS:
            return response
        response.raw.close()
        url = _next_url(url, response.headers.get("Location"), place)
        response = wire.stream(url)
    response.raw.close()
    raise ExchangeFailedError("redirected too often", sent=True)


def _next_url(url: str, location: str | None, place: Place) -> str:
    try:
        following = urljoin(url, location or "")
        parts = urlsplit(following)
        host = parts.hostname
    except ValueError:
        raise _astray(place, "a redirect that cannot be followed") from None
    plain = following.isascii() and following.isprintable() and " " not in following
    if not location or not host or not plain or parts.username is not None:
        raise _astray(place, "a redirect that cannot be followed")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise _astray(place, f"a redirect to {parts.scheme}://{host}, which is not encrypted")
    return following


def _astray(place: Place, what: str) -> ProtocolError:
    return ProtocolError(
        f"the answer is {what}",
        operation=place.operation.name,
        where=place.where,
        hint="nothing was changed; check the base URL and where the account stores its recordings",
    )

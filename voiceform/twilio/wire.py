"""One HTTP exchange with the API's origin: the only way to the network.

Everything that does not change is prepared once: proxies, headers, TLS. A request is one write of bytes, its
answer is read by llhttp (answers.py), and connections are kept (roads.py). Nothing is repeated or redirected,
no cookie is kept, and whether a byte of a request has left is always known (lines.py).
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

from voiceform.model.runtime import MACHINE, Runtime
from voiceform.twilio.answers import Answer, Body
from voiceform.twilio.credentials import Credentials, is_loopback
from voiceform.twilio.failures import ERRORS, ExchangeFailedError
from voiceform.twilio.lines import TOO_LARGE, Desk, Exchange, Line
from voiceform.twilio.roads import Road, Trust
from voiceform.version import __version__

_LARGEST_BODY = 4 * 1024 * 1024
"""Of JSON, compressed and decompressed. A page of 1,000 rows has one to two."""
_FRAMING = 2
"""Chunks may double the bytes of a body."""
_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})
_FORM = "application/x-www-form-urlencoded"
_AGENT = f"voiceform/{__version__}"
_UNUSUAL = re.compile(r"[^!$%&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]")
_MEDIA_HEADERS = f"User-Agent: {_AGENT}\r\nAccept: */*\r\nAccept-Encoding: identity\r\n"


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: until a connection is there, between two pieces of an answer, and in all for one operation
    with its repetitions and the pauses before them."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 120.0


class Wire:
    """Connections to one origin under one sign-in. Safe for many threads.

    Proxies (HTTPS_PROXY, HTTP_PROXY, NO_PROXY; never to this machine) and certificates (REQUESTS_CA_BUNDLE,
    CURL_CA_BUNDLE) come from the process environment, once. `uptime` counts seconds and never jumps (that
    of `runtime`). `may_send` is asked right before each request that writes leaves; what it raises,
    `exchange` raises.
    """

    def __init__(
        self,
        credentials: Credentials,
        origin: str,
        *,
        connections: int,
        timeouts: Timeouts,
        may_send: Callable[[], None] | None = None,
        uptime: Callable[[], float] | None = None,
        runtime: Runtime = MACHINE,
    ) -> None:
        self.origin = origin
        self._desk = Desk(runtime)
        self._timeouts = timeouts
        self._may_send = may_send
        self._uptime = uptime or runtime.uptime
        self._runtime = runtime
        self._connections = connections
        self._trust = Trust()
        self._others: dict[str, Road] = {}
        self._lock = runtime.lock()
        self._road = Road(origin, self._trust, connections, runtime)
        sign_in = base64.b64encode(f"{credentials.username}:{credentials.password}".encode()).decode("ascii")
        self._sign_in = f"Authorization: Basic {sign_in}\r\n"
        self._headers = (
            f"{self._road.headers}User-Agent: {_AGENT}\r\nAccept: application/json\r\n"
            f"Accept-Encoding: gzip\r\n{self._sign_in}"
        )

    def exchange(
        self,
        method: str,
        target: str,
        form: str | None = None,
        *,
        alone: bool = False,
        within: float | None = None,
        may_send: Callable[[], None] | None = None,
    ) -> Answer:
        """Send one request to a path of the origin and read the answer whole; redirects are not followed.

        `alone` uses a new connection and closes it: a kept one may just be closing, and then nobody can say
        whether the request arrived. It ends `within` seconds. Raises ExchangeFailedError, and what either
        `may_send` raises, which are asked with nothing left to wait for.
        """
        asked = may_send if method == "GET" else _both(may_send, self._may_send)
        exchange = self._begin(within, largest=_LARGEST_BODY * _FRAMING, may_send=asked)
        line: Line | None = None
        try:
            line = self._road.new_line(exchange) if alone else self._road.line(exchange)
            line.send(exchange, self._request(method, target, form, alone=alone))
            answer = _whole(line, exchange)
            if not alone:
                self._road.give_back(line)
                line = None
            return answer
        except ERRORS as error:
            raise exchange.meant(error) from None
        finally:
            exchange.end()
            if line is not None:
                line.close()

    def connect_ahead(self) -> None:
        """Open a connection for a request that is to come, as long as fewer were opened than are kept.

        Nothing is sent on it. Where that fails, or it is closed before it is needed, the request opens one of
        its own, and tells what went wrong.
        """
        if self._road.opened >= self._connections:
            return
        exchange = self._begin(None, largest=0)
        try:
            self._road.keep(self._road.new_line(exchange))
        except (ExchangeFailedError, *ERRORS):
            return
        finally:
            exchange.end()

    def stream(self, url: str, *, largest: int, within: float | None = None) -> Stream:
        """Send a GET and return with the headers; the caller reads and closes it.

        Only our own origin is shown the sign-in. From an origin on the network, other hosts have to be on the
        public network. Raises ExchangeFailedError.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        own = origin == self.origin
        exchange = self._begin(
            within, largest=largest * _FRAMING, public_only=not own and not self.on_this_machine
        )
        line: Line | None = None
        try:
            road = self._road if own else self._elsewhere(origin)
            target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
            headers = f"{road.headers}{_MEDIA_HEADERS}{self._sign_in if own else ''}"
            line = road.line(exchange)
            line.send(exchange, _message("GET", road.before + target, headers))
            return Stream(line, exchange, road)
        except BaseException as error:
            exchange.end()
            if line is not None:
                line.close()
            if isinstance(error, ERRORS):
                raise exchange.meant(error) from None
            raise

    @property
    def on_this_machine(self) -> bool:
        """Whether the origin is this very machine: an emulator."""
        return is_loopback(urlsplit(self.origin).hostname or "")

    def stop(self) -> None:
        """Close the connections of what is under way, and of what begins later, from any thread."""
        self._desk.stop()

    def close(self) -> None:
        """Close idle connections."""
        with self._lock:
            for road in (self._road, *self._others.values()):
                road.close()

    def _begin(
        self,
        within: float | None,
        *,
        largest: int,
        may_send: Callable[[], None] | None = None,
        public_only: bool = False,
    ) -> Exchange:
        return Exchange(
            self._desk,
            uptime=self._uptime,
            deadline=self._uptime() + (self._timeouts.total if within is None else within),
            connect_timeout=self._timeouts.connect,
            read_timeout=self._timeouts.read,
            largest=largest,
            may_send=may_send,
            public_only=public_only,
        )

    def _elsewhere(self, origin: str) -> Road:
        """The road to a host that stores audio; there are one or two of them."""
        with self._lock:
            road = self._others.get(origin)
            if road is None:
                road = self._others[origin] = Road(origin, self._trust, self._connections, self._runtime)
            return road

    def _request(self, method: str, target: str, form: str | None, *, alone: bool) -> bytes:
        headers = self._headers
        if alone:
            headers += "Connection: close\r\n"
        if form is not None:
            headers += f"Content-Type: {_FORM}\r\nContent-Length: {len(form)}\r\n"
        return _message(method, self._road.before + target, headers, form or "")


class Stream:
    """An answer whose headers are there and whose body is read later."""

    def __init__(self, line: Line, exchange: Exchange, road: Road) -> None:
        self._line = line
        self._exchange = exchange
        self._road: Road | None = road

    @property
    def status(self) -> int:
        """That of HTTP."""
        return self._line.answer.status

    def header(self, name: str) -> str:
        """The header of that name, which is in lower case; empty without it."""
        return self._line.answer.headers.get(name, "")

    def pieces(self) -> Iterator[bytes]:
        """The body as it comes, to its end. Raises ExchangeFailedError."""
        answer = self._line.answer
        while True:
            if piece := answer.body():
                yield bytes(piece)
            if answer.done:
                return
            try:
                self._line.receive(self._exchange)
            except ERRORS as error:
                raise self._exchange.meant(error) from None

    def whole(self) -> Answer:
        """All of it, which closes the stream. Raises ExchangeFailedError."""
        try:
            return _whole(self._line, self._exchange)
        except ERRORS as error:
            raise self._exchange.meant(error) from None
        finally:
            self.close()

    def close(self) -> None:
        """Keep the connection if all has come, else close it; harmless twice."""
        road, self._road = self._road, None
        if road is not None:
            road.give_back(self._line)
            self._exchange.end()


def _message(method: str, target: str, headers: str, body: str = "") -> bytes:
    """The bytes of a request. Raises ValueError for a target that is none."""
    if _UNUSUAL.search(target):
        if not target.isascii() or not target.isprintable() or " " in target:
            raise ValueError
        target = quote(target.partition("#")[0], safe="!$%&'()*+,/:;=?@[]~")
    return f"{method} {target} HTTP/1.1\r\n{headers}\r\n{body}".encode("ascii")


def _both(first: Callable[[], None] | None, second: Callable[[], None] | None) -> Callable[[], None] | None:
    if first is None or second is None:
        return first or second

    def may_send() -> None:
        first()
        second()

    return may_send


def _whole(line: Line, exchange: Exchange) -> Answer:
    answer = line.answer
    while not answer.done and answer.size < _LARGEST_BODY:
        line.receive(exchange)
    if answer.size >= _LARGEST_BODY:
        raise ExchangeFailedError(TOO_LARGE, sent=True)
    body, encoding = answer.body(), answer.headers.get("content-encoding")
    return Answer(answer.status, answer.headers, _plain(body, encoding) if encoding else body)


def _plain(body: Body, encoding: str) -> Body:
    """`body` decompressed, as far as it may go. Raises ExchangeFailedError."""
    if encoding.strip().lower() in ("", "identity") or not body:
        return body
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    try:
        if encoding.strip().lower() not in _COMPRESSED:
            raise zlib.error
        plain = unpacker.decompress(body, _LARGEST_BODY)
    except zlib.error:
        raise ExchangeFailedError("the answer cannot be decompressed", sent=True) from None
    if len(plain) >= _LARGEST_BODY:
        raise ExchangeFailedError(TOO_LARGE, sent=True)
    if not unpacker.eof:
        raise ExchangeFailedError("the answer was cut off", sent=True)
    return plain

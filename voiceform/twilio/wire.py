"""One HTTP exchange with the API's origin: the only module, with `media`, that touches requests.

Everything that does not change is prepared once: proxies, headers, the pool of connections and its one TLS
context. What requests does per request beyond that (merging headers and environment, looking up proxies and
pools, collecting cookies) costs more than half of the time of a request, so urllib3's pool is asked directly.
"""

from __future__ import annotations

import base64
import os
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from requests import RequestException
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError
from urllib3.util import Retry, Timeout
from urllib3.util.ssl_ import create_urllib3_context

from voiceform.twilio.credentials import Credentials, is_loopback
from voiceform.twilio.failures import ExchangeFailedError, failure
from voiceform.twilio.lines import STOPPED, Desk, Exchange, watch_handshakes, watched_class
from voiceform.version import __version__

_LARGEST_BODY = 4 * 1024 * 1024
"""Of JSON, compressed and decompressed. A page of 1,000 rows has one to two."""
_FRAMING = 2
"""Chunks may double the bytes of a body."""
_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})
_FORM = "application/x-www-form-urlencoded"
_AGENT = f"voiceform/{__version__}"
_MEDIA_HEADERS = {"User-Agent": _AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}

_ONCE = Retry(0, read=False)
"""Nothing is repeated and no redirect is followed behind the transport's back."""

ERRORS = (ExchangeFailedError, RequestException, HTTPError, HTTPException, OSError, ValueError)
"""Everything that requests, urllib3 and the machine raise for a failed exchange."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: until a connection is there, between two pieces of an answer, and in all for one operation
    with its repetitions and the pauses before them."""

    connect: float = 5.0
    read: float = 30.0
    total: float = 120.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole. `headers` finds names in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """Connections to one origin under one sign-in. Safe for many threads.

    Proxies (HTTPS_PROXY, HTTP_PROXY, NO_PROXY; never to this machine) and certificates (REQUESTS_CA_BUNDLE,
    CURL_CA_BUNDLE) come from the process environment, once. `uptime` counts seconds and never jumps.
    `may_send` is asked right before each request that writes leaves; what it raises, `exchange` raises.
    """

    def __init__(
        self,
        credentials: Credentials,
        origin: str,
        *,
        connections: int,
        timeouts: Timeouts,
        may_send: Callable[[], None] | None = None,
        uptime: Callable[[], float] = time.monotonic,
    ) -> None:
        self.origin = origin
        self._desk = Desk()
        self._timeouts = timeouts
        self._may_send = may_send
        self._uptime = uptime
        self._connections = connections
        self._others: dict[str, _Road] = {}
        self._lock = threading.Lock()
        self.timeout = Timeout(connect=timeouts.connect, read=timeouts.read)
        self._proxy = _proxy_to(origin)
        self._context = _tls_context(self._desk) if origin.startswith("https:") else None
        try:
            self._road = self._new_road(connections)
        except ERRORS as error:
            raise failure(error, sent=False) from None
        sign_in = f"{credentials.username}:{credentials.password}".encode()
        self._headers = {
            "User-Agent": _AGENT,
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "Authorization": f"Basic {base64.b64encode(sign_in).decode('ascii')}",
        }

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
        asked = (may_send,) if method == "GET" else (may_send, self._may_send)
        exchange = self._begin(within, largest=_LARGEST_BODY * _FRAMING, may_send=_all_of(asked))
        road = self._road
        try:
            if alone:
                road = self._new_road(1)
            return _read(self._sent(road, method, target, form, alone=alone))
        except ERRORS as error:
            raise self._failure(error, exchange) from None
        finally:
            exchange.end()
            if alone:
                road.close()

    def stream(self, url: str, *, largest: int, within: float | None = None) -> Stream:
        """Send a GET and return with the headers; the caller reads and closes it.

        Only our own origin is shown the sign-in. From an origin on the network, other hosts have to be on the
        public network. Raises ExchangeFailedError.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        own = origin == self.origin
        headers = {"Authorization": self._headers["Authorization"]} if own else {}
        target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        exchange = self._begin(
            within, largest=largest * _FRAMING, public_only=not own and not self.on_this_machine
        )
        try:
            road = self._road if own else self._elsewhere(origin)
            response = road.send("GET", target, {**_MEDIA_HEADERS, **headers}, None, self.timeout)
            return Stream(response, exchange)
        except ERRORS as error:
            exchange.end()
            raise self._failure(error, exchange) from None
        except BaseException:
            exchange.end()
            raise

    def rest(self, stream: Stream) -> Answer:
        """What a stream holds, read whole after all. Raises ExchangeFailedError."""
        try:
            return _read(stream.response)
        except ERRORS as error:
            raise self._failure(error, stream.exchange) from None
        finally:
            stream.close()

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
        exchange = Exchange(
            self._desk,
            uptime=self._uptime,
            deadline=self._uptime() + (self._timeouts.total if within is None else within),
            read_timeout=self._timeouts.read,
            largest=largest,
            may_send=may_send,
            public_only=public_only,
        )
        self._desk.enter(exchange)
        return exchange

    def _failure(self, error: Exception, exchange: Exchange) -> ExchangeFailedError:
        if self._desk.stopped:
            return ExchangeFailedError(STOPPED, sent=exchange.began)
        return failure(error, sent=exchange.began)

    def _new_road(self, connections: int) -> _Road:
        return _Road(self.origin, self._proxy, self._context, connections, self._desk)

    def _elsewhere(self, origin: str) -> _Road:
        """The road for a host that stores audio; there are one or two of them."""
        with self._lock:
            road = self._others.get(origin)
            if road is None:
                context = self._context or (_tls_context(self._desk) if origin.startswith("https:") else None)
                road = _Road(origin, _proxy_to(origin), context, self._connections, self._desk)
                self._others[origin] = road
            return road

    def _sent(
        self, road: _Road, method: str, target: str, form: str | None, *, alone: bool
    ) -> BaseHTTPResponse:
        if form is None:
            return road.send(method, target, self._headers, None, self.timeout)
        body = form.encode("ascii")
        headers = {**self._headers, "Content-Type": _FORM, "Content-Length": str(len(body))}
        if alone:
            headers["Connection"] = "close"
        return road.send(method, target, headers, body, self.timeout)


class _Road:
    """The way to one origin: a pool of connections to it or to the proxy before it."""

    def __init__(
        self, origin: str, proxy: str | None, context: ssl.SSLContext | None, connections: int, desk: Desk
    ) -> None:
        parts = urlsplit(origin)
        self._managers = _Managers(context, connections)
        manager = self._managers.proxy_manager_for(proxy) if proxy else self._managers.poolmanager
        self._pool = manager.connection_from_host(parts.hostname, parts.port, parts.scheme)
        socks = proxy is not None and proxy.lower().startswith("socks")
        # Every pool has the class of its connections to itself.
        self._pool.ConnectionCls = watched_class(self._pool.ConnectionCls, desk, direct=not socks)
        # What goes into the request line is the path, or the whole URL for a plain proxy.
        whole = proxy is not None and parts.scheme == "http" and not socks
        self._before = origin if whole else ""

    def send(
        self, method: str, target: str, headers: dict[str, str], body: bytes | None, timeout: Timeout
    ) -> BaseHTTPResponse:
        """Send a request and return with the headers of the answer, its body unread."""
        answer: BaseHTTPResponse = self._pool.urlopen(
            method,
            self._before + target,
            body=body,
            headers=headers,
            redirect=False,
            assert_same_host=False,
            preload_content=False,
            decode_content=False,
            retries=_ONCE,
            timeout=timeout,
        )
        return answer

    def close(self) -> None:
        """Close idle connections."""
        self._managers.close()


class _Managers(HTTPAdapter):
    """What requests knows of proxies (their sign-in, SOCKS), with one TLS context for all connections: making
    one reads every trusted certificate."""

    def __init__(self, context: ssl.SSLContext | None, connections: int) -> None:
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=connections)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:  # noqa: ANN401
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._context, **kwargs)

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:  # noqa: ANN401
        return super().proxy_manager_for(proxy, ssl_context=self._context, **kwargs)


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer whose headers are there and whose body is read later."""

    response: BaseHTTPResponse
    exchange: Exchange

    def close(self) -> None:
        """Close the connection; harmless twice."""
        self.response.close()
        self.exchange.end()


def _proxy_to(origin: str) -> str | None:
    """The environment's proxy on the way to `origin`. This machine is never reached through one: a proxy
    would look for it at its own place, and see the sign-in unencrypted."""
    if is_loopback(urlsplit(origin).hostname or ""):
        return None
    return select_proxy(origin, get_environ_proxies(origin))


def _all_of(asked: Sequence[Callable[[], None] | None]) -> Callable[[], None]:
    def may_send() -> None:
        for ask in asked:
            if ask is not None:
                ask()

    return may_send


def _read(raw: BaseHTTPResponse) -> Answer:
    body = raw.read(_LARGEST_BODY, decode_content=False)
    if raw.length_remaining != 0 and len(body) < _LARGEST_BODY:
        # The end of a body without a length has to be read, or the connection cannot be used again; that of a
        # body with one shows whether it was cut off.
        body += raw.read(1, decode_content=False)
    if len(body) >= _LARGEST_BODY:
        raw.close()
        raise ExchangeFailedError("the answer is too large to be one of the API's", sent=True)
    if raw.status < 200:
        raw.close()  # the answer proper may follow, and must not be taken for that of the next request
    else:
        raw.release_conn()
    encoding = raw.headers.get("Content-Encoding", "")
    return Answer(raw.status, raw.headers, _plain(body, encoding) if encoding else body)


def _plain(body: bytes, encoding: str) -> bytes:
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
        raise ExchangeFailedError("the answer is too large to be one of the API's", sent=True)
    if not unpacker.eof:
        raise ExchangeFailedError("the answer was cut off", sent=True)
    return plain


def _tls_context(desk: Desk) -> ssl.SSLContext:
    context = create_urllib3_context()
    watch_handshakes(context, desk)
    bundle = (
        os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH
    )
    try:
        if os.path.isdir(bundle):
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
    except OSError as error:
        raise ExchangeFailedError(
            f"the trusted certificates in {bundle} cannot be read ({error.strerror or 'not a bundle'})",
            sent=False,
        ) from None
    return context

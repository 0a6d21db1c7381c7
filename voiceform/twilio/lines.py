"""Connections that know the limits of an exchange, and whether a byte of its request has left.

A request is written only after its connection is there. So whatever fails before that (name resolution, a
refused connection, TLS, a proxy's tunnel) is certain to have sent nothing, and whatever fails afterwards may
have been carried out, no matter which library raises which exception. The right to send is asked between the
two, with nothing left to wait for.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable
from http.client import HTTPResponse
from io import BufferedReader, RawIOBase
from typing import Any, ClassVar

from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError

from voiceform.twilio.failures import ExchangeFailedError

STOPPED = "this program is being stopped"
_LARGEST_HEAD = 256 * 1024
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Exchange:
    """One request and its answer: what they may cost, and how far they came.

    `deadline` is a reading of `uptime`, `read_timeout` the seconds between two pieces, `largest` the
    bytes that may come after the headers. `may_send` raises when the request must not leave; `public_only`
    refuses addresses of this machine and of private networks. `began` is True from just before the first
    byte of the request is written.
    """

    __slots__ = (
        "_desk",
        "_socket",
        "began",
        "deadline",
        "largest",
        "may_send",
        "public_only",
        "read_timeout",
        "uptime",
    )

    def __init__(
        self,
        desk: Desk,
        *,
        uptime: Callable[[], float],
        deadline: float,
        read_timeout: float,
        largest: int,
        may_send: Callable[[], None] | None = None,
        public_only: bool = False,
    ) -> None:
        self.uptime = uptime
        self.deadline = deadline
        self.read_timeout = read_timeout
        self.largest = largest
        self.may_send = may_send
        self.public_only = public_only
        self.began = False
        self._desk = desk
        self._socket: Any = None

    @property
    def stopped(self) -> bool:
        """Whether a stop has come."""
        return self._desk.stopped

    def left(self) -> float:
        """The seconds until the deadline, more than none. Raises ExchangeFailedError after it."""
        left = self.deadline - self.uptime()
        if left <= 0:
            raise ExchangeFailedError("no whole answer in time", sent=self.began)
        return left

    def hold(self, sock: object) -> None:
        """Remember what a stop has to close. Raises ExchangeFailedError when it came already."""
        self._socket = sock
        if self._desk.stopped:
            raise ExchangeFailedError(STOPPED, sent=self.began)

    def begin(self, sock: object) -> None:
        """The connection is there: ask for the right to send, and note that the request leaves."""
        self.hold(sock)
        if self.may_send is not None:
            self.may_send()
        self.began = True

    def cut(self) -> None:
        """Make whoever waits for the connection's other end find it closed; from any thread."""
        sock = self._socket
        # TLS within TLS keeps its socket inside. socket's own method: that of ssl changes how it is read.
        sock = getattr(sock, "socket", sock)
        if isinstance(sock, socket.socket):
            try:
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                return

    def end(self) -> None:
        """It is over; harmless twice."""
        self._socket = None
        self._desk.leave(self)


class Desk:
    """The exchanges that are under way. Each thread makes one at a time; `stop` ends all of them."""

    def __init__(self) -> None:
        self.stopped = False
        self._mine = threading.local()
        # Reentrant: a signal's handler may stop on the very thread that is just entering.
        self._lock = threading.RLock()
        self._open: set[Exchange] = set()

    @property
    def current(self) -> Exchange:
        """The exchange of this thread."""
        exchange: Exchange = self._mine.exchange
        return exchange

    def enter(self, exchange: Exchange) -> None:
        """This thread begins an exchange."""
        self._mine.exchange = exchange
        with self._lock:
            self._open.add(exchange)

    def leave(self, exchange: Exchange) -> None:
        """An exchange is over."""
        with self._lock:
            self._open.discard(exchange)

    def stop(self) -> None:
        """Close the sockets of all exchanges, and of those that begin later."""
        self.stopped = True
        with self._lock:
            exchanges = tuple(self._open)
        for exchange in exchanges:
            exchange.cut()


class Watched:
    """Mixed into a connection class of urllib3: one exchange of `desk` at a time, within its limits."""

    desk: ClassVar[Desk]
    sock: Any
    connect: Callable[[], None]

    def request(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Connect if need be; only then does a byte of the request leave."""
        if self.sock is None:
            self.connect()
        self.desk.current.begin(self.sock)
        super().request(*args, **kwargs)  # type: ignore[misc]

    def response_class(self, *args: Any, **kwargs: Any) -> HTTPResponse:  # noqa: ANN401
        """What http.client reads answers with, those of proxies to CONNECT among them."""
        return _BoundedResponse(self.desk.current, *args, **kwargs)


class WatchedDirect(Watched):
    """Watched, for connections whose socket urllib3 opens itself (not those through SOCKS)."""

    host: str
    port: int
    timeout: float
    proxy: object
    socket_options: Any

    def _new_conn(self) -> socket.socket:
        """A connected socket; a stop ends the waiting for it. Raises the errors that urllib3 raises here."""
        exchange = self.desk.current
        only_public = exchange.public_only and self.proxy is None
        try:
            return self._connected(exchange, only_public=only_public)
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error  # type: ignore[arg-type]
        except TimeoutError as error:
            raise ConnectTimeoutError(self, "no connection in time") from error
        except OSError as error:
            raise NewConnectionError(self, f"no connection: {error}") from error  # type: ignore[arg-type]

    def _connected(self, exchange: Exchange, *, only_public: bool) -> socket.socket:
        failed: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(
            self.host.strip("[]"), self.port, type=socket.SOCK_STREAM
        ):
            if only_public and not is_public(str(address[0])):
                raise ExchangeFailedError(
                    "its address is not a public one: audio of an account on the network is not fetched from"
                    " this machine or a private network",
                    sent=False,
                )
            sock = socket.socket(family, kind, protocol)
            try:
                for option in self.socket_options or ():
                    sock.setsockopt(*option)
                sock.settimeout(min(self.timeout, exchange.left()))
                exchange.hold(sock)
                sock.connect(address)
            except OSError as error:
                failed = error
                sock.close()
            except ExchangeFailedError:
                sock.close()
                raise
            else:
                return sock
        raise failed


def watched_class(base: type, desk: Desk, *, direct: bool) -> type:
    """`base`, a connection class of urllib3, as one that `desk` watches."""
    return type(base.__name__, (WatchedDirect if direct else Watched, base), {"desk": desk})


def watch_handshakes(context: ssl.SSLContext, desk: Desk) -> None:
    """Let a stop end TLS handshakes of `context` too."""

    class WatchedTls(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:
            desk.current.hold(self)
            super().do_handshake(block)

    context.sslsocket_class = WatchedTls


def is_address(host: str) -> bool:
    """Whether a host is an IP address, not a name."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def is_public(address: str) -> bool:
    """Whether an IP address (a zone may follow) lies on the public network: not this machine, not a private,
    link-local, shared or reserved range, nor one of those wrapped into IPv6."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is None and ip in _NAT64:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)
        if inner is not None:
            ip = inner
    return ip.is_global and not ip.is_multicast


class _BoundedResponse(HTTPResponse):
    """An answer whose every byte is counted, headers and what comes before them too."""

    def __init__(self, exchange: Exchange, sock: Any, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(sock, *args, **kwargs)
        self._exchange = exchange
        self._bytes = _Bytes(exchange, sock, self.fp.detach())
        self.fp = BufferedReader(self._bytes)

    def begin(self) -> None:
        """Read status and headers; `100 Continue` without end is too much as well."""
        super().begin()
        if self.chunked and self.headers.get("Content-Length") is not None:
            raise ExchangeFailedError("the answer's headers contradict each other", sent=True)
        self._bytes.whole_head = True
        self._bytes.allowed += self._exchange.largest


class _Bytes(RawIOBase):
    """The bytes of an answer, until the deadline or until there are too many."""

    def __init__(self, exchange: Exchange, sock: Any, raw: RawIOBase) -> None:  # noqa: ANN401
        self.allowed = _LARGEST_HEAD
        self.whole_head = False
        self._exchange = exchange
        self._sock = sock
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401
        """Wait for some bytes. Raises ExchangeFailedError."""
        left = self._exchange.left()
        if left < self._exchange.read_timeout:
            self._sock.settimeout(left)
        count: int = self._sock.recv_into(buffer)
        if not count:
            self._check_end()
        self.allowed -= count
        if self.allowed < 0:
            raise ExchangeFailedError("the answer is too large to be one of the API's", sent=True)
        return count

    def _check_end(self) -> None:
        """The other end closed: http.client takes that for the end of the headers, too."""
        if self._exchange.stopped:
            raise ExchangeFailedError(STOPPED, sent=True)
        if not self.whole_head:
            begun = self.allowed < _LARGEST_HEAD
            raise ExchangeFailedError(
                "the answer was cut off" if begun else "the connection was closed without an answer",
                sent=True,
            )

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._raw.close()

"""Connections that know the limits of an exchange, and whether a byte of its request has left.

A request is written only after its connection is there. So whatever fails before that (name resolution, a
refused connection, TLS, a proxy's tunnel) is certain to have sent nothing, and whatever fails afterwards may
have been carried out, whichever exception says so. The right to send is asked between the two, with nothing
left to wait for.
"""

from __future__ import annotations

import ipaddress
import select
import socket
import ssl
import sys
from collections.abc import Callable
from typing import Protocol

from voiceform.model.runtime import MACHINE, Runtime
from voiceform.twilio.answers import AnswerReader
from voiceform.twilio.failures import ExchangeFailedError, meaning

STOPPED = "this program is being stopped"
TOO_LARGE = "the answer is too large to be one of the API's"
_LARGEST_HEAD = 256 * 1024
_PIECE = 64 * 1024
_MORE = 256 * 1024
"""Bytes to take at a time of a long body: at each piece a thread may have to wait for the interpreter."""
_NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_ESTABLISHED = b"\x01"
"""The first byte of TCP_INFO (linux/tcp.h): the state of the connection."""
_SO_MEMINFO, _NOTHING = 55, bytes(4)
"""Of Linux (linux/sock_diag.h): the first number is the memory of what came and was not read."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Exchange:
    """One request and its answer: what they may cost, and how far they came.

    `deadline` is a reading of `uptime`; `connect_timeout` and `read_timeout` are the seconds of one wait,
    on the way there and from then on; `largest` is the bytes that may come after the headers.
    `may_send` raises when the request must not leave; `public_only` refuses addresses of this machine and of
    private networks. `began` is True from just before the first byte of the request is written.
    """

    __slots__ = (
        "_desk",
        "_socket",
        "began",
        "connect_timeout",
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
        connect_timeout: float,
        read_timeout: float,
        largest: int,
        may_send: Callable[[], None] | None = None,
        public_only: bool = False,
    ) -> None:
        self.uptime = uptime
        self.deadline = deadline
        self.connect_timeout = connect_timeout
        self.read_timeout = read_timeout
        self.largest = largest
        self.may_send = may_send
        self.public_only = public_only
        self.began = False
        self._desk = desk
        self._socket: socket.socket | None = None
        desk.enter(self)

    @property
    def stopped(self) -> bool:
        """Whether a stop has come."""
        return self._desk.stopped

    def left(self) -> float:
        """The seconds until the deadline, more than none. Raises ExchangeFailedError after it."""
        left = self.deadline - self.uptime()
        if left <= 0:
            raise self.failed("no whole answer in time")
        return left

    def patience(self) -> float:
        """The seconds that the next wait may last. Raises ExchangeFailedError after the deadline."""
        return min(self.left(), self.read_timeout if self.began else self.connect_timeout)

    def failed(self, reason: str) -> ExchangeFailedError:
        """The error for it, which knows whether something may have left."""
        return ExchangeFailedError(STOPPED if self._desk.stopped else reason, sent=self.began)

    def meant(self, error: Exception) -> ExchangeFailedError:
        """What one of ERRORS means for it."""
        return self.failed(meaning(error, sent=self.began))

    def hold(self, sock: socket.socket) -> None:
        """Remember what a stop has to close. Raises ExchangeFailedError when it came already."""
        self._socket = sock
        if self._desk.stopped:
            raise self.failed(STOPPED)

    def begin(self, sock: socket.socket) -> None:
        """The connection is there: ask for the right to send, and note that the request leaves."""
        self.hold(sock)
        if self.may_send is not None:
            self.may_send()
        self.began = True

    def cut(self) -> None:
        """Make whoever waits for the connection's other end find it closed; from any thread."""
        sock = self._socket
        if sock is not None:
            try:
                # socket's own method: that of ssl changes how it is read.
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
            except OSError:
                return

    def end(self) -> None:
        """It is over; harmless twice."""
        self._socket = None
        self._desk.leave(self)


class Desk:
    """The exchanges that are under way; `stop` ends all of them."""

    def __init__(self, runtime: Runtime = MACHINE) -> None:
        self.stopped = False
        # Reentrant: a signal's handler may stop on the very thread that is just entering.
        self._lock = runtime.reentrant()
        self._open: set[Exchange] = set()

    def enter(self, exchange: Exchange) -> None:
        """An exchange begins."""
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


class Bytes(Protocol):
    """What a line needs of a socket, or of TLS over one."""

    def send(self, data: memoryview, /) -> int:
        """Send some of it, and how much."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""

    def recv(self, size: int, /) -> bytes:
        """Some bytes; at the end something empty, of whichever type."""

    def recv_into(self, buffer: memoryview, /) -> int:
        """The same into a buffer, and how many."""

    def close(self) -> None:
        """Close it."""


class Line:
    """A connection on which requests go out and answers come in, one after another.

    `stream` is what is written to and read from, over the socket `sock`. `answer` is what came of the answer
    to the last request. Every byte is counted, those before the headers too.
    """

    def __init__(self, stream: Bytes, sock: socket.socket) -> None:
        self.answer = AnswerReader()
        self._stream = stream
        self._sock = sock
        self._timeout: float | None = None
        self._poll = _poll_of(sock) if isinstance(stream, socket.socket) else None
        """Waits for the socket, where it does not wait by itself."""
        if self._poll is not None:
            sock.settimeout(0.0)
        self._allowed = 0
        self._buffer: memoryview | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it still stands, and nothing has come that nobody asked for."""
        incoming = getattr(self._stream, "incoming", None)  # TLS within TLS has a buffer before it
        if incoming is not None and incoming.pending:
            return False
        return not self._has_input() or self._only_tls_spoke()

    def send(self, exchange: Exchange, request: bytes) -> None:
        """Send the request and read the headers of the answer, and what comes with them.

        Raises ExchangeFailedError, ERRORS, and what `may_send` of the exchange raises.
        """
        exchange.begin(self._sock)
        self.ask(exchange, request)

    def ask(self, exchange: Exchange, request: bytes) -> None:
        """As `send`, but on the way there: what is said to a proxy is not the request."""
        self.answer.expect()
        self._allowed = _LARGEST_HEAD
        self._write(exchange, request)
        while not self.answer.status:
            self.receive(exchange)

    def receive(self, exchange: Exchange) -> None:
        """Wait for more bytes of the answer, or for its end. Raises ExchangeFailedError and ERRORS."""
        answer, headless = self.answer, not self.answer.status
        data = self._read(exchange, headless=headless)
        if not data:
            if exchange.stopped or not answer.end():
                raise exchange.failed(self._how_it_ended())
            return
        answer.feed(data)
        self._allowed -= len(data)
        if headless and answer.status:
            self._allowed += exchange.largest
        if answer.wrong or self._allowed < 0:
            raise exchange.failed(answer.wrong or TOO_LARGE)

    def close(self) -> None:
        """Close it; harmless twice."""
        self.answer.close()
        self._stream.close()
        self._sock.close()

    def _has_input(self) -> bool:
        """Whether something has come, or the other side has gone."""
        if _is_quiet(self._sock):
            return False
        poll = self._poll or _poll_of(self._sock)
        if poll is None:  # Windows, whose `select` takes any number of a socket
            return bool(select.select([self._sock], (), (), 0)[0])
        return bool(poll.poll(0))

    def _only_tls_spoke(self) -> bool:
        """Whether what came is no more than what TLS 1.3 sends behind its handshake: tickets for sessions."""
        if not isinstance(self._stream, ssl.SSLSocket):
            return False
        if self._poll is None:
            self._timeout = 0.0
            self._sock.settimeout(self._timeout)
        try:
            self._stream.recv(1)
        except ssl.SSLWantReadError:
            return True
        except OSError:
            return False
        return False

    def _write(self, exchange: Exchange, request: bytes) -> None:
        if self._poll is None:
            self._wait_at_most(exchange)
            self._stream.sendall(request)
            return
        rest = memoryview(request)
        while rest:
            try:
                rest = rest[self._stream.send(rest) :]
            except _NOT_NOW as error:
                self._await(exchange, _poll_for(self._sock, error, select.POLLOUT))

    def _read(self, exchange: Exchange, *, headless: bool) -> bytes | memoryview:
        """What came, once something has. That of a body mostly is there already."""
        poll = self._poll
        if poll is None:
            self._wait_at_most(exchange)
            return self._stream.recv(_PIECE) if headless else self._more()
        if headless:
            self._await(exchange, poll)
        while True:
            exchange.left()
            try:
                return self._stream.recv(_PIECE) if headless else self._more()
            except _NOT_NOW as error:
                self._await(exchange, _poll_for(self._sock, error, select.POLLIN))

    def _more(self) -> memoryview:
        """Some of a long body, in memory that is used again: new memory would cost more than reading."""
        if self._buffer is None:
            self._buffer = memoryview(bytearray(_MORE))
        return self._buffer[: self._stream.recv_into(self._buffer)]

    def _await(self, exchange: Exchange, poll: select.poll) -> None:
        """Wait until the socket is ready. Raises TimeoutError, and as `patience`."""
        if not poll.poll(exchange.patience() * 1000):
            raise TimeoutError

    def _wait_at_most(self, exchange: Exchange) -> None:
        timeout = exchange.patience()
        if timeout != self._timeout:
            self._sock.settimeout(timeout)
            self._timeout = timeout

    def _how_it_ended(self) -> str:
        begun = self.answer.status or self._allowed < _LARGEST_HEAD
        return "the answer was cut off" if begun else "the connection was closed without an answer"


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


def _is_quiet(sock: socket.socket) -> bool:
    """Whether the kernel says right away that a connection stands and nothing waits to be read.

    What would ask it to wait, be it for no time, lets other threads run before this one goes on: where a
    hundred send, that takes longer than all the rest of a request.
    """
    if sys.platform != "linux" or not isinstance(sock, socket.socket):
        return False
    try:
        return (
            sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1) == _ESTABLISHED
            and sock.getsockopt(socket.SOL_SOCKET, _SO_MEMINFO, 4) == _NOTHING
        )
    except OSError:
        return False


def _poll_of(sock: socket.socket) -> select.poll | None:
    """What waits for input of a socket; None on Windows, which has no `poll`."""
    return _polling(sock, select.POLLIN) if hasattr(select, "poll") else None


def _poll_for(sock: socket.socket, error: Exception, event: int) -> select.poll:
    """What waits for `event`, or for what TLS asks for in its place."""
    if isinstance(error, ssl.SSLWantReadError):
        event = select.POLLIN
    elif isinstance(error, ssl.SSLWantWriteError):
        event = select.POLLOUT
    return _polling(sock, event)


def _polling(sock: socket.socket, event: int) -> select.poll:
    poll = select.poll()
    poll.register(sock, event)
    return poll

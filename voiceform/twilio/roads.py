"""The way to an origin: directly or through a proxy, plain or in TLS, with connections that are kept."""

from __future__ import annotations

import os
import socket
import ssl
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

import certifi

from voiceform.model.runtime import MACHINE, Runtime
from voiceform.twilio.failures import ExchangeFailedError
from voiceform.twilio.lines import Bytes, Exchange, Line, is_public
from voiceform.twilio.proxies import Proxy, proxy_to

_PORTS = {"http": 80, "https": 443}
_REFUSES = "the proxy refuses to connect to it"


class Trust:
    """The certificates to trust (REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE), read once: reading them takes long."""

    @cached_property
    def context(self) -> ssl.SSLContext:
        """Raises ExchangeFailedError when they cannot be read."""
        bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or certifi.where()
        try:
            if os.path.isdir(bundle):
                context = ssl.create_default_context(capath=bundle)
            else:
                context = ssl.create_default_context(cafile=bundle)
        except OSError as error:
            raise ExchangeFailedError(
                f"the trusted certificates in {bundle} cannot be read ({error.strerror or 'not a bundle'})",
                sent=False,
            ) from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.hostname_checks_common_name = False
        context.options |= ssl.OP_NO_TICKET  # of TLS 1.2, which weaken its secrecy
        context.set_alpn_protocols(["http/1.1"])
        return context


class Road:
    """Connections to one origin through the proxy that the process environment names for it, looked up once.

    Up to `connections` of them are kept. Safe for many threads. Raises ExchangeFailedError when certificates
    or a proxy setting cannot be used.
    """

    def __init__(self, origin: str, trust: Trust, connections: int, runtime: Runtime = MACHINE) -> None:
        parts = urlsplit(origin)
        self._host = (parts.hostname or "").rstrip(".")
        self._port = parts.port or _PORTS[parts.scheme]
        self._connections = connections
        self._runtime = runtime
        self._idle: list[Line] = []
        self._closed = False
        self._counting = runtime.lock()
        #: So many connections were begun.
        self.opened = 0
        self._proxy = proxy = proxy_to(origin)
        self._context = trust.context if parts.scheme == "https" else None
        self._proxy_context = trust.context if proxy is not None and proxy.scheme == "https" else None
        host = f"[{self._host}]" if ":" in self._host else self._host
        place = f"{host}:{self._port}"
        #: The lines of headers that each request begins with.
        self.headers = f"Host: {host if self._port == _PORTS[parts.scheme] else place}\r\n"
        #: What a request line names before the path: the origin, where a proxy passes it on in the clear.
        self.before = ""
        self._tunnel: bytes | None = None
        if proxy is not None and not proxy.socks and self._context is not None:
            self._tunnel = f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n{proxy.sign_in}\r\n".encode("ascii")
        elif proxy is not None and not proxy.socks:
            self.before = origin
            self.headers += proxy.sign_in

    def line(self, exchange: Exchange) -> Line:
        """An idle connection that still stands, or a new one. Raises as `new_line` does."""
        while (line := self._popped()) is not None:
            if line.is_idle:
                return line
            line.close()
        return self.new_line(exchange)

    def give_back(self, line: Line) -> None:
        """Keep a connection for another request, if it allows one."""
        if line.answer.another_may_follow and len(self._idle) < self._connections:
            self.keep(line)
        else:
            line.close()

    def keep(self, line: Line) -> None:
        """Have a connection ready for a request."""
        self._idle.append(line)
        if self._closed:
            self.close()

    def close(self) -> None:
        """Close idle connections, and keep none from now on."""
        self._closed = True
        while (line := self._popped()) is not None:
            line.close()

    def new_line(self, exchange: Exchange) -> Line:
        """Connect, through the proxy if there is one. Raises ExchangeFailedError and ERRORS."""
        with self._counting:
            self.opened += 1
        sock = self._connected(exchange)
        try:
            stream: Any = sock
            if self._proxy is not None and self._proxy_context is not None:
                stream = sock = _secured(sock, self._proxy_context, self._proxy.host, exchange)
            if self._tunnel is not None:
                _dig(self._tunnel, exchange, stream, sock)
            if self._context is not None and isinstance(sock, ssl.SSLSocket):
                from urllib3.util.ssltransport import SSLTransport

                stream = SSLTransport(sock, self._context, _named(self._host))  # TLS within TLS
            elif self._context is not None:
                stream = sock = _secured(sock, self._context, self._host, exchange)
            return Line(stream, sock)
        except BaseException:
            sock.close()
            raise

    def _popped(self) -> Line | None:
        """An idle connection, which no other thread gets."""
        try:
            return self._idle.pop()
        except IndexError:
            return None

    def _connected(self, exchange: Exchange) -> socket.socket:
        proxy = self._proxy
        if proxy is None:
            return _connected(
                self._host, self._port, exchange, self._runtime, only_public=exchange.public_only
            )
        if proxy.socks:
            behind = (self._host, self._port)
            return _connected(proxy.host, proxy.port, exchange, self._runtime, socks=proxy, behind=behind)
        return _connected(proxy.host, proxy.port, exchange, self._runtime)


def _connected(
    host: str,
    port: int,
    exchange: Exchange,
    runtime: Runtime,
    *,
    only_public: bool = False,
    socks: Proxy | None = None,
    behind: tuple[str, int] | None = None,
) -> socket.socket:
    """A socket that is connected to the first address of `host` that can be reached, or to `behind` if that
    is `socks`. Raises OSError and ExchangeFailedError."""
    failed = OSError("the name has no address")
    for family, kind, protocol, _, address in runtime.addresses(host, port):
        at = str(address[0])
        if only_public and not is_public(at):
            raise ExchangeFailedError(
                "its address is not a public one: audio of an account on the network is not fetched from"
                " this machine or a private network",
                sent=False,
            )
        sock = socks.socket(family, kind, protocol, at) if socks else runtime.socket(family, kind, protocol)
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.settimeout(exchange.patience())
            exchange.hold(sock)
            sock.connect(behind or address)
        except OSError as error:
            sock.close()
            failed = _unwrapped(error)
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise failed


def _unwrapped(error: OSError) -> OSError:
    """The error of the machine that PySocks wraps, if there is one; else what the proxy means."""
    while hasattr(error, "socket_err"):
        if not isinstance(error.socket_err, OSError):
            return OSError(0, _REFUSES)
        error = error.socket_err
    return error


def _dig(request: bytes, exchange: Exchange, stream: Bytes, sock: socket.socket) -> None:
    """Let a proxy make the connection that `request` asks for. Raises ExchangeFailedError if it does not."""
    line = Line(stream, sock)
    line.ask(exchange, request)
    if not 200 <= line.answer.status < 300 or line.answer.size:
        raise exchange.failed(_REFUSES)
    line.answer.close()
    sock.settimeout(exchange.patience())


def _secured(sock: socket.socket, context: ssl.SSLContext, host: str, exchange: Exchange) -> ssl.SSLSocket:
    """TLS over `sock`, with the certificate of `host` checked. Raises ssl.SSLError and OSError."""
    tls = context.wrap_socket(sock, server_hostname=_named(host), do_handshake_on_connect=False)
    try:
        tls.settimeout(exchange.patience())
        exchange.hold(tls)
        tls.do_handshake()
    except BaseException:
        tls.close()
        raise
    return tls


def _named(host: str) -> str:
    """The name that a certificate has for `host`: without the zone of an address."""
    return host.partition("%")[0]

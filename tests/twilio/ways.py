"""Every way on which a request can reach the API: plain, in TLS, and through each sort of proxy.

One scripted server plays all parts, one after another on the same connection: the proxy, its TLS, the TLS of
the API, and the API, which answers with the steps of a script. So each answer can be tried on each way.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest
import trustme

from tests.twilio.scripted import PROXY_VARIABLES, Server, Step

NAME = "api.example.test"
ADDRESS = "192.0.2.1"
"""Of a network for documentation, https://www.rfc-editor.org/rfc/rfc5737: nobody is there."""
USER, PASSWORD = "some one", "p@ss:word"


@dataclass(frozen=True)
class Way:
    """How the API is reached: its scheme, the scheme of a proxy if there is one, and whether that wants a
    sign-in."""

    scheme: str
    proxy: str | None = None
    sign_in: bool = False

    @property
    def host(self) -> str:
        """One that is reached as the way says: names of this machine never lead through a proxy."""
        if self.proxy is None:
            return "127.0.0.1"
        return ADDRESS if self.proxy in ("socks4", "socks5") else NAME  # those look names up themselves

    @property
    def has_tls(self) -> bool:
        return "https" in (self.scheme, self.proxy)

    @property
    def arrives_late(self) -> bool:
        """Whether something is said on the connection before the request."""
        return self.has_tls or (self.proxy or "").startswith("socks")


WAYS = {
    "plain": Way("http"),
    "tls": Way("https"),
    "proxy": Way("http", "http"),
    "proxy with sign-in": Way("http", "http", sign_in=True),
    "proxy in tls": Way("http", "https"),
    "tunnel": Way("https", "http"),
    "tunnel with sign-in": Way("https", "http", sign_in=True),
    "tunnel in tls": Way("https", "https"),
    "socks4": Way("http", "socks4"),
    "socks4a": Way("http", "socks4a"),
    "socks5": Way("http", "socks5"),
    "socks5h": Way("http", "socks5h"),
    "socks5h with sign-in": Way("http", "socks5h", sign_in=True),
    "socks5h and tls": Way("https", "socks5h"),
}


@cache
def authority() -> trustme.CA:
    """Whom the tests trust."""
    return trustme.CA()


def tls_server(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@cache
def good_certificate() -> trustme.LeafCert:
    return authority().issue_cert(NAME, ADDRESS, "127.0.0.1", "localhost")


class RefusedError(OSError):
    """The proxy refused, and closes."""


@dataclass
class Entrance(Server):
    """A scripted server at the end of a way.

    `refusal` is what a proxy says in the place of yes; with `stall` nobody says anything, and `arrived` tells
    that somebody waits for it. `asked` is what a proxy was told, `passed` to where it let somebody through.
    """

    way: Way = field(default_factory=lambda: WAYS["plain"])
    certificate: trustme.LeafCert = field(default_factory=good_certificate)
    proxy_certificate: trustme.LeafCert = field(default_factory=good_certificate)
    refusal: bytes = b""
    stall: bool = False
    arrived: threading.Event = field(default_factory=threading.Event)
    passed: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def _talk(self, connection: socket.socket, number: int) -> None:
        try:
            inside = self._let_in(connection)
        except (OSError, ValueError):
            connection.close()
            return
        super()._talk(inside, number)

    def _let_in(self, connection: socket.socket) -> socket.socket:
        """Play everything that stands before the API."""
        way = self.way
        if self.stall:
            connection.recv(1)
            self.arrived.set()
            while connection.recv(65536):
                pass
            raise RefusedError
        if way.proxy == "https":
            connection = tls_server(self.proxy_certificate).wrap_socket(connection, server_side=True)
        if way.proxy is not None and way.proxy.startswith("socks"):
            (socks5 if way.proxy in ("socks5", "socks5h") else socks4)(connection, self)
        elif way.proxy is not None and way.scheme == "https":
            self._tunnel(connection)
        if way.scheme == "https":
            if isinstance(connection, ssl.SSLSocket):
                connection = beyond(connection)
            connection = tls_server(self.certificate).wrap_socket(connection, server_side=True)
        return connection

    def _tunnel(self, connection: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            piece = connection.recv(1)
            if not piece:
                raise RefusedError
            head += piece
        self.asked.append(head.decode())
        place = head.split()[1].decode()
        self.let_through(connection, place, b"HTTP/1.1 200 Connection established\r\n\r\n")

    def let_through(self, connection: socket.socket, place: str, yes: bytes) -> None:
        """Say yes to whoever wants to go to a place, or refuse."""
        if self.refusal:
            connection.sendall(self.refusal)
            raise RefusedError
        self.passed.append(place)
        connection.sendall(yes)


def exactly(connection: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        piece = connection.recv(count - len(data))
        if not piece:
            raise RefusedError
        data += piece
    return data


def until_nul(connection: socket.socket) -> str:
    text = b""
    while (byte := exactly(connection, 1)) != b"\0":
        text += byte
    return text.decode()


def socks4(connection: socket.socket, entrance: Entrance) -> None:
    """https://www.openssh.com/txt/socks4.protocol and socks4a.protocol"""
    head = exactly(connection, 8)
    until_nul(connection)
    host = until_nul(connection) if head[4:7] == b"\0\0\0" else socket.inet_ntoa(head[4:8])
    entrance.let_through(connection, f"{host}:{int.from_bytes(head[2:4], 'big')}", b"\0\x5a" + bytes(6))


def socks5(connection: socket.socket, entrance: Entrance) -> None:
    """https://www.rfc-editor.org/rfc/rfc1928, https://www.rfc-editor.org/rfc/rfc1929"""
    methods = exactly(connection, exactly(connection, 2)[1])
    if entrance.way.sign_in:
        assert b"\x02" in methods
        connection.sendall(b"\x05\x02")
        user = exactly(connection, exactly(connection, 2)[1]).decode()
        password = exactly(connection, exactly(connection, 1)[0]).decode()
        entrance.asked.append(f"{user}/{password}")
        connection.sendall(b"\x01\x00" if (user, password) == (USER, PASSWORD) else b"\x01\x01")
    else:
        connection.sendall(b"\x05\x00")
    kind = exactly(connection, 4)[3]
    host = (
        socket.inet_ntoa(exactly(connection, 4))
        if kind == 1
        else exactly(connection, exactly(connection, 1)[0]).decode()
    )
    port = int.from_bytes(exactly(connection, 2), "big")
    entrance.let_through(connection, f"{host}:{port}", b"\x05\x00\x00\x01" + bytes(6))


def beyond(outer: ssl.SSLSocket) -> socket.socket:
    """The far end of what travels inside of a TLS connection, for TLS within TLS."""
    near, far = socket.socketpair()

    def pump() -> None:
        with outer, near:
            try:
                while True:
                    for ready in select.select([outer, near], [], [])[0]:
                        data = ready.recv(65536)
                        if not data:
                            return
                        (near if ready is outer else outer).sendall(data)
            except OSError:
                return

    threading.Thread(target=pump, daemon=True).start()
    return far


@contextmanager
def entrance(
    way: Way,
    monkeypatch: pytest.MonkeyPatch,
    folder: Path,
    *script: Step,
    trusted: bool = True,
    password: str = PASSWORD,
) -> Iterator[Entrance]:
    """A server at the end of a way, with the environment that leads there; its `url` is the API's origin."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    port = listener.getsockname()[1]
    server = Entrance(list(script), way=way)
    server.url = f"{way.scheme}://{way.host}" + (f":{port}" if way.proxy is None else "")
    for name in (*PROXY_VARIABLES, "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    if way.proxy is not None:
        user = f"some%20one:{password.replace('@', '%40').replace(':', '%3A')}@" if way.sign_in else ""
        monkeypatch.setenv(f"{way.scheme.upper()}_PROXY", f"{way.proxy}://{user}127.0.0.1:{port}")
    if trusted:
        authority().cert_pem.write_to_path(str(folder / "authority.pem"))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(folder / "authority.pem"))
    thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        server.close()
        thread.join()

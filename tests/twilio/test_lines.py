"""Connections: whether one that is kept still stands, and requests that do not leave in one go."""

from __future__ import annotations

import select
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from voiceform.twilio import lines
from voiceform.twilio.failures import ExchangeFailedError
from voiceform.twilio.lines import Desk, Exchange, Line


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Ours and the other end of one connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
        with ours, theirs:
            yield ours, theirs


def exchange(*, read_timeout: float = 30.0, uptime: Callable[[], float] = lambda: 0.0) -> Exchange:
    return Exchange(
        Desk(), uptime=uptime, deadline=60.0, connect_timeout=5.0, read_timeout=read_timeout, largest=1 << 20
    )


def reset(theirs: socket.socket) -> None:
    theirs.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    theirs.close()


ENDS: dict[str, Callable[[socket.socket], object]] = {
    "closed": lambda theirs: theirs.close(),
    "half closed": lambda theirs: theirs.shutdown(socket.SHUT_WR),
    "reset": reset,
    "bytes that nobody asked for": lambda theirs: theirs.sendall(b"HTTP/1.1 408 Too late\r\n\r\n"),
}


@pytest.mark.parametrize("happens", ENDS)
def test_a_connection_on_which_something_happened_is_not_idle(
    ends: tuple[socket.socket, socket.socket], happens: str
) -> None:
    ours, theirs = ends
    line = Line(ours, ours)
    assert line.is_idle
    ENDS[happens](theirs)
    assert select.select([ours], [], [], 60)[0], "it has come"
    assert not line.is_idle


def test_a_connection_from_which_all_was_read_is_idle(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    line = Line(ours, ours)
    for size in (0, 1, 200_000):
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"x" * size
        sender = threading.Thread(target=theirs.sendall, args=(answer,))
        sender.start()
        asked = exchange()
        line.send(asked, b"GET / HTTP/1.1\r\n\r\n")
        while not line.answer.done:
            line.receive(asked)
        sender.join()
        assert len(line.answer.body()) == size
        assert line.is_idle


def test_a_request_that_does_not_fit_leaves_whole(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = ends
    request = b"POST / HTTP/1.1\r\n\r\n" + bytes(range(256)) * 40_000
    got = bytearray()

    def read() -> None:
        while len(got) < len(request):
            got.extend(theirs.recv(65_536))
        theirs.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    reader = threading.Thread(target=read)
    line = Line(ours, ours)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    reader.start()
    line.send(exchange(), request)
    reader.join()
    assert bytes(got) == request
    assert line.answer.status == 204


def test_a_request_that_nobody_takes_ends_in_time(ends: tuple[socket.socket, socket.socket]) -> None:
    ours, _ = ends
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    asked = exchange(read_timeout=0.01)
    with pytest.raises(TimeoutError):
        Line(ours, ours).send(asked, bytes(20_000_000))
    assert asked.began


def test_bytes_that_keep_coming_end_with_the_deadline(ends: tuple[socket.socket, socket.socket]) -> None:
    """Also where there is nothing to wait for."""
    ours, theirs = ends
    now = 0.0
    asked = exchange(uptime=lambda: now)
    line = Line(ours, ours)
    theirs.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 100_000)
    line.send(asked, b"GET / HTTP/1.1\r\n\r\n")
    now = 61.0
    with pytest.raises(ExchangeFailedError, match="in time"):
        line.receive(asked)


@pytest.mark.parametrize(
    ("error", "event", "waits_for"),
    [
        (BlockingIOError(), select.POLLIN, "in"),
        (BlockingIOError(), select.POLLOUT, "out"),
        (ssl.SSLWantReadError(), select.POLLOUT, "in"),
        (ssl.SSLWantWriteError(), select.POLLIN, "out"),
    ],
)
def test_tls_waits_for_what_it_needs(
    ends: tuple[socket.socket, socket.socket], error: Exception, event: int, waits_for: str
) -> None:
    ours, _ = ends
    assert bool(lines._poll_for(ours, error, event).poll(0)) is (waits_for == "out")

"""A client for benchmarks of servers: sends bytes that were made before, and counts the answers.

It understands as much of HTTP as is needed to see where an answer ends, so that it costs less than any server
that it asks. Not for anything else: nothing is checked but the status.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable, Iterator
from typing import cast

import uvloop


def request(method: str, path: str, user: str, password: str, form: str = "") -> bytes:
    """The bytes of one request, with a form as its body if there is one."""
    token = base64.b64encode(f"{user}:{password}".encode()).decode()
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic {token}\r\nAccept: */*\r\n"
    if form:
        head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(form)}\r\n"
    return f"{head}\r\n{form}".encode()


class _Connection(asyncio.Protocol):
    """Asks one after the other until nothing is left to ask."""

    def __init__(self, left: Iterator[bytes], status: bytes, done: asyncio.Future[None]) -> None:
        self._left = left
        self._expected = b"HTTP/1.1 " + status
        self._done = done
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._received[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._received) < end + 4 + length:
            return
        if not self._received.startswith(self._expected):
            self._fail(self._received[:500].decode("utf-8", "replace"))
            return
        self._received = b""
        self._next()

    def connection_lost(self, error: Exception | None) -> None:
        self._fail("the server closed the connection")

    def _next(self) -> None:
        asked = next(self._left, None)
        if asked is None:
            if not self._done.done():
                self._done.set_result(None)
            self._transport.close()
        else:
            self._transport.write(asked)

    def _fail(self, reason: str) -> None:
        if not self._done.done():
            self._done.set_exception(SystemExit(f"not the answer that was expected: {reason}"))


def drive(port: int, requests: Iterable[bytes], in_flight: int, status: int) -> None:
    """Send them all to 127.0.0.1, so many at a time, each connection one after the other. Every answer must
    have this status; SystemExit otherwise."""

    async def run() -> None:
        loop, left = asyncio.get_running_loop(), iter(requests)
        ends: list[asyncio.Future[None]] = [loop.create_future() for _ in range(in_flight)]
        await asyncio.gather(
            *(
                loop.create_connection(
                    lambda end=end: _Connection(left, str(status).encode(), end), "127.0.0.1", port
                )
                for end in ends
            )
        )
        await asyncio.gather(*ends)

    uvloop.run(run())

"""A server that answers exactly what a test tells it to, byte by byte, and what tests of the client share."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from voiceform.model.clock import ManualClock
from voiceform.twilio.client import Client
from voiceform.twilio.credentials import Credentials
from voiceform.twilio.retry import RetryPolicy
from voiceform.twilio.transport import Transport
from voiceform.twilio.wire import Timeouts

ACCOUNT = "AC" + "0" * 32
TOKEN = "5ecretT0kenThatNobodyMaySee00000"
ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
START = datetime(2026, 5, 1, 12, tzinfo=UTC)


def sid(prefix: str, number: int) -> str:
    return f"{prefix}{number:032x}"


@dataclass
class Seen:
    """One request as it came over the socket."""

    method: str
    target: str
    headers: dict[str, str]
    body: str
    connection: int


def answer(status: int = 200, content: object = None, *, raw: bytes | None = None, **headers: str) -> bytes:
    """An HTTP response; keyword `Retry_After` is the header `Retry-After`."""
    body = raw if raw is not None else b"" if content is None else json.dumps(content).encode()
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{k.replace('_', '-')}: {v}" for k, v in headers.items())]
    if "Content_Length" not in headers and status != 204:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


def error(status: int, code: int, message: str = "no", **headers: str) -> bytes:
    document = {
        "code": code,
        "message": message,
        "more_info": f"https://www.twilio.com/docs/errors/{code}",
        "status": status,
    }
    return answer(status, document, raw=None, **headers)


PROXY_VARIABLES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
"""In capitals; they count in small letters too."""

RESET = b"reset"
"""The request is read, then the connection is reset."""
SILENCE = b"silence"
"""The request is read and never answered."""


class Unfinished(bytes):
    """A reply after which the connection stays open, and nothing more comes."""


Step = bytes | Callable[[Seen], bytes]


@dataclass
class Server:
    """Answers requests with the steps of `script`, one after another; the last one for ever."""

    script: list[Step]
    requests: list[Seen] = field(default_factory=list)
    url: str = ""
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _connections: int = 0
    _open: list[socket.socket] = field(default_factory=list)

    @property
    def targets(self) -> list[str]:
        return [request.target for request in self.requests]

    def play(self, *steps: Step) -> None:
        self.script = list(steps)

    def serve(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self._connections += 1
            self._open.append(connection)
            threading.Thread(target=self._talk, args=(connection, self._connections), daemon=True).start()

    def reply_to(self, seen: Seen) -> bytes:
        """What is answered to this request: bytes, RESET or SILENCE."""
        with self._lock:
            step = self.script[0]
            if len(self.script) > 1:
                self.script.pop(0)
        return step(seen) if callable(step) else step

    def _talk(self, connection: socket.socket, number: int) -> None:
        try:
            with connection, connection.makefile("rb") as stream:
                while (seen := _read(stream, number)) is not None:
                    with self._lock:
                        self.requests.append(seen)
                    reply = self.reply_to(seen)
                    if reply == RESET:
                        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        return
                    if reply == SILENCE:
                        stream.read()
                        return
                    connection.sendall(reply)
                    if isinstance(reply, Unfinished):
                        stream.read()
                        return
                    if _cuts(reply):
                        return
        except OSError:
            return

    def close(self) -> None:
        for connection in self._open:
            connection.close()


def _cuts(reply: bytes) -> bool:
    """Whether a reply promises more than it holds, or nothing at all."""
    head, _, body = reply.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = line.split(b":")[1].strip()
            return not length.isdigit() or int(length) > len(body)
    return not head.startswith(b"HTTP/1.1 204")


def _read(stream: Any, number: int) -> Seen | None:
    line = stream.readline().decode()
    if not line:
        return None
    method, target, _ = line.split(" ", 2)
    headers: dict[str, str] = {}
    while (text := stream.readline().decode().rstrip("\r\n")) != "":
        name, _, value = text.partition(":")
        headers[name.lower()] = value.strip()
    body = stream.read(int(headers.get("content-length", "0"))).decode()
    return Seen(method, target, headers, body, number)


@contextmanager
def listening(*script: Step, host: str = "127.0.0.1") -> Iterator[Server]:
    listener = socket.create_server((host, 0), backlog=128)
    server = Server(list(script) or [answer(200, {})])
    server.url = f"http://{host}:{listener.getsockname()[1]}"
    thread = threading.Thread(target=server.serve, args=(listener,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        server.close()
        thread.join()


def new_client(
    url: str,
    clock: ManualClock,
    *,
    read_only: bool = False,
    max_in_flight: int = 8,
    timeouts: Timeouts | None = None,
    retry: RetryPolicy | None = None,
    environ: Mapping[str, str] | None = None,
) -> Client:
    transport = Transport(
        Credentials(ACCOUNT, ACCOUNT, TOKEN),
        url,
        read_only=read_only,
        clock=clock,
        max_in_flight=max_in_flight,
        random=Random(7),
        timeouts=timeouts or Timeouts(connect=5, read=5),
        retry=retry,
        environ=environ,
    )
    return Client(transport)


def queue_row(number: int, **changes: object) -> dict[str, object]:
    row: dict[str, object] = {
        "sid": sid("QU", number),
        "account_sid": ACCOUNT,
        "friendly_name": f"queue {number}",
        "max_size": 100,
        "current_size": 0,
        "average_wait_time": 0,
        "date_created": "Tue, 31 Aug 2010 20:36:28 +0000",
        "date_updated": "Tue, 31 Aug 2010 20:36:44 +0000",
    }
    return row | changes


def page(key: str, rows: list[dict[str, object]], following: object = None) -> bytes:
    return answer(200, {key: rows, "page": 0, "page_size": 50, "next_page_uri": following})

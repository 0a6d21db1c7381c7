"""A server for benchmarks that is not what is measured: lists of queues and recordings, one of them, DELETE.

    with lean_server.running(recordings=1_000_000, latency_ms=50, tls=True) as server:
        environ = server.environ()      # VOICEFORM_BASE_URL, credentials, and whom to trust over TLS
        ...
        server.reset()                  # what was deleted is there again
        server.told()                   # {"GET": 1001, "DELETE": 0, "connections": 1, "cpu": 0.8}

It runs in a process of its own, on uvloop (the extra `emulator`), and holds no rows: the SID, the date and
all else of row k follow from k. The newest come first, at even distances over the year 2025; every tenth
recording is of a conference. `DateCreated<` and `DateCreated>` of recordings are kept to, other filters are
not; other lists are empty. It believes every credential, and has no POST. Latency counts from the arrival of
a request, and is right on the average, so that no client is faster than requests / in flight x latency.

With `tls` it speaks HTTPS at 127.0.0.1 with a certificate of an authority, both made for the occasion with
the openssl command; `server.certificate` is the authority's file (None without).
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import os
import resource
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache, partial
from pathlib import Path
from typing import cast
from urllib.parse import parse_qsl, urlencode

import uvloop

ACCOUNT = "AC" + "0" * 32
TOKEN = "0" * 32
ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
NEWEST = datetime(2025, 12, 31, 23, 59, 59, tzinfo=UTC)
SPAN = 364 * 86_400
#: Makes a SID look drawn by lot, and finds its row again: odd numbers have an inverse in 128 bits.
_FACTOR = 0x9E3779B97F4A7C15F39CC0605CEDC835
_INVERSE = pow(_FACTOR, -1, 1 << 128)
_MASK = (1 << 128) - 1
_CORRECTION, _EARLIEST = 0.02, 0.002
"""How much of what one answer was too late the next goes earlier, and by how many seconds at most."""

_RECORDING = (
    f'{{"account_sid":"{ACCOUNT}","api_version":"2010-04-01","call_sid":"CA%s","conference_sid":%s,"channels":1,'
    '"date_created":"%s","date_updated":"%s","start_time":"%s","duration":"%d","sid":"%s","price":"-0.02000",'
    '"price_unit":"USD","status":"completed","source":"%s","track":null,"error_code":null,'
    '"encryption_details":null,"media_url":"https://api.twilio.com%s","uri":"%s.json",'
    '"subresource_uris":{"add_on_results":"%s/AddOnResults.json","transcriptions":"%s/Transcriptions.json"}}'
)
_QUEUE = (
    f'{{"date_updated":"%s","current_size":0,"friendly_name":"%s","uri":"{ROOT}/Queues/%s.json",'
    f'"account_sid":"{ACCOUNT}","average_wait_time":0,"sid":"%s","date_created":"%s","max_size":%d}}'
)
_HEAD = (
    "HTTP/1.1 %s\r\nContent-Type: application/json\r\n"
    "Twilio-Request-Id: RQ0123456789abcdef0123456789abcdef\r\nTwilio-Request-Duration: 0.050\r\n"
    "Twilio-Concurrent-Requests: %d\r\nX-Home-Region: us1\r\n"
    "X-API-Domain: api.twilio.com\r\nStrict-Transport-Security: max-age=31536000\r\n"
)


def sid(prefix: str, index: int) -> str:
    """The SID of a row."""
    return f"{prefix}{(index + 1) * _FACTOR & _MASK:032x}"


def queue(index: int) -> tuple[str, int]:
    """The friendly name and the size of a queue, for whoever writes the configuration that fits."""
    return f"Queue {index}", index % 5000 + 1


@dataclass(frozen=True)
class LeanServer:
    """A running server, as its users see it."""

    origin: str
    certificate: Path | None

    def environ(self) -> dict[str, str]:
        """What `voiceform` needs to be told; without a proxy, whatever the machine uses."""
        trust = {} if self.certificate is None else {"REQUESTS_CA_BUNDLE": str(self.certificate)}
        return {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "VOICEFORM_BASE_URL": self.origin,
            "NO_PROXY": "127.0.0.1",
            **trust,
        }

    def reset(self) -> None:
        """Bring back what was deleted, and count from zero."""
        self._ask("reset")

    def told(self) -> dict[str, float]:
        """How many requests of each method and connections there were, and the server's seconds of CPU."""
        return cast("dict[str, float]", json.loads(self._ask("told")))

    def _ask(self, what: str) -> bytes:
        context = None if self.certificate is None else ssl.create_default_context(cafile=self.certificate)
        opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        with opener.open(f"{self.origin}/_lean/{what}", timeout=30) as answer:
            return cast(bytes, answer.read())


@contextmanager
def running(
    *, queues: int = 0, recordings: int = 0, latency_ms: float = 0.0, tls: bool = False
) -> Iterator[LeanServer]:
    """A server in a process of its own for as long as the block lasts."""
    with tempfile.TemporaryDirectory() as folder:
        if tls:
            make_certificate(Path(folder))
        chosen = {"queues": queues, "recordings": recordings, "latency_ms": latency_ms}
        command = [sys.executable, __file__, json.dumps({**chosen, "folder": folder if tls else None})]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                port = int(process.stdout.readline())
                origin = f"{'https' if tls else 'http'}://127.0.0.1:{port}"
                yield LeanServer(origin, Path(folder, "authority.pem") if tls else None)
            finally:
                process.stdin.close()  # which ends it


def make_certificate(folder: Path) -> None:
    """An authority (authority.pem) and what it signed for 127.0.0.1 and localhost (server.pem, with key)."""
    fresh = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    authority = ["-keyout", "authority.key", "-out", "authority.pem", "-subj", "/CN=benchmark"]
    server = [
        *("-keyout", "server.key", "-out", "server.crt", "-subj", "/CN=localhost"),
        *("-CA", "authority.pem", "-CAkey", "authority.key"),
        *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
        *("-addext", "basicConstraints=critical,CA:FALSE"),
    ]
    for options in (authority, server):
        command = ["openssl", "req", "-x509", *fresh, *options]
        subprocess.run(command, check=True, capture_output=True, cwd=folder)
    parts = [Path(folder, name).read_text() for name in ("server.key", "server.crt")]
    Path(folder, "server.pem").write_text("".join(parts))


class Account:
    """The rows, and what became of them."""

    def __init__(self, queues: int, recordings: int) -> None:
        self._counts = {"Queues": queues, "Recordings": recordings}
        self._rows = {"Queues": self._queue, "Recordings": self._recording}
        self._deleted: set[tuple[str, int]] = set()
        self._answers = {"GET": self._get, "DELETE": self._delete}
        self.requests = {"GET": 0, "DELETE": 0, "connections": 0}

    def answer(self, method: str, target: str) -> tuple[str, str]:
        """The status line and the body of an answer."""
        if target == "/_lean/reset":
            self._deleted.clear()
            self.requests = dict.fromkeys(self.requests, 0)
            return "200 OK", "{}"
        if target == "/_lean/told":
            used = resource.getrusage(resource.RUSAGE_SELF)
            return "200 OK", json.dumps({**self.requests, "cpu": used.ru_utime + used.ru_stime})
        handler = self._answers.get(method)
        if handler is None:
            return "405 Method Not Allowed", '{"code":20004,"message":"Method not allowed","status":405}'
        self.requests[method] += 1
        path, _, query = target.partition("?")
        name, _, rest = path.removeprefix(ROOT + "/").removesuffix(".json").partition("/")
        return handler(name, rest, query) or (
            "404 Not Found",
            f'{{"code":20404,"message":"The requested resource {path} was not found","status":404}}',
        )

    def _get(self, name: str, rest: str, query: str) -> tuple[str, str] | None:
        if not rest:
            return "200 OK", self._page(name, dict(parse_qsl(query)))
        index = self._index(name, rest)
        return None if index is None else ("200 OK", self._rows[name](index))

    def _delete(self, name: str, rest: str, query: str) -> tuple[str, str] | None:
        index = self._index(name, rest)
        if index is None:
            return None
        self._deleted.add((name, index))
        return "204 No Content", ""

    def _index(self, name: str, text: str) -> int | None:
        """The row of a SID, None if there is none or no longer."""
        if name not in self._rows or len(text) != 34:
            return None
        index = (int(text[2:], 16) * _INVERSE & _MASK) - 1
        return index if 0 <= index < self._counts[name] and (name, index) not in self._deleted else None

    def _page(self, name: str, query: dict[str, str]) -> str:
        count, size = self._counts.get(name, 0), int(query.get("PageSize", "50"))
        before, since = query.get("DateCreated<"), query.get("DateCreated>")
        end = _first_before(since, count) if since else count
        start = _first_before(before, count) if before else 0
        index = max(start, int(query.get("PageToken", "PA0")[2:], 16))
        rows: list[str] = []
        while index < end and len(rows) < size:
            if (name, index) not in self._deleted:
                rows.append(self._rows[name](index))
            index += 1
        base = f"{ROOT}/{name}.json?" + urlencode(
            {key: value for key, value in query.items() if key not in ("Page", "PageToken")}
        )
        page = int(query.get("Page", "0"))
        following = f'"{base}&Page={page + 1}&PageToken=PA{index:x}"' if index < end else "null"
        return (
            f'{{"first_page_uri":"{base}&Page=0","end":{page * size + max(len(rows) - 1, 0)},'
            f'"previous_page_uri":null,"{name.lower()}":[{",".join(rows)}],"uri":"{base}&Page={page}",'
            f'"page_size":{size},"start":{page * size},"next_page_uri":{following},"page":{page}}}'
        )

    def _queue(self, index: int) -> str:
        own, date = sid("QU", index), _date(_created(index, self._counts["Queues"]))
        name, size = queue(index)
        return _QUEUE % (date, name, own, own, date, size)

    def _recording(self, index: int) -> str:
        own, instant = sid("RE", index), _created(index, self._counts["Recordings"])
        room = index % 10 == 0
        date, path, seconds = _date(instant), f"{ROOT}/Recordings/{own}", 30 + index * 7 % 570
        return _RECORDING % (
            f"{index + 1:032x}",
            f'"CF{index + 1:032x}"' if room else "null",
            *(date, _date(instant + seconds), date),
            *(seconds, own, "Conference" if room else "OutboundAPI"),
            *(path, path, path, path),
        )


def _first_before(text: str, count: int) -> int:
    """The first row that was made before a day or an instant."""
    instant = datetime.fromisoformat(text)
    seconds = int((instant if instant.tzinfo else instant.replace(tzinfo=UTC)).timestamp())
    return bisect_left(range(count), -seconds + 1, key=lambda index: -_created(index, count))


def _created(index: int, count: int) -> int:
    """When a row was made, in seconds since 1970."""
    return int(NEWEST.timestamp()) - index * SPAN // max(count, 1)


@lru_cache(maxsize=1000)
def _day(day: int) -> str:
    return format_datetime(datetime.fromtimestamp(day * 86_400, UTC))[:17]


def _date(instant: int) -> str:
    """As Twilio writes it: `Tue, 30 Dec 2025 12:00:00 +0000`."""
    day, rest = divmod(instant, 86_400)
    return f"{_day(day)}{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d} +0000"


class Latency:
    """Lets answers go when they are due, one in each turn of the loop: what arrives meanwhile is seen.

    The loop counts in milliseconds: its timers would make 51 of 50, and let go together what came apart. So
    this waits for a timer of the kernel's. Each answer goes as much earlier as those before it were too late.
    """

    def __init__(self, milliseconds: float) -> None:
        self.seconds = milliseconds / 1000
        self._loop = asyncio.get_running_loop()
        self._early = 0.0
        self._waiting: deque[tuple[float, Callable[[], None]]] = deque()
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._timer = self._libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK)
        if self._timer < 0:
            raise OSError(ctypes.get_errno(), "no timer")
        self._loop.add_reader(self._timer, self._ring)

    def put(self, answer: Callable[[], None]) -> None:
        """Call `answer` after the latency."""
        self._waiting.append((time.perf_counter() + self.seconds, answer))
        if len(self._waiting) == 1:
            self._arm()

    def _arm(self) -> None:
        left = self._waiting[0][0] - self._early - time.perf_counter()
        if left <= 0:
            self._loop.call_soon(self._let_go)
            return
        whole = int(left)
        # struct itimerspec: no repetition, then the seconds and nanoseconds; none at all would mean never.
        times = (ctypes.c_long * 4)(0, 0, whole, max(1, int((left - whole) * 1e9)))
        self._libc.timerfd_settime(self._timer, 0, times, None)

    def _ring(self) -> None:
        os.read(self._timer, 8)
        self._let_go()

    def _let_go(self) -> None:
        due, answer = self._waiting.popleft()
        answer()
        late = time.perf_counter() - due
        self._early = min(max(0.0, self._early + late * _CORRECTION), _EARLIEST)
        if self._waiting:
            self._arm()


class Http(asyncio.Protocol):
    """One connection: requests without a body, each answered after the latency."""

    in_flight = 0
    """What the service tells of the account: clients slow down when that is much."""

    def __init__(self, account: Account, latency: Latency | None) -> None:
        self._account = account
        self._latency = latency
        self._received = b""
        account.requests["connections"] += 1

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            line = self._received[: self._received.find(b"\r\n")].decode("latin-1")
            self._received = self._received[end + 4 :]
            method, target, _ = line.split(" ", 2)
            Http.in_flight += 1
            if self._latency is not None:
                self._latency.put(partial(self._answer, method, target))
            else:
                self._answer(method, target)

    def _answer(self, method: str, target: str) -> None:
        status, body = self._account.answer(method, target)
        length = "" if status.startswith("204") else f"Content-Length: {len(body)}\r\n"
        if not self._transport.is_closing():
            self._transport.write(f"{_HEAD % (status, Http.in_flight)}{length}\r\n{body}".encode())
            if status.startswith("405"):
                self._transport.close()  # there may be a body, which nobody reads
        Http.in_flight -= 1


async def serve(queues: int, recordings: int, latency_ms: float, folder: str | None) -> None:
    """Serve until stdin ends; the port is the line on stdout."""
    loop, account, ended = asyncio.get_running_loop(), Account(queues, recordings), asyncio.Event()
    latency = Latency(latency_ms) if latency_ms else None
    context = None
    if folder is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(Path(folder, "server.pem"))
    server = await loop.create_server(
        lambda: Http(account, latency), "127.0.0.1", 0, backlog=1024, ssl=context
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    loop.add_reader(sys.stdin.fileno(), ended.set)
    await ended.wait()


if __name__ == "__main__":
    uvloop.run(serve(**json.loads(sys.argv[1])))

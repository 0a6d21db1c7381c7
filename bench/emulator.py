"""The emulator: how many requests it answers with a core of its own, and how near it keeps to its latency.

    python bench/emulator.py [--count 10000] [--in-flight 20] [--short] [--json FILE]

CPU is that of the emulator's process, per request: 0.2 ms is 5,000 requests a second on one core. Beside it
stands uvicorn itself with an application that answers 204 to everything. Where the clock stands still a call
that was made waits; where it runs the call rings, is answered, ends and has its price meanwhile, which costs
more than the request. With latency the ratio to the bound is what counts. Requests come from a client that
costs little (`bench/lean_client.py`), in this process.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import harness
from lean_client import drive, request

ACCOUNT = "AC" + "a" * 32
ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
EMULATOR = """
import sys
from voiceform.emulator import Emulator
with Emulator(port=0, calls_per_second=1_000_000.0, latency_ms=float(sys.argv[1])) as emulator:
    print(emulator.url.rpartition(":")[2], flush=True)
    sys.stdin.read()
"""
BARE = """
import socket, sys, threading, uvicorn
async def application(scope, receive, send):
    if scope["type"] == "http":
        await receive()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(2048)
config = uvicorn.Config(application, lifespan="off", log_level="critical", access_log=False, ws="none")
server = uvicorn.Server(config)
threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True).start()
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


@dataclass(frozen=True)
class Running:
    """A server in a process of its own."""

    pid: int
    port: int

    def cpu(self) -> float:
        """Seconds of CPU that it has used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def ask(self, path: str, document: object = None) -> dict[str, object]:
        """One request in peace."""
        body = None if document is None else json.dumps(document).encode()
        headers = {"Authorization": "Basic " + b64encode(f"{ACCOUNT}:bench".encode()).decode()}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", body, headers)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(asked, timeout=600) as answer:
            return cast("dict[str, object]", json.loads(answer.read()))

    def sids(self, kind: str) -> list[str]:
        """The SIDs of all objects of a kind."""
        found: list[str] = []
        path: object = f"{ROOT}/{kind}.json?PageSize=1000"
        while path:
            page = self.ask(str(path))
            found += [row["sid"] for row in cast("list[dict[str, str]]", page[kind.lower()])]
            path = page["next_page_uri"]
        return found


@contextlib.contextmanager
def running(program: str, *arguments: str) -> Iterator[Running]:
    """The server of a program for as long as the block lasts."""
    command = [sys.executable, "-c", program, *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Running(process.pid, int(process.stdout.readline()))
        process.stdin.close()


def answering(
    server: Running, requests: Callable[[], list[bytes]], in_flight: int, status: int
) -> harness.Contestant:
    """Lets the server answer what `requests` makes; the CPU is the server's."""

    def contestant() -> harness.Sample:
        asked = requests()
        cpu, began = server.cpu(), time.perf_counter()
        drive(server.port, asked, in_flight, status)
        seconds, cpu = time.perf_counter() - began, server.cpu() - cpu
        return harness.Sample(seconds, cpu, counts={"requests per second of CPU": len(asked) / cpu})

    return contestant


def made(count: int, method: str, path: str, form: str = "") -> Callable[[], list[bytes]]:
    """The same request so often."""
    return lambda: [request(method, path, ACCOUNT, "bench", form)] * count


def deletions(server: Running, count: int) -> Callable[[], list[bytes]]:
    """Deletions of recordings, each time of others, which are made when they are needed."""

    def requests() -> list[bytes]:
        server.ask("/_emulator/seed", {"generate": {"recordings": {"count": count}}})
        sids = server.sids("Recordings")
        return [request("DELETE", f"{ROOT}/Recordings/{sid}.json", ACCOUNT, "bench") for sid in sids]

    return requests


def speed(report: harness.Report, count: int, in_flight: int) -> None:
    """What the emulator does without latency."""
    with (
        running(BARE) as bare,
        running(EMULATOR, "0") as server,
        running(EMULATOR, "0") as still,
        running(EMULATOR, "0") as alive,
    ):
        still.ask("/_emulator/clock", {"frozen": True})
        server.ask("/_emulator/seed", {"generate": {"queues": {"count": 1000}}})
        queue = server.sids("Queues")[0]
        calls, call = f"{ROOT}/Calls.json", "To=%2B12125550101&From=%2B15017122661&Twiml=%3CResponse%2F%3E"
        report.compare(
            f"{count:,} requests, {in_flight} in flight, no latency",
            {
                "uvicorn alone": answering(bare, made(count, "GET", "/"), in_flight, 204),
                "GET of a queue": answering(
                    server, made(count, "GET", f"{ROOT}/Queues/{queue}.json"), in_flight, 200
                ),
                "DELETE of a recording": answering(server, deletions(server, count), in_flight, 204),
                "POST of a call": answering(still, made(count, "POST", calls, call), in_flight, 201),
                "POST of a call, and its life": answering(
                    alive, made(count, "POST", calls, call), in_flight, 201
                ),
            },
            baseline="uvicorn alone",
            operations=count,
            unit="request",
        )
        pages = max(count // 2, 1)  # the system tells CPU in hundredths of a second
        report.compare(
            f"{pages:,} pages of 50 queues, {in_flight} in flight, no latency",
            {
                "GET of a page": answering(
                    server, made(pages, "GET", f"{ROOT}/Queues.json?PageSize=50"), in_flight, 200
                )
            },
            operations=pages,
            unit="page",
        )


def latency(report: harness.Report, count: int) -> None:
    """How near it keeps to the latency that it was given."""
    with running(EMULATOR, "50") as server:
        report.compare(
            f"{count:,} deletions, 100 in flight, 50 ms",
            {"DELETE of a recording": answering(server, deletions(server, count), 100, 204)},
            operations=count,
            unit="request",
            bound=count / 100 * 0.05,
        )


def main() -> None:
    parser = harness.options(__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--in-flight", type=int, default=20)
    chosen = parser.parse_args()
    count = 2000 if chosen.short else chosen.count
    report = harness.Report("emulator", chosen)
    speed(report, count, chosen.in_flight)
    latency(report, min(count, 10_000))
    report.save()


if __name__ == "__main__":
    main()

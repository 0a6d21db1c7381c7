"""Deleting recordings with many requests in flight: voiceform's client against a plain requests.Session.

    python bench/deletes.py [--count 10000] [--in-flight 100] [--latency-ms 50] [--tls] [--rounds 3]

The service is a minimal server in a process of its own that answers each request after the latency. No client
can be faster than count / in-flight x latency; the ratio to that bound is what is shown, best of the rounds.
With --tls it speaks HTTPS under a certificate made for the occasion (needs the openssl command).
"""

from __future__ import annotations

import argparse
import asyncio
import os
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import cast

ACCOUNT = "AC" + "0" * 32
TOKEN = "0" * 32
ANSWER = (
    b"HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\n"
    b"Twilio-Request-Id: RQ0123456789abcdef0123456789abcdef\r\nTwilio-Request-Duration: 0.050\r\n"
    b"Twilio-Concurrent-Requests: %d\r\nX-Home-Region: us1\r\nX-API-Domain: api.twilio.com\r\n"
    b"Strict-Transport-Security: max-age=31536000\r\n\r\n"
)


class Server(asyncio.Protocol):
    """Answers each request without a body after the latency."""

    latency = 0.05
    in_flight = 0
    """What the service tells of the account: clients slow down when that is much."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        while b"\r\n\r\n" in self.received:
            self.received = self.received.partition(b"\r\n\r\n")[2]
            Server.in_flight += 1
            asyncio.get_running_loop().call_later(self.latency, self.answer)

    def answer(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(ANSWER % Server.in_flight)
        Server.in_flight -= 1


async def serve(latency: float, certificate: str | None) -> None:
    Server.latency = latency
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0, backlog=1024, ssl=context)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def running_server(latency: float, certificate: Path | None) -> Iterator[str]:
    """The origin of a server in another process."""
    command = [
        sys.executable,
        __file__,
        "--serve",
        str(latency),
        *([str(certificate)] if certificate else []),
    ]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        yield f"https://localhost:{port}" if certificate else f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@contextmanager
def certificate_for_localhost() -> Iterator[Path]:
    """A key and a self-signed certificate in one file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "localhost.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
             "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
             "-keyout", str(path), "-out", str(path) + ".crt"],
            check=True,
            capture_output=True,
        )  # fmt: skip
        path.write_bytes(path.read_bytes() + Path(str(path) + ".crt").read_bytes())
        yield path


def in_threads(work: Callable[[str], object], count: int, threads: int) -> float:
    """Seconds that `threads` threads need for `count` recordings, connections being open already."""
    started = threading.Barrier(threads + 1)
    sids = (f"RE{number:032x}" for number in range(threads, threads + count))
    lock = threading.Lock()

    def run(first: str) -> None:
        work(first)
        started.wait()
        while True:
            with lock:
                sid = next(sids, None)
            if sid is None:
                return
            work(sid)

    workers = [threading.Thread(target=run, args=(f"RE{number:032x}",)) for number in range(threads)]
    for worker in workers:
        worker.start()
    started.wait()
    begin = time.perf_counter()
    for worker in workers:
        worker.join()
    return time.perf_counter() - begin


def with_voiceform(origin: str, count: int, threads: int) -> float:
    from voiceform.model.clock import SystemClock
    from voiceform.twilio.client import open_client
    from voiceform.twilio.credentials import Credentials

    credentials = Credentials(ACCOUNT, ACCOUNT, TOKEN)
    with open_client(
        credentials, origin, read_only=False, clock=SystemClock(), max_in_flight=threads, random=Random(0)
    ) as client:
        return in_threads(client.delete_recording, count, threads)


def with_session(origin: str, count: int, threads: int) -> float:
    import requests
    from requests.adapters import HTTPAdapter

    session = requests.Session()
    session.auth = (ACCOUNT, TOKEN)
    session.mount(origin, HTTPAdapter(pool_maxsize=threads))

    def delete(sid: str) -> None:
        url = f"{origin}/2010-04-01/Accounts/{ACCOUNT}/Recordings/{sid}.json"
        session.delete(url, timeout=(5, 30)).raise_for_status()

    with session:
        return in_threads(delete, count, threads)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--in-flight", type=int, default=100)
    parser.add_argument("--latency-ms", type=float, default=50.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tls", action="store_true")
    options = parser.parse_args()
    with certificate_for_localhost() if options.tls else nothing() as certificate:
        if certificate:
            os.environ["REQUESTS_CA_BUNDLE"] = str(certificate)
        with running_server(options.latency_ms / 1000, certificate) as origin:
            compare(origin, options)


@contextmanager
def nothing() -> Iterator[None]:
    yield None


def compare(origin: str, options: argparse.Namespace) -> None:
    bound = options.count / options.in_flight * options.latency_ms / 1000
    print(f"{options.count} deletions, {options.in_flight} in flight, {options.latency_ms:g} ms: ", end="")
    print(f"{bound:.2f} s at best")
    best: dict[str, float] = {}
    for _ in range(options.rounds):
        for name, run in (("voiceform", with_voiceform), ("requests.Session", with_session)):
            seconds = run(origin, options.count, options.in_flight)
            best[name] = min(seconds, best.get(name, seconds))
    for name, seconds in best.items():
        print(f"{name:>18}  {seconds:6.2f} s  {seconds / bound:5.3f} of the bound")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serving = serve(float(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else None)
        try:
            from uvloop import run
        except ImportError:
            from asyncio import run
        run(serving)
    else:
        main()

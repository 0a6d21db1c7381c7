"""One request: voiceform's wire and its whole client against other clients.

    python bench/wire.py [--count 2000] [--in-flight 100] [--latency-ms 50]

DELETE and GET of a recording, over TLS and plain, with many in flight in threads, as voiceform sends them;
the lean server answers. What counts is the client's CPU per request. `bare urllib3 pool` is the `urlopen` of
a pool, with headers that are ready; `wire` is what voiceform sends with, and `client` all of it: throttling,
reading, verdict. aiohttp runs on uvloop in a thread of its own, to which the threads hand their requests.
pyreqwest and httpr, both in Rust, take part where they are installed (pip install pyreqwest httpr).
"""

from __future__ import annotations

import asyncio
import base64
import os
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import harness
import lean_server

T = TypeVar("T")

SIGN_IN = base64.b64encode(f"{lean_server.ACCOUNT}:{lean_server.TOKEN}".encode()).decode()
HEADERS = {
    "User-Agent": "bench",
    "Accept": "application/json",
    "Accept-Encoding": "gzip",
    "Authorization": f"Basic {SIGN_IN}",
}

Send = Callable[[str, str], int]
"""Sends a request (method and path) and reads its answer whole; returns the status."""


@contextmanager
def urllib3_pool(origin: str, authority: Path | None, size: int) -> Iterator[Send]:
    import urllib3

    trust = {} if authority is None else {"ca_certs": str(authority)}
    pool = urllib3.connection_from_url(origin, maxsize=size, **trust)

    def send(method: str, path: str) -> int:
        answer = pool.urlopen(method, path, headers=HEADERS, retries=False, redirect=False)
        return answer.status if answer.data is not None else 0

    yield send
    pool.close()


@contextmanager
def session(origin: str, authority: Path | None, size: int) -> Iterator[Send]:
    import requests
    from requests.adapters import HTTPAdapter

    with requests.Session() as made:
        made.mount(origin, HTTPAdapter(pool_maxsize=size))
        made.headers.update(HEADERS)
        made.verify = True if authority is None else str(authority)
        yield lambda method, path: made.request(method, origin + path).status_code


@contextmanager
def wire(origin: str, _: Path | None, size: int) -> Iterator[Send]:
    from voiceform.twilio.credentials import Credentials
    from voiceform.twilio.wire import Timeouts, Wire

    credentials = Credentials(lean_server.ACCOUNT, lean_server.ACCOUNT, lean_server.TOKEN)
    made = Wire(credentials, origin, connections=size, timeouts=Timeouts())
    yield lambda method, path: made.exchange(method, path).status
    made.close()


@contextmanager
def client(origin: str, _: Path | None, size: int) -> Iterator[Send]:
    from voiceform.model.clock import SystemClock
    from voiceform.twilio.client import open_client
    from voiceform.twilio.credentials import Credentials

    credentials = Credentials(lean_server.ACCOUNT, lean_server.ACCOUNT, lean_server.TOKEN)
    with open_client(credentials, origin, read_only=False, clock=SystemClock(), max_in_flight=size) as made:
        acts: dict[str, Callable[[str], object]] = {
            "DELETE": made.delete_recording,
            "GET": made.fetch_recording,
        }

        def send(method: str, path: str) -> int:
            acts[method](path.rpartition("/")[2].removesuffix(".json"))
            return 200

        yield send


@contextmanager
def aiohttp_on_uvloop(origin: str, authority: Path | None, size: int) -> Iterator[Send]:
    import ssl

    import aiohttp
    import uvloop

    loop = uvloop.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def done(coroutine: Coroutine[object, object, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result()

    async def made() -> aiohttp.ClientSession:
        context = ssl.create_default_context(cafile=authority) if authority else False
        connector = aiohttp.TCPConnector(limit=size, ssl=context)
        return aiohttp.ClientSession(
            headers=HEADERS, connector=connector, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def one(method: str, path: str) -> int:
        async with open_session.request(method, origin + path, allow_redirects=False) as answer:
            await answer.read()
            return answer.status

    open_session = done(made())
    yield lambda method, path: done(one(method, path))
    done(open_session.close())
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@contextmanager
def pyreqwest(origin: str, authority: Path | None, size: int) -> Iterator[Send]:
    from pyreqwest.client import SyncClientBuilder

    builder = SyncClientBuilder().default_headers(HEADERS).pool_max_idle_per_host(size)
    if authority is not None:
        builder = builder.add_root_certificate_pem(authority.read_bytes())
    made = builder.build()

    def send(method: str, path: str) -> int:
        answer = made.request(method, origin + path).build().send()
        answer.bytes()
        return answer.status

    with made:
        yield send


@contextmanager
def httpr(origin: str, authority: Path | None, _: int) -> Iterator[Send]:
    import httpr

    made = httpr.Client(headers=HEADERS, ca_cert_file=None if authority is None else str(authority))

    def send(method: str, path: str) -> int:
        answer = made.request(method, origin + path)
        return answer.status_code if answer.content is not None else 0

    yield send


CONTESTANTS = {
    "bare urllib3 pool": urllib3_pool,
    "wire": wire,
    "client": client,
    "requests.Session": session,
    "aiohttp + uvloop": aiohttp_on_uvloop,
    "pyreqwest": pyreqwest,
    "httpr": httpr,
}


def contestant(
    send: Send, method: str, count: int, threads: int, server: lean_server.LeanServer
) -> harness.Contestant:
    def one(index: int) -> None:
        status = send(method, f"{lean_server.ROOT}/Recordings/{lean_server.sid('RE', index)}.json")
        if not 200 <= status < 300:
            raise ValueError(f"HTTP {status}")

    def run() -> harness.Sample:
        server.reset()
        return harness.in_threads(one, range(threads, threads + count), range(threads))

    return run


def main() -> None:
    parser = harness.options(__doc__)
    parser.add_argument("--count", type=int, default=2000)
    parser.add_argument("--in-flight", type=int, default=100)
    parser.add_argument("--latency-ms", type=float, default=50.0)
    chosen = parser.parse_args()
    if chosen.short:
        chosen.count, chosen.rounds = 300, 1
    count, threads, latency = chosen.count, chosen.in_flight, chosen.latency_ms
    report = harness.Report("wire", chosen)
    for tls in (True, False):
        with (
            lean_server.running(recordings=count + threads, latency_ms=latency, tls=tls) as server,
            ExitStack() as stack,
        ):
            os.environ.update(server.environ())
            senders = {
                name: stack.enter_context(make(server.origin, server.certificate, threads))
                for name, make in CONTESTANTS.items()
                if make not in (pyreqwest, httpr) or find_spec(name)
            }
            for method in ("DELETE", "GET"):
                report.compare(
                    f"{count:,} {method}, {threads} in flight, {latency:g} ms, {'TLS' if tls else 'plain'}",
                    {
                        name: contestant(send, method, count, threads, server)
                        for name, send in senders.items()
                    },
                    baseline="bare urllib3 pool",
                    operations=count,
                    unit="request",
                    bound=count / threads * latency / 1000,
                )
    report.save()


if __name__ == "__main__":
    main()

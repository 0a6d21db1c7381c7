"""Placing due calls: the CPU that a dispatcher spends on each, and how often it waits for its state.

    python bench/dispatch.py [--short] [--rounds 5] [--calls 1000] [--far-calls 100] [--json FILE]

The service is an emulator in a process of its own. Each call is judged, counted, reserved, dialled and
recorded, with three limits of contacts in force. With the state in SQLite what is left of the time goes to
the disk, on which two commits of each call are to be. Then the state is in PostgreSQL, 5 ms away: a proxy
holds back what the server answers, and counts how often it was waited for. That needs Debian's package
postgresql; without it this part is left out. CPU is that of the dispatcher's process alone.
"""

from __future__ import annotations

import asyncio
import contextlib
import glob
import io
import multiprocessing
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Protocol

import harness

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.services import PostgresServer
from voiceform.cli import main as command_line
from voiceform.dispatch.service import DispatchContext, DispatchReport, dispatch_once
from voiceform.kinds.userfiles import Places
from voiceform.model.clock import ManualClock
from voiceform.state.open import open_store
from voiceform.twilio.client import open_client
from voiceform.twilio.credentials import Credentials

AWAY = 0.005
NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
EMULATOR = """
import sys
from voiceform.emulator import Emulator
with Emulator(port=0, calls_per_second=1_000_000.0) as emulator:
    emulator.clock(now=sys.argv[1])
    print(emulator.url, flush=True)
    sys.stdin.read()
"""
CONFIGURATION = """\
version: 1
contact_limits:
  - {name: a-day, max: 2, per: day}
  - {name: a-week, max: 7, per: 7d}
  - {name: after-talk, max: 0, per: 7d, after: answered}
calls:
  everybody:
    to: {csv: people.csv}
    from: "+15017122661"
    schedule: {at: 2026-12-01T12:00:00, timezone: UTC}
    misfire_grace: 24h
    answer: {say: Hello}
    pace: 1000
"""


class Counter(Protocol):
    """A number that two processes share."""

    value: int


@contextlib.contextmanager
def emulator() -> Iterator[str]:
    """The origin of an emulator in another process."""
    command = [sys.executable, "-c", EMULATOR, NOON.isoformat()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


@contextlib.contextmanager
def far_away(port: int) -> Iterator[tuple[int, Counter]]:
    """The port of a proxy in front of a server, in a process of its own, and how often an answer was waited
    for there."""
    processes = multiprocessing.get_context("spawn")
    count = processes.Value("L", 0)
    here, there = processes.Pipe()
    process = processes.Process(target=_hold_back, args=(port, count, there), daemon=True)
    process.start()
    yield here.recv(), count
    process.terminate()
    process.join()


def _hold_back(port: int, count: Counter, ready: Connection) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection("127.0.0.1", port)
        waiting = False

        async def requests() -> None:
            nonlocal waiting
            while data := await reader.read(65536):
                count.value += not waiting
                waiting = True
                to_server.write(data)
            to_server.close()

        async def answers() -> None:
            nonlocal waiting
            while data := await from_server.read(65536):
                waiting = False
                asyncio.get_running_loop().call_later(AWAY, writer.write, data)
            asyncio.get_running_loop().call_later(AWAY, writer.close)

        await asyncio.gather(requests(), answers())

    async def serve() -> None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


@contextlib.contextmanager
def postgres() -> Iterator[PostgresServer | None]:
    """A server of PostgreSQL, where it is installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    if not found:
        yield None
        return
    server = PostgresServer(Path(found[-1]).parent)
    try:
        yield server
    finally:
        server.close()


def placed(calls: int, state: str, waited: Counter | None = None) -> harness.Sample:
    """Place that many calls of a schedule that was applied before, and count how often that `waited`."""
    with emulator() as origin, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = {
            "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TWILIO_AUTH_TOKEN": "0" * 32,
            "VOICEFORM_BASE_URL": origin,
            "VOICEFORM_STATE": state,
        }
        (folder / "voiceform.yaml").write_text(CONFIGURATION, encoding="utf-8")
        numbers = [f"+1212555{number:04d}" for number in range(calls)]
        (folder / "people.csv").write_text("\n".join(["phone", *numbers]) + "\n", encoding="utf-8")
        apply = ["-C", name, "apply", "--auto-approve", "--approve", f"call={calls}"]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            assert command_line(apply, environ=environ, clock=ManualClock(NOON - timedelta(hours=1))) == 0
        clock = ManualClock(NOON + timedelta(seconds=1))
        credentials = Credentials.from_environment(environ)
        reports: list[DispatchReport] = []
        with (
            open_store(state, base_dir=folder) as store,
            open_client(credentials, origin, read_only=False, clock=clock) as client,
        ):
            context = DispatchContext(client, store, clock, Places(folder), lambda: None)
            before = waited.value if waited else 0
            sample = harness.here(lambda: reports.append(dispatch_once(context)))
    assert sum(tally.statuses["placed"] for tally in reports[0].tallies.values()) == calls, reports
    if waited is None:
        return sample
    return replace(sample, counts={"round trips per call": (waited.value - before) / calls})


def main() -> None:
    parser = harness.options(__doc__ or "")
    parser.add_argument("--calls", type=int, default=1000, help="with the state in SQLite (1000)")
    parser.add_argument("--far-calls", type=int, default=100, help="with the state in PostgreSQL (100)")
    chosen = parser.parse_args()
    if chosen.short:
        chosen.calls, chosen.far_calls, chosen.rounds = 100, 20, 1
    report = harness.Report("dispatch", chosen)
    near = {"SQLite": lambda: placed(chosen.calls, "sqlite:///.voiceform/state.db")}
    report.compare(f"{chosen.calls} due calls", near, operations=chosen.calls, unit="call")
    with postgres() as server:
        if server is not None:
            with far_away(server.port) as (port, waited):
                far = {"PostgreSQL": lambda: placed(chosen.far_calls, server.url(port=port), waited)}
                title = f"{chosen.far_calls} due calls, the state {1000 * AWAY:g} ms away"
                report.compare(title, far, operations=chosen.far_calls, unit="call")
    report.save()


if __name__ == "__main__":
    main()

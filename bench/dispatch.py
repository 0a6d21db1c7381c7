"""Placing due calls: the CPU that one dispatcher spends on each, with the state in SQLite.

    python bench/dispatch.py [CALLS] [ROUNDS]

The service is an emulator in a process of its own. Each call is judged, counted, reserved, dialled and
recorded, with three limits of contacts in force. CPU is that of the dispatcher's process alone; the rest of
the time it waits for the disk, on which two commits of each call are to be, and for the answer. Prints JSON,
the best of the rounds.
"""

from __future__ import annotations

import contextlib
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from voiceform.cli import main as command_line
from voiceform.dispatch.service import DispatchContext, dispatch_once
from voiceform.kinds.userfiles import Places
from voiceform.model.clock import ManualClock
from voiceform.state.open import open_store
from voiceform.twilio.client import open_client
from voiceform.twilio.credentials import Credentials

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


@contextlib.contextmanager
def emulator() -> Iterator[str]:
    """The origin of an emulator in another process."""
    command = [sys.executable, "-c", EMULATOR, NOON.isoformat()]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.stdin.close()


def measured(calls: int) -> tuple[float, float]:
    """CPU and time for each call, in milliseconds."""
    with emulator() as origin, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environ = {
            "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
            "TWILIO_AUTH_TOKEN": "0" * 32,
            "VOICEFORM_BASE_URL": origin,
        }
        (folder / "voiceform.yaml").write_text(CONFIGURATION, encoding="utf-8")
        numbers = [f"+1212555{number:04d}" for number in range(calls)]
        (folder / "people.csv").write_text("\n".join(["phone", *numbers]) + "\n", encoding="utf-8")
        apply = ["-C", name, "apply", "--auto-approve", "--approve", f"call={calls}"]
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            assert command_line(apply, environ=environ, clock=ManualClock(NOON - timedelta(hours=1))) == 0
        clock = ManualClock(NOON + timedelta(seconds=1))
        with (
            open_store("sqlite:///.voiceform/state.db", base_dir=folder) as store,
            open_client(
                Credentials.from_environment(environ), origin, read_only=False, clock=clock
            ) as client,
        ):
            context = DispatchContext(client, store, clock, Places(folder), lambda: None)
            began, cpu = time.perf_counter(), time.process_time()
            report = dispatch_once(context)
            spent = time.process_time() - cpu, time.perf_counter() - began
        placed = sum(tally.statuses["placed"] for tally in report.tallies.values())
        assert placed == calls, report
        return 1000 * spent[0] / calls, 1000 * spent[1] / calls


def main() -> None:
    calls = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 3
    best = min(measured(calls) for _ in range(rounds))
    print(
        json.dumps({"calls": calls, "cpu_ms_per_call": round(best[0], 2), "ms_per_call": round(best[1], 2)})
    )


if __name__ == "__main__":
    main()

"""Retention at scale: a plan over a million recordings, and a prune next to its bound.

    python bench/retention.py [--count 1000000] [--delete 10000] [--in-flight 100] [--latency-ms 50]

Plans with a rule under which everything is due, which is the worst case for memory: every SID is in the plan.
Shown are time and peak memory of `voiceform plan --out` and of reading the plan again (`voiceform show`).
Then prunes, with evidence, against a server with latency; no client can be faster than
count / in-flight x latency. The emulator runs in a process of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ACCOUNT = "AC" + "0" * 32

CONFIGURATION = """\
version: 1
safety: {max_recording_deletes: 100000000, max_delete_percent: 100}
retention:
  recordings:
    - {name: conferences, match: {source: [Conference], min_duration: 600s}, keep: 30d}
    - {name: everything-else, keep: 30d}
"""

MEASURED = """\
import resource, sys
from voiceform.cli import main
code = main(sys.argv[1:])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
sys.exit(code)
"""


@dataclass(frozen=True)
class Measured:
    """One command's seconds and peak memory in MB."""

    seconds: float
    megabytes: float


@contextmanager
def emulator(latency_ms: float) -> Iterator[str]:
    """The origin of an emulator in another process."""
    command = [sys.executable, "-m", "voiceform", "emulator", "--port", "0", "--latency", str(latency_ms)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        yield next(word for word in process.stderr.readline().split() if word.startswith("http://"))
    finally:
        process.terminate()
        process.wait()


def seed(origin: str, count: int) -> None:
    """Recordings of the year before last month: all are due."""
    document = {
        "generate": {
            "recordings": {"count": count, "start": "2025-01-01T00:00:00Z", "end": "2025-12-31T00:00:00Z"}
        }
    }
    request = urllib.request.Request(f"{origin}/_emulator/seed", json.dumps(document).encode())
    with urllib.request.urlopen(request, timeout=600):
        pass


def run(folder: Path, origin: str, *argv: str) -> Measured:
    """One command in a process of its own."""
    environ = {
        **os.environ,
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": "bench",
        "VOICEFORM_BASE_URL": origin,
    }
    began = time.perf_counter()
    process = subprocess.run(
        [sys.executable, "-c", MEASURED, "-C", str(folder), *argv],
        env=environ,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    seconds = time.perf_counter() - began
    if process.returncode:
        sys.exit(process.stderr)
    return Measured(seconds, int(process.stderr.split()[-1]) / 1024)


def plan(count: int) -> None:
    """Plan over `count` recordings."""
    with emulator(0) as origin, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "voiceform.yaml").write_text(CONFIGURATION)
        seed(origin, count)
        made = run(folder, origin, "plan", "--out", "plan.json")
        size = (folder / "plan.json").stat().st_size / 1e6
        print(f"plan over {count:,} recordings: {made.seconds:.1f} s, {made.megabytes:.0f} MB at its peak")
        print(f"  the plan file has {size:.0f} MB")
        read = run(folder, origin, "show", "plan.json")
        print(f"show it again: {read.seconds:.1f} s, {read.megabytes:.0f} MB at its peak")


def prune(count: int, in_flight: int, latency_ms: float) -> None:
    """Prune `count` recordings with latency."""
    with emulator(latency_ms) as origin, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "voiceform.yaml").write_text(CONFIGURATION)
        seed(origin, count)
        nothing = run(folder, origin, "prune", "--dry-run")
        done = run(
            folder,
            origin,
            "prune",
            "--auto-approve",
            "--evidence",
            "evidence",
            "--parallelism",
            str(in_flight),
        )
        deleting = done.seconds - nothing.seconds
        bound = count / in_flight * latency_ms / 1000
        print(f"prune of {count:,} with {in_flight} in flight and {latency_ms:.0f} ms of latency:")
        print(f"  {done.seconds:.1f} s, {nothing.seconds:.1f} s of it planning; {done.megabytes:.0f} MB")
        print(f"  deleting: {deleting:.1f} s, {deleting / bound:.2f} times the bound of {bound:.1f} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--delete", type=int, default=10_000)
    parser.add_argument("--in-flight", type=int, default=100)
    parser.add_argument("--latency-ms", type=float, default=50)
    options = parser.parse_args()
    plan(options.count)
    prune(options.delete, options.in_flight, options.latency_ms)


if __name__ == "__main__":
    main()

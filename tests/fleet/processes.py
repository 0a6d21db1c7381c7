"""A command of a fleet as a program of its own, with the processes of its pool."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from tests.fleet.fleets import FleetFolder


def start(fleet: FleetFolder, *argv: str, limits: Sequence[str] = ()) -> subprocess.Popen[str]:
    """`limits` are what `ulimit` is told first."""
    command = [sys.executable, "-m", "voiceform", "-C", str(fleet.folder), "fleet", *argv]
    shell = "; ".join([*(f"ulimit {limit}" for limit in limits), f"exec {shlex.join(command)}"])
    return subprocess.Popen(
        ["bash", "-c", shell],
        env={**os.environ, **fleet.environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(each) for path in tasks for each in path.read_text().split()]


def wait_for_requests(fleet: FleetFolder, count: int, operation: str | None = None) -> None:
    until = time.monotonic() + 60
    while len(fleet.emulator.requests(operation)) < count:
        assert time.monotonic() < until
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def wait_for_end(pid: int) -> None:
    until = time.monotonic() + 60
    while alive(pid):
        assert time.monotonic() < until
        time.sleep(0.02)


def wait_for_children(
    program: subprocess.Popen[str], count: int, other_than: list[int] | None = None
) -> list[int]:
    """The processes of the pool, once there are so many, and not the same as before."""
    until = time.monotonic() + 60
    while len(found := children(program.pid)) < count or set(found) == set(other_than or ()):
        assert program.poll() is None
        assert time.monotonic() < until
        time.sleep(0.02)
    return found

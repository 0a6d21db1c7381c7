"""A helper process of the crash matrix: forks a child for each command and lets it die at a given step.

A step is a request, a commit of a store, or something that is done to a file. The child counts them where
they leave Python (the socket, the database driver, `os`), and before the one that it is to die at it kills
itself with SIGKILL: what was done before stays done, and nothing else is. Its argument is a folder for
reports. Reads a JSON line per run from stdin, `{argv, environ, now, die_at, mistake}`, and answers with
`[exit code, steps]`. With a `mistake` the command is made to make it (mistakes.py).
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import threading
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import obstore
import psycopg
import pytest

from tests.matrix.mistakes import MISTAKES
from tests.matrix.steps import before, watch
from tests.warm.imports import warm_up
from tests.warm.spares import keep, wanted
from voiceform.cli import main as command_line
from voiceform.model.clock import ManualClock

_ADOPT = 36
"""PR_SET_CHILD_SUBREAPER: what a child that dies had started becomes ours."""


class Steps:
    """Counts the steps of this process, and ends it before number `die_at` (from 0)."""

    def __init__(self, die_at: int | None) -> None:
        self.names: list[str] = []
        self._die_at = die_at
        self._lock = threading.Lock()

    def next(self, name: str) -> None:
        """One more is about to be done."""
        with self._lock:
            if len(self.names) == self._die_at:
                os.kill(os.getpid(), signal.SIGKILL)
            self.names.append(name)

    def watch(self) -> None:
        """Count everything that lasts."""
        watch(self.next)
        before(psycopg.Connection, "commit", self.next, lambda _: "commit")
        before(obstore, "put", self.next, lambda *_: "put")


def run(asked: dict[str, Any], report: Path) -> int:
    """Fork, and wait for the end, also of what it started; the exit code (-9: killed)."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        with suppress(ChildProcessError):
            while True:
                os.waitpid(-1, 0)
        return os.waitstatus_to_exitcode(status)
    code = 70
    try:
        quiet = os.open(report.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for stream in (1, 2):
            os.dup2(quiet, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(asked["environ"])  # drivers of object stores read it
        keep(wanted(asked["argv"]))
        if asked["mistake"] is not None:
            MISTAKES[asked["mistake"]](pytest.MonkeyPatch())
        steps = Steps(asked["die_at"])
        steps.watch()
        clock = ManualClock(datetime.fromisoformat(asked["now"]))
        code = command_line(asked["argv"], environ=asked["environ"], clock=clock)
        report.write_text(json.dumps(steps.names), encoding="utf-8")
    finally:
        os._exit(code)


def main() -> None:
    """The program."""
    ctypes.CDLL(None).prctl(_ADOPT, 1)
    warm_up()
    report = Path(sys.argv[1]) / "steps.json"
    for line in sys.stdin:
        report.unlink(missing_ok=True)
        code = run(json.loads(line), report)
        names = json.loads(report.read_text(encoding="utf-8")) if report.exists() else []
        sys.stdout.write(json.dumps([code, names]) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

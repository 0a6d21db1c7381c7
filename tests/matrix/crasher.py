"""A helper process of the crash matrix: forks a child for each command and lets it die at a given step.

A step is a request, a commit of a store, or something that is done to a file. The child counts them where
they leave Python (the socket, the database driver, `os`), and before the one that it is to die at it kills
itself with SIGKILL: what was done before stays done, and nothing else is. Its argument is a folder for
reports. Reads a JSON line per run from stdin, `{argv, environ, now, die_at, mistake}`, and answers with
`[exit code, steps]`. With a `mistake` the command is made to make it (mistakes.py).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import stat
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import obstore
import psycopg
import pytest

from tests.matrix.mistakes import MISTAKES
from tests.warm.imports import warm_up
from voiceform.cli import main as command_line
from voiceform.model.clock import ManualClock

FILES = ("replace", "rename", "link", "unlink", "fsync")


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

    def before(self, holder: Any, name: str, tell: Callable[..., str | None]) -> None:
        """Count calls of `holder.name`: those for which `tell`, given the arguments, has a name."""
        inner = getattr(holder, name)

        def counted(*args: Any, **options: Any) -> Any:
            told = tell(*args)
            if told is not None:
                self.next(told)
            return inner(*args, **options)

        setattr(holder, name, counted)

    def watch(self) -> None:
        """Count everything that lasts."""
        self.before(socket.socket, "sendall", _request)
        self.before(psycopg.Connection, "commit", lambda _: "commit")
        self.before(obstore, "put", lambda *_: "put")
        self.before(os, "write", lambda descriptor, _: "write" if _is_file(descriptor) else None)
        for name in FILES:
            self.before(os, name, lambda *_, name=name: name)
        opened = sqlite3.connect
        setattr(sqlite3, "connect", lambda *args, **options: self._traced(opened(*args, **options)))  # noqa: B010

    def _traced(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        connection.set_trace_callback(
            lambda statement: self.next("commit") if statement.startswith("COMMIT") else None
        )
        return connection


def _request(_: socket.socket, data: bytes, *__: object) -> str | None:
    head = bytes(data[:300]).partition(b"\r\n")[0].decode("latin-1").split(" ")
    return f"{head[0]} {head[1].partition('?')[0]}" if head[-1].startswith("HTTP/") else None


def _is_file(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode)


def run(asked: dict[str, Any], report: Path) -> int:
    """Fork, and wait for the end; the exit code (-9: killed)."""
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status)
    code = 70
    try:
        quiet = os.open(report.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        for stream in (1, 2):
            os.dup2(quiet, stream)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.environ.update(asked["environ"])  # drivers of object stores read it
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

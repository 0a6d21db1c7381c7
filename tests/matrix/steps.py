"""The steps of a process that last: requests, commits of stores, and what is done to files.

They are counted where they leave Python (the socket, the database driver, `os`).
"""

from __future__ import annotations

import os
import socket
import sqlite3
import stat
from collections.abc import Callable
from typing import Any

FILES = ("replace", "rename", "link", "unlink", "fsync")
Step = Callable[[str], None]
"""Told the name of a step before it is done."""


def before(holder: Any, name: str, step: Step, tell: Callable[..., str | None]) -> None:
    """Tell of calls of `holder.name`: those for which `tell`, given the arguments, has a name."""
    inner = getattr(holder, name)

    def watched(*args: Any, **options: Any) -> Any:
        told = tell(*args)
        if told is not None:
            step(told)
        return inner(*args, **options)

    setattr(holder, name, watched)


def watch(step: Step, opens: Step | None = None) -> None:
    """Tell of everything that lasts, but what drivers of servers do; `opens` hears of each state that is a
    file, before it is opened."""
    before(socket.socket, "send", step, _request)
    before(socket.socket, "sendall", step, _request)
    before(os, "write", step, lambda descriptor, _: "write" if _is_file(descriptor) else None)
    for name in FILES:
        before(os, name, step, lambda *_, name=name: name)
    opened = sqlite3.connect

    def connect(path: Any, *args: Any, **options: Any) -> sqlite3.Connection:
        if opens is not None:
            opens(os.fspath(path))
        connection: sqlite3.Connection = opened(path, *args, **options)
        connection.set_trace_callback(
            lambda statement: step("commit") if statement.startswith("COMMIT") else None
        )
        return connection

    setattr(sqlite3, "connect", connect)  # noqa: B010


def _request(_: socket.socket, data: bytes, *__: object) -> str | None:
    head = bytes(data[:300]).partition(b"\r\n")[0].decode("latin-1").split(" ")
    return f"{head[0]} {head[1].partition('?')[0]}" if head[-1].startswith("HTTP/") else None


def _is_file(descriptor: int) -> bool:
    return stat.S_ISREG(os.fstat(descriptor).st_mode)

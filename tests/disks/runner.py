"""A helper process of the tests of disks: runs each command in a fork, on a disk that may fail.

    python -m tests.disks.runner FOLDER

Reads a JSON line per run from stdin, `{argv, environ, now, spool, inside, mistake}`, and answers with
`[exit code, stdout, stderr]`. `mistake` is the name of one in mistakes.py, or null; `inside` says what the
process may not: how long a file gets (FSIZE), how many more files it opens (NOFILE) and how many more bytes
it takes (AS) than as it begins, and (`modes`) whether it heeds the modes of files though it is root.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.disks.mistakes import MISTAKES
from tests.warm.imports import warm_up
from tests.warm.spares import keep, wanted
from voiceform.cli import main as command_line
from voiceform.model.clock import ManualClock

LONGEST = 120.0
"""After so many seconds a command hangs; each takes less than one, of a processor that it has for itself."""


def run(asked: dict[str, Any]) -> list[Any]:
    """Fork, and wait for the end; the exit code, below 0 that of a signal, and both outputs."""
    outputs = [_pipe() for _ in range(2)]
    child = os.fork()
    if child:
        status = _waited_for(child)
        return [os.waitstatus_to_exitcode(status), *(_read(*pipe) for pipe in outputs)]
    code = 70
    try:
        for stream, (_, writing) in enumerate(outputs, 1):
            os.dup2(writing, stream)
        for pipe in outputs:
            for end in pipe:
                os.close(end)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        tempfile.tempdir = asked["spool"]
        os.environ["TMPDIR"] = os.environ["SQLITE_TMPDIR"] = asked["spool"]
        if not asked["inside"]:  # what the process may not is for those that it starts, too
            keep(wanted(asked["argv"]))
        if asked["mistake"] is not None:
            MISTAKES[asked["mistake"]].make()
        clock = ManualClock(datetime.fromisoformat(asked["now"]))
        _restrain(asked["inside"])
        code = command_line(asked["argv"], environ=asked["environ"], clock=clock)
        for text in (sys.stdout, sys.stderr):
            text.flush()
    finally:
        os._exit(code)


def _waited_for(child: int) -> int:
    """How it ended; killed where it does not end by itself."""
    handle = os.pidfd_open(child)
    try:
        if not select.select([handle], [], [], LONGEST)[0]:
            os.kill(child, signal.SIGKILL)
    finally:
        os.close(handle)
    return os.waitpid(child, 0)[1]


def _pipe() -> tuple[int, int]:
    """One that takes all that a command prints."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 1 << 20)
    return reading, writing


def _read(reading: int, writing: int) -> str:
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8", errors="replace") as stream:
        return stream.read()


def _restrain(inside: dict[str, int]) -> None:
    """Take away what this process is to be without."""
    if inside.get("modes") and os.geteuid() == 0:
        _heed_modes()
    size = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    files = len(os.listdir("/proc/self/fd")) - 1
    for name, begun in (("FSIZE", 0), ("NOFILE", files), ("AS", size)):
        if name in inside:
            number = getattr(resource, f"RLIMIT_{name}")
            resource.setrlimit(number, (begun + inside[name], resource.getrlimit(number)[1]))


def _heed_modes() -> None:
    """Give up what lets root read and write whatever it likes: the first four capabilities (capset(2))."""
    libc = ctypes.CDLL(None, use_errno=True)
    header, data = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
    assert libc.capget(header, data) == 0
    for word in range(3):
        data[word] &= ~0b1111
    assert libc.capset(header, data) == 0, os.strerror(ctypes.get_errno())


def main() -> None:
    """The program."""
    warm_up()
    for line in sys.stdin:
        sys.stdout.write(json.dumps(run(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Processes for a fleet's pool that were forked before they are wanted, from a program that has imported
everything: to start them is most of the work of a small fleet."""

from __future__ import annotations

import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

from tests.warm.server import play_out
from voiceform.fleet.worker import main

_WORKER = ["-P", "-m", "voiceform.fleet.worker"]
_MOST = 1 << 20


class Spare:
    """One that waits, and then is what subprocess.Popen would have started: what fleet/process.py uses of it.
    It ends when this process does without having begun it."""

    def __init__(self) -> None:
        self._channel, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.pid = os.fork()
        if self.pid == 0:
            self._channel.close()
            _wait(other)
        other.close()

    def begin(self, environ: Mapping[str, str]) -> Spare:
        """Let it work in this environment."""
        (given, to_it), (from_it, taken) = os.pipe(), os.pipe()
        self.stdin: IO[bytes] = os.fdopen(to_it, "wb")
        self.stdout: IO[bytes] = os.fdopen(from_it, "rb")
        with self._channel:
            socket.send_fds(self._channel, [json.dumps(dict(environ)).encode()], [given, taken])
        os.close(given)
        os.close(taken)
        return self

    def kill(self) -> None:
        """End it at once."""
        os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        """How it ended."""
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


def _wait(channel: socket.socket) -> NoReturn:
    """Until there is work, and then do it; end without, where who would give it is gone."""
    environ, streams, _, _ = socket.recv_fds(channel, _MOST, 2)
    if not environ:
        os._exit(0)
    os.setsid()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    sys.stdin, sys.stdout = os.fdopen(0), os.fdopen(1, "w")
    os.environ.clear()
    os.environ.update(json.loads(environ))
    play_out(_work)


def _work() -> None:
    for folder in os.environ.get("PYTHONPATH", "").split(os.pathsep):  # as Python does when it starts
        if Path(folder, "sitecustomize.py").exists():
            runpy.run_path(str(Path(folder, "sitecustomize.py")))
    main()


def wanted(argv: Sequence[str]) -> int:
    """How many processes a command starts at most: so many as it works in, to plan and again to act."""
    number = int(argv[argv.index("--jobs") + 1]) if "--jobs" in argv else 1
    return 2 * number if number > 1 else 0


def keep(number: int) -> None:
    """Have so many, which the next processes of a pool are; those behind them are started as ever."""
    spares, started = [Spare() for _ in range(number)], subprocess.Popen

    def popen(command: list[str], **options: Any) -> Any:
        if command[1:] == _WORKER and spares:
            return spares.pop().begin(options["env"])
        return started(command, **options)

    setattr(subprocess, "Popen", popen)  # noqa: B010

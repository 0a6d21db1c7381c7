"""Runs voiceform and scripts in processes of their own, which need not import everything first.

    python -m tests.warm.server SOCKET

What a client (client.py) asks for is run in a fork of this process: with the arguments, the folder, the
environment, the mask and the three streams of the client; its id and its exit code go there. Only what Python
itself reads of the environment as it starts (PYTHONUTF8, PYTHONIOENCODING, ...) is that of this process. It
ends when its stdin does.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import runpy
import select
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from tests.warm.imports import warm_up


def serve(path: str) -> socket.socket | None:
    """Answer clients until stdin ends, then return None; returns its client in each fork, which is to become
    what that asks for."""
    asking: dict[int, socket.socket] = {}
    ended, wakeup = os.pipe()
    os.set_blocking(wakeup, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wakeup)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        os.write(1, b"ready\n")
        while True:
            ready, _, _ = select.select([listener, ended, sys.stdin], [], [])
            if sys.stdin in ready:
                return None
            if ended in ready:
                os.read(ended, 4096)
                _tell(asking)
            if listener in ready:
                client, _ = listener.accept()
                child = os.fork()
                if child == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    return client
                asking[child] = client


def _tell(asking: dict[int, socket.socket]) -> None:
    """Tell those whose program has ended how it did."""
    for child in [*asking]:
        found, status = os.waitpid(child, os.WNOHANG)
        if found:
            with asking.pop(child) as client, contextlib.suppress(OSError):
                client.sendall(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def become(client: socket.socket) -> None:
    """Do what the client asks for, and end."""
    head, streams, _, _ = socket.recv_fds(client, 4, 3)
    request = json.loads(_received(client, int.from_bytes(head, "big")))
    client.sendall(f"{os.getpid()}\n".encode())
    client.close()
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.chdir(request["folder"])
    os.umask(request["mask"])
    os.environ.clear()
    os.environ.update(request["environ"])
    time.tzset()
    sys.argv = request["argv"]
    play_out(_asked_for)


def _asked_for() -> None:
    if sys.argv[0] == "voiceform":
        from voiceform.cli import run

        run()
    else:
        sys.path[0] = str(Path(sys.argv[0]).resolve().parent)
        runpy.run_path(sys.argv[0], run_name="__main__")


def play_out(program: Callable[[], object]) -> NoReturn:
    """Do it, and end this fork as Python ends, but without taking apart what it shares with the others."""
    code: object = 0
    try:
        program()
    except SystemExit as end:
        code = end.code
        if not isinstance(code, int | None):
            sys.stderr.write(f"{code}\n")
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for text in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            text.flush()
    os._exit(code or 0)  # type: ignore[arg-type]


def _received(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += client.recv(size - len(data))
    return data


def start() -> None:
    """The program."""
    warm_up()
    client = serve(sys.argv[1])
    if client is not None:
        become(client)
    else:
        with contextlib.suppress(ChildProcessError):
            while os.wait():
                pass


if __name__ == "__main__":
    start()

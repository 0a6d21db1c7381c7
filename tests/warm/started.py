"""A program that runs in a fork of the server (server.py), for tests that send it signals."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

SERVER = "server"
"""The socket of the server, in the folder of the programs."""


class Started:
    """`voiceform` with some arguments, in a process of its own: what tests use of subprocess.Popen.

    Both outputs go to files, so that it never waits for somebody who reads; stdin is a pipe with `text`.
    """

    def __init__(
        self, programs: Path, argv: tuple[str, ...], folder: Path, environ: Mapping[str, str], text: str = ""
    ) -> None:
        self.returncode: int | None = None
        self._outputs = [tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") for _ in range(2)]  # noqa: SIM115
        request = json.dumps(
            {"argv": ["voiceform", *argv], "folder": str(folder), "mask": 0o22, "environ": dict(environ)}
        ).encode()
        self._server = socket.socket(socket.AF_UNIX)
        self._server.connect(str(programs / SERVER))
        reading, writing = os.pipe()
        threading.Thread(target=_give, args=(writing, text), daemon=True).start()
        streams = [reading, *(stream.fileno() for stream in self._outputs)]
        socket.send_fds(self._server, [len(request).to_bytes(4, "big")], streams)
        os.close(reading)
        self._server.sendall(request)
        self._said = b""
        self.pid = int(self._line(None) or b"")

    def poll(self) -> int | None:
        """How it ended, if it has."""
        return self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """How it ended; subprocess.TimeoutExpired when it does not within so many seconds."""
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired("voiceform", timeout or 0)
        return code

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Wait for its end; what it wrote to stdout and stderr."""
        self.wait(timeout)
        for output in self._outputs:
            output.seek(0)
        out, err = (output.read() for output in self._outputs)
        return out, err

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # it ended just now
                os.kill(self.pid, number)

    def terminate(self) -> None:
        """End it by SIGTERM."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it by SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def _ended(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            line = self._line(timeout)
            if line is not None:
                self.returncode = int(line)
                self._server.close()
        return self.returncode

    def _line(self, timeout: float | None) -> bytes | None:
        """The next line that the server writes: the id of the process, and then how that ended."""
        while b"\n" not in self._said:
            if not select.select([self._server], [], [], timeout)[0]:
                return None
            received = self._server.recv(64)
            assert received, "the server is gone"
            self._said += received
        line, _, self._said = self._said.partition(b"\n")
        return line


def _give(pipe: int, text: str) -> None:
    with suppress(BrokenPipeError), os.fdopen(pipe, "w", encoding="utf-8") as stream:
        stream.write(text)

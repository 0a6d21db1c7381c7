"""A command on a pseudo-terminal, as a person sees it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

_ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """`voiceform ARGV` with stdin, stdout and stderr on a terminal of 100 columns."""

    def __init__(self, folder: Path, environ: dict[str, str], *argv: str, columns: int = 100) -> None:
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "voiceform", *argv],
            cwd=folder,
            env={**os.environ, "TERM": "xterm", **environ},
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(theirs)
        self.raw = ""

    @property
    def text(self) -> str:
        """What came so far, without colours and movements."""
        return _ANSI.sub("", self.raw).replace("\r\n", "\n")

    def until(self, seen: str | Callable[[], bool], seconds: float = 30) -> Self:
        """Read until `seen` is on the screen (or is true); fails when the command ends before."""
        end = time.monotonic() + seconds
        while not (seen in self.text if isinstance(seen, str) else seen()):
            assert time.monotonic() < end, f"{seen!r} never came:\n{self.text}"
            if not self._read(0.05) and self.process.poll() is not None and not self._read(0):
                assert seen in self.text if isinstance(seen, str) else seen(), self.text
        return self

    def type(self, keys: str) -> Self:
        """Press keys; "\\x03" is Ctrl-C."""
        os.write(self._ours, keys.encode())
        return self

    def end(self, seconds: float = 30) -> int:
        """Read to the end; the exit code."""
        end = time.monotonic() + seconds
        while self.process.poll() is None:
            self._read(0.05)
            assert time.monotonic() < end, f"it goes on and on:\n{self.text}"
        while self._read(0):
            pass
        return self.process.returncode

    def close(self) -> None:
        """Hang up."""
        os.close(self._ours)

    def _read(self, seconds: float) -> bool:
        if not select.select([self._ours], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self._ours, 65536)
        except OSError:
            return False
        self.raw += data.decode(errors="replace")
        return bool(data)

"""A command on a pseudo-terminal, as a person sees it: the screen in cells, with what scrolled off."""

from __future__ import annotations

import os
import signal
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

import pexpect
import pyte
import pytest

ROWS = 40
_SCROLLBACK = 5000
_OWN = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES", "PYTEST_CURRENT_TEST")
"""What the surroundings of the tests say of colours and sizes is not what this terminal says."""


class Terminal:
    """`voiceform ARGV` with stdin, stdout and stderr on a terminal.

    Nothing here sleeps: `until` reads until a text is on the screen, and `end` until the command has ended.
    """

    def __init__(
        self,
        folder: Path,
        environ: Mapping[str, str],
        *argv: str,
        columns: int = 100,
        rows: int = ROWS,
        program: tuple[str, ...] = (sys.executable, "-m", "voiceform"),
    ) -> None:
        inherited = {name: value for name, value in os.environ.items() if name not in _OWN}
        self._screen = pyte.HistoryScreen(columns, rows, history=_SCROLLBACK, ratio=0.5)
        self._stream = pyte.ByteStream(self._screen)
        with warnings.catch_warnings():
            # From Python 3.12 on: that this process has threads, the emulator's, when it forks.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._child = pexpect.spawn(
                program[0],
                [*program[1:], *argv],
                cwd=str(folder),
                env={**inherited, "TERM": "xterm-256color", **environ},  # type: ignore[arg-type,unused-ignore]
                dimensions=(rows, columns),
                timeout=None,
            )
        self._child.delaybeforesend = None
        self._gone = False
        self.raw = ""
        """All that came, with colours and movements."""

    @property
    def columns(self) -> int:
        """How wide it is."""
        return int(self._screen.columns)

    @property
    def cells(self) -> list[list[pyte.screens.Char]]:
        """The screen with its scrollback, row by row, without the blank rows at its foot."""
        screen = self._screen
        rows = [*screen.history.top, *(screen.buffer[row] for row in range(screen.lines))]
        found = [[row[column] for column in range(screen.columns)] for row in rows]
        while found and not "".join(cell.data for cell in found[-1]).strip():
            found.pop()
        return found

    @property
    def lines(self) -> list[str]:
        """The cells as text, one line for each row."""
        return ["".join(cell.data for cell in row).rstrip() for row in self.cells]

    @property
    def text(self) -> str:
        """The lines as they stand, with what scrolled off."""
        return "\n".join(self.lines)

    @property
    def unbroken(self) -> str:
        """The text with the lines whole that the terminal itself broke."""
        width = self._screen.columns
        return "".join(line if len(line) == width else f"{line}\n" for line in self.lines)

    @property
    def flow(self) -> str:
        """The text in words, whatever the width made of it."""
        return " ".join(self.unbroken.split())

    @property
    def colours(self) -> set[str]:
        """The colours of what is on the screen; empty on one without."""
        return {cell.fg for row in self.cells for cell in row if cell.data.strip()} - {"default"}

    @property
    def cursor_hidden(self) -> bool:
        """Whether the cursor was left switched off."""
        return bool(self._screen.cursor.hidden)

    def until(self, seen: str | Callable[[], bool], seconds: float = 30) -> Self:
        """Read until `seen` is on the screen, however it is wrapped, or is true. Fails when the command ends
        before that, or when it never comes."""
        end = time.monotonic() + seconds
        while not self._is(seen):
            assert time.monotonic() < end, f"{seen!r} never came:\n{self.text}"
            assert self._read() or self._is(seen), f"it ended without {seen!r}:\n{self.text}"
        return self

    def type(self, keys: str) -> Self:
        """Press keys; "\\x03" is Ctrl-C."""
        self._child.send(keys)
        return self

    def signal(self, number: int) -> Self:
        """Send a signal to the command itself."""
        self._child.kill(number)
        return self

    def resize(self, columns: int, rows: int = ROWS) -> Self:
        """Make the window another size, of which the command is told."""
        self._screen.resize(rows, columns)
        self._child.setwinsize(rows, columns)
        return self

    def end(self, seconds: float = 60) -> int:
        """Read to the end; the exit code, negative for a signal."""
        end = time.monotonic() + seconds
        while self._read():
            if time.monotonic() > end:
                self._child.kill(signal.SIGKILL)  # else it would meet the next test's emulator
                pytest.fail(f"it goes on and on:\n{self.text}")
        return self._code()

    def hang_up(self) -> int:
        """Take the terminal away while the command runs; its exit code."""
        # Not by its number, which would be closed once more as this is forgotten, whose ever it is by then.
        self._child.ptyproc.fileobj.close()  # type: ignore[attr-defined,unused-ignore]
        return self._code()

    def _code(self) -> int:
        self._child.wait()
        if self._child.signalstatus is not None:
            return -int(self._child.signalstatus)
        return int(self._child.exitstatus or 0)

    def _is(self, seen: str | Callable[[], bool]) -> bool:
        if callable(seen):
            return seen()
        return seen in self.text or " ".join(seen.split()) in self.flow

    def _read(self) -> bool:
        """Take what came, waiting for a moment; False when nothing will come any more."""
        try:
            data: bytes = self._child.read_nonblocking(65536, timeout=0.05)  # type: ignore[assignment,unused-ignore]
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self._stream.feed(data)
        self.raw += data.decode(errors="replace")
        return True

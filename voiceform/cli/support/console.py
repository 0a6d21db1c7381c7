"""The one place that writes to stdout and stderr.

stdout carries the document that was asked for, stderr what is told beside it. What cannot be told never
raises: a full log or a reader that has gone stops no work. What cannot be printed of a document ends the
command (OutputError, ReaderGoneError), except where work is done beside it: an apply goes on, and its end
says that something was not told.
"""

from __future__ import annotations

import errno
import io
import os
import select
import signal
import sys
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol, TextIO, cast

import click

from voiceform.model.errors import UsageError, VoiceformError
from voiceform.model.shown import Shown, shown_lines
from voiceform.model.unshown import NOTHING, Unshown

_CLOSED = "it is closed"

_PLAIN = str.maketrans({"•": "*", "…": "...", "–": "-", "—": "-", "→": "->", "━": "-"})
"""Our own signs for terminals that do not have them; what is not here is escaped."""


class OutputError(VoiceformError):
    """The document cannot be printed: the disk is full, or stdout is closed."""


class ReaderGoneError(Exception):
    """Whoever read stdout has gone (`voiceform plan | head`); there is nobody to tell."""


class Above(Protocol):
    """Bars at the foot of a terminal."""

    @property
    def shown(self) -> bool:
        """Whether there are any at present."""

    @property
    def erasing(self) -> str:
        """What erases them, written to the terminal; empty when there are none."""

    def line(self, text: str) -> bool:
        """Write a line above the bars; False when there are none at present."""

    def close(self) -> bool:
        """Take the bars away, and whatever the terminal echoed among them; False when there were none. The
        cursor is where a line begins."""


@dataclass(slots=True)
class Console:
    """Where one invocation writes to. Safe for threads and signal handlers.

    `working` says that work is done: then also a document that cannot be printed is only counted as lost.
    Text that is not finished (Shown) is redacted, masked unless `show_numbers`, and escaped here.
    """

    working: bool = False
    show_numbers: bool = False
    unshown: Unshown = NOTHING
    """What of the environment is in nothing that is told or printed."""
    lost: str | None = None
    """Why something could not be told, as the system says it; None when all was."""
    _bars: Above | None = None
    _lines: deque[str] = field(default_factory=deque)
    _writing: threading.Lock = field(default_factory=threading.Lock)

    def say(self, text: str, *, end: str = "\n") -> None:
        """Tell something on stderr; what cannot be told is dropped."""
        self._lines.append(self._finished(text) + end)
        # A signal handler may come in the middle of a line, on the same thread: whoever writes takes over
        # what was put down meanwhile.
        while self._lines and self._writing.acquire(blocking=False):
            try:
                while self._lines:
                    self._tell(self._lines.popleft())
            finally:
                self._writing.release()

    def interject(self, text: str) -> None:
        """`say` a line in answer to a key, which the terminal echoed (^C) where the cursor was."""
        beneath_bars = self._bars is not None and self._bars.shown
        self.say(f"\n{text}" if is_terminal(sys.stderr) and not beneath_bars else text)

    def show(self, text: str, *, end: str = "\n") -> None:
        """Print text for people on stdout, in its encoding."""
        self._print(self._finished(text) + end, None)

    def document(self, text: str, *, end: str = "\n") -> None:
        """Print a document for programs on stdout: UTF-8, whatever the terminal speaks."""
        self._print(self._finished(text) + end, "utf-8")

    def write(self, text: str, *, err: bool) -> None:
        """`say` it where stdout has a document of another format (`err`), else `show` it."""
        (self.say if err else self.show)(text)

    def ask(self, question: str) -> str:
        """Ask on stderr and read a line of stdin. UsageError when nobody can see the question, click.Abort
        when there is no answer."""
        if is_terminal(sys.stdin) and not is_terminal(sys.stderr):
            self.lost = self.lost or "it is no terminal"
        else:
            self.say(question, end=" ")
        if self.lost is not None:
            raise UsageError(
                f"nobody can be asked: the question cannot be shown ({self.lost})",
                hint="pass --auto-approve, or let stderr lead to the terminal",
            )
        try:
            _wait_for_an_answer()
            answer = sys.stdin.readline()
        except ValueError:  # bytes that are no text
            return ""
        except OSError:  # the terminal has gone
            answer = ""
        if not answer:
            raise click.Abort
        return answer.strip()

    def attach(self, bars: Above) -> None:
        """Let lines on stderr appear above these bars from now on."""
        self._bars = bars

    def break_off(self) -> None:
        """Whatever was being told is over: the next line begins at the left."""
        if not (self._bars is not None and self._bars.close()) and is_terminal(sys.stderr):
            self.say("")

    def erase_at_once(self) -> None:
        """Take the bars away where nothing else can be waited for: from a signal handler, before the end."""
        if self._bars is not None and self._bars.erasing:
            with suppress(OSError, ValueError):
                os.write(sys.stderr.fileno(), self._bars.erasing.encode())

    def close(self) -> None:
        """The command has ended: no bar is left, and what could not be told is told of if that can be."""
        if self._bars is not None:
            self._bars.close()
            self._bars = None
        if self.working and self.lost is not None:
            self.say(
                f"Some of the output could not be written ({self.lost}); what was done is not changed by it."
            )

    @property
    def stderr(self) -> TextIO:
        """stderr as a stream that never fails, for what draws there itself."""
        return cast(TextIO, _Unbreakable(self))

    def safe(self, text: object) -> Shown:
        """A text as people may see it here."""
        return shown_lines(text, show_numbers=self.show_numbers, unshown=self.unshown)

    def _finished(self, text: str) -> str:
        return text if isinstance(text, Shown) else self.safe(text)

    def _tell(self, text: str) -> None:
        if self._bars is not None:
            if not text.endswith("\n"):
                self._bars.close()
            elif self._bars.line(text[:-1]):
                return
        try:
            _put(sys.stderr, text, None)
        except (OSError, ValueError, RuntimeError) as error:
            self.lost = _why(error)

    def _print(self, text: str, encoding: str | None) -> None:
        if self._bars is not None and is_terminal(sys.stdout):
            self._bars.close()  # both may be one terminal
        try:
            _put(sys.stdout, text, encoding)
        except BrokenPipeError as error:
            self._failed(ReaderGoneError(), error)
        except (OSError, ValueError) as error:
            problem = OutputError(
                f"cannot write to standard output: {_why(error)}",
                hint="make room, or send the output elsewhere",
            )
            self._failed(problem, error)

    def _failed(self, problem: Exception, cause: Exception) -> None:
        self.lost = _why(cause)
        if not self.working:
            raise problem from cause


class _Unbreakable(io.TextIOBase):
    """stderr for libraries that draw there: what cannot be drawn is dropped."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def write(self, text: str, /) -> int:
        """Draw it if that can be."""
        try:
            _put(sys.stderr, text, None)
        except (OSError, ValueError, RuntimeError) as error:
            self._console.lost = _why(error)
        return len(text)

    def flush(self) -> None:
        """Each write is flushed."""

    def isatty(self) -> bool:
        """Whether stderr is a terminal."""
        return is_terminal(sys.stderr)

    @property
    def encoding(self) -> str:  # type: ignore[override] # a plain attribute there
        """That of stderr."""
        return getattr(sys.stderr, "encoding", None) or "utf-8"


class _Closed(io.TextIOBase):
    """stdout where it is closed, also for libraries, to which None is a place that takes everything."""

    def write(self, _text: str, /) -> int:
        """OSError, always."""
        raise OSError(errno.EBADF, _CLOSED)


def is_terminal(stream: TextIO | None) -> bool:
    """Whether a stream of this process leads to a terminal; not if it is closed."""
    try:
        return stream is not None and stream.isatty()
    except (OSError, ValueError):
        return False


def _wait_for_an_answer() -> None:
    """Let a signal end the wait, also one that comes right before it: a read would begin all the same, and
    what is typed next would be taken for the answer."""
    if os.name != "posix" or not is_terminal(sys.stdin):
        return
    ours, theirs = os.pipe()
    os.set_blocking(theirs, False)
    before = signal.set_wakeup_fd(theirs, warn_on_full_buffer=False)
    try:
        select.select([sys.stdin, ours], [], [])
    finally:
        signal.set_wakeup_fd(before)
        os.close(ours)
        os.close(theirs)


def fitting(text: str, encoding: str) -> str:
    """`text` with what `encoding` cannot say replaced: our own signs by plain ones, the rest escaped."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(_PLAIN).encode(encoding, "backslashreplace").decode(encoding)
    return text


def settle_streams() -> None:
    """At the end of the process: let what is still to be written go, or go nowhere.

    Otherwise the interpreter tries again while it ends, complains and exits with 120.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            _to_nowhere(stream)


def occupy_closed_descriptors() -> None:
    """At the start of the process: let no file that is opened later become stdin, stdout or stderr, and
    nothing take a closed stdout for one that has been written."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = cast(TextIO, _Closed())


def _to_nowhere(stream: TextIO) -> None:
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)
    except (OSError, ValueError):
        return


def _put(stream: TextIO | None, text: str, encoding: str | None) -> None:
    """Write and flush; OSError or ValueError when that cannot be. `encoding` None is that of the stream."""
    if stream is None:
        raise OSError(errno.EBADF, _CLOSED)
    buffer = getattr(stream, "buffer", None)
    if encoding is not None and buffer is not None:
        stream.flush()
        buffer.write(text.encode(encoding, "backslashreplace"))
        buffer.flush()
        return
    stream.write(fitting(text, stream.encoding or "utf-8"))
    stream.flush()


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)

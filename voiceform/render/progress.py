"""Progress of long work: bars on a terminal, a line now and then in a log; always on stderr."""

from __future__ import annotations

import atexit
import sys
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TextIO

from voiceform.model.clock import Clock
from voiceform.model.progress import Progress, Silent
from voiceform.model.shown import shown
from voiceform.model.wording import span
from voiceform.render.escape import log_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

INTERVAL = timedelta(seconds=10)

_WIDEST = 60
_FREE = 3
_TASK_WIDTH = 24


def new_progress(
    *,
    clock: Clock,
    color: bool = True,
    stream: TextIO | None = None,
    quiet: bool = False,
    draws: bool = True,
) -> Progress:
    """Bars where `stream` (stderr) is a terminal that `draws`, else lines in a log; nothing when `quiet`."""
    stream = stream if stream is not None else sys.stderr
    if quiet:
        return Silent()
    return Bars(stream, color=color) if draws and stream.isatty() else LogLines(stream, clock)


class Bars:
    """One bar for each open task; they vanish when the last task is finished.

    Whoever writes to the same terminal meanwhile does so by `line`, and appears above them.
    """

    def __init__(self, stream: TextIO, *, color: bool = True) -> None:
        self._stream = stream
        self._color = color
        self._lock = threading.Lock()
        self._display: RichProgress | None = None
        self._tasks: dict[str, TaskID] = {}

    @property
    def shown(self) -> bool:
        """Whether there is a bar at present."""
        return self._display is not None

    @property
    def erasing(self) -> str:
        """What erases the bars, written to the terminal; for a process that can do nothing else any more."""
        rows = len(self._tasks)
        return f"\r\x1b[{rows - 1}A\x1b[J" if rows > 1 else "\r\x1b[J" if rows else ""

    def start(self, task: str, total: int | None = None) -> None:
        """Show a bar; without `total` one that only moves."""
        with self._lock:
            display = self._display or self._new_display()
            if task in self._tasks:
                display.remove_task(self._tasks[task])
            self._tasks[task] = display.add_task(shown(task), total=total)

    def advance(self, task: str, steps: int = 1) -> None:
        """Move the bar; nothing for a task that was not started."""
        with self._lock:
            if self._display is not None and task in self._tasks:
                self._display.advance(self._tasks[task], steps)

    def finish(self, task: str) -> None:
        """Remove the bar."""
        with self._lock:
            if self._display is None or task not in self._tasks:
                return
            self._display.remove_task(self._tasks.pop(task))
            if not self._tasks:
                self._close()

    def line(self, text: str) -> bool:
        """Write a line, as it is, above the bars; False when no bar is shown."""
        display = self._display
        if display is None:
            return False
        from rich.text import Text

        display.console.print(Text.from_ansi(text), soft_wrap=True)
        return True

    def close(self) -> bool:
        """Take every bar away; False when there was none."""
        with self._lock:
            shown = self._display is not None
            self._tasks.clear()
            self._close()
            return shown

    def _new_display(self) -> RichProgress:
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress
        from rich.table import Column

        name = Column(no_wrap=True, max_width=_TASK_WIDTH, overflow="ellipsis")
        self._display = RichProgress(
            TextColumn("{task.description}", markup=False, table_column=name),
            BarColumn(bar_width=None, table_column=Column(ratio=1)),
            MofNCompleteColumn(table_column=Column(no_wrap=True)),
            TimeRemainingColumn(table_column=Column(no_wrap=True)),
            console=_foot(self._stream, color=self._color),
            expand=True,
            transient=True,
            redirect_stdout=False,  # stdout carries the document
            redirect_stderr=False,
        )
        self._display.start()
        atexit.register(self._close)  # an error may come between start and finish
        return self._display

    def _close(self) -> None:
        atexit.unregister(self._close)
        if self._display is not None:
            self._display.stop()
            self._display = None


def _foot(stream: TextIO, *, color: bool) -> Console:
    """Where bars are drawn: never as wide as the terminal, and never wider than a narrow one.

    Bars are taken away by counting the rows that they have. A row that is full breaks in two when the
    terminal echoes ^C behind it, and a wide one when the window gets smaller.
    """
    from rich.console import Console, ConsoleDimensions

    class Foot(Console):
        def show_cursor(self, show: bool = True) -> bool:
            """Leave it as it is: a process that is killed or stopped could not bring it back."""
            return False

        @property  # type: ignore[misc] # there it can be set
        def size(self) -> ConsoleDimensions:
            width, height = super().size
            return ConsoleDimensions(max(1, min(width, _WIDEST) - _FREE), height)

    return Foot(file=stream, force_terminal=True, no_color=not color, highlight=False)


@dataclass(slots=True)
class _Task:
    """Where a task stands; `said` is when its last line was written."""

    total: int | None
    started: datetime
    said: datetime
    done: int = 0
    lines: int = 0


class LogLines:
    """At most one line for each task in ten seconds, none for short ones."""

    def __init__(self, stream: TextIO, clock: Clock, interval: timedelta = INTERVAL) -> None:
        self._stream = stream
        self._clock = clock
        self._interval = interval
        self._lock = threading.Lock()
        self._tasks: dict[str, _Task] = {}

    def start(self, task: str, total: int | None = None) -> None:
        """Begin to measure."""
        now = self._clock.now()
        with self._lock:
            self._tasks[task] = _Task(total, now, now)

    def advance(self, task: str, steps: int = 1) -> None:
        """Count, and write a line when it is time; nothing for a task that was not started."""
        now = self._clock.now()
        with self._lock:
            state = self._tasks.get(task)
            if state is None:
                return
            state.done += steps
            if now - state.said >= self._interval:
                state.said = now
                state.lines += 1
                self._write(task, _standing(state, now))

    def finish(self, task: str) -> None:
        """Write how it ended if anything was written before, or if it took long."""
        now = self._clock.now()
        with self._lock:
            state = self._tasks.pop(task, None)
            if state is not None and (state.lines or now - state.started >= self._interval):
                self._write(task, f"{state.done:,} done in {span(now - state.started)}")

    def _write(self, task: str, text: str) -> None:
        self._stream.write(log_line(f"{shown(task)}: {text}") + "\n")
        self._stream.flush()


def _standing(state: _Task, now: datetime) -> str:
    """`1,200 of 10,000 (12 %), 118/s, 1 min 14 s left`."""
    elapsed = (now - state.started).total_seconds()
    rate = state.done / elapsed if elapsed > 0 else 0.0
    speed = f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"
    if not state.total:
        return f"{state.done:,}, {speed}"
    share = min(100, 100 * state.done // state.total)
    left = timedelta(seconds=max(0, state.total - state.done) / rate) if rate else None
    remaining = f", {span(left)} left" if left is not None else ""
    return f"{state.done:,} of {state.total:,} ({share} %), {speed}{remaining}"

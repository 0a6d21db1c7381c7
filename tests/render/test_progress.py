"""Progress on terminals and in logs, by a clock that the test moves."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime

import pytest

from voiceform.model.clock import ManualClock
from voiceform.model.progress import Progress, Silent
from voiceform.render.progress import Bars, LogLines, new_progress

ANSI = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(datetime(2026, 1, 2, tzinfo=UTC))


def test_kind_of_progress_depends_on_the_stream(clock: ManualClock) -> None:
    assert isinstance(new_progress(clock=clock, stream=Terminal()), Bars)
    assert isinstance(new_progress(clock=clock, stream=io.StringIO()), LogLines)
    assert isinstance(new_progress(clock=clock, stream=Terminal(), quiet=True), Silent)


def test_log_has_a_line_every_ten_seconds(clock: ManualClock) -> None:
    log = io.StringIO()
    progress: Progress = LogLines(log, clock)
    progress.start("list queues", 1_000)
    for _ in range(500):
        clock.sleep(0.05)
        progress.advance("list queues")
    progress.finish("list queues")
    assert log.getvalue().splitlines() == [
        "list queues: 200 of 1,000 (20 %), 20/s, 40 s left",
        "list queues: 400 of 1,000 (40 %), 20/s, 30 s left",
        "list queues: 500 done in 25 s",
    ]


def test_log_without_a_total_has_no_end(clock: ManualClock) -> None:
    log = io.StringIO()
    progress = LogLines(log, clock)
    progress.start("read")
    clock.sleep(75)
    progress.advance("read", 30)
    progress.finish("read")
    assert log.getvalue().splitlines() == ["read: 30, 0.4/s", "read: 30 done in 1 min 15 s"]


def test_short_tasks_are_silent(clock: ManualClock) -> None:
    log = io.StringIO()
    progress = LogLines(log, clock)
    progress.start("read", 2)
    progress.advance("read", 2)
    clock.sleep(9)
    progress.finish("read")
    progress.advance("never started")
    progress.finish("never started")
    assert log.getvalue() == ""


def test_task_names_are_data(clock: ManualClock) -> None:
    log = io.StringIO()
    progress = LogLines(log, clock)
    progress.start("::error::\x1b[31m+15558675310\n")
    clock.sleep(10)
    progress.finish("::error::\x1b[31m+15558675310\n")
    assert log.getvalue() == "\\::error::\\x1b[31m+1•••••5310\\n: 0 done in 10 s\n"


@pytest.mark.parametrize("terminal", [True, False])
def test_many_threads_may_report(clock: ManualClock, terminal: bool) -> None:
    stream = Terminal() if terminal else io.StringIO()
    progress = new_progress(clock=clock, stream=stream)
    progress.start("read", 4_000)

    def work() -> None:
        for _ in range(500):
            progress.advance("read")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clock.sleep(60)
    progress.finish("read")
    if not terminal:
        assert stream.getvalue() == "read: 4,000 done in 1 min\n"


def test_bars_show_the_task_and_leave_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    stream = Terminal()
    bars = Bars(stream)
    bars.start("read [bold]queues[/bold]", 10)
    bars.start("read [bold]queues[/bold]", 20)
    bars.advance("read [bold]queues[/bold]", 5)
    bars.finish("read [bold]queues[/bold]")
    bars.finish("read [bold]queues[/bold]")
    written = stream.getvalue()
    assert "read [bold]queues[/bold]" in ANSI.sub("", written)
    assert "\x1b[?25" not in written, "a process that is killed could not bring the cursor back"
    assert ANSI.sub("", written.rpartition("\x1b[2K")[2]).strip() == ""


def test_an_error_leaves_no_bar_and_the_cursor_as_it_is() -> None:
    program = """
import io, sys
from voiceform.render.progress import Bars
class Terminal(io.StringIO):
    def isatty(self): return True
    def write(self, text): return sys.stdout.write(text)
Bars(Terminal()).start("read", 10)
raise SystemExit(5)
"""
    environment = {**os.environ, "TERM": "xterm"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 5
    assert "\x1b[?25" not in done.stdout
    assert ANSI.sub("", done.stdout.rpartition("\x1b[2K")[2]).strip() == ""

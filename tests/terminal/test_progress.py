"""Bars on a terminal: what stands on the screen while they are there, and that nothing of them is left."""

from __future__ import annotations

import re
import sys
from datetime import UTC, datetime

import pytest

from tests.cli.pruning import Pruner, recording
from tests.support import Stack
from tests.terminal.terminal import Terminal

WIDTHS = pytest.mark.parametrize("columns", [100, 60])
BAR = "━"


def slow(stack: Stack, operation: str, milliseconds: int) -> None:
    stack.emulator.faults(
        [{"operation": operation, "times": 9999, "kind": "latency", "delay_ms": milliseconds}]
    )


def clean(terminal: Terminal) -> list[str]:
    """The lines at the end: bars were drawn, none is left, and the cursor is back."""
    assert BAR in terminal.raw, "no bar was ever drawn"
    assert BAR not in terminal.text, terminal.text
    assert "-:--" not in terminal.text, terminal.text
    assert not terminal.cursor_hidden
    return terminal.lines


def applying(stack: Stack, count: int, *argv: str, columns: int, **environ: str) -> Terminal:
    stack.queues(**{f"q{number}": 10 for number in range(count)})
    slow(stack, "createQueue", 150)
    command = ("apply", "--auto-approve", "--parallelism", "2", *argv)
    return Terminal(stack.folder, {**stack.environ, **environ}, *command, columns=columns)


def pruning(stack: Stack, count: int, columns: int) -> Terminal:
    pruner = Pruner(stack, datetime.now(UTC))
    pruner.declare("recordings:\n  - {name: everything-else-of-the-company, keep: 30d}")
    pruner.seed(recording(number, 100, pruner.clock.now()) for number in range(1, count + 1))
    slow(stack, "deleteRecording", 20)
    command = ("prune", "--auto-approve", "--parallelism", "2")
    return Terminal(stack.folder, stack.environ, *command, columns=columns)


@WIDTHS
@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}], ids=["colour", "plain"])
def test_lines_and_bars_do_not_break_each_other(stack: Stack, columns: int, environ: dict[str, str]) -> None:
    terminal = applying(stack, 6, columns=columns, **environ)
    assert terminal.end() == 0
    lines = clean(terminal)
    for number in range(6):
        assert re.search(rf"queue\.q{number}: created \(QU[0-9a-f]{{32}}\)", terminal.flow)
    assert lines[-1].startswith("Applied: 6 created")
    assert bool(terminal.colours) is not bool(environ)


@WIDTHS
def test_after_ctrl_c_nothing_of_an_apply_is_left_but_words(stack: Stack, columns: int) -> None:
    terminal = applying(stack, 40, columns=columns).until(lambda: len(stack.account.queues()) > 4)
    assert terminal.until(BAR).type("\x03").end() == 5
    clean(terminal)
    made = len(stack.account.queues())
    assert terminal.flow.endswith(
        f"Interrupted: {made} created, {40 - made} not begun. Run apply again; the rest is planned anew."
    )
    assert "Stopping after the requests in flight; once more to end at once." in terminal.flow
    assert terminal.flow.count("not begun") == 1


@WIDTHS
def test_the_bar_of_an_apply_counts_what_was_done(stack: Stack, columns: int) -> None:
    terminal = applying(stack, 40, columns=columns).until(lambda: len(stack.account.queues()) > 4)
    assert terminal.until(BAR).type("\x03").end() == 5
    counts = [int(count) for count in re.findall(r"\b(\d+)/40\b", terminal.raw)]
    assert max(counts) <= len(stack.account.queues())


@WIDTHS
def test_the_bar_of_deletions_counts_what_was_deleted(stack: Stack, columns: int) -> None:
    terminal = pruning(stack, 200, columns)
    assert (
        terminal.until(lambda: stack.account.writes().count("deleteRecording") > 10).type("\x03").end() == 5
    )
    clean(terminal)
    deleted = int(re.search(r"stopped: (\d+) deleted", terminal.flow)[1])  # type: ignore[index]
    assert 10 <= deleted < 200
    counts = [int(count) for count in re.findall(r"\b(\d+)/200\b", terminal.raw)]
    assert counts
    assert max(counts) <= deleted


@WIDTHS
def test_a_whole_prune(stack: Stack, columns: int) -> None:
    terminal = pruning(stack, 60, columns)
    assert terminal.end() == 0
    clean(terminal)
    assert "Deleted 60 recordings" in terminal.flow


@pytest.mark.parametrize("presses", [1, 2])
def test_a_plan_that_is_interrupted_leaves_nothing_of_its_bars(stack: Stack, presses: int) -> None:
    stack.queues(a=1)
    slow(stack, "listQueues", 60_000)
    terminal = Terminal(stack.folder, stack.environ, "plan", columns=60).until("queues")
    assert terminal.type("\x03" * presses).end() == 130
    clean(terminal)
    assert terminal.lines == ["Interrupted."]


def test_an_error_leaves_nothing_of_the_bars(stack: Stack) -> None:
    stack.queues(a=1)
    stack.emulator.faults(
        [
            {
                "operation": "listQueues",
                "times": 1,
                "kind": "status",
                "status": 401,
                "delay_ms": 500,
                "code": 20003,
            },
        ]
    )
    terminal = Terminal(stack.folder, stack.environ, "plan", columns=60)
    assert terminal.end() == 1
    clean(terminal)
    assert terminal.text.startswith("Error: ")


@pytest.mark.parametrize("columns", [100, 60])
def test_a_window_that_changes_its_size(stack: Stack, columns: int) -> None:
    terminal = applying(stack, 24, columns=columns).until(BAR)
    for width in (60, 120, 72):
        seen = len(stack.account.queues())
        terminal.resize(width).until(lambda seen=seen: len(stack.account.queues()) > seen + 2)  # type: ignore[misc]
    assert terminal.end() == 0
    clean(terminal)
    for number in range(24):
        assert f"queue.q{number}: created (QU" in terminal.flow


def test_a_terminal_that_cannot_draw_gets_lines(stack: Stack) -> None:
    terminal = applying(stack, 3, columns=100, TERM="dumb")
    assert terminal.end() == 0
    assert "\x1b" not in terminal.raw
    assert BAR not in terminal.raw


@pytest.mark.parametrize("tasks", [0, 1, 2, 3])
def test_bars_of_a_process_that_ends_at_once_are_erased(stack: Stack, tasks: int) -> None:
    program = f"""
import os, sys
from voiceform.cli.support.console import Console
from voiceform.render.progress import Bars
console = Console()
bars = Bars(console.stderr)
console.attach(bars)
console.say("before")
for number in range({tasks}):
    bars.start(f"task {{number}}", 10)
console.erase_at_once()
os._exit(7)
"""
    terminal = Terminal(stack.folder, {}, "-c", program, program=(sys.executable,), columns=60)
    assert terminal.end() == 7
    assert terminal.lines == ["before"]
    assert (BAR in terminal.raw) is bool(tasks)

"""Commands on a terminal."""

from __future__ import annotations

import re

from tests.support import Stack
from tests.terminal import Terminal


def standing(terminal: Terminal) -> list[str]:
    """The lines as they stand on the screen: what came after the last carriage return of each."""
    return [line.rpartition("\r")[2].rstrip() for line in terminal.text.split("\n")]


def test_lines_and_bars_do_not_break_each_other(stack: Stack) -> None:
    stack.queues(**{f"q{number}": 10 for number in range(6)})
    stack.emulator.faults([{"operation": "createQueue", "times": 9, "kind": "latency", "delay_ms": 150}])
    terminal = Terminal(stack.folder, stack.environ, "apply", "--auto-approve", "--parallelism", "2")
    assert terminal.end() == 0
    lines = standing(terminal)
    assert "━" in terminal.text
    for number in range(6):
        assert any(re.fullmatch(rf"queue\.q{number}: created \(QU[0-9a-f]{{32}}\)", line) for line in lines)
    assert not [line for line in lines if "━" in line and "queue." in line]
    assert lines[-2].startswith("Applied: 6 created")


def test_yes_applies(stack: Stack) -> None:
    stack.queues(support=10)
    terminal = Terminal(stack.folder, stack.environ, "apply")
    terminal.until("Only 'yes' is accepted: ").type("yes\n")
    assert terminal.end() == 0
    assert "support" in stack.account.queues()


def test_anything_else_does_not(stack: Stack) -> None:
    stack.queues(support=10)
    terminal = Terminal(stack.folder, stack.environ, "apply")
    terminal.until("Only 'yes' is accepted: ").type("y\n")
    assert terminal.end() == 1
    assert "not approved, nothing was done" in terminal.text
    assert stack.account.queues() == {}

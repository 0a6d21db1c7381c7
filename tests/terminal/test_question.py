"""The question that a terminal gets before anything is done."""

from __future__ import annotations

from tests.support import Stack
from tests.terminal.terminal import Terminal


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

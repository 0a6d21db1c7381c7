"""The question that a terminal gets before anything is done: what is at stake, and who may answer."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import pytest

from tests.cli.pruning import Pruner, recording
from tests.support import ACCOUNT, Stack
from tests.terminal.terminal import Terminal

WIDTHS = pytest.mark.parametrize("columns", [100, 60])


def asked(stack: Stack, *argv: str, columns: int = 100, **environ: str) -> Terminal:
    terminal = Terminal(stack.folder, {**stack.environ, **environ}, *argv, columns=columns)
    return terminal.until("Only 'yes' is accepted:")


def question(terminal: Terminal) -> str:
    """Everything from the account on, in words."""
    return terminal.flow[terminal.flow.rindex("Account: ") :]


def test_yes_applies(stack: Stack) -> None:
    stack.queues(support=10)
    terminal = asked(stack, "apply").type("yes\n")
    assert terminal.end() == 0
    assert "support" in stack.account.queues()


@pytest.mark.parametrize("answer", ["y", "YES", "yes please", ""])
def test_anything_else_does_not(stack: Stack, answer: str) -> None:
    stack.queues(support=10)
    terminal = asked(stack, "apply").type(f"{answer}\n")
    assert terminal.end() == 1
    assert "not approved, nothing was done" in terminal.text
    assert stack.account.queues() == {}


@WIDTHS
@pytest.mark.parametrize("named", [True, False])
def test_account_stack_and_state_are_named(stack: Stack, columns: int, named: bool) -> None:
    name = "name: Acme production\n" if named else ""
    stack.write(f"{name}queues: {{support: {{max_size: 10}}, sales: {{max_size: 5}}}}\n")
    terminal = asked(stack, "apply", "--stack", "eu", columns=columns)
    called = ' "Acme production"' if named else ""
    assert question(terminal) == (
        f"Account: {ACCOUNT}{called} at loopback Stack: eu (voiceform.yaml)"
        f" State: {stack.folder}/.voiceform/state.db"
        f" Apply 2 changes in AC…aaaa{called}? Only 'yes' is accepted:"
    )
    assert terminal.type("no\n").end() == 1


@WIDTHS
@pytest.mark.parametrize("environ", [{}, {"NO_COLOR": "1"}], ids=["colour", "plain"])
def test_what_is_destroyed_is_told_in_words(stack: Stack, columns: int, environ: dict[str, str]) -> None:
    pruner = Pruner(stack, datetime.now(UTC))
    stack.write(
        "name: Acme production\nsafety: {max_recording_deletes: 5000, max_delete_percent: 100}\n"
        "queues: {support: {max_size: 5}}\nretention: {recordings: ["
        "{name: old, match: {min_duration: 1s}, keep: 30d}, {name: rest, keep: forever}]}\n"
    )
    pruner.seed(recording(number, 100, pruner.clock.now(), duration=90) for number in range(1, 1201))
    terminal = asked(stack, "apply", columns=columns, **environ)
    assert (
        "Destroy 1,200 recordings (2,400 minutes) for good and apply 2 other changes in AC…aaaa"
        " \"Acme production\"? Only 'yes' is accepted:"
    ) in terminal.flow
    row = next(row for row in terminal.cells if "".join(cell.data for cell in row).startswith("Destroy"))
    assert (row[0].fg, row[0].bold) == (("default", False) if environ else ("red", True))
    assert terminal.type("\x03").end() == 130
    assert stack.account.writes() == []


def test_deletions_and_calls_are_told(stack: Stack) -> None:
    stack.queues(a=1, b=2)
    stack.apply()
    stack.write("safety: {max_deletes: 9, max_delete_percent: 100}\nqueues: {a: {max_size: 3}}\n")
    assert "Delete 1 queue and apply 1 other change in AC…aaaa?" in asked(stack, "apply").flow
    assert "Delete 2 queues in AC…aaaa?" in asked(stack, "destroy", "--approve", "delete:queue=2").flow


@pytest.mark.parametrize("presses", [1, 2, 5])
def test_ctrl_c_at_the_question_ends_at_once_and_says_so(stack: Stack, presses: int) -> None:
    stack.queues(support=10)
    terminal = asked(stack, "apply").type("\x03" * presses)
    assert terminal.end() == 130
    assert terminal.lines[-1] == "Interrupted; nothing was done."
    assert stack.account.queues() == {}
    assert stack.ok("lock", "show").out == "Nobody holds the lock.\n"


@pytest.mark.parametrize("command", ["apply", "destroy", "prune"])
def test_every_command_that_asks_ends_so(stack: Stack, command: str) -> None:
    pruner = Pruner(stack, datetime.now(UTC))
    stack.queues(support=10)
    stack.apply()
    stack.write(
        "safety: {max_delete_percent: 100}\nqueues: {support: {max_size: 5}}\n"
        "retention: {recordings: [{name: old, keep: 30d}]}\n"
    )
    pruner.seed([recording(1, 100, pruner.clock.now())])
    before = stack.account.writes()
    terminal = asked(stack, command).type("\x03")
    assert terminal.end() == 130
    assert terminal.lines[-1] == "Interrupted; nothing was done."
    assert stack.account.writes() == before


def test_a_saved_plan_is_applied_without_a_question(stack: Stack) -> None:
    stack.queues(support=10)
    stack.ok("plan", "--out", "plan.json")
    terminal = Terminal(stack.folder, stack.environ, "apply", "plan.json")
    assert terminal.end() == 0
    assert "Only 'yes' is accepted" not in terminal.text
    assert "support" in stack.account.queues()


def test_nothing_to_do_asks_nothing(stack: Stack) -> None:
    stack.queues(support=10)
    stack.apply()
    terminal = Terminal(stack.folder, stack.environ, "apply")
    assert terminal.end() == 0
    assert terminal.text == "No changes. The account is as the configuration declares it."


def test_nobody_is_asked_who_cannot_see_the_question(stack: Stack) -> None:
    stack.queues(support=10)
    command = f"exec {sys.executable} -m voiceform apply 2>log"
    terminal = Terminal(stack.folder, stack.environ, "-c", command, program=("bash",))
    assert terminal.end() == 64
    assert "nobody can be asked" in (stack.folder / "log").read_text()
    assert stack.account.queues() == {}


def test_the_account_is_not_broken_within_a_word(stack: Stack) -> None:
    stack.write("name: Acme production\nqueues: {support: {max_size: 10}}\n")
    terminal = asked(stack, "apply", columns=60)
    lines = [line.strip() for line in terminal.lines]
    first = next(index for index, line in enumerate(lines) if line.startswith("Account: "))
    assert lines[first : first + 2] == [f'Account: {ACCOUNT} "Acme', 'production" at loopback']
    terminal.type("no\n").end()


@pytest.mark.parametrize("command", ["validate", "plan"])
def test_findings_stay_within_a_narrow_terminal(stack: Stack, command: str) -> None:
    long = "a very long name " * 8
    wide = chr(0x65E5) * 60
    stack.write(
        f"queues: {{first: {{friendly_name: '{long}'}}, second: {{friendly_name: '{wide * 2}'}},"
        f" third: {{max_size: many}}, fourth: {{max_sise: 3}}}}\n"
    )
    terminal = Terminal(stack.folder, stack.environ, command, columns=60)
    assert terminal.end() == 1
    assert terminal.unbroken.splitlines() == terminal.text.splitlines()
    pairs = zip(terminal.lines, terminal.lines[1:], strict=False)
    marked = {
        line[carets.index("^") : carets.rindex("^") + 1]
        for line, carets in pairs
        if set(carets.replace("|", "").strip()) == {"^"}
    }
    assert {"many", "max_sise"} <= marked

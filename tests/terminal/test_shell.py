"""In a shell: completion as keys bring it, and services that end at Ctrl-C."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from tests.support import Stack
from tests.terminal.terminal import Terminal

BASH = shutil.which("bash")


@pytest.mark.skipif(BASH is None, reason="there is no bash here")
def test_tab_completes_in_bash(stack: Stack) -> None:
    stack.queues(support=10, sales=5)
    tools = Path(sys.executable).parent
    terminal = Terminal(
        stack.folder,
        {**stack.environ, "PATH": f"{tools}:/usr/bin:/bin", "PS1": "ready> "},
        "--norc",
        "--noprofile",
        "-i",
        program=(str(BASH),),
    )
    terminal.until("ready>").type('eval "$(voiceform completion bash)"; echo do"ne"\n').until("done")
    terminal.type("voiceform val\t").until("voiceform validate ").type("\n")
    terminal.type("voiceform plan --target queue.su\t").until("--target queue.support").type("\n")
    terminal.until("Plan: 1 to create")
    assert terminal.type("exit\n").end() == 0


def test_a_dispatcher_that_watches_ends_at_ctrl_c_with_whole_lines(stack: Stack) -> None:
    stack.queues(support=10)
    stack.apply()
    terminal = Terminal(stack.folder, stack.environ, "dispatch", "--watch", "--metrics", "m.prom")
    terminal.until((stack.folder / "m.prom").exists).type("\x03")
    assert terminal.end() == 0
    assert "Stopping after the requests in flight; once more to end at once." in terminal.lines
    assert terminal.lines[-1] == "No schedule has been applied: there is nothing to dispatch."


@pytest.mark.parametrize("columns", [100, 60])
def test_queues_that_are_watched_end_at_ctrl_c(stack: Stack, columns: int) -> None:
    stack.emulator.seed({"queues": [{"friendly_name": "Support", "current_size": 3}]})
    terminal = Terminal(stack.folder, stack.environ, "queues", "--watch", columns=columns)
    terminal.until("Support").type("\x03")
    assert terminal.end() == 130
    assert terminal.lines[-1] == "Interrupted."

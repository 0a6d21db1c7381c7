"""The first five minutes at a terminal: the demonstration, a stack of one's own, what docs/ show of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.terminal import scenes
from tests.terminal.picture import screenshot
from tests.terminal.terminal import Terminal
from voiceform.emulator import Emulator

VENV = Path(sys.executable).parents[1]
OVER = "The demonstration is over; everything it made is gone again."


def demo_was_whole(text: str) -> None:
    for step in range(1, 12):
        assert f"[{step}/11]" in text
    assert OVER in text
    assert "Only 'yes' is accepted" not in text
    assert "defect" not in text


@pytest.mark.parametrize(("columns", "environ"), [(100, {}), (60, {}), (100, {"NO_COLOR": "1"})])
def test_the_demonstration_on_a_terminal(tmp_path: Path, columns: int, environ: dict[str, str]) -> None:
    terminal = Terminal(tmp_path, environ, "demo", columns=columns)
    assert terminal.end(120) == 0
    demo_was_whole(terminal.flow)
    assert bool(terminal.colours) is not bool(environ)
    assert "━" not in terminal.text
    assert not terminal.cursor_hidden


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make here")
def test_the_first_command_of_the_readme(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    command = ("make", "-C", str(root), "-o", f"{VENV}/.demo", f"VENV={VENV}", "demo")
    terminal = Terminal(tmp_path, {}, program=command)
    assert terminal.end(120) == 0
    demo_was_whole(terminal.flow)


@pytest.mark.parametrize("where", ["", "<&-", "</dev/null", "<&- 2>&1 | cat", "< /dev/zero"])
def test_the_demonstration_without_one(tmp_path: Path, where: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -m voiceform demo {where}"],
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    demo_was_whole(" ".join(done.stdout.split()))
    assert "\x1b" not in done.stdout + done.stderr


def test_ctrl_c_ends_the_demonstration_with_one_word(tmp_path: Path) -> None:
    terminal = Terminal(tmp_path, {}, "demo").until("[3/11]").type("\x03")
    assert terminal.end() == 130
    assert terminal.lines[-1] == "Interrupted."
    assert terminal.text.count("Interrupted") == 1


def test_a_stack_of_ones_own(tmp_path: Path, emulator: Emulator) -> None:
    """What is seen is what first-minutes.txt says; `make screenshots` writes it anew."""
    folder = tmp_path / "voice"
    folder.mkdir()
    assert scenes.transcript(folder, emulator) == scenes.TRANSCRIPT.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["plan", "question", "progress"])
def test_what_docs_show_is_what_is_seen(tmp_path: Path, emulator: Emulator, name: str) -> None:
    terminal = getattr(scenes, name)(scenes.Stage(tmp_path, emulator))
    screenshot(terminal, tmp_path / "now.png", command="voiceform")
    terminal.type("\x03").end()
    shown = scenes.ROOT / "docs" / "images" / f"{name}.png"
    assert shown.stat().st_size < 60_000
    with Image.open(tmp_path / "now.png") as now, Image.open(shown) as kept:
        assert now.width == kept.width

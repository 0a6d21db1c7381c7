"""The kit itself: a screen that is not what a terminal would show proves nothing."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

from PIL import Image

from tests.terminal.picture import screenshot
from tests.terminal.terminal import Terminal


def python(folder: Path, text: str, columns: int = 60, rows: int = 10) -> Terminal:
    return Terminal(folder, {}, "-c", text, columns=columns, rows=rows, program=(sys.executable,))


def test_it_is_a_terminal_of_its_size_that_remembers_what_scrolled_off(tmp_path: Path) -> None:
    text = "import os\nprint(*os.get_terminal_size(), os.isatty(2))\nfor i in range(30): print('line', i)"
    terminal = python(tmp_path, text)
    assert terminal.end() == 0
    assert terminal.lines[0] == "60 10 True"
    assert terminal.lines[-1] == "line 29"
    assert len(terminal.lines) == 31


def test_what_was_drawn_over_is_not_on_the_screen(tmp_path: Path) -> None:
    terminal = python(tmp_path, r"print('gone\rhere\x1b[31m!\x1b[0m', end='')")
    assert terminal.end() == 0
    assert terminal.text == "here!"
    assert terminal.colours == {"red"}


def test_a_wrapped_line_is_found_and_a_size_is_told(tmp_path: Path) -> None:
    text = "import os\nprint('x' * 55, 'and more'); input(); print(os.get_terminal_size().columns)"
    terminal = python(tmp_path, text).until("xx and more").resize(40).type("\n")
    assert terminal.end() == 0
    assert terminal.lines[-1] == "40"


def test_keys_arrive_and_ctrl_c_interrupts(tmp_path: Path) -> None:
    text = "try:\n input('? '); print('!')\n while 1: pass\nexcept KeyboardInterrupt: raise SystemExit(7)"
    terminal = python(tmp_path, text).until("?").type("yes\n").until("!").type("\x03")
    assert terminal.end() == 7


def test_a_picture_has_every_row(tmp_path: Path) -> None:
    terminal = python(tmp_path, r"print('\x1b[1;32m+ green\x1b[0m'); print('━━')", columns=20)
    terminal.end()
    screenshot(terminal, tmp_path / "it.png", command="voiceform plan")
    with Image.open(tmp_path / "it.png") as image:
        assert (image.width > 200, image.height) == (True, 113)
        assert len(image.getcolors() or []) > 8


def test_a_terminal_that_was_taken_away_is_closed_once(tmp_path: Path) -> None:
    """The number of a file that was closed belongs to whoever opens the next one: of this process perhaps a
    connection of an emulator, which would be reset."""
    terminal = python(tmp_path, "print('ready'); input()").until("ready")
    terminal.hang_up()
    others = [os.open(os.devnull, os.O_RDONLY) for _ in range(20)]
    del terminal
    gc.collect()
    for number in others:
        os.close(number)

"""A picture of a terminal's cells, for the pages of docs/."""

from __future__ import annotations

from pathlib import Path

import pyte
from PIL import Image, ImageDraw, ImageFont

from tests.terminal.terminal import Terminal

_SIZE = 20
_MARGIN = 16
_INK, _GROUND = "d4d4d8", "18181b"
_PALETTE = {
    "black": "3f3f46",
    "red": "f87171",
    "green": "4ade80",
    "brown": "facc15",  # what pyte calls yellow
    "blue": "60a5fa",
    "magenta": "e879f9",
    "cyan": "22d3ee",
    "white": "e4e4e7",
    "brightblack": "a1a1aa",
}
_FONTS = ("DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf")
_HOW = "apt-get install -y fonts-dejavu-core"


def screenshot(terminal: Terminal, path: Path, *, command: str | None = None, last: int = 40) -> None:
    """Draw the last rows of the screen and its scrollback as a PNG; `command` is shown as what was typed."""
    rows = terminal.cells[-last:]
    try:
        plain, bold = (ImageFont.truetype(name, _SIZE) for name in _FONTS)
    except OSError as error:
        raise RuntimeError(f"no font DejaVu Sans Mono here; get it with: {_HOW}") from error
    width, height = plain.getlength("M"), round(_SIZE * 1.35)
    lines = len(rows) + (command is not None)
    image = Image.new(
        "RGB",
        (round(width * terminal.columns) + 2 * _MARGIN, height * lines + 2 * _MARGIN),
        f"#{_GROUND}",
    )
    draw = ImageDraw.Draw(image)
    top = _MARGIN
    if command is not None:
        draw.text((_MARGIN, top), f"$ {command}", font=bold, fill=f"#{_PALETTE['white']}")
        top += height
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            place = (_MARGIN + width * column, top + height * number)
            ink, ground = _colours(cell)
            if ground != _GROUND:
                draw.rectangle((*place, place[0] + width, place[1] + height), fill=f"#{ground}")
            if cell.data.strip():
                draw.text(place, cell.data, font=bold if cell.bold else plain, fill=f"#{ink}")
    path.parent.mkdir(parents=True, exist_ok=True)
    image.quantize(32).save(path, optimize=True)


def _colours(cell: pyte.screens.Char) -> tuple[str, str]:
    ink = _INK if cell.fg == "default" else _PALETTE.get(cell.fg, cell.fg)
    ground = _GROUND if cell.bg == "default" else _PALETTE.get(cell.bg, cell.bg)
    return (ground, ink) if cell.reverse else (ink, ground)

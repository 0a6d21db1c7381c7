"""Lines for terminals and logs: wrapped by the cells they take, coloured only when asked."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from voiceform.model.shown import Shown
from voiceform.render.escape import log_line

_NARROWEST = 40


class Tone(StrEnum):
    """What a line is about; the values are rich styles."""

    PLAIN = ""
    TITLE = "bold"
    MUTED = "dim"
    CREATE = "green"
    UPDATE = "yellow"
    DELETE = "red"
    PHONE = "magenta"
    WARNING = "bold yellow"
    ERROR = "bold red"


class Line(NamedTuple):
    """One logical line; longer than the width it goes on below, two cells further in, if it may `wrap`."""

    text: str
    indent: int = 0
    tone: Tone = Tone.PLAIN
    wrap: bool = True


BLANK = Line("")


def lay_out(lines: Iterable[Line], *, color: bool, width: int) -> Shown:
    """The lines as one text without a final newline. A `width` of 0 or less means no wrapping."""
    finished = []
    for line in lines:
        for piece in _wrapped(line, width):
            safe = log_line(piece)
            finished.append(paint(safe, line.tone) if color and safe and line.tone else safe)
    return Shown("\n".join(finished))


def paint(text: str, tone: Tone) -> str:
    """`text` in the colours of `tone`, by ANSI escapes."""
    from rich.color import ColorSystem
    from rich.style import Style

    return Style.parse(str(tone)).render(text, color_system=ColorSystem.STANDARD)


def _wrapped(line: Line, width: int) -> list[str]:
    full = " " * line.indent + line.text
    if width <= 0 or not line.wrap or (len(full) <= width and full.isascii()):
        return [full]
    from rich.cells import cell_len

    width = max(width, _NARROWEST)
    if cell_len(full) <= width:
        return [full]
    margin, deeper = " " * line.indent, " " * (line.indent + 2)
    pieces: list[str] = []
    current: str | None = None
    for word in line.text.split(" "):
        if current is not None and cell_len(current) + 1 + cell_len(word) <= width:
            current = f"{current} {word}"
            continue
        if current is not None:
            pieces.append(current)
            margin = deeper
        *whole, current = _chopped(word, width, margin)
        pieces.extend(whole)
    return [*pieces, current or ""]


def _chopped(word: str, width: int, margin: str) -> list[str]:
    """A word with its margin, in pieces of at most `width` cells."""
    from rich.cells import cell_len, chop_cells

    room = width - len(margin)
    pieces = chop_cells(word, room) if cell_len(word) > room else [word]
    return [margin + piece for piece in pieces]

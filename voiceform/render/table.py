"""Tables for terminals: columns under their titles, as wide as what stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from voiceform.model.masking import redact_text
from voiceform.model.shown import Shown
from voiceform.model.unshown import NOTHING, Unshown
from voiceform.render.escape import log_line, terminal

_GAP = "  "
_NARROWEST = 8


@dataclass(frozen=True, slots=True)
class Column:
    """A column. Numbers stand at the right; one that is `cut` gives way where the line would be too long."""

    title: str
    right: bool = False
    cut: bool = False


def table(
    columns: Sequence[Column],
    rows: Iterable[Sequence[object]],
    *,
    width: int = 0,
    show_numbers: bool = False,
    unshown: Unshown = NOTHING,
) -> Shown:
    """Rows under titles, as a finished text without a final newline; None is a dash.

    With a `width` the columns that are cut share what the others leave, down to eight cells each.
    """

    def cell(value: object) -> str:
        text = "-" if value is None else unshown.text(str(value))
        return log_line(terminal(redact_text(text, show_numbers=show_numbers)))

    cells = [[cell(value) for value in row] for row in rows]
    cells.insert(0, [column.title for column in columns])
    widths = _widths(columns, cells, width)
    return Shown("\n".join(_line(columns, row, widths) for row in cells))


def _widths(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int) -> list[int]:
    from rich.cells import cell_len

    widths = [max(cell_len(row[index]) for row in cells) for index in range(len(columns))]
    while width > 0 and sum(widths) + len(_GAP) * (len(widths) - 1) > width:
        wide = [index for index, column in enumerate(columns) if column.cut and widths[index] > _NARROWEST]
        if not wide:
            break
        widths[max(wide, key=lambda index: widths[index])] -= 1
    return widths


def _line(columns: Sequence[Column], row: Sequence[str], widths: Sequence[int]) -> str:
    fields = [
        _field(text, size, right=column.right)
        for column, text, size in zip(columns, row, widths, strict=True)
    ]
    return _GAP.join(fields).rstrip()


def _field(text: str, size: int, *, right: bool) -> str:
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) > size:
        text = f"{set_cell_size(text, size - 1)}…"
    blank = " " * (size - cell_len(text))
    return blank + text if right else text + blank

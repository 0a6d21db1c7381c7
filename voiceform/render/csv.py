"""Tables for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from voiceform.model.escape import visible

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_line(cells: Iterable[object]) -> str:
    """One line of RFC 4180 without its end; None is empty.

    A text that a spreadsheet would take for a formula begins with an apostrophe, which it does not show, and
    what a reader would not see is made visible.
    """
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow([_cell(cell) for cell in cells])
    return out.getvalue()


def _cell(cell: object) -> object:
    if not isinstance(cell, str):
        return cell
    text = visible(cell)
    return f"'{text}" if text.lstrip().startswith(_FORMULA) else text

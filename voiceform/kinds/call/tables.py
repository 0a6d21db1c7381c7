"""Tables of people as spreadsheets save them: CSV with a header, divided by commas, semicolons or tabs.

What stands in a table is never repeated in a message.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_DELIMITERS = (",", ";", "\t", "|")
_NAMED = re.compile(r'"?sep=(.)"?\s*', re.IGNORECASE)


class TableError(ValueError):
    """Why a table cannot be read, in which line if it is one (from 1), and which column is concerned."""

    def __init__(
        self, problem: str, *, line: int | None = None, column: str | None = None, hint: str | None = None
    ) -> None:
        self.line = line
        self.column = column
        self.hint = hint
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line where it begins, the cells of the columns asked for, and what is wrong with it."""

    line: int
    cells: tuple[str, ...]
    problem: str | None = None


def read_table(text: str, columns: Sequence[str]) -> Iterator[Row]:
    """The rows below the header that are not empty. Raises TableError, also in the middle of the rows."""
    text, first, delimiter = _without_separator_line(text)
    head = text.split("\n", 1)[0]
    delimiter = delimiter or _delimiter(head, columns)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        indices = [_index(header, column) for column in columns]
        line = first + reader.line_num
        for cells in reader:
            begin, line = line, first + reader.line_num
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                problem = f"this row has {len(cells)} cells, the header has {len(header)}"
                yield Row(begin, (), problem)
                continue
            yield Row(begin, tuple(cells[index] for index in indices))
    except csv.Error as error:
        raise TableError(f"is not CSV: {error}", line=first + reader.line_num - 1) from None


def _without_separator_line(text: str) -> tuple[str, int, str | None]:
    """The table without the line `sep=;` of spreadsheets, its first line, and what that says."""
    head, _, rest = text.partition("\n")
    named = _NAMED.fullmatch(head)
    if named is None:
        return text, 1, None
    if named[1] not in _DELIMITERS:
        raise TableError(
            "names a separator that is none", line=1, hint="use a comma, a semicolon or a tab between cells"
        )
    return rest, 2, named[1]


def _delimiter(head: str, columns: Sequence[str]) -> str:
    """What divides the cells: that with which the header has the columns, else what it holds most of."""

    def fitness(delimiter: str) -> tuple[int, int, int]:
        cells = [cell.strip().strip('"') for cell in head.split(delimiter)]
        folded = {cell.casefold() for cell in cells}
        exact = sum(column in cells for column in columns)
        return exact, sum(column.casefold() in folded for column in columns), len(cells)

    return max(_DELIMITERS, key=fitness)


def _index(header: list[str], column: str) -> int:
    count = header.count(column)
    if count == 1:
        return header.index(column)
    if count:
        raise TableError(
            f"has more than one column {column!r} in its first line", column=column, hint="give each a name"
        )
    like = next((name for name in header if _folded(name) == _folded(column)), None)
    hint = "the first line is a header; name one of its columns with `column:`"
    raise TableError(
        f"has no column {column!r} in its first line",
        column=column,
        hint=hint if like is None else f"did you mean {like!r}?",
    )


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name.casefold()).strip()

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


class Table:
    """A table whose header was read. Raises TableError for what is no table, also in the middle of its rows.

    `expected` are columns that it should have, by which the cells are told apart.
    """

    def __init__(self, text: str, expected: Sequence[str]) -> None:
        text, self._first, delimiter = _without_separator_line(text)
        delimiter = delimiter or _delimiter(text.split("\n", 1)[0], expected)
        self._reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        try:
            self.header = tuple(cell.strip() for cell in next(self._reader, []))
        except csv.Error as error:
            raise self._broken(error) from None

    def index(self, column: str) -> int:
        """Where a column stands in the header; TableError when it does not, or not once."""
        return _index(self.header, column)

    def rows(self, columns: Sequence[str]) -> Iterator[Row]:
        """The rows below the header that are not empty, with the cells of these columns. To be read once."""
        indices = [self.index(column) for column in columns]
        width = len(self.header)
        line = self._first + self._reader.line_num
        try:
            for cells in self._reader:
                begin, line = line, self._first + self._reader.line_num
                if not any(map(str.strip, cells)):
                    continue
                if len(cells) != width:
                    yield Row(begin, (), f"this row has {len(cells)} cells, the header has {width}")
                    continue
                yield Row(begin, tuple([cells[index] for index in indices]))
        except csv.Error as error:
            raise self._broken(error) from None

    def _broken(self, error: csv.Error) -> TableError:
        return TableError(f"is not CSV: {error}", line=self._first + self._reader.line_num - 1)


def read_table(text: str, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a table below its header. Raises TableError, also in the middle of them."""
    return Table(text, columns).rows(columns)


def read_headless(text: str, columns: Sequence[int]) -> Iterator[Row]:
    """The rows of a table without a header, with the cells of these columns, counted from 1. Raises
    TableError, also in the middle of them."""
    text, line, delimiter = _without_separator_line(text)
    delimiter = delimiter or _delimiter(text.split("\n", 1)[0], ())
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    first = line
    try:
        for cells in reader:
            begin, line = line, first + reader.line_num
            if not any(map(str.strip, cells)):
                continue
            if len(cells) < max(columns):
                yield Row(begin, (), f"this row has {len(cells)} cells, and column {max(columns)} is named")
                continue
            yield Row(begin, tuple([cells[column - 1] for column in columns]))
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


def _index(header: Sequence[str], column: str) -> int:
    count = header.count(column)
    if count == 1:
        return header.index(column)
    if count:
        raise TableError(
            f"has more than one column {column!r} in its first line", column=column, hint="give each a name"
        )
    like = next((name for name in header if _folded(name) == _folded(column)), None)
    hint = "the first line is a header; name one of its columns"
    raise TableError(
        f"has no column {column!r} in its first line",
        column=column,
        hint=hint if like is None else f"did you mean {like!r}?",
    )


def _folded(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", name.casefold()).strip()

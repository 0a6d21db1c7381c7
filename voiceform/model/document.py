"""Configuration values that remember where they were written.

A `Block` is a dict and a `Series` is a list, so that validators and kinds use them as plain data; each knows
its own position and that of every key, value and item. A position is kept as one number, in two dicts of each
block: there is one for each key and each value, and as a number it costs a quarter of a pair in memory, and
nothing when the interpreter looks for garbage.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self

from voiceform.model.diagnostics import Position

Mark = int
"""A line and a column as one number that sorts as they do, both from 0, as parsers count: see `mark_of`."""

COLUMNS = 32
"""The bits of a column."""
_COLUMN = (1 << COLUMNS) - 1

MAX_BYTES = 64_000_000
"""The largest file of a configuration that is read."""


def mark_of(line: int, column: int) -> Mark:
    """What stands for a line and a column, which count from 1."""
    return (line - 1) << COLUMNS | (column - 1)


def position_of(mark: Mark, file: str) -> Position:
    """The place in `file` that a mark stands for."""
    return Position(file, (mark >> COLUMNS) + 1, (mark & _COLUMN) + 1)


FIRST = mark_of(1, 1)
"""Where a file begins."""


class Block(dict[str, Any]):
    """A mapping read from YAML; insertion order is source order."""

    __slots__ = ("file", "key_marks", "mark", "value_marks")

    def __init__(
        self,
        items: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        *,
        file: str = "",
        mark: Mark = FIRST,
        key_marks: dict[str, Mark] | None = None,
        value_marks: dict[str, Mark] | None = None,
    ) -> None:
        super().__init__(items)
        self.file = file
        self.mark = mark
        self.key_marks: dict[str, Mark] = key_marks if key_marks is not None else {}
        self.value_marks: dict[str, Mark] = value_marks if value_marks is not None else {}

    @classmethod
    def begun(cls, file: str, mark: Mark) -> Self:
        """An empty one, made at a quarter of the price: a large file has one for each of its objects."""
        made = cls.__new__(cls)
        made.file = file
        made.mark = mark
        made.key_marks = {}
        made.value_marks = {}
        return made

    @property
    def position(self) -> Position:
        """Where the block itself begins."""
        return position_of(self.mark, self.file)

    def key_position(self, key: str) -> Position:
        """Where `key` is written; the block's own position when it is not there."""
        return position_of(self.key_marks.get(key, self.mark), self.file)

    def value_position(self, key: str) -> Position:
        """Where the value of `key` is written; the block's own position when it is not there."""
        return position_of(self.value_marks.get(key, self.mark), self.file)


class Series(list[Any]):
    """A sequence read from YAML."""

    __slots__ = ("file", "item_marks", "mark")

    def __init__(
        self,
        items: Iterable[Any] = (),
        *,
        file: str = "",
        mark: Mark = FIRST,
        item_marks: list[Mark] | None = None,
    ) -> None:
        super().__init__(items)
        self.file = file
        self.mark = mark
        self.item_marks: list[Mark] = item_marks if item_marks is not None else []

    @property
    def position(self) -> Position:
        """Where the sequence itself begins."""
        return position_of(self.mark, self.file)

    def item_position(self, index: int) -> Position:
        """Where item `index` is written; the sequence's own position when it is not known."""
        mark = self.item_marks[index] if index < len(self.item_marks) else self.mark
        return position_of(mark, self.file)

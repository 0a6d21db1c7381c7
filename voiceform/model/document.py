"""Configuration values that remember where they were written.

A `Block` is a dict and a `Series` is a list, so that validators and kinds use them as plain data; each knows
its own position and that of every key, value and item. Positions are kept as (line, column) pairs in one dict
per block, which costs a tenth of a node object per scalar.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from voiceform.model.diagnostics import Position

Mark = tuple[int, int]

MAX_BYTES = 64_000_000
"""The largest file of a configuration that is read."""


class Block(dict[str, Any]):
    """A mapping read from YAML; insertion order is source order."""

    __slots__ = ("file", "key_marks", "mark", "value_marks")

    def __init__(
        self,
        items: Mapping[str, Any] | Iterable[tuple[str, Any]] = (),
        *,
        file: str = "",
        mark: Mark = (1, 1),
        key_marks: dict[str, Mark] | None = None,
        value_marks: dict[str, Mark] | None = None,
    ) -> None:
        super().__init__(items)
        self.file = file
        self.mark = mark
        self.key_marks: dict[str, Mark] = key_marks if key_marks is not None else {}
        self.value_marks: dict[str, Mark] = value_marks if value_marks is not None else {}

    @property
    def position(self) -> Position:
        """Where the block itself begins."""
        return Position(self.file, *self.mark)

    def key_position(self, key: str) -> Position:
        """Where `key` is written; the block's own position when it is not there."""
        return Position(self.file, *self.key_marks.get(key, self.mark))

    def value_position(self, key: str) -> Position:
        """Where the value of `key` is written; the block's own position when it is not there."""
        return Position(self.file, *self.value_marks.get(key, self.mark))


class Series(list[Any]):
    """A sequence read from YAML."""

    __slots__ = ("file", "item_marks", "mark")

    def __init__(
        self,
        items: Iterable[Any] = (),
        *,
        file: str = "",
        mark: Mark = (1, 1),
        item_marks: list[Mark] | None = None,
    ) -> None:
        super().__init__(items)
        self.file = file
        self.mark = mark
        self.item_marks: list[Mark] = item_marks if item_marks is not None else []

    @property
    def position(self) -> Position:
        """Where the sequence itself begins."""
        return Position(self.file, *self.mark)

    def item_position(self, index: int) -> Position:
        """Where item `index` is written; the sequence's own position when it is not known."""
        mark = self.item_marks[index] if index < len(self.item_marks) else self.mark
        return Position(self.file, *mark)

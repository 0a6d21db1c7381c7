"""What of a document can still be looked at where something of it is wrong, so that all is told at once.

Entries in which nothing was found are looked at like any. Of the others, what was found is taken out, and
what an entry cannot be without is stood in for; of these only findings count that say something about one
value (Kind.local_findings): others may come of what is missing now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from voiceform.config.desired import parse_kinds
from voiceform.config.schema import ConfigSchema
from voiceform.kinds.kind import Kind
from voiceform.model.address import Address
from voiceform.model.diagnostics import Diagnostic, Position, Report
from voiceform.model.document import Block, Mark, Series, mark_of

_MOST = 1_000
_ROUNDS = 4


def look_on(
    document: Block,
    kinds: Sequence[Kind[Any]],
    schema: ConfigSchema,
    places: Iterable[Position],
    report: Report,
    *,
    complete: bool,
) -> None:
    """Report what kinds find in a document in which something else is wrong already, at these `places`.
    Where it is not `complete`, for a file cannot be read, nobody knows what is declared."""
    wrong = _Wrong(places)
    sound, mended = Block(file=document.file), Block(file=document.file)
    for kind in kinds:
        section = document.get(kind.section)
        if isinstance(section, Block):
            rest = _mended(section, kind, schema, wrong)
            sound[kind.section] = rest.sound
            mended[kind.section] = rest.mended
        for key in kind.beside:
            value = document.get(key)
            if isinstance(value, Series):
                whole = (item for item in range(len(value)) if not _has(value, item, wrong))
                sound[key] = _items(value, whole)

    def may_be_declared(address: Address) -> bool:
        section = next((kind.section for kind in kinds if kind.name == address.kind), "")
        entries = document.get(section)
        return not complete or not isinstance(entries, Block) or address.name in entries

    declared = parse_kinds(sound, kinds, report, may_be_declared)
    local = frozenset().union(*(kind.local_findings for kind in kinds))

    def about_one_value(found: Diagnostic) -> None:
        if found.code in local:
            report(found)

    parse_kinds(mended, kinds, about_one_value, may_be_declared, declared)


class _Wrong:
    """The places at which something is wrong."""

    def __init__(self, places: Iterable[Position]) -> None:
        self._places = frozenset(places)
        self._marks: dict[str, set[Mark]] = {}
        for place in self._places:
            self._marks.setdefault(place.file, set()).add(mark_of(place.line, place.column))

    def is_at(self, position: Position) -> bool:
        """Whether a place is one of them."""
        return position in self._places

    def is_key(self, block: Block, key: str) -> bool:
        """Whether one is where a key is written."""
        if type(block) is Block:
            return block.key_marks.get(key, block.mark) in self._marks.get(block.file, ())
        return block.key_position(key) in self._places

    def is_nowhere_in(self, value: Any) -> bool:  # noqa: ANN401 - YAML value
        """Whether none of them is in a mapping or a list of one file. False also where that would have to be
        looked for more closely: most of a large file is found to be sound by this."""
        inner: Iterable[Any]
        marks: tuple[Iterable[Mark], ...]
        if type(value) is Block:
            inner, marks = value.values(), (value.key_marks.values(), value.value_marks.values())
        elif type(value) is Series:
            inner, marks = value, (value.item_marks,)
        else:
            return False
        wrong = self._marks.get(value.file)
        if wrong is not None and not all(map(wrong.isdisjoint, marks)):
            return False
        return all(map(self.is_nowhere_in, [item for item in inner if isinstance(item, dict | list)]))


@dataclass(slots=True)
class _Rest:
    """The entries of a section in which nothing is wrong, and what is left of the others."""

    sound: Block = field(default_factory=Block)
    mended: Block = field(default_factory=Block)


def _mended(section: Block, kind: Kind[Any], schema: ConfigSchema, wrong: _Wrong) -> _Rest:
    left = _picked(section, (key for key in section if not wrong.is_key(section, key)))
    touched = set()
    for key in list(left):
        value = left[key]
        if wrong.is_nowhere_in(value):
            continue
        if isinstance(value, Block):
            left[key] = _picked(value, (name for name in value if not _is_wrong_at(value, name, wrong)))
        elif isinstance(value, Series):
            left[key] = _items(value, (item for item in range(len(value)) if not _has(value, item, wrong)))
        elif wrong.is_at(section.value_position(key)):
            del left[key]
            continue
        if left[key] != value:
            touched.add(key)
    touched |= _fitted(left, kind, schema)
    return _Rest(
        _picked(left, (key for key in left if key not in touched)),
        _picked(left, (key for key in left if key in touched)),
    )


def _fitted(section: Block, kind: Kind[Any], schema: ConfigSchema) -> set[str]:
    """Let the schema accept the section: take out what it refuses, and stand in for what is missing. Returns
    the keys of the entries that were changed."""
    touched: set[str] = set()
    for last in [False] * _ROUNDS + [True]:
        document = Block({kind.section: section}, file=section.file)
        paths = [found.path for found in islice(schema.validator.refusals(document), _MOST)]
        for _, entry, *deeper in (path for path in paths if len(path) > 1):
            key = str(entry)
            if key not in section:
                continue
            touched.add(key)
            if isinstance(section[key], Block):  # the document itself stays as it is
                section[key] = _picked(section[key], section[key])
            if last or not _repaired(section[key], deeper, kind):
                del section[key]
        if not paths:
            return touched
    section.clear()
    return touched


def _repaired(entry: Any, deeper: Sequence[str | int], kind: Kind[Any]) -> bool:  # noqa: ANN401 - YAML value
    """Take out what is wrong in an entry, or put in what it lacks; False when nothing helps."""
    if deeper and isinstance(entry, Block):
        entry.pop(str(deeper[0]), None)
        return True
    if deeper and isinstance(entry, Series) and isinstance(deeper[0], int) and deeper[0] < len(entry):
        del entry[deeper[0]]
        return True
    lacking = [key for key in kind.stand_ins if isinstance(entry, Block) and key not in entry]
    for key in lacking:
        entry[key] = _block(kind.stand_ins[key], entry)
    return bool(lacking)


def _block(value: Any, owner: Block) -> Any:  # noqa: ANN401 - any JSON value
    return Block(value, file=owner.file, mark=owner.mark) if isinstance(value, dict) else value


def _is_wrong_at(block: Block, key: str, wrong: _Wrong) -> bool:
    return wrong.is_key(block, key) or _holds(block[key], block.value_position(key), wrong)


def _has(series: Series, index: int, wrong: _Wrong) -> bool:
    return _holds(series[index], series.item_position(index), wrong)


def _holds(value: Any, position: Position, wrong: _Wrong) -> bool:  # noqa: ANN401 - YAML value
    """Whether something is wrong at `position` or anywhere in the value that stands there."""
    if wrong.is_at(position):
        return True
    if isinstance(value, Block):
        return any(_is_wrong_at(value, key, wrong) for key in value)
    return isinstance(value, Series) and any(_has(value, item, wrong) for item in range(len(value)))


def _picked(block: Block, keys: Iterable[str]) -> Block:
    return Block(
        {key: block[key] for key in keys},
        file=block.file,
        mark=block.mark,
        key_marks=block.key_marks,
        value_marks=block.value_marks,
    )


def _items(series: Series, kept: Iterable[int]) -> Series:
    indices = list(kept)
    marks = [mark_of(place.line, place.column) for place in map(series.item_position, indices)]
    return Series([series[item] for item in indices], file=series.file, mark=series.mark, item_marks=marks)

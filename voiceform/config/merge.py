"""Several files to one document.

How the values of one key come together is said by the schema, with the annotation `x-merge`: `keys` joins
two mappings, in which no key may be given twice; `named` joins two lists whose items have a `name`, which no
two may share (the kind that reads the list looks); `agree` lets both say the same (mappings: key by key).
Without it a key may be given once. Everything else about the values was checked file by file before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from voiceform.config.problems.wording import bare
from voiceform.model.diagnostics import Diagnostic, Position, Report
from voiceform.model.document import Block, Series

Schema = Mapping[str, Any]
Lookup = Callable[[Schema, str], Schema]
"""(schema of a mapping, key) -> schema of the value."""

EXTENSION = "x-"
"""Top-level keys that begin so hold anchors for the rest of their file and mean nothing by themselves."""

_ADDRESS_DEPTH = 2


class MergedBlock(Block):
    """A mapping whose keys come from several files."""

    __slots__ = ("_homes",)

    def __init__(self, block: Block) -> None:
        super().__init__(
            block,
            file=block.file,
            mark=block.mark,
            key_marks=dict(block.key_marks),
            value_marks=dict(block.value_marks),
        )
        homes = block._homes if isinstance(block, MergedBlock) else dict.fromkeys(block, block)
        self._homes: dict[str, Block] = dict(homes)

    def adopt(self, key: str, home: Block) -> None:
        """Take over a key and its value from `home`."""
        self[key] = home[key]
        self._homes[key] = home

    def key_position(self, key: str) -> Position:
        """Where `key` is written, in whichever file."""
        home = self._homes.get(key)
        return home.key_position(key) if home is not None else self.position

    def value_position(self, key: str) -> Position:
        """Where the value of `key` is written, in whichever file."""
        home = self._homes.get(key)
        return home.value_position(key) if home is not None else self.position


class MergedSeries(Series):
    """A sequence of mappings that come from several files."""

    __slots__ = ()

    def item_position(self, index: int) -> Position:
        """Where item `index` is written, in whichever file."""
        item = self[index]
        return item.position if isinstance(item, Block) else super().item_position(index)


def merge_documents(
    documents: Sequence[Block],
    schema: Schema,
    *,
    lookup: Lookup,
    addresses: Mapping[str, str],
    report: Report,
) -> Block:
    """One document of all files; contradictions are reported, each naming both places.

    `addresses` gives the kind for each section, so that messages can name the address.
    """
    merger = _Merger(lookup, addresses, report)
    first, *others = documents
    if not others:
        return first
    merged = MergedBlock(first)
    for document in others:
        merger.join(merged, document, schema, (), agree=False)
    return merged


def without_extensions(document: Block) -> Block:
    """`document` without the top-level keys that only hold anchors."""
    for key in [key for key in document if key.startswith(EXTENSION)]:
        del document[key]
    return document


class _Merger:
    def __init__(self, lookup: Lookup, addresses: Mapping[str, str], report: Report) -> None:
        self._lookup = lookup
        self._addresses = addresses
        self._report = report

    def join(
        self, into: MergedBlock, other: Block, schema: Schema, path: tuple[str, ...], *, agree: bool
    ) -> None:
        """Take over the keys of `other`; `agree` says that both may give the same value."""
        for key in other:
            if key not in into:
                into.adopt(key, other)
            else:
                self._join_key(into, key, other, self._lookup(schema, key), (*path, key), agree=agree)

    def _join_key(
        self,
        into: MergedBlock,
        key: str,
        other: Block,
        schema: Schema,
        path: tuple[str, ...],
        *,
        agree: bool,
    ) -> None:
        """Bring two values of one key together."""
        ours, theirs = into[key], other[key]
        strategy = schema.get("x-merge")
        agree = agree or strategy == "agree"
        mergeable = agree or strategy == "keys"
        if mergeable and isinstance(ours, Block) and isinstance(theirs, Block):
            nested = MergedBlock(ours)
            into[key] = nested
            self.join(nested, theirs, schema, path, agree=agree)
        elif strategy == "named" and isinstance(ours, Series) and isinstance(theirs, Series):
            into[key] = MergedSeries([*ours, *theirs])
        elif agree:
            if ours != theirs:
                self._complain("disagreement", "is given differently at", into, key, other, path)
        elif not mergeable:
            self._complain("duplicate-address", "is already declared at", into, key, other, path)

    def _complain(
        self, code: str, problem: str, into: Block, key: str, other: Block, path: tuple[str, ...]
    ) -> None:
        kind = self._addresses.get(path[0])
        address = f"{kind}.{path[1]}" if kind and len(path) == _ADDRESS_DEPTH else None
        name = "this name" if address else ".".join(map(bare, path))
        self._report(
            Diagnostic(
                code,
                f"{name} {problem} {into.key_position(key)}",
                other.key_position(key),
                hint="remove one of them" if code == "duplicate-address" else "make them agree",
                address=address,
            )
        )

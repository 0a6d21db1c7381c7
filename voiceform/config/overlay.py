"""Overlays: what differs in one environment, laid over a configuration that is whole without it.

An overlay changes fields of what the configuration declares, and declares nothing itself: a name that the
configuration lacks is misspelt more often than meant, and a misspelt queue would be a second one. Mappings
are laid over key by key; a text, a number or a list takes the place of what was there; null takes a field
away. Rules in a list are told by their `name`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voiceform.config.merge import MergedBlock, MergedSeries
from voiceform.config.problems.wording import bare, both, closest
from voiceform.config.schema import ConfigSchema
from voiceform.model.diagnostics import Diagnostic, Position, Report
from voiceform.model.document import Block, Series

Path = tuple[str, ...]
_NAMED = 5


def overlaid(
    document: Block,
    overlays: Sequence[Block],
    schema: ConfigSchema,
    addresses: Mapping[str, str],
    report: Report,
) -> Block:
    """`document` with every overlay over it, in their order. What an overlay names and the document lacks is
    reported; `addresses` gives the kind for each section."""
    laying = _Laying(schema, addresses, report)
    for overlay in overlays:
        document = laying.over(document, overlay, schema.root, ())
    return document


class _Laying:
    def __init__(self, schema: ConfigSchema, addresses: Mapping[str, str], report: Report) -> None:
        self._schema = schema
        self._addresses = addresses
        self._report = report

    def over(self, base: Block, overlay: Block, node: Mapping[str, Any], path: Path) -> MergedBlock:
        """One mapping over another."""
        result = MergedBlock(base)
        node = self._schema.resolve(node)
        for key, value in overlay.items():
            below = (*path, key)
            if _has_entries(node) and key not in base:
                self._unknown(below, overlay.key_position(key), base)
            elif value is None:
                self._take_away(result, overlay, key, path, node)
            else:
                self._lay(result, overlay, key, self._schema.child(node, key), below)
        return result

    def _lay(
        self, result: MergedBlock, overlay: Block, key: str, node: Mapping[str, Any], path: Path
    ) -> None:
        """One value over another."""
        ours, value = result.get(key), overlay[key]
        if isinstance(value, Block) and (isinstance(ours, Block) or _leads_to_entries(node)):
            if not isinstance(ours, Block):
                result.adopt(key, overlay)
                ours = Block(file=value.file, mark=value.mark)
            result[key] = self.over(ours, value, node, path)
        elif isinstance(value, Series) and self._is_of_named(node):
            known = ours if isinstance(ours, Series) else Series(file=value.file, mark=value.mark)
            if ours is None:
                result.adopt(key, overlay)
            result[key] = self._named(known, value, node["items"], path)
        else:
            result.adopt(key, overlay)

    def _named(self, base: Series, overlay: Series, node: Mapping[str, Any], path: Path) -> Series:
        """Rules over those of the same name, which stay where they are in the list."""
        result = MergedSeries(base)
        places = {item.get("name"): index for index, item in enumerate(base) if isinstance(item, Block)}
        for index, item in enumerate(overlay):
            name = item.get("name") if isinstance(item, Block) else None
            if name in places:
                at = places[name]
                result[at] = self.over(result[at], item, node, (*path, str(name)))
            else:
                self._unknown((*path, str(name or f"[{index}]")), overlay.item_position(index), places)
        return result

    def _take_away(
        self, result: MergedBlock, overlay: Block, key: str, path: Path, node: Mapping[str, Any]
    ) -> None:
        position = overlay.key_position(key)
        if self._is_declared(node, path, key):
            self._report(
                Diagnostic(
                    "overlay-removal",
                    f"an overlay takes fields away, and {'.'.join(map(bare, (*path, key)))} is none",
                    position,
                    hint="write {} for no change; what this environment is not to have stands in a file of"
                    " its own, which -f does not name here",
                    address=self._address((*path, key)),
                )
            )
        elif key not in result:
            self._unknown((*path, key), position, result)
        else:
            del result[key]

    def _unknown(self, path: Path, position: Position, known: Mapping[Any, Any]) -> None:
        names = [name for name in known if isinstance(name, str)]
        meant = closest(path[-1], names)
        given = f"what is there: {both(names[:_NAMED])}; " if names and len(names) <= _NAMED else ""
        self._report(
            Diagnostic(
                "overlay-unknown",
                f"there is no {'.'.join(map(bare, path))} under this overlay",
                position,
                hint=f"did you mean {meant}?"
                if meant
                else f"{given}declare what is new in a file of its own, and name that with -f",
                address=self._address(path),
            )
        )

    def _address(self, path: Path) -> str | None:
        kind = self._addresses.get(path[0])
        if kind is None or len(path) < (depth := self._depth(path[0])):
            return None
        return ".".join((kind, *path[1:depth]))

    def _depth(self, section: str) -> int:
        """How many keys lead to an object: where a section has several sorts of them, the sort is one."""
        return 2 if _has_entries(self._schema.resolve(self._schema.child(self._schema.root, section))) else 3

    def _is_declared(self, node: Mapping[str, Any], path: Path, key: str) -> bool:
        """Whether a key stands for an object, for all of a sort or for a section, and so for no field."""
        if not path:
            return key in self._addresses
        below = self._schema.resolve(self._schema.child(node, key))
        return path[0] in self._addresses and (
            (len(path) + 1 == self._depth(path[0]) and _has_entries(node))
            or (len(path) + 2 == self._depth(path[0]) and (_has_entries(below) or self._is_of_named(below)))
        )

    def _is_of_named(self, node: Mapping[str, Any]) -> bool:
        items = node.get("items")
        return isinstance(items, dict) and "name" in self._schema.resolve(items).get("required", ())


def _has_entries(node: Mapping[str, Any]) -> bool:
    """Whether the keys of a mapping are names that people choose."""
    return isinstance(node.get("additionalProperties"), dict) and bool(node["additionalProperties"])


def _leads_to_entries(node: Mapping[str, Any]) -> bool:
    """Whether a mapping that is not there may hold none but what names something."""
    return _has_entries(node) or any(
        isinstance(child, dict) and (_has_entries(child) or "items" in child)
        for child in node.get("properties", {}).values()
    )

"""docs/configuration.md: every key of voiceform.yaml, from the schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from schemas.reference.tables import cell, code, table
from schemas.source.document import document, sections

Node = dict[str, Any]
_TYPES = {
    "boolean": "true or false",
    "object": "block",
    "array": "list",
    "number": "number",
    "null": "nothing",
}
_BOUNDS = {
    ("minimum", "maximum"): "from {0} to {1}",
    ("minLength", "maxLength"): "of {0} to {1} characters",
    ("minItems", "maxItems"): "of {0} to {1}",
}
_ONE_SIDED = {
    "minimum": "from {0}",
    "maximum": "up to {0}",
    "exclusiveMinimum": "above {0}",
    "maxLength": "of at most {0} characters",
    "maxItems": "of at most {0}",
}


def page() -> str:
    """The page."""
    return "\n".join(_Page(document(sections())).lines()) + "\n"


INTRODUCTION = """\
# voiceform.yaml, key by key

Written from the schema that voiceform checks with, `voiceform schema config`; editors show the same. An error
names the place, and `voiceform explain CODE` says more of it.

**Variables.** Wherever a value stands that is no list and no mapping, `${NAME}` or `${NAME:-default}` may
stand, as a part of a text too; never in a key. `$${` is a literal `${`. Variables are those of the
environment and, where it has none of that name, of `--env-file`. A number or a switch from a variable stands
on a line of its own, without quotes: `max_size: ${SIZE:-50}`. What came from a variable is shown in plans
only where the last column says so; elsewhere people see the `${NAME}`.

**Durations** are a whole number and a unit: `45s`, `15m`, `12h`, `90d`. **Phone numbers** stand in quotes and
in international form: `"+15558675310"`.

**Templates.** Keys at the top that begin with `x-` are ignored; they are a place for YAML anchors
([recipes](recipes.md#templates)). What differs in one environment is an
[overlay](recipes.md#one-configuration-two-accounts).
"""


class _Page:
    """One page; a block that several keys refer to is told once, where it is met first."""

    def __init__(self, schema: Node) -> None:
        self.schema = schema
        self.told: dict[str, str] = {}
        """Name of a definition -> the path under which it is told."""

    def lines(self) -> Iterator[str]:
        """All of it."""
        yield from INTRODUCTION.splitlines()
        properties: Mapping[str, Node] = self.schema["properties"]
        yield from ("", "## The top of the file", "")
        yield from self._table(self.schema, "")
        for key, node in properties.items():
            yield from self._inner(key, node, 2)

    def _table(self, block: Node, path: str) -> Iterator[str]:
        """The keys of one block."""
        required = set(block.get("required", ()))
        rows = []
        for key, node in block["properties"].items():
            full = self._resolved(node)
            rows.append(
                (
                    f"`{key}`{' (required)' if key in required else ''}",
                    cell(_description(full)),
                    self._type(node, f"{path}.{key}".lstrip(".")),
                    _default(full),
                    _example(full),
                    {True: "shown", "numbers": "masked"}.get(full.get("x-public", ""), _variable(full)),
                )
            )
        yield from table(("key", "what it says", "type", "default", "example", "variable"), rows)

    def _inner(self, path: str, node: Node, level: int) -> Iterator[str]:
        """What stands below a key that holds blocks."""
        name, _full = self._named(node)
        for suffix, part in self._parts(node):
            yield from self._block(f"{path}{suffix}", part, level, name if not suffix else None)

    def _block(self, path: str, node: Node, level: int, name: str | None) -> Iterator[str]:
        inner, full = self._named(node)
        name = inner or name
        if "properties" not in full:
            if list(self._parts(full)):
                yield from self._inner(path, full, level)
            return
        if name is not None and name in self.told:
            return
        if name is not None:
            self.told[name] = path
        yield from ("", f"{'#' * min(level, 4)} {path}", "", _description(full), "")
        yield from self._table(full, path)
        for key, item in full["properties"].items():
            yield from self._inner(f"{path}.{key}", item, level + 1)

    def _parts(self, node: Node) -> Iterator[tuple[str, Node]]:
        """What of a key's value may be blocks, with what stands behind the key's path for each."""
        full = self._resolved(node)
        if "properties" in full:
            yield "", node
            return
        for item in full.get("oneOf", ()):
            yield from self._parts(item)
        if isinstance(full.get("additionalProperties"), dict) and full["additionalProperties"]:
            yield ".NAME", full["additionalProperties"]
        if isinstance(full.get("items"), dict):
            yield "[]", full["items"]

    def _named(self, node: Node) -> tuple[str | None, Node]:
        """The name of the definition that a node refers to, and what it is."""
        reference = node.get("$ref", "").removeprefix("#/$defs/")
        return (reference or None), self._resolved(node)

    def _resolved(self, node: Node) -> Node:
        reference = node.get("$ref", "").removeprefix("#/$defs/")
        if not reference:
            return node
        said = {key: value for key, value in node.items() if key != "$ref"}
        return {**self.schema["$defs"][reference], **said}

    def _type(self, node: Node, path: str) -> str:
        """What may stand at a key, in words; blocks are links to where they are told."""
        full = self._resolved(node)
        alternatives = full.get("oneOf", [])
        if alternatives and "properties" not in full:
            return " or ".join(self._type(item, path) for item in alternatives)
        checks = _checks(full)
        if "const" in checks:
            return code(json.dumps(checks["const"]))
        if "enum" in checks:
            return ", ".join(
                code(word if isinstance(word, str) else json.dumps(word)) for word in checks["enum"]
            )
        kinds = checks.get("type", "string")
        kind = next(name for name in ([kinds] if isinstance(kinds, str) else kinds) if name != "null")
        if kind == "array":
            return f"list of: {self._type(checks['items'], path + '[]')}{_bounds(checks)}"
        if kind == "object":
            return self._block_type(node, full, path)
        if "patternErrorMessage" in checks:
            return _form(checks["patternErrorMessage"])
        noun = {"string": "text", "integer": "whole number"}.get(kind, _TYPES.get(kind, kind))
        return f"{noun}{_bounds(checks)}"

    def _block_type(self, node: Node, full: Node, path: str) -> str:
        if "properties" not in full:
            named = self._resolved(full["additionalProperties"])
            if named.get("type") == "array":
                return f"by name: {self._type(named, f'{path}.NAME')}"
            return f"[block by name](#{_anchor(f'{path}.NAME')})"
        name, _ = self._named(node)
        return f"[block](#{_anchor(self.told.get(name or '', path))})"


def _description(node: Node) -> str:
    return str(node.get("description") or node.get("title") or "")


def _default(node: Node) -> str:
    return code(json.dumps(node["default"], ensure_ascii=False)) if "default" in node else ""


def _example(node: Node) -> str:
    examples = node.get("examples") or []
    if not examples:
        return ""
    text = json.dumps(examples[0], ensure_ascii=False)
    return code(
        text if isinstance(examples[0], dict | list) or not _is_plain(examples[0]) else str(examples[0])
    )


def _is_plain(value: object) -> bool:
    """Whether a text needs no quotes in YAML."""
    return isinstance(value, str) and value[:1].isalpha() and not set(value) & set(":#{}[],&*?|<>=!%@`\"'")


def _variable(node: Node) -> str:
    """Values whose every possibility is public anyway need no word."""
    checks = _checks(node)
    if "enum" in checks or checks.get("type") in ("boolean", "integer", "number"):
        return "shown"
    return "" if {"properties", "additionalProperties", "items", "oneOf", "const"} & set(node) else "hidden"


def _bounds(checks: Node) -> str:
    for (low, high), words in _BOUNDS.items():
        if low in checks and high in checks and not (low == "minLength" and checks[low] <= 1):
            return " " + words.format(checks[low], f"{checks[high]:,}")
    said = [words.format(f"{checks[key]:,}") for key, words in _ONE_SIDED.items() if key in checks]
    return f" {', '.join(said)}" if said else ""


def _form(message: str) -> str:
    """What a text has to be, out of the message about any other."""
    if "duration of one whole number" in message:
        return "duration"
    if message.startswith("must be 1 to 64 letters"):
        return "name"
    return cell(message.removeprefix("must be ") if message.startswith("must be ") else f"text; {message}")


def _anchor(path: str) -> str:
    """As GitHub makes it of a heading."""
    return "".join(mark for mark in path.lower() if mark.isalnum() or mark in "-_ ").replace(" ", "-")


def _checks(node: Node) -> Node:
    """What a value has to be that is no variable: see schemas/source/values.py."""
    is_scalar = node.get("if") == {"$ref": "#/$defs/variable"}
    checks: Node = node["else"] if is_scalar else node
    return checks

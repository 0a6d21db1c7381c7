"""Finds everything that a JSON Schema refuses in a document, with jsonschema-rs."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from jsonschema_rs import Draft202012Validator, ValidationError, ValidationErrorKind

from voiceform.model.unshown import Sourced

if TYPE_CHECKING:
    from voiceform.config.problems.problem import Path, Refusal, Schema

_NAMES = "x-names"
_LOSSY = re.compile(r"\+?[0-9]{1,20}")
_DIGITS = frozenset("+0123456789")
_PLAIN = frozenset((str, int, float, bool, type(None)))
"""Types of values that are the same in a copy; texts of the environment are of another."""


class Validator:
    """Checks documents against one schema, which is not changed from now on."""

    def __init__(self, root: Schema) -> None:
        self._root: Schema = _bounded(root, root)
        self._parts: dict[int, Draft202012Validator] = {}
        self._first: tuple[frozenset[str], Draft202012Validator] | None = None

    @cached_property
    def _library(self) -> Draft202012Validator:
        return Draft202012Validator(dict(self._root))

    def accepts(self, document: Any, *, sourced: bool) -> bool:  # noqa: ANN401 - any YAML value
        """Whether nothing is wrong; the common case, which costs little. A document that is `sourced` may
        hold texts of the environment (Sourced)."""
        return self._judge_of(document).is_valid(_Copy(document).plain if sourced else document)

    def _judge_of(self, document: Any) -> Draft202012Validator:  # noqa: ANN401 - any YAML value
        """What tells of a document whether it is valid: of the first one it knows no more than the keys at
        its top, because to compile the rules of all others takes ten times as long."""
        known: Mapping[str, Any] = self._root.get("properties", {})
        if not isinstance(document, dict) or not known:
            return self._library
        keys = known.keys() & document.keys()
        if self._first is None:
            rules = {**self._root, "properties": {key: known[key] for key in keys}}
            self._first = frozenset(keys), Draft202012Validator(rules)
        return self._first[1] if keys <= self._first[0] else self._library

    def part_accepts(self, schema: Schema, value: Any) -> bool:  # noqa: ANN401 - any YAML value
        """The same for a value by `schema`, which is a part of the root as it was given."""
        if id(schema) not in self._parts:
            self._parts[id(schema)] = Draft202012Validator({**schema, "$defs": self._root.get("$defs", {})})
        return self._parts[id(schema)].is_valid(value)

    def refusals(self, document: Any) -> Iterator[Refusal]:  # noqa: ANN401 - any YAML value
        """Everything that is wrong, lazily; keys that a mapping lacks one by one."""
        copy = _Copy(document)
        for error in self._library.iter_errors(copy.plain):
            yield from self._refusals(error, copy)

    def _refusals(self, error: ValidationError, copy: _Copy) -> Iterable[Refusal]:
        from voiceform.config.problems.problem import Refusal

        kind: Any = error.kind
        path, instance = copy.original(error.instance_path)
        *place, rule = error.schema_path
        schema = _at(self._root, place)
        if isinstance(kind, ValidationErrorKind.AdditionalProperties) and _NAMES in schema:
            names = schema[_NAMES]
            known = copy.names_at(error.instance_path)
            return [
                Refusal("pattern", names["pattern"], names, known.get(name, name), path, names=True)
                for name in kind.unexpected
            ]
        branches: tuple[tuple[Refusal, ...], ...] = ()
        if isinstance(kind, ValidationErrorKind.AnyOf | ValidationErrorKind.OneOfNotValid):
            branches = tuple(
                tuple(found for inner in branch for found in self._refusals(inner, copy))
                for branch in kind.context
            )
        return [Refusal(str(rule), schema[rule], schema, instance, path, names=False, branches=branches)]


class _Copy:
    """A document as the library can take it and tell where in it something is.

    It takes no subclasses of text (Sourced). In its places it makes numbers of keys that are digits, so that
    `09` and `9` are the same: such keys are others in here.
    """

    def __init__(self, document: Any) -> None:  # noqa: ANN401 - any YAML value
        self._document = document
        self._names: dict[int, dict[str, str]] = {}
        self.plain = self._copied(document)

    def original(self, path: Sequence[str | int]) -> tuple[Path, Any]:
        """A place in the copy, and what is there, as the document has it."""
        place: list[str | int] = []
        node, plain = self._document, self.plain
        for step in path:
            place.append(self._names.get(id(plain), {}).get(step, step) if isinstance(step, str) else step)
            node, plain = node[place[-1]], plain[step]
        return tuple(place), node

    def names_at(self, path: Sequence[str | int]) -> Mapping[str, str]:
        """The keys that are others in here, of the mapping at a place, with what they are."""
        return self._names.get(id(_at(self.plain, path)), {})

    def _copied(self, value: Any) -> Any:  # noqa: ANN401 - any YAML value
        if isinstance(value, list):
            return [self._copied(item) for item in value]
        if not isinstance(value, dict):
            return str(value) if isinstance(value, Sourced) else value
        names = {_free(key, value): key for key in value if key[:1] in _DIGITS and _LOSSY.fullmatch(key)}
        if not names:
            # Nearly every value is one that needs no look.
            return {key: item if type(item) in _PLAIN else self._copied(item) for key, item in value.items()}
        others = {key: name for name, key in names.items()}
        copy = {others.get(key, key): self._copied(item) for key, item in value.items()}
        self._names[id(copy)] = names
        return copy


def _free(key: str, taken: Container[str]) -> str:
    """Another key, right by the rules of names where `key` is."""
    found = f"n{key}" if key.isdigit() else f"{key}?"
    while found in taken:
        found = f"n{found}" if key.isdigit() else f"{found}?"
    return found


def _at(node: Any, path: Sequence[str | int]) -> Any:  # noqa: ANN401 - any JSON value
    for step in path:
        node = node[step]
    return node


def _bounded(node: Any, root: Schema) -> Any:  # noqa: ANN401 - any JSON value
    """The schema with the names of mappings in the form of which errors are cheap.

    The library copies a whole mapping into the error of each bad name: a mapping of a thousand of them would
    cost a thousand copies. Unknown keys it tells in one error.
    """
    if isinstance(node, list):
        return [_bounded(item, root) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _bounded(value, root) for key, value in node.items()}
    names = found.pop("propertyNames", None)
    if names is not None:
        names = _at(root, names["$ref"].removeprefix("#/").split("/")) if "$ref" in names else names
        entry = found.pop("additionalProperties")
        found |= {_NAMES: names, "patternProperties": {names["pattern"]: entry}}
        found["additionalProperties"] = False
    return found

"""Finds every refusal of a JSON Schema in a document, one after the other, and at a low price each.

The schema is compiled once into one function per rule. A document of a megabyte may be wrong in a hundred
thousand places, so a refusal is a small record and costs some microseconds. Keywords that it does not know it
takes for annotations.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from voiceform.config.problems.problem import Path, Refusal, Schema, repeated

Check = Callable[[Any, Path], Iterable[Refusal]]
"""(value, its path) -> what is wrong with it."""
Test = Callable[[Any], bool]
"""value -> whether it is right."""

_NOTHING: tuple[Refusal, ...] = ()
_DOLLAR = re.compile(r"(?<!\\)\$")


class Validator:
    """Checks values against the schemas of one root."""

    def __init__(self, root: Schema, resolve: Callable[[Schema], Schema]) -> None:
        self._resolve = resolve
        self._compiled: dict[tuple[int, bool], Check] = {}
        self._root = self.compile(root)

    def refusals(self, document: Any) -> Iterable[Refusal]:  # noqa: ANN401 - any YAML value
        """Everything that the root refuses, in the order of the schema, lazily."""
        return self._root(document, ())

    def compile(self, schema: Schema, names: bool = False) -> Check:
        """The check of one schema; `names` when it judges the keys of a mapping."""
        schema = self._resolve(schema)
        known = self._compiled.get((id(schema), names))
        if known is not None:
            return known
        checks: list[Check] = []
        self._compiled[id(schema), names] = _all(checks)  # before its parts: they may name it again
        tests: list[tuple[Test, str, Any]] = []
        for rule, wanted in schema.items():
            if rule in _PREDICATES:
                tests.append((_PREDICATES[rule](wanted), rule, wanted))
            elif rule in _APPLICATORS:
                checks.append(_APPLICATORS[rule](self, wanted, schema))
        if tests:
            checks.insert(0, _values(tests, schema, names))
        if len(checks) == 1:
            self._compiled[id(schema), names] = checks[0]
        return self._compiled[id(schema), names]

    def accepts(self, schema: Schema) -> Callable[[Any], bool]:
        """Whether a schema accepts a value, as a function."""
        check = self.compile(schema)
        return lambda value: next(iter(check(value, ())), None) is None


def _all(checks: Sequence[Check]) -> Check:
    """What any of several checks finds; the list may grow after this."""

    def check(value: Any, path: Path) -> Iterable[Refusal]:  # noqa: ANN401 - any YAML value
        found = [some for one in checks if (some := one(value, path))]
        return found[0] if len(found) == 1 else chain.from_iterable(found) if found else _NOTHING

    return check


def _values(tests: Sequence[tuple[Test, str, Any]], schema: Schema, names: bool) -> Check:
    """The rules that look at a value alone."""

    def check(value: Any, path: Path) -> Iterable[Refusal]:  # noqa: ANN401 - any YAML value
        wrong = [(rule, wanted) for test, rule, wanted in tests if not test(value)]
        if not wrong:
            return _NOTHING
        return tuple(Refusal(rule, wanted, schema, value, path, names) for rule, wanted in wrong)

    return check


def _type(wanted: str | Sequence[str]) -> Test:
    """Whether a value is of a type of JSON Schema; 2.0 is an integer, true is no number."""
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    classes = tuple(_TYPES[name] for name in names)
    switch, whole = "boolean" in names, "integer" in names

    def test(value: Any) -> bool:  # noqa: ANN401 - any YAML value
        if isinstance(value, bool):
            return switch
        return isinstance(value, classes) or (whole and isinstance(value, float) and value.is_integer())

    return test


_TYPES: Mapping[str, Any] = {
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}


def _is_same(value: Any, other: Any) -> bool:  # noqa: ANN401 - any YAML value
    return value == other and isinstance(value, bool) == isinstance(other, bool)


def _enum(wanted: Sequence[Any]) -> Test:
    if all(isinstance(word, str) for word in wanted):
        words = frozenset(wanted)
        return lambda value: isinstance(value, str) and value in words
    return lambda value: any(_is_same(value, word) for word in wanted)


def _is_number(value: Any) -> bool:  # noqa: ANN401 - any YAML value
    return isinstance(value, int | float) and not isinstance(value, bool)


def _pattern(wanted: str) -> Test:
    """A dollar sign means the very end, as in the compiled check and in editors."""
    search = re.compile(_DOLLAR.sub(r"\\Z", wanted)).search
    return lambda value: not isinstance(value, str) or search(value) is not None


def _unique(wanted: bool) -> Test:
    return lambda value: not wanted or not isinstance(value, list) or repeated(value) is None


_PREDICATES: Mapping[str, Callable[[Any], Test]] = {
    "type": _type,
    "const": lambda wanted: lambda value: _is_same(value, wanted),
    "enum": _enum,
    "pattern": _pattern,
    "minLength": lambda wanted: lambda value: not isinstance(value, str) or len(value) >= wanted,
    "maxLength": lambda wanted: lambda value: not isinstance(value, str) or len(value) <= wanted,
    "minimum": lambda wanted: lambda value: not _is_number(value) or value >= wanted,
    "maximum": lambda wanted: lambda value: not _is_number(value) or value <= wanted,
    "exclusiveMinimum": lambda wanted: lambda value: not _is_number(value) or value > wanted,
    "exclusiveMaximum": lambda wanted: lambda value: not _is_number(value) or value < wanted,
    "multipleOf": lambda wanted: lambda value: not _is_number(value) or value % wanted == 0,
    "minItems": lambda wanted: lambda value: not isinstance(value, list) or len(value) >= wanted,
    "maxItems": lambda wanted: lambda value: not isinstance(value, list) or len(value) <= wanted,
    "uniqueItems": _unique,
    "minProperties": lambda wanted: lambda value: not isinstance(value, dict) or len(value) >= wanted,
    "maxProperties": lambda wanted: lambda value: not isinstance(value, dict) or len(value) <= wanted,
    "required": lambda wanted: lambda value: not isinstance(value, dict) or all(k in value for k in wanted),
}


def _properties(validator: Validator, wanted: Mapping[str, Schema], _: Schema) -> Check:
    checks = {key: validator.compile(part) for key, part in wanted.items()}

    def check(value: Any, path: Path) -> Iterator[Refusal]:  # noqa: ANN401 - any YAML value
        if isinstance(value, dict):
            for key, item in value.items():
                if key in checks:
                    yield from checks[key](item, (*path, key))

    return check


def _additional(validator: Validator, wanted: Any, schema: Schema) -> Check:  # noqa: ANN401 - a schema
    known = schema.get("properties", {})
    patterns = [re.compile(pattern) for pattern in schema.get("patternProperties", {})]
    inner = validator.compile(wanted) if isinstance(wanted, Mapping) else None

    def extra(key: str) -> bool:
        return key not in known and not any(pattern.search(key) for pattern in patterns)

    def check(value: Any, path: Path) -> Iterator[Refusal]:  # noqa: ANN401 - any YAML value
        if not isinstance(value, dict) or wanted is True:
            return
        if inner is None:
            if any(map(extra, value)):
                yield Refusal("additionalProperties", wanted, schema, value, path, names=False)
            return
        for key, item in value.items():
            if extra(key):
                yield from inner(item, (*path, key))

    return check


def _pattern_properties(validator: Validator, wanted: Mapping[str, Schema], _: Schema) -> Check:
    checks = [(re.compile(pattern).search, validator.compile(part)) for pattern, part in wanted.items()]

    def check(value: Any, path: Path) -> Iterator[Refusal]:  # noqa: ANN401 - any YAML value
        if isinstance(value, dict):
            for matches, inner in checks:
                for key in filter(matches, value):
                    yield from inner(value[key], (*path, key))

    return check


def _names(validator: Validator, wanted: Schema, _: Schema) -> Check:
    inner = validator.compile(wanted, names=True)

    def check(value: Any, path: Path) -> Iterator[Refusal]:  # noqa: ANN401 - any YAML value
        if isinstance(value, dict):
            for key in value:
                yield from inner(key, path)

    return check


def _items(validator: Validator, wanted: Schema, _: Schema) -> Check:
    inner = validator.compile(wanted)

    def check(value: Any, path: Path) -> Iterator[Refusal]:  # noqa: ANN401 - any YAML value
        if isinstance(value, list):
            for index, item in enumerate(value):
                yield from inner(item, (*path, index))

    return check


def _all_of(validator: Validator, wanted: list[Schema], _: Schema) -> Check:
    checks = [validator.compile(part) for part in wanted]
    return lambda value, path: (found for check in checks for found in check(value, path))


def _alternatives(rule: str) -> Callable[[Validator, Any, Schema], Check]:
    def make(validator: Validator, wanted: list[Schema], schema: Schema) -> Check:
        checks = [validator.compile(part) for part in wanted]

        def check(value: Any, path: Path) -> Iterator[Refusal]:  # noqa: ANN401 - any YAML value
            branches = tuple(tuple(inner(value, path)) for inner in checks)
            fitting = sum(not branch for branch in branches)
            if fitting == 0:
                yield Refusal(rule, wanted, schema, value, path, names=False, branches=branches)
            elif fitting > 1 and rule == "oneOf":
                yield Refusal(rule, wanted, schema, value, path, names=False)

        return check

    return make


def _not(validator: Validator, wanted: Schema, schema: Schema) -> Check:
    accepts = validator.accepts(wanted)

    def check(value: Any, path: Path) -> Iterator[Refusal]:  # noqa: ANN401 - any YAML value
        if accepts(value):
            yield Refusal("not", wanted, schema, value, path, names=False)

    return check


def _if(validator: Validator, wanted: Schema, schema: Schema) -> Check:
    accepts = validator.accepts(wanted)
    then, otherwise = (validator.compile(schema.get(word, {})) for word in ("then", "else"))
    return lambda value, path: (then if accepts(value) else otherwise)(value, path)


_APPLICATORS: Mapping[str, Callable[[Validator, Any, Schema], Check]] = {
    "properties": _properties,
    "additionalProperties": _additional,
    "patternProperties": _pattern_properties,
    "propertyNames": _names,
    "items": _items,
    "allOf": _all_of,
    "oneOf": _alternatives("oneOf"),
    "anyOf": _alternatives("anyOf"),
    "not": _not,
    "if": _if,
}

"""Which alternative of a `oneOf` or `anyOf` was meant, and what is wrong with that one.

The type decides first: a text is not compared with the rules for mappings. Among mappings the keys decide:
an alternative is recognised by the keys that it requires.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from voiceform.config.problems.problem import (
    Path,
    Problem,
    Refusal,
    Saying,
    Schema,
    leaf_problems,
    type_hint,
    type_names,
    unknown_keys,
)
from voiceform.config.problems.wording import both, describe, either

Resolve = Callable[[Schema], Schema]


@dataclass(frozen=True, slots=True)
class _Alternative:
    """One of the schemas, and why it refused."""

    schema: Schema
    errors: Sequence[Refusal]
    path: Path

    @property
    def required(self) -> Sequence[str]:
        return tuple(self.schema.get("required", ()))

    @property
    def properties(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.schema.get("properties", {})
        return found

    def wants_another_type(self) -> bool:
        return any(error.rule == "type" and error.path == self.path for error in self.errors)


def problems_of(refusal: Refusal, resolve: Resolve) -> Iterable[Problem]:
    """Everything that one refusal says."""
    if refusal.rule not in ("oneOf", "anyOf") or refusal.names:
        return leaf_problems(refusal)
    path = refusal.path
    if not refusal.branches:
        return [_one(path, _several(refusal, [resolve(schema) for schema in refusal.value]))]
    alternatives = [
        _Alternative(resolve(schema), branch, path)
        for schema, branch in zip(refusal.value, refusal.branches, strict=True)
    ]
    candidates = [entry for entry in alternatives if not entry.wants_another_type()]
    if not candidates:
        return [Problem(path, partial(_wrong_type, refusal, alternatives))]
    if isinstance(refusal.instance, Mapping) and len(candidates) > 1:
        found = _by_keys(path, refusal.instance, candidates)
        if found:
            return found
    if isinstance(refusal.instance, str) and len(candidates) > 1:
        return [Problem(path, partial(_no_form, refusal, candidates))]
    best = max(candidates, key=lambda entry: _likeness(entry, refusal.instance))
    return [problem for reason in best.errors for problem in problems_of(reason, resolve)]


def _one(path: Path, saying: Saying) -> Problem:
    return Problem(path, lambda: saying)


def _several(refusal: Refusal, alternatives: Iterable[Schema]) -> Saying:
    """More than one alternative fits: mostly for keys that exclude each other."""
    marks = dict.fromkeys(key for schema in alternatives for key in schema.get("required", ()))
    given = [key for key in marks if isinstance(refusal.instance, Mapping) and key in refusal.instance]
    if len(given) > 1:
        return Saying("conflicting-keys", f"has {both(given)}, and only one of them may be given")
    return Saying("invalid-value", "fits more than one alternative")


def _wrong_type(refusal: Refusal, alternatives: Sequence[_Alternative]) -> Saying:
    """No alternative is of the value's type."""
    types: dict[str, None] = {}
    for entry in alternatives:
        found = entry.schema.get("type", ())
        types.update(dict.fromkeys([found] if isinstance(found, str) else found))
    return Saying(
        "wrong-type",
        f"must be {either(dict.fromkeys(type_names(types)))}",
        f", not {describe(refusal.instance)}" if isinstance(refusal.instance, str | bool | None) else "",
        type_hint(types, refusal.instance),
    )


def _by_keys(
    path: Path, instance: Mapping[str, Any], candidates: Sequence[_Alternative]
) -> Iterable[Problem] | None:
    """What the keys alone say: misspelt, missing or contradicting; None when they name one alternative."""
    known = {key: schema for entry in candidates for key, schema in entry.properties.items()}
    unknown = [key for key in instance if key not in known]
    if unknown and all(entry.schema.get("additionalProperties") is False for entry in candidates):
        return unknown_keys(path, instance, known, unknown)
    marks = _distinguishing(candidates)
    given = [key for key in marks if key in instance]
    if marks and not given:
        return [replace(_one(path, Saying("missing-key", f"needs {either(marks)}")), missing=True)]
    named = [entry for entry in candidates if set(entry.required) & set(given)]
    if len(named) > 1 and len(given) > 1:
        return [
            _one(path, Saying("conflicting-keys", f"has {both(given)}, and only one of them may be given"))
        ]
    return None


def _distinguishing(candidates: Sequence[_Alternative]) -> list[str]:
    """Required keys that not every alternative knows."""
    keys = dict.fromkeys(key for entry in candidates for key in entry.required)
    return [key for key in keys if not all(key in entry.properties for entry in candidates)]


def _no_form(refusal: Refusal, candidates: Sequence[_Alternative]) -> Saying:
    """A text that has none of several forms."""
    rules = [
        str(entry.schema["patternErrorMessage"]).removeprefix("must be ")
        for entry in candidates
        if "patternErrorMessage" in entry.schema
    ]
    words = [str(word) for entry in candidates for word in entry.schema.get("enum", ())]
    message = f"must be {either([*words, *rules])}" if words or rules else "does not have the right form"
    return Saying("invalid-value", message, f", not {describe(refusal.instance)}")


def _likeness(entry: _Alternative, instance: Any) -> tuple[int, int]:  # noqa: ANN401 - any YAML value
    """How well an alternative fits: by the keys it requires, then by how little is wrong."""
    keys = instance if isinstance(instance, Mapping) else ()
    return sum(key in keys for key in entry.required), -len(entry.errors)

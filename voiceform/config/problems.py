"""One schema error in plain words. Nothing here knows where things are written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from voiceform.config.wording import both, closest, describe, either, quote

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError

Path = tuple[str | int, ...]
Schema = Mapping[str, Any]

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_LONG_NUMBER = 6


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the value at `path`, or with one `key` of the mapping there.

    `message` continues a sentence that begins with the value's name, or is the whole sentence when there is a
    `key`; `shown` follows it unless the value is `secret`.
    """

    code: str
    path: Path
    message: str
    shown: str = ""
    hint: str | None = None
    key: str | None = None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal of the validator, in plain types: a `rule` of a `schema`, its value, the instance."""

    rule: str
    value: Any
    schema: Schema
    instance: Any
    path: Path
    names: bool

    @classmethod
    def of(cls, error: ValidationError) -> Refusal:
        """What an error of jsonschema says."""
        schema = error.schema if isinstance(error.schema, Mapping) else {}
        names = "propertyNames" in error.absolute_schema_path
        path = tuple(error.absolute_path)
        return cls(str(error.validator), error.validator_value, schema, error.instance, path, names)

    @property
    def known(self) -> Mapping[str, Any]:
        """The keys that the schema describes."""
        found: Mapping[str, Any] = self.schema.get("properties", {})
        return found


def leaf_problems(refusal: Refusal) -> list[Problem]:
    """What one refusal without alternatives says; one problem for each key concerned."""
    path, known = refusal.path, refusal.known
    if refusal.names:
        return [_bad_name(refusal)]
    if refusal.rule == "additionalProperties" and refusal.value is False:
        return unknown_keys(path, refusal.instance, known, _extras(refusal))
    if refusal.rule == "required":
        missing = missing_from(refusal.instance, refusal.value, known)
        return [missing_keys(path, missing, known)] if missing else []
    return [_bad_value(refusal)]


def unknown_keys(
    path: Path, instance: Mapping[str, Any], known: Mapping[str, Any], unknown: Iterable[str]
) -> list[Problem]:
    """One problem for each unknown key, with the key that was probably meant."""
    free = [key for key in known if key not in instance]
    problems = []
    for key in unknown:
        if meant := closest(key, free):
            hint = f"did you mean {meant}?"
        elif meant := closest(key, known):
            hint = f"did you mean {meant}, which is given already?"
        else:
            hint = f"the keys here are {both(known)}" if known else "remove it"
        problems.append(Problem("unknown-key", path, f"unknown key {quote(key)}", hint=hint, key=key))
    return problems


def missing_from(instance: Mapping[str, Any], required: Iterable[str], known: Mapping[str, Any]) -> list[str]:
    """Required keys that are not there, not even misspelt: that is a finding of its own."""
    free = [key for key in known if key not in instance]
    misspelt = {closest(key, free) for key in instance if key not in known}
    return [key for key in required if key not in instance and key not in misspelt]


def missing_keys(path: Path, missing: Iterable[str], properties: Mapping[str, Any]) -> Problem:
    """One problem for all keys that a mapping lacks; `properties` may hold examples for the hint."""
    keys = list(missing)
    examples = properties.get(keys[0], {}).get("examples") or []
    hint = f"for example {keys[0]}: {json.dumps(examples[0], ensure_ascii=False)}" if examples else None
    return Problem(
        "missing-key", path, f"{both(keys)} {'is' if len(keys) == 1 else 'are'} missing", hint=hint
    )


def type_names(types: str | Iterable[str]) -> list[str]:
    """How types are called in messages; `null` is left out, nobody writes it on purpose."""
    names = [types] if isinstance(types, str) else types
    return [_TYPES[name] for name in names if name in _TYPES]


def type_hint(types: str | Iterable[str], value: Any) -> str | None:  # noqa: ANN401 - any YAML value
    """What to change about a value of the wrong type."""
    wanted = [types] if isinstance(types, str) else list(types)
    if value is None:
        return "write a value, or remove the key"
    if "string" in wanted and isinstance(value, bool | int | float):
        return "put it in quotes"
    if "boolean" in wanted and isinstance(value, str) and value.lower() in _SWITCHES:
        return f"write {_SWITCHES[value.lower()]}"
    if isinstance(value, str) and value.isascii() and value.isdigit() and {"integer", "number"} & set(wanted):
        return "remove the quotes, and zeros in front"
    return None


_SWITCHES = {"yes": "true", "on": "true", "y": "true", "no": "false", "off": "false", "n": "false"}


def _extras(refusal: Refusal) -> list[str]:
    """The keys that `additionalProperties: false` refuses. Extensions (`x-`) stand at the top level only."""
    prefixes = tuple(pattern.removeprefix("^") for pattern in refusal.schema.get("patternProperties", {}))
    return [
        key
        for key in refusal.instance
        if key not in refusal.known and not key.startswith(prefixes or ("\0",))
    ]


def _bad_name(refusal: Refusal) -> Problem:
    rule = refusal.schema.get("patternErrorMessage") or "is not allowed"
    key = refusal.instance
    hint = "${...} is read in values only, not in keys" if "${" in key else "choose another name"
    return Problem("invalid-name", refusal.path, f"the name {quote(key)} {rule}", hint=hint, key=key)


def _bad_value(refusal: Refusal) -> Problem:
    phrase = _PHRASES.get(refusal.rule, _not_allowed)
    problem = replace(phrase(refusal), path=refusal.path, secret=refusal.schema.get("writeOnly") is True)
    told = refusal.schema.get("errorMessage")
    return replace(problem, message=told) if isinstance(told, str) else problem


def _problem(code: str, message: str, shown: str = "", hint: str | None = None) -> Problem:
    return Problem(code, (), message, f", not {shown}" if shown else "", hint)


def _type(refusal: Refusal) -> Problem:
    names = either(type_names(refusal.value)) or "empty"
    value = refusal.instance
    shown = "empty" if value is None else describe(value)
    if isinstance(value, int | float) and len(str(value)) > _LONG_NUMBER:
        shown = "a number"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        shown = f"the number {shown}"
    elif isinstance(value, str):
        shown = f"the text {shown}"
    return _problem("wrong-type", f"must be {names}", shown, type_hint(refusal.value, value))


def _pattern(refusal: Refusal) -> Problem:
    rule = refusal.schema.get("patternErrorMessage") or "does not have the right form"
    return _problem("invalid-value", rule, describe(refusal.instance))


def _enum(refusal: Refusal) -> Problem:
    words = [describe(word) if not isinstance(word, str) else word or '""' for word in refusal.value]
    meant = closest(refusal.instance, words) if isinstance(refusal.instance, str) else None
    return _problem(
        "invalid-value",
        f"must be {either(words)}",
        describe(refusal.instance),
        f"did you mean {meant}?" if meant else None,
    )


def _const(refusal: Refusal) -> Problem:
    return _problem("invalid-value", f"must be {describe(refusal.value)}", describe(refusal.instance))


def _range(words: str) -> Callable[[Refusal], Problem]:
    def phrase(refusal: Refusal) -> Problem:
        return _problem("out-of-range", f"must be {words} {refusal.value}", describe(refusal.instance))

    return phrase


def _length(bound: str, noun: str) -> Callable[[Refusal], Problem]:
    def phrase(refusal: Refusal) -> Problem:
        limit, size = refusal.value, len(refusal.instance)
        if size == 0 and limit == 1:
            return _problem("out-of-range", "must not be empty")
        plural = noun if limit == 1 else {"entry": "entries"}.get(noun, f"{noun}s")
        return _problem("out-of-range", f"must have at {bound} {limit} {plural}", str(size))

    return phrase


def _repeated(refusal: Refusal) -> Problem:
    items = refusal.instance
    twice = next((item for index, item in enumerate(items) if item in items[:index]), None)
    named = f": {describe(twice)} is there twice" if isinstance(twice, str | int) else ""
    return replace(_problem("invalid-value", "must not repeat an item"), shown=named)


def _not_allowed(_: Refusal) -> Problem:
    return _problem("invalid-value", "is not allowed here")


_PHRASES: Mapping[str, Callable[[Refusal], Problem]] = {
    "type": _type,
    "pattern": _pattern,
    "enum": _enum,
    "const": _const,
    "minimum": _range("at least"),
    "maximum": _range("at most"),
    "exclusiveMinimum": _range("more than"),
    "exclusiveMaximum": _range("less than"),
    "multipleOf": _range("a multiple of"),
    "minLength": _length("least", "character"),
    "maxLength": _length("most", "character"),
    "minItems": _length("least", "item"),
    "maxItems": _length("most", "item"),
    "minProperties": _length("least", "entry"),
    "maxProperties": _length("most", "entry"),
    "uniqueItems": _repeated,
}

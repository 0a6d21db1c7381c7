"""One schema error in plain words. Nothing here knows where things are written."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from typing import Any

from voiceform.config.problems.wording import ODD_BLANKS, both, closest, describe, either, quote, shorten
from voiceform.model.masking import redact_text

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
_SHORT = 20
_GUESSES = 20
"""How many unknown keys of one mapping are looked at as misspellings of what is missing."""


@dataclass(frozen=True, slots=True)
class Saying:
    """What is said about one problem.

    `message` continues a sentence that begins with the value's name, or is the whole sentence when a key is
    concerned; `shown` follows it unless the value is `secret`.
    """

    code: str
    message: str
    shown: str = ""
    hint: str | None = None
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Problem:
    """Something is wrong with the value at `path`, or with one `key` of the mapping there.

    Words are dear and most of a hundred thousand problems are only counted, so `tell` finds them when asked.
    It gives None when a `doubtful` problem turns out to be none. `missing`: keys are not there.
    """

    path: Path
    tell: Callable[[], Saying | None]
    key: str | None = None
    missing: bool = False
    doubtful: bool = False


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal of the validator: a `rule` of a `schema`, the rule's value, and the instance at `path`.

    `names` says that the instance is a key of the mapping at `path`; `branches` are the refusals of each
    alternative of a `oneOf` or `anyOf` of which none fits.
    """

    rule: str
    value: Any
    schema: Schema
    instance: Any
    path: Path
    names: bool
    branches: tuple[tuple[Refusal, ...], ...] = ()

    @property
    def known(self) -> Mapping[str, Any]:
        """The keys that the schema describes."""
        found: Mapping[str, Any] = self.schema.get("properties", {})
        return found


def leaf_problems(refusal: Refusal) -> Iterable[Problem]:
    """What one refusal without alternatives says; one problem for each key concerned."""
    path, known = refusal.path, refusal.known
    if refusal.names:
        return [Problem(path, partial(_bad_name, refusal), key=refusal.instance)]
    if refusal.rule == "additionalProperties" and refusal.value is False:
        return unknown_keys(path, refusal.instance, known, _extras(refusal))
    if refusal.rule == "required":
        return [_missing(refusal)]
    return [Problem(path, partial(_bad_value, refusal))]


def unknown_keys(
    path: Path, instance: Mapping[str, Any], known: Mapping[str, Any], unknown: Iterable[str]
) -> Iterator[Problem]:
    """One problem for each unknown key."""
    for key in unknown:
        yield Problem(path, partial(_unknown_key, key, instance, known), key=key)


def _unknown_key(key: str, instance: Mapping[str, Any], known: Mapping[str, Any]) -> Saying:
    """What to say of an unknown key, with the one that was probably meant."""
    if key[:1] in ODD_BLANKS:
        hint = f"it begins with U+{ord(key[0]):04X}, which only looks like a blank: indent with ordinary ones"
    elif glued := _without_space(key, known):
        hint = f"write a space after the colon: {glued}"
    elif meant := closest(key, known):
        hint = (
            f"did you mean {meant}, which is given already?"
            if meant in instance
            else f"did you mean {meant}?"
        )
    else:
        hint = f"the keys here are {both(known)}" if known else "remove it"
    return Saying("unknown-key", f"unknown key {quote(key)}", hint=hint)


def _without_space(key: str, known: Mapping[str, Any]) -> str | None:
    """`max_size: 5` for the key `max_size:5`, which YAML reads as one text."""
    name, colon, value = key.partition(":")
    if not (colon and name in known and value.isprintable() and value):
        return None
    return f"{name}: {shorten(redact_text(value), _SHORT)}"


def _missing(refusal: Refusal) -> Problem:
    """Required keys are not there; doubtful when another key may be a misspelling of one."""
    known = refusal.known
    doubtful = any(key not in known for key in refusal.instance)

    def tell() -> Saying | None:
        missing = missing_from(refusal.instance, refusal.value, known)
        return missing_keys(missing, known) if missing else None

    return Problem(refusal.path, tell, missing=True, doubtful=doubtful)


def missing_from(instance: Mapping[str, Any], required: Iterable[str], known: Mapping[str, Any]) -> list[str]:
    """Required keys that are not there, not even misspelt: that is a finding of its own."""
    free = [key for key in known if key not in instance]
    unknown = (key for key in instance if key not in known)
    misspelt = {closest(key, free) for key in islice(unknown, _GUESSES)}
    return [key for key in required if key not in instance and key not in misspelt]


def missing_keys(missing: Iterable[str], properties: Mapping[str, Any]) -> Saying:
    """One sentence for all keys that a mapping lacks; `properties` may hold examples for the hint."""
    keys = list(missing)
    examples = properties.get(keys[0], {}).get("examples") or []
    hint = f"for example {keys[0]}: {json.dumps(examples[0], ensure_ascii=False)}" if examples else None
    return Saying("missing-key", f"{both(keys)} {'is' if len(keys) == 1 else 'are'} missing", hint=hint)


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
        return f"write {_SWITCHES[value.lower()]}, without quotes"
    if isinstance(value, str) and {"integer", "number"} & set(wanted):
        return _number_hint(value)
    return None


def _number_hint(text: str) -> str | None:
    """What to change about a text that was meant as a number."""
    if text.isascii() and text.isdigit():
        return "remove the quotes, and zeros in front"
    for form, base in _NUMBERS:
        if form.fullmatch(text):
            number = int(text.replace(",", "").replace("_", ""), base)
            return f"write {number}: digits alone, without quotes"
    return None


_NUMBERS = (
    (re.compile(r"[-+]?[0-9]{1,15}"), 10),
    (re.compile(r"[-+]?[0-9]{1,3}(?:[_,][0-9]{3}){1,4}"), 10),
    (re.compile(r"0x[0-9A-Fa-f]{1,12}"), 16),
    (re.compile(r"0o[0-7]{1,15}"), 8),
)
_SWITCHES = {
    **dict.fromkeys(("yes", "on", "y", "true"), "true"),
    **dict.fromkeys(("no", "off", "n", "false"), "false"),
}


def _extras(refusal: Refusal) -> list[str]:
    """The keys that `additionalProperties: false` refuses. Extensions (`x-`) stand at the top level only."""
    prefixes = tuple(pattern.removeprefix("^") for pattern in refusal.schema.get("patternProperties", {}))
    return [
        key
        for key in refusal.instance
        if key not in refusal.known and not key.startswith(prefixes or ("\0",))
    ]


def _bad_name(refusal: Refusal) -> Saying:
    rule = refusal.schema.get("patternErrorMessage") or "is not allowed"
    key = refusal.instance
    hint = "${...} is read in values only, not in keys" if "${" in key else "choose another name"
    return Saying("invalid-name", f"the name {quote(key)} {rule}", hint=hint)


def _bad_value(refusal: Refusal) -> Saying:
    phrase = _PHRASES.get(refusal.rule, _not_allowed)
    saying = replace(phrase(refusal), secret=refusal.schema.get("writeOnly") is True)
    told = refusal.schema.get("errorMessage")
    return replace(saying, message=told) if isinstance(told, str) else saying


def _say(code: str, message: str, shown: str = "", hint: str | None = None) -> Saying:
    return Saying(code, message, f", not {shown}" if shown else "", hint)


def _type(refusal: Refusal) -> Saying:
    names = either(type_names(refusal.value)) or "empty"
    value = refusal.instance
    shown = "empty" if value is None else describe(value)
    if isinstance(value, int | float) and len(str(value)) > _LONG_NUMBER:
        shown = "a number"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        shown = f"the number {shown}"
    elif isinstance(value, str):
        shown = f"the text {shown}"
    return _say("wrong-type", f"must be {names}", shown, type_hint(refusal.value, value))


def _pattern(refusal: Refusal) -> Saying:
    rule = refusal.schema.get("patternErrorMessage") or "does not have the right form"
    return _say("invalid-value", rule, describe(refusal.instance))


def _enum(refusal: Refusal) -> Saying:
    words = [describe(word) if not isinstance(word, str) else word or '""' for word in refusal.value]
    meant = closest(refusal.instance, words) if isinstance(refusal.instance, str) else None
    return _say(
        "invalid-value",
        f"must be {either(words)}",
        describe(refusal.instance),
        f"did you mean {meant}?" if meant else None,
    )


def _const(refusal: Refusal) -> Saying:
    return _say("invalid-value", f"must be {describe(refusal.value)}", describe(refusal.instance))


def _range(words: str) -> Callable[[Refusal], Saying]:
    def phrase(refusal: Refusal) -> Saying:
        return _say("out-of-range", f"must be {words} {refusal.value}", describe(refusal.instance))

    return phrase


def _length(bound: str, noun: str) -> Callable[[Refusal], Saying]:
    def phrase(refusal: Refusal) -> Saying:
        limit, size = refusal.value, len(refusal.instance)
        if size == 0 and limit == 1:
            return _say("out-of-range", "must not be empty")
        plural = noun if limit == 1 else {"entry": "entries"}.get(noun, f"{noun}s")
        return _say("out-of-range", f"must have at {bound} {limit} {plural}", str(size))

    return phrase


def _repeated(refusal: Refusal) -> Saying:
    items, index = refusal.instance, repeated(refusal.instance)
    twice = items[index] if index is not None else None
    named = f": {describe(twice)} is there twice" if isinstance(twice, str | int) else ""
    return replace(_say("invalid-value", "must not repeat an item"), shown=named)


def repeated(items: Sequence[Any]) -> int | None:
    """The index of the first item that was there before; None when each is there once."""
    seen: set[Any] = set()
    others: list[Any] = []
    for index, item in enumerate(items):
        if isinstance(item, list | dict):
            if item in others:
                return index
            others.append(item)
        elif (type(item) is bool, item) in seen:
            return index
        else:
            seen.add((type(item) is bool, item))
    return None


def _not_allowed(_: Refusal) -> Saying:
    return _say("invalid-value", "is not allowed here")


_PHRASES: Mapping[str, Callable[[Refusal], Saying]] = {
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

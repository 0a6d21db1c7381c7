"""Scalars: one function for each kind of text, number and switch.

Each takes the `title` and the `description` that editors show, what it checks, and annotations.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypedDict, Unpack

Node = dict[str, Any]
"""A JSON Schema."""
Json = Any
"""Any JSON value."""

DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
TIME = "[0-9]{2}:[0-9]{2}(:[0-9]{2})?"
OFFSET = "(Z|[+-][0-9]{2}:[0-9]{2})"
DURATION = "[1-9][0-9]{0,8}s|[1-9][0-9]{0,6}m|[1-9][0-9]{0,4}[hd]"
NAME = "^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
HTTPS_URL = r"^(https://[^\s/?#]+|http://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?)([/?#]\S*)?$"


class Default(TypedDict, total=False):
    """What stands in where nothing is said; without it nothing does."""

    default: Json


class Merge(TypedDict, total=False):
    """For what stands at the top: how several files are merged (voiceform/config/merge.py)."""

    merge: Literal["agree", "keys", "named"]


class Extras(Default, Merge, total=False):
    """Annotations that a value may have."""

    public: Literal[True, "numbers"]
    """What the environment gave may be shown, or if it is a phone number. Without it, it may be secret."""


class Annotations(Extras):
    """Annotations of what does not know its examples by itself."""

    examples: Sequence[Json]
    """Shown by editors. Each has to be valid."""


def annotated(title: str, description: str, check: Node, **more: Unpack[Annotations]) -> Node:
    """A check with what editors show of it, and what voiceform does with it."""
    annotations: Node = dict(more)
    names = {"default": "default", "examples": "examples", "merge": "x-merge", "public": "x-public"}
    ordered = {keyword: annotations[name] for name, keyword in names.items() if name in annotations}
    return {"title": title, "description": description, **check, **ordered}


def or_variable(check: Node) -> Node:
    """A check that lets editors accept `${NAME}` too. Any other text needs none: it accepts that anyway."""
    return {"if": {"$ref": "#/$defs/variable"}, "else": check}


def check_of(kind: str | None, *, null: bool = False, **keywords: Json) -> Node:
    """The check of a type (`null`: nothing may stand in its place), with those keywords that are not None."""
    found = {"type": [kind, "null"] if null else kind, **keywords}
    return {keyword: value for keyword, value in found.items() if value is not None}


def text(
    title: str,
    description: str,
    *,
    shortest: int = 1,
    longest: int | None = None,
    null: bool = False,
    **more: Unpack[Annotations],
) -> Node:
    """Any text of so many characters."""
    check = check_of("string", null=null, minLength=shortest, maxLength=longest)
    return annotated(title, description, check, **more)


def matching(
    title: str,
    description: str,
    pattern: str,
    must: str,
    *,
    shortest: int | None = None,
    longest: int | None = None,
    null: bool = False,
    **more: Unpack[Annotations],
) -> Node:
    """A text that a pattern matches; `must` is the second half of the message about any other."""
    check = check_of(
        "string",
        null=null,
        minLength=shortest,
        maxLength=longest,
        pattern=pattern,
        patternErrorMessage=must,
    )
    return annotated(title, description, or_variable(check), **more)


def flag(title: str, description: str, *, default: bool) -> Node:
    """true or false. The example is what somebody would write: the other one."""
    check = or_variable(check_of("boolean"))
    return annotated(title, description, check, default=default, examples=[not default])


def whole(
    title: str,
    description: str,
    low: int,
    high: int | None = None,
    *,
    null: bool = False,
    **more: Unpack[Annotations],
) -> Node:
    """A whole number from `low` to `high`."""
    check = or_variable(check_of("integer", null=null, minimum=low, maximum=high))
    return annotated(title, description, check, **more)


def word(words: Sequence[Json]) -> Node:
    """One of some words, as an item of a list whose own words say enough."""
    kinds = {type(value) for value in words}
    kind = {str: "string", int: "integer"}[kinds.pop()] if len(kinds) == 1 else None
    return {**or_variable(check_of(kind, enum=list(words))), "examples": list(words)}


def choice(title: str, description: str, words: Sequence[Json], **more: Unpack[Extras]) -> Node:
    """One of some words, each of which is an example."""
    check = word(words)
    return annotated(title, description, check, examples=check.pop("examples"), **more)


def sid_check(prefix: str, noun: str, *, null: bool = False) -> Node:
    """The check of a SID: `prefix` is AC, RE, ...; `noun` is "an account", "a recording", ..."""
    must = f"must be {noun} SID: {prefix} and 32 hexadecimal digits"
    pattern = f"^{prefix}[0-9a-fA-F]{{32}}$"
    return or_variable(check_of("string", null=null, pattern=pattern, patternErrorMessage=must))


def sid(title: str, description: str, prefix: str, noun: str) -> Node:
    """A SID, which is no secret."""
    check = sid_check(prefix, noun)
    return annotated(title, description, check, examples=[prefix + "0" * 32], public=True)


def duration(title: str, description: str, *, examples: Sequence[str], **more: Unpack[Default]) -> Node:
    """A whole number and a unit, with a default of its own. Without one, take `defined("duration")`."""
    must = "must be a duration of one whole number and one unit, such as 45s, 15m, 12h or 90d"
    return matching(title, description, f"^({DURATION})$", must, examples=examples, public=True, **more)


def party(title: str, description: str, example: str, *, number: str = ".{6,30}") -> Node:
    """Who can be called: a phone number, client:NAME or sip:ADDRESS.

    `number` is the pattern of what follows the plus sign. By default that is anything: the kind reads it, and
    says what is wrong with it.
    """
    return matching(
        title,
        description,
        rf"^(\+{number}|client:\S+|sips?:\S+)$",
        'must be a phone number in international form, such as "+15558675310", or client:NAME or sip:ADDRESS',
        examples=[example],
        longest=256,
        public="numbers",
    )

"""What holds other schemas: blocks with known keys, entries by name, lists, alternatives, and references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Unpack

from schemas.source.values import Annotations, Json, Merge, Node, annotated, check_of


@dataclass(frozen=True, slots=True)
class Section:
    """What a section adds to the schema: keys at the top of a configuration, and definitions by name."""

    keys: Mapping[str, Node]
    definitions: Mapping[str, Node]


def defined(name: str, title: str = "", description: str = "", examples: Sequence[Json] = ()) -> Node:
    """A reference to a definition, with words and examples of its own where they are given."""
    said = {"title": title, "description": description, "examples": list(examples)}
    return {"$ref": f"#/$defs/{name}", **{keyword: value for keyword, value in said.items() if value}}


def notes() -> dict[str, Node]:
    """What people say of an object for other people."""
    return {name: defined(name) for name in ("description", "owner")}


def block(
    title: str,
    description: str,
    keys: Mapping[str, Node],
    *,
    required: Sequence[str] = (),
    least: int | None = None,
    exactly_one: Sequence[str] = (),
    must: str | None = None,
    null: bool = False,
    **more: Unpack[Annotations],
) -> Node:
    """A mapping with these keys and no others.

    `null`: nothing may stand in its place. `least`: so many keys at least. `exactly_one`: of these keys one
    has to be there. `must`: the second half of the message where the block as a whole is refused.
    """
    check = check_of(
        "object",
        null=null,
        required=list(required) or None,
        additionalProperties=False,
        minProperties=least,
        oneOf=[{"required": [key]} for key in exactly_one] or None,
        errorMessage=must,
    )
    return {**annotated(title, description, check, **more), "properties": dict(keys)}


def entries(
    title: str,
    description: str,
    entry: str,
    *,
    examples: Sequence[Json],
    most: int | None = None,
    **more: Unpack[Merge],
) -> Node:
    """A mapping from names to what is defined as `entry`; nothing at all means none."""
    check = check_of(
        "object",
        null=True,
        propertyNames=defined("name"),
        additionalProperties=defined(entry),
        maxProperties=most,
    )
    return annotated(title, description, check, default={}, examples=examples, **more)


def listed(
    title: str,
    description: str,
    item: Node,
    *,
    least: int | None = 1,
    most: int | None = None,
    unique: bool = False,
    null: bool = False,
    **more: Unpack[Annotations],
) -> Node:
    """A list of `least` to `most` items."""
    check = check_of(
        "array", null=null, minItems=least, maxItems=most, uniqueItems=unique or None, items=item
    )
    return annotated(title, description, check, **more)


def either(title: str, description: str, *forms: Node, examples: Sequence[Json]) -> Node:
    """Exactly one of several forms."""
    return annotated(title, description, {"oneOf": list(forms)}, examples=examples)

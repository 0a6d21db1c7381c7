"""Checks what is read from a store against schemas/state.schema.json."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import cache
from typing import Any

from voiceform.model.schema_files import schema_text
from voiceform.model.store import Document
from voiceform.state.backend import damaged

Validator = Callable[[Any], Any]


def check_document(definition: str, key: str, document: Document) -> None:
    """Raise StateError, naming `key` and what is wrong, unless `document` fits `$defs/DEFINITION`."""
    problem = problem_of(definition, document)
    if problem is not None:
        raise damaged(key, "the state", f"does not fit the schema: {problem}")


def definition_of(key: str) -> str | None:
    """The name in $defs of what the document `key` holds; None for a key that no pulled state has."""
    for pattern, definition in _definitions():
        if pattern.search(key):
            return definition
    return None


def problem_of(
    definition: str | None,
    document: Any,  # noqa: ANN401 - any JSON value
    schema: str = "state",
) -> str | None:
    """What is wrong with `document` by `$defs/DEFINITION` of a schema (None: all of it), or None."""
    import fastjsonschema

    try:
        _validator(schema, definition)(document)
    except fastjsonschema.JsonSchemaValueException as error:
        return str(error.message)
    return None


@cache
def _definitions() -> list[tuple[re.Pattern[str], str]]:
    found = json.loads(schema_text("state"))["properties"]["documents"]["patternProperties"].items()
    return [(re.compile(pattern), item["$ref"].rpartition("/")[2]) for pattern, item in found]


@cache
def _validator(name: str, definition: str | None) -> Validator:
    """A compiled validator, a few microseconds per document; compiled once, for the schema never changes."""
    import fastjsonschema

    schema = json.loads(schema_text(name))  # one of its own: the compiler changes it
    root = schema if definition is None else {"$defs": schema["$defs"], "$ref": f"#/$defs/{definition}"}
    # The schema keeps to keywords that mean the same in draft 7, which is what the compiler knows.
    validator: Validator = fastjsonschema.compile(
        {**root, "$schema": "http://json-schema.org/draft-07/schema#"}
    )
    return validator

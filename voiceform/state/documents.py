"""Checks what is read from a store against schemas/state.schema.json."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from voiceform.model.schema_files import schema_text
from voiceform.model.store import Document
from voiceform.state.backend import damaged

if TYPE_CHECKING:
    from jsonschema_rs import Draft202012Validator

_MASK = "what is there"


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
    """What is wrong with `document` by `$defs/DEFINITION` of a schema (None: all of it), or None. No value is
    repeated."""
    try:
        if _validator(schema, definition).is_valid(document):
            return None
        error = next(_validator(schema, definition).iter_errors(document))
    except ValueError:  # of the library, which takes no such text
        return "it holds a text that is none in Unicode"
    where = ".".join(map(str, error.instance_path))
    return f"{where}: {error.message}" if where else error.message


@cache
def _definitions() -> list[tuple[re.Pattern[str], str]]:
    found = json.loads(schema_text("state"))["properties"]["documents"]["patternProperties"].items()
    return [(re.compile(pattern), item["$ref"].rpartition("/")[2]) for pattern, item in found]


@cache
def _validator(name: str, definition: str | None) -> Draft202012Validator:
    from jsonschema_rs import Draft202012Validator

    schema = json.loads(schema_text(name))
    root = schema if definition is None else {"$defs": schema["$defs"], "$ref": f"#/$defs/{definition}"}
    return Draft202012Validator(root, mask=_MASK)

"""Checks a document against the JSON Schema of the configuration.

jsonschema-rs says whether anything is wrong, and what (config/validator.py), and
`voiceform.config.problems.explain` turns that into diagnostics (config/load.py). Beside rules a schema has
annotations.

Of those, `errorMessage` and `patternErrorMessage` (known to editors too) say what a value must be, as the
second half of a sentence; a `writeOnly` value is never shown; `x-merge` is explained in merge.py. `x-public`
says that a text of the environment may be shown there: true, or `numbers` for phone numbers alone, which are
masked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

from voiceform.config.validator import Validator
from voiceform.model.document import Block, Mark, mark_of
from voiceform.model.schema_files import schema_text

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What else is known about one file: which values came from which environment variables, and the texts of
    those that are one variable and nothing else."""

    references: Mapping[Mark, tuple[str, ...]] = field(default_factory=dict)
    values: Mapping[Mark, str] = field(default_factory=dict)


class ConfigSchema:
    """The schema of the configuration, and the questions that the loader has about it."""

    def __init__(self, root: Schema) -> None:
        self.root = root

    @classmethod
    @cache
    def load(cls) -> ConfigSchema:
        """The schema that this program ships, as it holds for values: variables are replaced by then."""
        root = _without_variables(json.loads(schema_text("config")))
        del root["$defs"]["variable"]
        return cls(root)

    def resolve(self, schema: Schema) -> Schema:
        """What a `$ref` of this schema names; anything else as it is."""
        while "$ref" in schema:
            target: Any = self.root
            for part in schema["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            schema = target
        return schema

    def child(self, schema: Schema, key: str) -> Schema:
        """The schema of the value of `key` in a mapping of `schema`; empty when it says nothing."""
        resolved = self.resolve(schema)
        found = resolved.get("properties", {}).get(key)
        if found is None:
            found = resolved.get("additionalProperties")
        return self.resolve(found) if isinstance(found, dict) else {}

    def fill_empty(self, document: Block) -> None:
        """Put an empty mapping where a section or an entry of one is written without content (`support:`).

        Only where the schema allows both a mapping and nothing, so that kinds never meet None there.
        """
        for key, value in document.items():
            schema = self.child(self.root, key)
            if value is None and _may_be_empty(schema):
                document[key] = value = _empty_block(document, key)
            if isinstance(value, Block):
                self._fill_entries(value, schema)

    def _fill_entries(self, section: Block, schema: Schema) -> None:
        for name in [name for name, entry in section.items() if entry is None]:
            if _may_be_empty(self.child(schema, name)):
                section[name] = _empty_block(section, name)

    @cached_property
    def validator(self) -> Validator:
        """Judges one file."""
        return Validator(self.partial())

    def partial(self) -> dict[str, Any]:
        """The schema of one file: as the whole, but nothing is required at the top."""
        return {key: value for key, value in self.root.items() if key != "required"}


_VARIABLE = {"$ref": "#/$defs/variable"}
"""The `if` by which the file lets editors accept `${NAME}`; what a value must be stands in its `else`. (With
`anyOf` in its place editors show each title twice.)"""


def _without_variables(node: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The schema without that condition, as it holds for values."""
    if isinstance(node, list):
        return [_without_variables(item) for item in node]
    if not isinstance(node, dict):
        return node
    if node.get("if") == _VARIABLE:
        return {**{key: value for key, value in node.items() if key not in ("if", "else")}, **node["else"]}
    return {key: _without_variables(value) for key, value in node.items()}


def _may_be_empty(schema: Schema) -> bool:
    types = schema.get("type", ())
    return "object" in types and "null" in types


def _empty_block(parent: Block, key: str) -> Block:
    """An empty mapping that stands where the missing value would."""
    position = parent.value_position(key)
    return Block(file=position.file, mark=mark_of(position.line, position.column))

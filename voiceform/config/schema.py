"""Checks a document against the JSON Schema of the configuration.

The common case, nothing wrong, costs a compiled check (fastjsonschema). Only when that refuses does our own
`voiceform.config.validator` find every refusal, which `voiceform.config.problems.explain` turns into
diagnostics (config/load.py). Both read the same schema, which therefore keeps to keywords that both check
alike, and to annotations.

Of those, `errorMessage` and `patternErrorMessage` (known to editors too) say what a value must be, as the
second half of a sentence; a `writeOnly` value is never shown; `x-merge` is explained in merge.py. `x-public`
says that a text of the environment may be shown there: true, or `numbers` for phone numbers alone, which are
masked.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import Any

import fastjsonschema

from voiceform.config.validator import Validator
from voiceform.model.document import Block, Mark
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
        self._checks: dict[frozenset[str], Callable[[Any], bool]] = {}

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
        """Finds every refusal in one file."""
        return Validator(self.partial(), self.resolve)

    def partial(self) -> dict[str, Any]:
        """The schema of one file: as the whole, but nothing is required at the top."""
        return {key: value for key, value in self.root.items() if key != "required"}

    def accepts(self, document: Block) -> bool:
        """Whether nothing is wrong in one file: a check that is compiled for the sections that the document
        has, once: others are refused anyway."""
        properties = {key: value for key, value in self.root["properties"].items() if key in document}
        sections = frozenset(properties)
        if sections not in self._checks:
            self._checks[sections] = _compiled({**self.partial(), "properties": properties})
        return self._checks[sections](document)


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


def _compiled(schema: Schema) -> Callable[[Any], bool]:
    """The fast check for a schema."""
    validate = fastjsonschema.compile(dict(schema), use_default=False)

    def accepts(value: Any) -> bool:  # noqa: ANN401 - any YAML value
        try:
            validate(value)
        except fastjsonschema.JsonSchemaValueException:
            return False
        return True

    return accepts


def _may_be_empty(schema: Schema) -> bool:
    types = schema.get("type", ())
    return "object" in types and "null" in types


def _empty_block(parent: Block, key: str) -> Block:
    """An empty mapping that stands where the missing value would."""
    position = parent.value_position(key)
    return Block(file=position.file, mark=(position.line, position.column))

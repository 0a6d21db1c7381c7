"""Puts the schema together, and writes it as text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from schemas.source.blocks import Section
from schemas.source.sections import (
    calling_rules,
    calls,
    common,
    conferences,
    contact_limits,
    pruning,
    queues,
    retention,
)
from schemas.source.values import Node


def sections() -> tuple[Section, ...]:
    """Every section, in the order of the keys of a configuration."""
    return (
        common.section(),
        queues.section(),
        conferences.section(),
        calling_rules.section(),
        contact_limits.section(),
        calls.section(),
        retention.section(),
        pruning.section(),
    )


def document(parts: Sequence[Section]) -> Node:
    """The schema of a configuration with these sections."""
    properties: dict[str, Node] = {}
    definitions: dict[str, Node] = {}
    for section in parts:
        _add(properties, section.keys)
        _add(definitions, section.definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:voiceform:schema:config:1",
        "$comment": "Written by `make schemas` from schemas/source/, which is the place to change it.",
        "title": "voiceform configuration",
        "description": (
            "What a Twilio account's voice resources shall be: queues, conferences, scheduled calls and how "
            "long recordings are kept, and the limits of what one plan may change. Top-level keys that begin "
            "with x- are ignored; they are a place for YAML anchors. Wherever a scalar is wanted, a ${NAME} "
            "from the environment may stand."
        ),
        "type": "object",
        "required": ["version"],
        "additionalProperties": False,
        "patternProperties": {"^x-": {}},
        "properties": properties,
        "$defs": definitions,
    }


def _add(known: dict[str, Node], more: Mapping[str, Node]) -> None:
    """Take what a section adds; a name that another one has too is a mistake."""
    twice = sorted(known.keys() & more.keys())
    if twice:
        raise ValueError(f"two sections of the schema have the name {twice[0]}: give one of them another")
    known.update(more)


def schema_text() -> str:
    """The schema as the text of its file."""
    return json.dumps(document(sections()), indent=2, ensure_ascii=False) + "\n"

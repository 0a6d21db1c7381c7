from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from voiceform.model.errors import UsageError
from voiceform.model.schema_files import schema_names, schema_text
from voiceform.state.meta import FORMAT as STATE_FORMAT


def test_every_schema_can_be_read_by_its_name() -> None:
    assert "config" in schema_names()
    assert list(schema_names()) == sorted(schema_names())
    for name in schema_names():
        assert json.loads(schema_text(name))["$schema"].startswith("https://json-schema.org/")


@pytest.mark.parametrize("name", ["nope", "", "../config", "config.schema.json", "/etc/passwd"])
def test_other_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        schema_text(name)
    assert "config" in (caught.value.hint or "")


@pytest.mark.parametrize("name", schema_names())
def test_a_schema_is_named_after_what_it_describes_and_its_version(name: str) -> None:
    """The version is the one that the documents carry, so that a file leads to its schema."""
    schema = json.loads(schema_text(name))
    carried = {"config": "1", "fleet": "1", "seed": "1", "test": "1", "state": str(STATE_FORMAT)}.get(
        name, "1.0"
    )
    assert schema["$id"] == f"urn:voiceform:schema:{name}:{carried}"
    versions = list(version_constants(schema))
    assert all(str(version) == carried for version in versions)
    # Older programs refuse a state by themselves, whatever they know; a seed is for the emulator at hand.
    assert versions or name in ("state", "seed")


def version_constants(node: Any) -> Iterator[Any]:
    """What the properties `version` and `format_version`, wherever they are, must be."""
    if isinstance(node, dict):
        for key, value in (
            node.get("properties", {}).items() if isinstance(node.get("properties"), dict) else ()
        ):
            if key in ("version", "format_version") and "const" in value:
                yield value["const"]
    for value in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from version_constants(value)

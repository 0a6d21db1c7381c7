from __future__ import annotations

import json

import pytest

from voiceform.model.errors import UsageError
from voiceform.model.schema_files import schema_names, schema_text


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

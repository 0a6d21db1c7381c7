"""How calls are placed, in any mixture of keys: what is kept fits the state, and is written as it was."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from schemas.source.sections.call_parameters import of_calls, of_participants
from voiceform.config.load import load_configuration
from voiceform.config.schema import ConfigSchema
from voiceform.config.writer import yaml_lines
from voiceform.kinds.call import CallKind
from voiceform.kinds.call.export import export
from voiceform.kinds.conference import ConferenceKind
from voiceform.kinds.outgoing.declared import as_declared
from voiceform.kinds.userfiles import Places
from voiceform.model.address import Address
from voiceform.model.errors import ConfigurationError
from voiceform.model.resource import Desired, Recorded
from voiceform.model.schema_files import schema_text

PEOPLE = ["+12125550101", "sip:anna@example.com", "client:anna"]
ENVIRON = {"SIP_PASSWORD": "hunter2"}
STATE: dict[str, Any] = json.loads(schema_text("state"))


def values(node: Any) -> st.SearchStrategy[Any]:
    """What a schema gives as examples; of a block, any of its keys beside those that are required."""
    node = ConfigSchema.load().resolve(node)
    forms = [values(form) for form in node.get("oneOf", ())]
    if forms:
        return st.one_of(forms)
    if "properties" not in node:
        found: list[Any] = node.get("else", {}).get("enum") or node.get("examples") or [True, False]
        return st.sampled_from(found)
    keys = {key: values(inner) for key, inner in node["properties"].items()}
    required = {key: keys.pop(key) for key in node.get("required", ())}
    made = st.fixed_dictionaries(required, optional=keys)
    return made.filter(lambda block: len(block) >= node.get("minProperties", 0))


def blocks(definition: str, keys: Any) -> st.SearchStrategy[dict[str, Any]]:
    properties = ConfigSchema.load().root["$defs"][definition]["properties"]
    return st.fixed_dictionaries({}, optional={key: values(properties[key]) for key in keys})


def declared(text: str, folder: Path) -> dict[Address, Desired]:
    (folder / "voiceform.yaml").write_text(text, encoding="utf-8")
    kinds = (ConferenceKind(), CallKind(Places(folder)))
    return dict(load_configuration([], base_dir=folder, environ=ENVIRON, kinds=kinds).desired)


def document(section: str, name: str, block: dict[str, Any]) -> str:
    return yaml.safe_dump({"version": 1, section: {name: block}}, sort_keys=False)


def again(section: str, name: str, block: Any) -> str:
    return "\n".join(["version: 1", *yaml_lines({section: {name: block}}, clear=False)])


def fits(attributes: Any, definition: str) -> None:
    Draft202012Validator({"$ref": f"#/$defs/{definition}", "$defs": STATE["$defs"]}).validate(attributes)


def contradict(block: dict[str, Any]) -> bool:
    return block.get("record") is False and "recording" in block


@settings(max_examples=60, deadline=None)
@given(block=blocks("call", of_calls()))
def test_of_a_schedule(block: dict[str, Any]) -> None:
    whole = {
        "to": PEOPLE,
        "from": "+15017122661",
        "schedule": {"at": "2026-12-01T09:00:00", "timezone": "UTC"},
        "answer": {"say": "Hello"},
        **block,
    }
    with TemporaryDirectory() as name:
        folder = Path(name)
        if contradict(block):
            with pytest.raises(ConfigurationError, match="record: false"):
                declared(document("calls", "one", whole), folder)
            return
        ((address, item),) = declared(document("calls", "one", whole), folder).items()
        attributes = {**item.attributes, "ledger": "call.one"}
        fits(attributes, "call_attributes")
        assert "hunter2" not in json.dumps(attributes)
        recorded = {address: Recorded(address, None, attributes, hidden=item.hidden)}
        (entry,) = export(recorded, folder, folder).entries
        ((_, later),) = declared(again("calls", "one", entry.value), folder).items()
    assert later.attributes == item.attributes


@settings(max_examples=60, deadline=None)
@given(block=blocks("participant", of_participants()), to=st.sampled_from(PEOPLE))
def test_of_a_participant(block: dict[str, Any], to: str) -> None:
    if to == PEOPLE[0]:
        block.pop("caller_id", None)
    room = {"participants": {"anna": {"to": to, "from": "+15017122661", **block}}}
    with TemporaryDirectory() as name:
        folder = Path(name)
        if contradict(block):
            with pytest.raises(ConfigurationError, match="record: false"):
                declared(document("conferences", "one", room), folder)
            return
        ((_, item),) = declared(document("conferences", "one", room), folder).items()
        fits(item.attributes, "conference_attributes")
        assert "hunter2" not in json.dumps(item.attributes)
        people = {key: as_declared(person) for key, person in item.attributes["participants"].items()}
        ((_, later),) = declared(again("conferences", "one", {"participants": people}), folder).items()
    assert later.attributes == item.attributes

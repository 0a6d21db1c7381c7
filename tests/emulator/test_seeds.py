"""What a seed may hold is what its schema says; every mistake has a place, and adds nothing."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.emulator.api import TO, Api
from voiceform.emulator import ControlError, Emulator
from voiceform.emulator.calls.numbers import OUTCOMES
from voiceform.emulator.calls.routes import STATUSES
from voiceform.emulator.control import generate, objects
from voiceform.emulator.control.seed_schema import checked
from voiceform.model.schema_files import schema_text

SCHEMA = json.loads(schema_text("seed"))
READERS = {
    "queue": {"queue", "_dates"},
    "call": {"call", "_dates"},
    "recording": {"recording", "_encryption", "_dates"},
    "encryption": {"_encryption"},
    "conference": {"conference", "_dates"},
    "participant": {"_participant"},
    "number": {"number"},
    "bulk": {"generate"},
}
"""The functions that read the objects of each definition."""


def read_by(module: Any, functions: set[str]) -> Iterator[str]:
    """The names of the fields that these functions take."""
    for node in ast.parse(Path(module.__file__).read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef) and node.name in functions:
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                    owner = call.func.value
                    if isinstance(owner, ast.Name) and owner.id in ("fields", "wanted") and call.args:
                        name = call.args[0]
                        if isinstance(name, ast.Constant):
                            yield str(name.value)


@pytest.mark.parametrize("name", READERS)
def test_what_the_schema_names_is_read(name: str) -> None:
    module = generate if name == "bulk" else objects
    read = set(read_by(module, READERS[name]))
    if name == "encryption":
        read = set(objects.ENCRYPTION)
    assert set(SCHEMA["$defs"][name]["properties"]) - {"account_sid"} == read


def test_the_words_are_those_of_the_emulator() -> None:
    assert SCHEMA["$defs"]["outcome"]["enum"] == list(OUTCOMES)
    assert SCHEMA["$defs"]["call"]["properties"]["status"]["enum"] == list(STATUSES)
    assert set(generate.SOURCES) <= set(SCHEMA["$defs"]["recording"]["properties"]["source"]["enum"])


def test_the_schema_is_one_and_its_examples_fit() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for example in SCHEMA["examples"]:
        assert checked(example) == example


def test_dates_are_texts_and_null_is_nothing() -> None:
    document = yaml.safe_load(
        "recordings: [{date_created: 2026-01-02, start_time: 2026-01-02T03:04:05Z, price: }]"
    )
    assert checked(document) == {
        "recordings": [{"date_created": "2026-01-02", "start_time": "2026-01-02T03:04:05+00:00"}]
    }


def cyclic() -> object:
    rows: list[object] = []
    rows.append(rows)
    return {"queues": rows}


@pytest.mark.parametrize(
    ("seed", "reason"),
    [
        ([], "seed: must be an object"),
        (None, "seed: must be an object"),
        ({1: []}, "seed: 1 is no name; write it in quotes"),
        ({"queues": [{"friendly_name": "a", True: 1}]}, "queues[0]: True is no name"),
        (cyclic(), "is nested too deeply"),
        ({"kews": []}, "seed: unknown kews; there are account_sid, queues, conferences"),
        ({"queues": [{"friendly_name": ""}]}, "queues[0].friendly_name: '' is not a text that is not empty"),
        ({"queues": [{"friendly_name": True}]}, "queues[0].friendly_name: True is not a text"),
        ({"queues": [{"friendly_name": None}]}, "queues[0].friendly_name: is required"),
        ({"queues": [{"friendly_name": "a", "max_size": 0}]}, "max_size: 0 is not a whole number from 1"),
        ({"queues": [{"friendly_name": "a", "max_size": "0"}]}, "max_size: '0' is not a whole number from 1"),
        ({"queues": [{"friendly_name": "a", "max_size": 1.5}]}, "max_size: 1.5 is not a whole number from 1"),
        ({"queues": [{"friendly_name": "a", "max_size": True}]}, "max_size: True is not a whole number"),
        ({"queues": [{"friendly_name": "a", "sid": "CA" + "1" * 32}]}, "is not a SID: QU and 32 hexadecimal"),
        ({"queues": [{"friendly_name": "a", "sid": "QU" + "1" * 32 + "\n"}]}, "is not a SID: QU"),
        ({"recordings": [{"duration": -2}]}, "recordings[0].duration: -2 is not a whole number from -1"),
        ({"recordings": [{"encryption_details": {"key": "x"}}]}, "encryption_details: unknown key; there"),
        ({"conferences": [{"friendly_name": "a", "max_participants": "1"}]}, "'1' is not a whole"),
        ({"numbers": [{"phone_number": TO}]}, "numbers[0]: either outcome or outcomes is required"),
        ({"numbers": [{"phone_number": TO, "outcome": "fax", "outcomes": ["fax"]}]}, "and not both"),
        ({"numbers": [{"phone_number": TO, "outcomes": []}]}, "numbers[0].outcomes: [] is not a list"),
        ({"numbers": [{"phone_number": TO, "outcomes": ["fax", "x"]}]}, "outcomes[1]: 'x' is not one of"),
        ({"generate": {"calls": {"start": "2026-01-01"}}}, "generate.calls.count: is required"),
        ({"generate": {"calls": {"count": 5_000_001}}}, "from 0 to 5,000,000"),
        ({"calls": [{"status": "x" * 500}]}, "xxx... is not one of queued"),
    ],
)  # fmt: skip
def test_a_mistake_has_a_place_and_says_what_to_do(seed: Any, reason: str) -> None:
    with pytest.raises(ControlError) as caught:
        checked(seed)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 600


def test_a_mistake_in_a_file_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "seed.yaml"
    path.write_text("queues:\n- {friendly_name: a, sise: 3}\n", encoding="utf-8")
    with pytest.raises(ControlError, match=r"seed\.yaml: queues\[0\]: unknown sise; .*schema seed"):
        Emulator(seed=path).start()


def test_numbers_are_texts_as_they_are_written(emulator: Emulator, api: Api) -> None:
    emulator.seed({"queues": [{"friendly_name": 7, "max_size": "20"}], "recordings": [{"duration": "7"}]})
    queue = api.show("Queues.json")["queues"][0]
    assert (queue["friendly_name"], queue["max_size"]) == ("7", 20)
    assert api.show("Recordings.json")["recordings"][0]["duration"] == "7"


PROPERTIES = [SCHEMA, *SCHEMA["$defs"].values()]
NAMES = sorted({"x", *(name for one in PROPERTIES for name in one.get("properties", ()))})
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.dates())
SEEDS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(SEEDS)
def test_whatever_is_no_seed_is_refused_and_breaks_nothing(seed: Any) -> None:
    with suppress(ControlError):
        fits = checked(seed)
        assert jsonschema.Draft202012Validator(SCHEMA).is_valid(fits)

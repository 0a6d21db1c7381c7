"""The schema that is shipped: fit for editors, for the compiled check, and for what the code assumes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.config.reading import read
from tests.declared import VOCABULARY
from voiceform.config.load import check
from voiceform.config.schema import ConfigSchema, FileFacts
from voiceform.model.address import NAME_PATTERN
from voiceform.model.diagnostics import Diagnostic
from voiceform.model.durations import DURATION_PATTERN
from voiceform.model.safety import Safety
from voiceform.model.schema_files import schema_text

FILE: dict[str, Any] = json.loads(schema_text("config"))
ROOT: dict[str, Any] = dict(ConfigSchema.load().root)
CHECKS = set(Draft202012Validator.VALIDATORS) | {"then", "else"}
"""Keywords that every validator of the draft checks."""
ANNOTATIONS = {
    *("$schema", "$id", "$defs", "$comment", "title", "description", "default", "examples", "deprecated"),
    *("writeOnly", "errorMessage", "patternErrorMessage", "x-merge", "x-public"),
}
"""Keywords that check nothing; they alone may stand beside `$ref`."""
NESTED_ONE = ("items", "additionalProperties", "propertyNames", "not", "if", "then", "else")
NESTED_MANY = ("properties", "patternProperties", "$defs")
LIMITS = {
    "max_deletes": Safety().max_deletes,
    "max_delete_percent": Safety().max_delete_percent,
    "freeze": [*Safety().freezes],
    **{scope.limit.name: scope.limit.default for scope in VOCABULARY.scopes.values() if scope.limit},
}
"""Every limit, those that kinds declare too, and what it is where nothing is said."""
NO_DEFAULT = {"friendly_name"}
"""The default is the key: no value would be right."""


def schemas(schema: Any, place: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema in the file, with its place."""
    if not isinstance(schema, dict):
        return
    yield place, schema
    for word in NESTED_ONE:
        if isinstance(schema.get(word), dict):
            yield from schemas(schema[word], f"{place}/{word}")
    for word in NESTED_MANY:
        for name, inner in schema.get(word, {}).items():
            yield from schemas(inner, f"{place}/{word}/{name}")
    for word in ("oneOf", "anyOf", "allOf"):
        for index, inner in enumerate(schema.get(word, ())):
            yield from schemas(inner, f"{place}/{word}/{index}")


ALL = dict(schemas(ROOT))
KEYS = {place: schema for place, schema in ALL.items() if place.split("/")[-2:-1] == ["properties"]}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    return dict(ConfigSchema(ROOT).resolve(schema)) | {k: v for k, v in schema.items() if k != "$ref"}


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(ROOT)


@pytest.mark.parametrize("place", ALL)
def test_every_keyword_is_known(place: str) -> None:
    """The compiled check ignores what it does not know, and everything beside a $ref."""
    schema = ALL[place]
    assert set(schema) <= CHECKS | ANNOTATIONS
    if "$ref" in schema:
        assert set(schema) - {"$ref"} <= ANNOTATIONS
    for word in NESTED_MANY:
        assert all(isinstance(inner, dict) for inner in schema.get(word, {}).values())


@pytest.mark.parametrize("place", KEYS)
def test_editors_can_explain_every_key(place: str) -> None:
    schema = resolved(KEYS[place])
    assert schema["title"]
    assert schema["description"].endswith(".")
    assert schema["examples"]


@pytest.mark.parametrize("place", [place for place in KEYS if place.startswith("#/properties/")])
def test_every_key_of_the_top_and_of_safety_has_its_default(place: str) -> None:
    assert "default" in resolved(KEYS[place])


@pytest.mark.parametrize("place", [place for place in KEYS if place.startswith("#/$defs/queue/")])
def test_every_key_of_a_queue_has_its_default(place: str) -> None:
    assert ("default" in resolved(KEYS[place])) is (place.rsplit("/", 1)[1] not in NO_DEFAULT)


@pytest.mark.parametrize("place", ALL)
def test_examples_and_defaults_are_valid(place: str) -> None:
    schema = ALL[place]
    validator = Draft202012Validator({"$defs": ROOT["$defs"], **schema})
    values = list(schema.get("examples", ()))
    values += [schema["default"]] if "default" in schema else []
    for value in values:
        if not (isinstance(value, str) and "${" in value):
            assert [error.message for error in validator.iter_errors(value)] == []


def variables(value: Any, key: str = "") -> Iterator[Any]:
    """`value` with a variable in place of one scalar, for each of its scalars but the names of things."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from ({**value, name: changed} for changed in variables(inner, name))
    elif isinstance(value, list) and key != "aliases":
        for index, inner in enumerate(value):
            yield from ([*value[:index], changed, *value[index + 1 :]] for changed in variables(inner))
    elif key not in ("aliases", "name", "propertyNames", "version"):
        yield "${NAME:-default}"


@pytest.mark.parametrize("place", [place for place in ALL if "/aliases/" not in place])
def test_editors_accept_a_variable_for_every_scalar(place: str) -> None:
    in_file: Any = FILE
    for word in place.split("/")[1:]:
        in_file = in_file[int(word)] if isinstance(in_file, list) else in_file[word]
    validator = Draft202012Validator({"$defs": FILE["$defs"], **in_file})
    for example in resolved(ALL[place]).get("examples", ()):
        for changed in variables(example, place.rsplit("/", 1)[1] if "/" in place else ""):
            assert [error.message for error in validator.iter_errors(changed)] == [], changed


def test_the_check_does_not_accept_what_editors_do() -> None:
    assert Draft202012Validator(FILE).is_valid({"version": 1, "ownership": "${X}"})
    assert not Draft202012Validator(ROOT).is_valid({"version": 1, "ownership": "${X}"})
    assert "$defs/variable" not in json.dumps(ROOT)


def test_patterns_explain_themselves() -> None:
    for place, schema in ALL.items():
        if "pattern" in schema and not place.endswith(("/not", "/if")):
            assert schema["patternErrorMessage"].startswith("must "), place
            assert schema["pattern"].startswith("^"), place
            assert schema["pattern"].endswith("$"), place


def test_objects_are_closed() -> None:
    for place, schema in ALL.items():
        if "properties" in schema and "object" in schema.get("type", ()):
            assert schema.get("additionalProperties") is False, place


def test_it_agrees_with_the_model() -> None:
    limits = ROOT["properties"]["safety"]
    assert limits["default"] == LIMITS
    declared = {key: schema["default"] for key, schema in limits["properties"].items()}
    assert {key: value for key, value in declared.items() if value is not None} == limits["default"]
    assert ROOT["$defs"]["duration"]["pattern"] == DURATION_PATTERN
    assert ROOT["$defs"]["name"]["pattern"] == f"^{NAME_PATTERN}$"


NAMES = st.sampled_from(["a", "support", "-x", "a b", "é", "9", "09", "n9", "+9", "x" * 64, "x" * 65, "a\n"])
VALUES = (
    st.none()
    | st.booleans()
    | st.sampled_from([0, 1, 2, 5000, 5001, -1, 1.5, 100, 101])
    | st.sampled_from(["", "a", "recorded", "exclusive", f"AC{'0' * 32}", "x" * 64, "x" * 65, "a\n"])
)
ANYTHING = st.recursive(
    VALUES,
    lambda inner: st.lists(inner | NAMES, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)
QUEUE = st.dictionaries(
    st.sampled_from(["friendly_name", "max_size", "protect", "aliases", "size"]),
    VALUES | st.lists(NAMES, max_size=3) | ANYTHING,
    max_size=4,
)
SAFETY = st.dictionaries(st.sampled_from([*LIMITS, "max"]), VALUES, max_size=3)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "version": st.just(1) | VALUES,
        "account": VALUES,
        "ownership": VALUES,
        "safety": SAFETY | ANYTHING,
        "queues": st.dictionaries(NAMES, QUEUE | ANYTHING, max_size=3) | ANYTHING,
        "x-any": ANYTHING,
        "other": VALUES,
    },
).filter(bool)


@settings(max_examples=100)
@given(DOCUMENTS)
def test_both_validators_agree_and_every_error_has_its_place(document: dict[str, Any]) -> None:
    block, reported = read(yaml.safe_dump(document))
    assert block is not None
    assert reported == []
    schema = ConfigSchema(ROOT)
    found: list[Diagnostic] = []
    check(block, schema, FileFacts(), {"queues": "queue"}, found.append)
    full = Draft202012Validator(schema.partial())
    if _without_line_ends(document):
        assert bool(found) == (not full.is_valid(block))
    for diagnostic in found:
        assert diagnostic.position is not None
        assert diagnostic.message.isprintable()
    places = [(d.position, d.code) for d in found]
    assert len(places) == len(set(places))


def test_names_of_digits_keep_their_places() -> None:
    lines = [f"  '{name}': {{max_size: x}}\n" for name in ("9", "09", "n9", "n09", "+9", "+9?", "007")]
    block, _ = read("queues:\n" + "".join(lines))
    assert block is not None
    found: list[Diagnostic] = []
    check(block, ConfigSchema(ROOT), FileFacts(), {"queues": "queue"}, found.append)
    assert [(each.position and each.position.line, each.code) for each in found] == [
        (2, "wrong-type"),
        (3, "wrong-type"),
        (4, "wrong-type"),
        (5, "wrong-type"),
        (6, "invalid-name"),
        (7, "invalid-name"),
        (8, "wrong-type"),
    ]


def _without_line_ends(value: Any) -> bool:
    """jsonschema's own `$` accepts a line end behind the text; ours and that of editors does not."""
    return "\\n" not in json.dumps(value)

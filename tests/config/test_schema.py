"""What people read when a document does not fit the schema."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.config.reading import brief, problems, read
from voiceform.config import load
from voiceform.config.schema import ConfigSchema, FileFacts
from voiceform.model.diagnostics import Diagnostic

QUEUE = "version: 1\nqueues:\n  support:\n    {}\n"


def queue_problem(folder: Path, line: str) -> Diagnostic:
    [found] = problems(folder, QUEUE.format(line))
    assert found.address == "queue.support"
    return found


@pytest.mark.parametrize(
    ("line", "column", "message", "hint"),
    [
        ("max_size: 9000", 15, "max_size must be at most 5000, not 9000", None),
        ("max_size: 0", 15, "max_size must be at least 1, not 0", None),
        ("max_size: '5'", 15, "max_size must be a whole number, not the text '5'", "remove the quotes"),
        ("max_size: 1.5", 15, "max_size must be a whole number, not the number 1.5", None),
        ("max_size:", 14, "max_size must be a whole number, not empty", "write a value, or remove the key"),
        ("max_size: [5]", 15, "max_size must be a whole number, not a list", None),
        ("max_size: true", 15, "max_size must be a whole number, not true", None),
        ("friendly_name: ''", 20, "friendly_name must not be empty", None),
        ("friendly_name: 5", 20, "friendly_name must be text, not the number 5", "put it in quotes"),
        ("friendly_name: true", 20, "friendly_name must be text, not true", "put it in quotes"),
        (f"friendly_name: {'x' * 65}", 20, "friendly_name must have at most 64 characters, not 65", None),
        ("protect: yes", 14, "protect must be true or false, not the text 'yes'", "write true"),
        ("protect: off", 14, "protect must be true or false, not the text 'off'", "write false"),
        ("protect: 1", 14, "protect must be true or false, not the number 1", None),
        ("aliases: helpdesk", 14, "aliases must be a list, not the text 'helpdesk'", None),
        ("aliases: [a, b, a]", 14, "aliases must not repeat an item: 'a' is there twice", None),
        ("aliases: [a, -b]", 18, "aliases[1] must be 1 to 64 letters", None),
        ("max_sise: 5", 5, "unknown key 'max_sise'", "did you mean max_size?"),
        ("maxSize: 5", 5, "unknown key 'maxSize'", "did you mean max_size?"),
        ("Max-Size: 5", 5, "unknown key 'Max-Size'", "did you mean max_size?"),
        (
            "colour: red",
            5,
            "unknown key 'colour'",
            "the keys here are friendly_name, max_size, description, owner, protect and",
        ),
    ],
)
def test_messages(tmp_path: Path, line: str, column: int, message: str, hint: str | None) -> None:
    found = queue_problem(tmp_path, line)
    assert found.position is not None
    assert (found.position.line, found.position.column) == (4, column)
    assert message in found.message
    assert (hint or "") in (found.hint or "")
    assert bool(hint) == bool(found.hint)


def test_everything_at_once_in_source_order(tmp_path: Path) -> None:
    text = """\
ownership: exclusiv
safety: {max_delete_percent: 101, max_calls: -1, max_call: 1}
queues:
  "b d": {max_size: 1}
  a: &a {max_size: 0, nope: 1, protect: 5}
  c: *a
  d: text
extra: {}
version: 2
"""
    found = problems(tmp_path, text)
    assert brief(found) == [
        "1:12 invalid-value",
        "2:30 out-of-range",
        "2:46 out-of-range",
        "2:50 unknown-key",
        "4:3 invalid-name",
        "5:20 out-of-range",
        "5:23 unknown-key",
        "5:41 wrong-type",
        "7:6 wrong-type",
        "8:1 unknown-key",
        "9:10 invalid-value",
    ]
    assert found[0].hint == "did you mean exclusive?"
    assert found[3].hint == "did you mean max_calls, which is given already?"
    assert found[-1].message == "version must be 1, not 2"


def test_a_misspelt_key_is_not_missing_as_well(tmp_path: Path) -> None:
    [found] = problems(tmp_path, "verson: 1\n")
    assert (found.code, found.hint) == ("unknown-key", "did you mean version?")


def test_true_is_not_one(tmp_path: Path) -> None:
    assert brief(problems(tmp_path, "version: true\n")) == ["1:10 wrong-type"]
    assert brief(problems(tmp_path, "version: 1.0\n")) == []


def test_a_pattern_ends_where_the_text_ends(tmp_path: Path) -> None:
    text = f'version: 1\naccount: "AC{"a" * 32}\\n"\nqueues: {{a: {{aliases: ["b\\n"]}}}}\n'
    assert brief(problems(tmp_path, text)) == ["2:10 invalid-value", "3:24 invalid-value"]


def test_an_undefined_variable_is_one_finding(tmp_path: Path) -> None:
    assert brief(problems(tmp_path, "version: 1\naccount: ${NOPE}\n")) == ["2:10 undefined-variable"]


def test_values_from_the_environment_are_never_shown(tmp_path: Path) -> None:
    text = (
        "version: 1\naccount: ${HIDDEN}\nownership: &o ${HIDDEN}\n"
        "queues: {a: {friendly_name: *o, max_size: *o}}\n"
    )
    found = problems(tmp_path, text, {"HIDDEN": "hunter2"})
    assert brief(found) == ["2:10 invalid-value", "3:12 invalid-value", "4:43 wrong-type"]
    assert all("its value comes from ${HIDDEN}" in diagnostic.message for diagnostic in found)
    assert all("hunter2" not in str(diagnostic) for diagnostic in found)


def test_an_unset_guard_is_no_guard(tmp_path: Path) -> None:
    assert problems(tmp_path, "version: 1\naccount: ${TWILIO_ACCOUNT_SID:-}\n") == []


def test_references_in_keys_are_explained(tmp_path: Path) -> None:
    [found] = problems(tmp_path, 'version: 1\nqueues: {"${ENV}-a": {}}\n', {"ENV": "x"})
    assert brief([found]) == ["2:10 invalid-name"]
    assert "values only" in (found.hint or "")


@pytest.mark.parametrize(
    "written", ['"+15558675310"', "15558675310", "'1 (555) 867-5310'", "555-867-5310", "[+15558675310]"]
)
def test_phone_numbers_are_masked(tmp_path: Path, written: str) -> None:
    for text in (f"version: 1\nownership: {written}\n", f"version: 1\naccount: {written}\n"):
        [found] = problems(tmp_path, text)
        assert "867" not in str(found).replace(str(tmp_path), "")


def check(schema: dict[str, Any], text: str) -> list[Diagnostic]:
    """What a schema of the tests says about a text; `x` is the section of kind `thing`."""
    document, found = read(text)
    assert document is not None
    load.check(document, ConfigSchema(schema), FileFacts(), {"x": "thing"}, found.append)
    return found


def section(schema: dict[str, Any], **defs: Any) -> dict[str, Any]:
    entry = {"type": "object", "additionalProperties": False, "properties": {"v": schema}}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {"x": {"type": "object", "additionalProperties": entry}},
        "$defs": defs,
    }


CHOICE = section(
    {
        "oneOf": [
            {"type": "string", "pattern": "^a+$", "patternErrorMessage": "must be some a"},
            {"type": "array", "items": {"type": "string"}, "minItems": 1},
            {"$ref": "#/$defs/csv"},
        ]
    },
    csv={
        "type": "object",
        "required": ["csv", "column"],
        "additionalProperties": False,
        "properties": {"csv": {"type": "string", "examples": ["people.csv"]}, "column": {"type": "string"}},
    },
)


@pytest.mark.parametrize(
    ("value", "place", "message"),
    [
        ("b", "1:14", "v must be some a, not 'b'"),
        ("5", "1:14", "v must be text, a list or a mapping"),
        ("[]", "1:14", "v must not be empty"),
        ("[a, 5]", "1:18", "v[1] must be text, not the number 5"),
        ("{csv: a}", "1:14", "column is missing"),
        ("{}", "1:14", "csv and column are missing"),
        ("{csv: a, colum: b}", "1:23", "unknown key 'colum'"),
        ("{csv: 5, column: b}", "1:20", "v.csv must be text, not the number 5"),
    ],
)
def test_the_type_chooses_the_alternative(value: str, place: str, message: str) -> None:
    [found] = check(CHOICE, f"x: {{a: {{  v: {value}}}}}")
    assert str(found.position) == f"f.yaml:{place}"
    assert message in found.message
    assert found.address == "thing.a"


def case(*keys: str, **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "required": list(keys),
        "additionalProperties": False,
        "properties": {**{key: {"type": "string", "minLength": 2} for key in keys}, **properties},
    }


ANSWER = section(
    {"oneOf": [case("queue"), case("say"), case("url", method={"type": "string", "enum": ["GET", "POST"]})]}
)


@pytest.mark.parametrize(
    ("value", "place", "code", "message"),
    [
        ("{}", "1:14", "missing-key", "needs queue, say or url"),
        ("{method: GET}", "1:14", "missing-key", "needs queue, say or url"),
        ("{queue: ab, say: cd}", "1:14", "conflicting-keys", "v has queue and say, and only one of them"),
        ("{queu: ab}", "1:15", "unknown-key", "unknown key 'queu'"),
        ("{say: a}", "1:20", "out-of-range", "v.say must have at least 2 characters, not 1"),
        ("{url: ab, method: PUT}", "1:32", "invalid-value", "v.method must be GET or POST, not 'PUT'"),
        ("{say: ab, method: GET}", "1:24", "unknown-key", "unknown key 'method'"),
        ("text", "1:14", "wrong-type", "v must be a mapping, not 'text'"),
    ],
)
def test_the_keys_choose_the_alternative(value: str, place: str, code: str, message: str) -> None:
    [found] = check(ANSWER, f"x: {{a: {{  v: {value}}}}}")
    assert str(found.position) == f"f.yaml:{place}"
    assert found.code == code
    assert message in found.message


def test_several_forms_of_text() -> None:
    forms = section(
        {
            "anyOf": [
                {"type": "string", "pattern": "^[0-9]+d$", "patternErrorMessage": "must be a duration"},
                {"type": "string", "enum": ["forever"]},
            ]
        }
    )
    assert check(forms, "x: {a: {v: 5d}, b: {v: forever}}") == []
    [found] = check(forms, "x: {a: {v: never}}")
    assert found.message == "v must be forever or a duration, not 'never'"


def test_more_than_one_alternative_fits() -> None:
    both = section({"oneOf": [{"type": "string"}, {"type": "string", "minLength": 1}]})
    [found] = check(both, "x: {a: {v: text}}")
    assert found.message == "v fits more than one alternative"


def test_other_rules() -> None:
    rules = section(
        {
            "type": "object",
            "properties": {
                "secret": {"type": "string", "pattern": "^x$", "writeOnly": True},
                "auth_token": {"type": "string", "pattern": "^x$"},
                "step": {"type": "integer", "multipleOf": 5, "exclusiveMinimum": 0, "exclusiveMaximum": 100},
                "told": {"type": "string", "not": {"pattern": "^a"}, "errorMessage": "must not begin with a"},
                "never": {"not": {}},
                "few": {"type": "object", "maxProperties": 1},
            },
            "if": {"required": ["few"]},
            "then": {"required": ["step"]},
        }
    )
    text = "x: {a: {v: {secret: hush, auth_token: hush, step: %s, told: abc, never: 1, few: {a: 1, b: 2}}}}"
    messages = [diagnostic.message for diagnostic in check(rules, text % 7)]
    assert messages == [
        "v.secret does not have the right form",
        "v.auth_token does not have the right form",
        "v.step must be a multiple of 5, not 7",
        "v.told must not begin with a",
        "v.never is not allowed here",
        "v.few must have at most 1 entry, not 2",
    ]
    assert "must be less than 100, not 100" in check(rules, text % 100)[2].message
    assert "must be more than 0, not 0" in check(rules, text % 0)[2].message
    assert [found.message for found in check(rules, "x: {a: {v: {few: {}}}}")] == ["step is missing"]

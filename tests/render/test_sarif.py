"""SARIF 2.1.0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.render.strategies import diagnostics
from voiceform.model.diagnostics import Diagnostic, Position, Severity
from voiceform.render.sarif import diagnostics_sarif

VALIDATOR = Draft202012Validator(
    json.loads((Path(__file__).parent / "sarif_subset.json").read_text(encoding="utf-8"))
)


def run_of(found: list[Diagnostic]) -> dict[str, Any]:
    document = json.loads(diagnostics_sarif(found))
    assert [error.message for error in VALIDATOR.iter_errors(document)] == []
    run: dict[str, Any] = document["runs"][0]
    return run


def test_result_names_rule_and_place() -> None:
    found = Diagnostic(
        "bad-number",
        "+15558675310 is odd",
        Position("stacks/a b.yaml", 3, 5),
        severity=Severity.WARNING,
        hint="fix it",
        address="call.a",
    )
    run = run_of([Diagnostic("another", "x"), found])
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["another", "bad-number"]
    assert run["results"][1] == {
        "ruleId": "bad-number",
        "ruleIndex": 1,
        "level": "warning",
        "message": {"text": "+1•••••5310 is odd\nfix it"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": "stacks/a%20b.yaml", "uriBaseId": "SRCROOT"},
                    "region": {"startLine": 3, "startColumn": 5},
                },
                "logicalLocations": [{"fullyQualifiedName": "call.a", "kind": "resource"}],
            }
        ],
    }


def test_absolute_path_becomes_a_file_uri() -> None:
    (result,) = run_of([Diagnostic("r", "x", Position("/srv/a.yaml", 1, 1))])["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"] == {"uri": "file:///srv/a.yaml"}


def test_message_is_literal_text() -> None:
    (result,) = run_of([Diagnostic("r", "see [here](https://example.com) {0}")])["results"]
    assert result["message"]["text"] == r"see \[here\](https://example.com) {{0}}"


def test_nothing_found_is_a_run_without_results() -> None:
    assert run_of([])["results"] == []


@given(st.lists(diagnostics, max_size=4))
def test_any_findings_are_valid(found: list[Diagnostic]) -> None:
    run = run_of(found)
    for result, diagnostic in zip(run["results"], found, strict=True):
        assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == diagnostic.code
        if diagnostic.position is not None:
            location = result["locations"][0]["physicalLocation"]
            assert unquote(location["artifactLocation"]["uri"]) == diagnostic.position.file

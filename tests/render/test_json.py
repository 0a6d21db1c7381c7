"""JSON for programs: valid by the published schemas, redacted, safe to print."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.render import samples
from tests.render.strategies import diagnostics, plans, runs
from voiceform.model.diagnostics import Diagnostic, Position, Severity
from voiceform.model.errors import ConfigurationError, LockedError, UsageError
from voiceform.model.plan import Plan
from voiceform.model.plan_codec import review_digest
from voiceform.model.run import RunReport
from voiceform.render.escape import visible
from voiceform.render.findings_json import diagnostics_json
from voiceform.render.json import error_json, plan_json, run_json

SCHEMAS = Path(__file__).parents[2] / "schemas"


def validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


PLAN, RUN = validator("plan"), validator("run")


def problems(checker: Draft202012Validator, document: Any) -> list[str]:
    return [error.message for error in checker.iter_errors(document)]


def test_plan_is_redacted_and_its_digests_tell_nothing() -> None:
    plan = samples.full_plan()
    document = json.loads(plan_json(plan, show_numbers=False))
    assert document["digest"] is None
    assert {item["fingerprint"] for item in document["changes"]} == {None}
    assert document["review_digest"] == review_digest(plan, None)
    call = next(item for item in document["changes"] if item["kind"] == "call")
    assert call["after"] == {
        "to": [samples.MASKED],
        "from": "+1•••••2661",
        "sip_auth_password": "(sensitive)",
    }
    assert call["details"] == {"occurrences": [{"to": samples.MASKED}]}


def test_plan_with_numbers_still_hides_secrets() -> None:
    written = plan_json(samples.full_plan(), show_numbers=True)
    assert samples.NUMBER in written
    assert samples.SECRET not in written


def test_each_change_stands_on_a_line_of_its_own() -> None:
    lines = plan_json(samples.full_plan(), show_numbers=False).splitlines()
    assert [line for line in lines if '"address": "queue.sales"' in line and '"action": "update"' in line]
    assert lines[0] == "{"
    assert lines[-1] == "}"


@settings(max_examples=40)
@given(plans())
def test_any_plan_is_valid_and_safe(plan: Plan) -> None:
    written = plan_json(plan, show_numbers=False)
    assert problems(PLAN, json.loads(written)) == []
    assert all(visible(line) == line for line in written.split("\n"))
    assert "+15558675310" not in written


@settings(max_examples=40)
@given(runs())
def test_any_run_is_valid(run: tuple[RunReport, Plan]) -> None:
    report, plan = run
    document = json.loads(run_json(report, plan))
    assert problems(RUN, document) == []
    assert document["exit_code"] == report.exit_code
    assert "+15558675310" not in json.dumps(document["outcomes"])


def test_diagnostics() -> None:
    found = [
        Diagnostic(
            "bad-number", "+15558675310 is odd", Position("a.yaml", 3, 5), hint="fix it", address="call.a"
        ),
        Diagnostic("old-key", "this key is old", severity=Severity.WARNING),
    ]
    assert json.loads(diagnostics_json(found)) == {
        "valid": False,
        "error_count": 1,
        "warning_count": 1,
        "diagnostics": [
            {
                "severity": "error",
                "code": "bad-number",
                "message": "+1•••••5310 is odd",
                "hint": "fix it",
                "address": "call.a",
                "file": "a.yaml",
                "line": 3,
                "column": 5,
            },
            {
                "severity": "warning",
                "code": "old-key",
                "message": "this key is old",
                "hint": None,
                "address": None,
                "file": None,
                "line": None,
                "column": None,
            },
        ],
    }
    assert json.loads(diagnostics_json(found[1:]))["valid"] is True
    assert json.loads(diagnostics_json([])) == {
        "valid": True,
        "error_count": 0,
        "warning_count": 0,
        "diagnostics": [],
    }


@given(st.lists(diagnostics, max_size=4))
def test_any_diagnostics_are_json(found: list[Diagnostic]) -> None:
    written = diagnostics_json(found)
    assert len(json.loads(written)["diagnostics"]) == len(found)
    assert "+15558675310" not in written


def test_errors_carry_their_exit_code() -> None:
    locked = LockedError("the state is locked", where="queue.a", hint="wait for +15558675310")
    assert json.loads(error_json(locked)) == {
        "error": {
            "exit_code": 7,
            "what": "the state is locked",
            "where": "queue.a",
            "hint": "wait for +1•••••5310",
        }
    }
    assert json.loads(error_json(UsageError("no")))["error"]["exit_code"] == 64


def test_configuration_error_carries_its_findings() -> None:
    error = ConfigurationError([Diagnostic("bad", "no", Position("a.yaml", 1, 1))])
    document = json.loads(error_json(error))
    assert document["error"]["exit_code"] == 1
    assert document["diagnostics"][0]["line"] == 1

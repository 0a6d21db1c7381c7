"""Every code that voiceform prints has a text whose example is true, and no text is without its code."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.pages import play
from tests.support import Stack
from voiceform.kinds.call import CallKind
from voiceform.kinds.conference import ConferenceKind
from voiceform.kinds.queue import QueueKind
from voiceform.kinds.retention import RetentionKind
from voiceform.kinds.userfiles import Places
from voiceform.model.diagnostics import TOO_MANY
from voiceform.model.exit_codes import ExitCode
from voiceform.model.explanations import Group, explanations

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "voiceform"
SLUG = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+|credential|syntax|disagreement")
KNOWN = explanations()


def of(group: Group) -> set[str]:
    return {code for code, item in KNOWN.items() if item.group is group}


@pytest.mark.parametrize("code", KNOWN)
def test_the_example_is_true(code: str, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(stack.folder)
    stack.environ["PWD"] = str(stack.folder)
    stack.folder = Path()
    assert re.search(r"<!-- (run|shell|finds|tells|signal)", KNOWN[code].example)
    play(KNOWN[code].example, stack)


@pytest.mark.parametrize("code", KNOWN)
def test_each_says_what_why_and_what_to_do(code: str, stack: Stack) -> None:
    item = KNOWN[code]
    assert all(text.endswith(".") for text in (item.what, item.why, item.do))
    shown = stack.ok("explain", code).out
    flat = " ".join(shown.split())
    assert item.what in flat
    assert item.do in flat
    assert "<!--" not in shown
    assert stack.ok("explain", code, "--format", "json").json["code"] == code


def test_all_are_listed_in_groups(stack: Stack) -> None:
    shown = stack.ok("explain").out
    assert all(f"{group}:" in shown for group in Group)
    assert all(re.search(rf"^  {re.escape(code)} ", shown, re.MULTILINE) for code in KNOWN)
    assert len(stack.ok("explain", "--format", "json").json["codes"]) == len(KNOWN)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("unknwon-key", "unknown-key"),
        ("max_delete", "max_deletes"),
        ("2203", "22003"),
        ("protected", "protect"),
    ],
)
def test_a_misspelt_code_is_answered_with_the_one_that_was_meant(
    typed: str, meant: str, stack: Stack
) -> None:
    refused = stack.run("explain", typed)
    assert refused.code == ExitCode.USAGE
    assert f"did you mean {meant}?" in refused.err


@pytest.mark.parametrize("typed", ["[unknown-key]", "Unknown-Key", "unknown_key", "(unknown-key)"])
def test_a_code_is_taken_as_it_is_printed(typed: str, stack: Stack) -> None:
    assert stack.ok("explain", typed).out.startswith("unknown-key ")


def test_code_scanning_shows_the_same_texts(stack: Stack) -> None:
    stack.write("queues: {support: {max_sise: 5}}\n")
    (rule,) = stack.run("validate", "--format", "sarif").json["runs"][0]["tool"]["driver"]["rules"]
    known = KNOWN["unknown-key"]
    assert rule["shortDescription"]["text"] == known.what
    assert known.do in rule["help"]["markdown"]
    assert rule["helpUri"].endswith("docs/codes.md#unknown-key")


def trees() -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(PROGRAM.rglob("*.py")):
        if not {"emulator", "scaffold"} & set(path.relative_to(PROGRAM).parts):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


MAKERS = re.compile(
    r"Diagnostic|Saying|UnreadableError|complain|finding|_?problem|_report|_refusal|_say|_complain|RowError|tell"
)
"""What makes a finding, or takes the code of one that it makes."""


def codes_in(tree: ast.Module) -> Iterator[str]:
    """Codes that are given to a maker, or stand first in what is yielded."""
    for node in ast.walk(tree):
        values: list[ast.expr] = []
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", None) or getattr(node.func, "id", "")
            if MAKERS.fullmatch(str(name)):
                values = [*node.args[:2], *(word.value for word in node.keywords if word.arg == "code")]
        elif isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
            values = node.value.elts[:1]
        yield from (
            str(value.value)
            for value in values
            if isinstance(value, ast.Constant) and SLUG.fullmatch(str(value.value))
        )


def test_no_finding_is_without_its_text_and_no_text_without_its_finding() -> None:
    found = {TOO_MANY, *(code for _, tree in trees() for code in codes_in(tree))}
    for kind in kinds_with_names():
        found |= {f"{kind}-name-taken", f"{kind}-name-alike"}
    assert found == of(Group.FINDINGS)


def kinds_with_names() -> set[str]:
    """The kinds whose names are compared (kinds/namesakes.py)."""
    return {
        path.parent.name
        for path, _ in trees()
        if path.name == "parse.py" and "report_namesakes(" in path.read_text(encoding="utf-8")
    }


def test_every_rule_that_blocks_has_its_text_and_no_text_is_without_its_rule() -> None:
    found = {"max_deletes", "max_delete_percent"}
    places = Places(PROGRAM)
    found |= {
        scope.limit.name
        for kind in (QueueKind(), ConferenceKind(), CallKind(places), RetentionKind(places))
        for scope in kind.scopes
        if scope.limit is not None
    }
    for _, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Blocked":
                for word in node.keywords:
                    if word.arg == "rule" and isinstance(word.value, ast.Constant):
                        found.add(str(word.value.value))
    assert found == of(Group.REFUSALS)


def test_every_exit_code_has_its_text() -> None:
    assert of(Group.EXITS) == {str(int(code)) for code in ExitCode}


def test_every_error_of_twilios_that_the_program_knows_has_its_text() -> None:
    named: set[str] = set()
    for folder in ("twilio", "kinds"):
        for path in (PROGRAM / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8").replace('"12345"', "")
            named |= set(re.findall(r"\b1[236]\d{3}\b|\b2[0-2]\d{3}\b", text))
    assert named <= of(Group.TWILIO)
    assert of(Group.TWILIO) - named <= {"20003", "20404", "20001", "21210"}


def test_the_texts_are_read_when_somebody_asks(stack: Stack) -> None:
    import subprocess
    import sys

    code = "import voiceform.cli.app, sys; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", f"import json; {code}"], capture_output=True, check=True)
    assert "voiceform.model.explanations" not in json.loads(done.stdout)
    assert not {"urllib.request", "http.client", "email.parser"} & set(json.loads(done.stdout))

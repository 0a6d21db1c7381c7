"""Workflow commands of GitHub Actions."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.render.strategies import diagnostics
from voiceform.model.diagnostics import Diagnostic, Position, Severity
from voiceform.render.github import diagnostics_github


def test_error_with_everything() -> None:
    found = Diagnostic(
        "bad-number",
        "100 % wrong: +15558675310\n::warning::x",
        Position("stacks/a,b:c.yaml", 3, 5),
        hint="fix it",
        address="call.a",
    )
    assert diagnostics_github([found]) == (
        "::error file=stacks/a%2Cb%3Ac.yaml,line=3,col=5,title=bad-number::"
        "call.a: 100 %25 wrong: +1•••••5310\\n::warning::x%0Afix it\n"
    )


def test_warning_without_a_place() -> None:
    found = Diagnostic("old-key", "this key is old", severity=Severity.WARNING)
    assert diagnostics_github([found]) == "::warning title=old-key::this key is old\n"


@given(st.lists(diagnostics, max_size=4))
def test_one_command_a_finding_whatever_it_says(found: list[Diagnostic]) -> None:
    lines = diagnostics_github(found).split("\n")
    assert lines.pop() == ""
    assert len(lines) == len(found)
    for line, diagnostic in zip(lines, found, strict=True):
        assert line.startswith(f"::{diagnostic.severity} ")
        assert "\r" not in line
        assert "\x1b" not in line

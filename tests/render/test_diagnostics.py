"""Findings for people: the place, the source line, a caret, and no secret of the source."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.render.strategies import diagnostics, texts
from voiceform.model.diagnostics import Diagnostic, Position, Severity
from voiceform.render.diagnostics import FORMATS, text
from voiceform.render.escape import visible

SOURCE = """\
queues:
  support:
    max_sizes: 200
\tname: "日本" # wide
calls:
  a: {to: "+15558675310x", sip_auth_password: hunter2}
  b:
    sip_auth_password: |
      hunter2
      hunter3
    from: "+15017122661"
"""


def finding(line: int, column: int, **members: str) -> Diagnostic:
    return Diagnostic("some-rule", "this is wrong", Position("voiceform.yaml", line, column), **members)  # type: ignore[arg-type]


def shown(*found: Diagnostic) -> str:
    return text(found, lambda _file: SOURCE)


def source_lines(diagnostic: Diagnostic) -> list[str]:
    return [line for line in shown(diagnostic).splitlines() if " | " in line]


def test_whole_text() -> None:
    found = finding(3, 5, hint="did you mean max_size?", address="queue.support")
    warning = Diagnostic("old-key", "this key is old", severity=Severity.WARNING)
    assert (
        shown(found, warning)
        == """\
error[some-rule]: this is wrong
  --> voiceform.yaml:3:5 (queue.support)
  3 |     max_sizes: 200
    |     ^^^^^^^^^
  hint: did you mean max_size?

warning[old-key]: this key is old

1 error, 1 warning"""
    )


def test_caret_counts_cells_not_characters() -> None:
    line, carets = source_lines(finding(4, 8))
    assert line == '  4 |     name: "日本" # wide'
    assert carets == "    |           ^^^^^^"


def test_number_in_the_source_is_masked_and_the_caret_stays_in_place() -> None:
    line, carets = source_lines(finding(6, 11))
    assert line.startswith('  6 |   a: {to: "+1•••••5310x"')
    assert carets.index("^") == line.index('"+1')


def test_caret_inside_of_a_number_does_not_reveal_it() -> None:
    line, carets = source_lines(finding(11, 17))
    assert line == '  11 |     from: "+1•••••2661"'
    assert carets.index("^") == line.index("•")


@pytest.mark.parametrize(("line", "column"), [(6, 47), (6, 11), (8, 24), (9, 7), (10, 7), (10, 9)])
def test_secret_in_the_source_is_not_shown(line: int, column: int) -> None:
    found = shown(finding(line, column))
    assert "hunter" not in found
    assert "(sensitive)" in found or line == 8


def test_missing_source_or_line_is_no_problem(tmp_path: Path) -> None:
    found = Diagnostic("r", "wrong", Position(str(tmp_path / "gone.yaml"), 3, 5))
    assert text([found]).splitlines()[1].startswith("  --> ")
    assert source_lines(finding(99, 1)) == []


def test_file_is_read_by_default(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("\ufeffa: 1\r\nb: 2\r\n", encoding="utf-8")
    found = Diagnostic("r", "wrong", Position(str(tmp_path / "a.yaml"), 2, 1))
    assert "  2 | b: 2" in text([found]).splitlines()


def test_line_numbers_are_those_of_yaml() -> None:
    found = text([Diagnostic("r", "x", Position("f", 2, 1))], lambda _file: "a: 1\x0b\u2028still one\nb: 2\n")
    assert "  2 | b: 2" in found.splitlines()


def test_long_line_is_cut_around_the_column() -> None:
    source = "k: [" + "a, " * 5000 + "BAD, " + "b, " * 5000 + "]"
    column = source.index("BAD") + 1
    lines = text([Diagnostic("r", "x", Position("f", 1, column))], lambda _file: source).splitlines()
    line, carets = (line for line in lines if " | " in line)
    assert len(line) < 200
    assert line[carets.index("^") :].startswith("BAD")


def test_formats_are_those_of_the_command() -> None:
    assert set(FORMATS) == {"text", "json", "github", "sarif"}
    assert all(isinstance(render([]), str) for render in FORMATS.values())


@given(st.lists(diagnostics, max_size=3), texts)
def test_any_finding_in_any_source_is_safe_to_print(found: list[Diagnostic], source: str) -> None:
    printed = text(found, lambda _file: source)
    assert all(visible(line) == line and line == line.rstrip() for line in printed.split("\n"))
    assert "+15558675310" not in printed

"""Rooms whose names are one name, or only look like one."""

from __future__ import annotations

import pytest

from tests.support import Stack


@pytest.mark.parametrize(
    ("one", "other"), [("Standup", "standup"), ("Café", "Cafe\u0301"), ("STRASSE", "straße"), ("a", "a")]
)
def test_one_name_in_two_spellings_is_refused(stack: Stack, one: str, other: str) -> None:
    stack.write(f"conferences: {{x: {{friendly_name: '{one}'}}, y: {{friendly_name: '{other}'}}}}")
    result = stack.run("validate")
    assert result.code == 1
    assert "conference-name-taken" in result.err


@pytest.mark.parametrize(
    ("one", "other"),
    [("standup", "stand\u200bup"), ("standup", "st\u0430ndup"), ("a b", "ab"), ("Ill", "lll")],
)
def test_names_that_look_alike_are_told_spelled_out(stack: Stack, one: str, other: str) -> None:
    stack.write(f"conferences: {{x: {{friendly_name: '{one}'}}, y: {{friendly_name: '{other}'}}}}")
    result = stack.run("validate")
    assert result.code == 0
    assert "conference-name-alike" in result.err
    assert other.isascii() or "\\u" in result.err

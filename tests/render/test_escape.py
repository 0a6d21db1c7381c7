"""Hostile texts stay data in every target."""

from __future__ import annotations

import json
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.render.strategies import HOSTILE, texts
from voiceform.render.escape import (
    github_data,
    github_property,
    json_text,
    literal,
    log_line,
    markdown_code,
    markdown_fence,
    terminal,
    visible,
)

# Format characters that are drawn, or that letters and emoji need: they hide nothing.
DRAWN = {0x200C, 0x200D, 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, *range(0x600, 0x606)}


def hidden(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and ord(char) not in DRAWN


def test_every_hidden_character_of_unicode_is_shown_escaped() -> None:
    slipped = [
        hex(code)
        for code in range(sys.maxunicode + 1)
        if hidden(chr(code)) and chr(code) in visible(chr(code))
    ]
    assert slipped == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\x9b31m", "\\x9b31m"),
        ("a\tb\r\nc", "a\\tb\\r\\nc"),
        ("abc\u202edef", "abc\\u202edef"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("schön 日本 שלום", "schön 日本 שלום"),
        ("\U0001f468\u200d\U0001f469", "\U0001f468\u200d\U0001f469"),
        ("\ufffd", "\ufffd"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@given(texts)
def test_visible_is_one_line_and_stable(text: str) -> None:
    shown = visible(text)
    assert len(shown.splitlines()) <= 1
    assert visible(shown) == shown


@pytest.mark.parametrize("text", ["##[error]x", "a ##vso[task.complete]", "##teamcity[message text='x']"])
def test_terminal_defuses_commands_of_ci_runners(text: str) -> None:
    assert "##" not in terminal(text)


def test_headings_are_no_commands() -> None:
    assert terminal("## Plan") == "## Plan"


def test_log_line_defuses_github_commands_and_drops_trailing_space() -> None:
    assert log_line("   ::error::x  ") == "   \\::error::x"
    assert log_line("a ::error::x") == "a ::error::x"


def test_literal() -> None:
    assert literal(None) == "(unset)"
    assert literal('say "hi"\n') == '"say \\"hi\\"\\n"'
    assert literal({"a": [1, True]}) == '{"a": [1, true]}'
    assert literal("(sensitive)") == "(sensitive)"


@given(texts)
def test_json_text_reads_back_and_hides_nothing(text: str) -> None:
    written = json_text({text: [text]})
    assert json.loads(written) == {text: [text]}
    assert not any(hidden(char) for char in written)
    assert "##[" not in written


def test_json_text_survives_lone_surrogates() -> None:
    assert json_text("\ud800").encode() == b'"\\ud800"'


@given(texts)
def test_markdown_code_is_one_code_span_in_one_cell(text: str) -> None:
    table = f"| a | b |\n|---|---|\n| {markdown_code(text)} | end |\n\nafter\n"
    tokens = MarkdownIt("commonmark").enable("table").parse(table)
    cells = [token for token in tokens if token.type == "inline"]
    assert [cell.content for cell in cells[:2]] == ["a", "b"]
    assert len(cells) == 5
    assert cells[3].content == "end"
    inner = [child for child in cells[2].children or [] if child.type != "text" or child.content.strip()]
    assert [child.type for child in inner] in (["code_inline"], ["text"])
    if inner[0].type == "text":
        assert inner[0].content == "(empty)"
        assert not visible(text).strip()
    else:
        shown = terminal(text).replace("\\|", "\\x5c|")
        assert inner[0].content.strip() == shown.strip()


@given(st.lists(texts, max_size=4))
def test_markdown_fence_holds_everything(lines: list[str]) -> None:
    finished = [terminal(line) for line in lines]
    document = f"{markdown_fence(finished, 'diff')}\n\nafter\n"
    tokens = MarkdownIt("commonmark").parse(document)
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert tokens[0].content.rstrip("\n").split("\n") == "\n".join(finished).rstrip("\n").split("\n")


@given(texts, texts)
def test_github_command_is_one_line_with_its_own_properties(path: str, message: str) -> None:
    command = f"::error file={github_property(path)},line=1::{github_data(message)}"
    assert "\n" not in command
    assert "\r" not in command
    properties, _, data = command.removeprefix("::error ").partition("::")
    assert [part.split("=")[0] for part in properties.split(",")] == ["file", "line"]
    plain = data.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%")
    assert plain == message


def test_hostile_samples_are_hostile() -> None:
    assert any(hidden(char) for text in HOSTILE for char in text)

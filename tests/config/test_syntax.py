from __future__ import annotations

import pytest

from tests.config.reading import PARSERS, read
from voiceform.config.yaml_reader import PureParser, new_parser

CASES = {
    "tab": ("a:\n\tb: 1\n", "2:1", "a tab is used for indentation", "indent with spaces"),
    "tab after spaces": ("a:\n  b: 1\n  \tc: 2\n", "3:3", "a tab", "spaces"),
    "two keys on a line": ("a: b: c\n", "1:5", "a key is not expected here", "': '"),
    "open quotes": ('a: 1\nb: "open\nc: 2\n', "2:4", "the quotes that open here are never closed", "closing"),
    "open single quotes": ("b: 'open\n", "1:4", "never closed", "closing"),
    "open list": ("a: 1\nb: [1, 2\nc: 3\n", "2:4", "the list that opens here is not closed", "brackets"),
    "open mapping": ("b: {x: 1\n", "1:4", "the mapping that opens here is not closed", "braces"),
    "reference in flow": ("b: {x: ${N}}\n", "1:4", "the mapping", "put ${NAME} in quotes"),
    "at sign": ("a: @home\n", "1:4", "a value cannot begin with this character", "quotes"),
    "backquote": ("a: `x`\n", "1:4", "a value cannot begin with this character", "quotes"),
    "star": ("a: *.example.com\n", "1:4", "'*' begins a reference", "quotes"),
    "escape": ('a: "C:\\users"\n', "1:", "", ""),
    "unknown escape": ('a: "\\d"\n', "1:5", "this is not an escape sequence", "single quotes"),
    "indentation": ("a:\n    b: 1\n  c: 2\n", "3:3", "this line does not fit", "alike"),
    "list in mapping": ("a: 1\n- b\n", "2:1", "", ""),
    "list behind key": ("a: - b\n", "1:4", "a list item is not expected here", "its own line"),
    "missing colon": ("a: 1\nbroken\nc: 2\n", "", "a key without a value", "key: value"),
    "list item indentation": ("a:\n  - b\n   - c: 1\n", "3:", "", ""),
    "block header": ("a: |x\n  text\n", "1:5", "this is not the header of a block text", "|"),
    "unknown handle": ("a: !x!y z\n", "1:4", "this tag is not known", "remove"),
    "directive": ("%YAML 9.9\n---\na: 1\n", "1:1", "", ""),
}


@pytest.mark.parametrize("name", CASES)
def test_a_sentence_a_place_and_a_way_out(name: str) -> None:
    text, place, message, hint = CASES[name]
    block, [diagnostic] = read(text)
    assert block is None
    assert diagnostic.code == "syntax"
    assert f"{diagnostic.position}".startswith(f"f.yaml:{place}")
    assert message in diagnostic.message
    assert diagnostic.hint
    assert hint in diagnostic.hint


@pytest.mark.parametrize("name", CASES)
def test_both_parsers_refuse(name: str) -> None:
    for parser in PARSERS:
        assert read(CASES[name][0], parser=parser)[1] != []


def test_the_fast_parser_is_used_where_there_is_one() -> None:
    assert not isinstance(new_parser("a: 1"), PureParser)

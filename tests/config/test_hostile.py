"""Inputs that are made to hurt end in one clear diagnostic, without growing or recursing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.config.reading import PARSERS, brief, good, load, problems, read
from voiceform.config import text as limits
from voiceform.config.interpolate import MAX_TEXT
from voiceform.config.tree import MAX_DEPTH, TreeBuilder
from voiceform.config.yaml_reader import new_parser
from voiceform.model.diagnostics import Diagnostic
from voiceform.model.errors import ConfigurationError

LAUGHS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_a_billion_laughs() -> None:
    block, found = read(LAUGHS)
    assert block is None
    assert [diagnostic.code for diagnostic in found] == ["alias-bomb"]
    assert found[0].position is not None
    assert found[0].position.line == 6


def test_a_billion_laughs_by_merging() -> None:
    lines = ["a0: &a0 {" + ", ".join(f"k{index}: 1" for index in range(1000)) + "}"]
    lines += [f"b{index}: {{<<: *a0}}" for index in range(2000)]
    _, found = read("\n".join(lines))
    assert [diagnostic.code for diagnostic in found] == ["alias-bomb"]


def test_a_long_text_multiplied() -> None:
    text = f"a: &a {'x' * 900_000}\nb: [{', '.join(['*a'] * 100)}]\n"
    _, found = read(text)
    assert [diagnostic.code for diagnostic in found] == ["alias-bomb"]


@pytest.mark.parametrize("text", ["a: &a [*a]", "a: &a {b: {c: *a}}", "a: &a\n  <<: *a\n", "&r a: &q [[*q]]"])
def test_anchors_that_contain_themselves(text: str) -> None:
    for parser in PARSERS:
        block, found = read(text, parser=parser)
        assert block is None
        assert [diagnostic.code for diagnostic in found] == ["recursive-alias"]


@pytest.mark.parametrize(("opening", "count"), [("[", 1_000_000), ("{a: ", 200_000), ("- ", 200_000)])
def test_deep_nesting(opening: str, count: int) -> None:
    block, found = read(("" if opening == "- " else "a: ") + opening * count)
    assert block is None
    assert [diagnostic.code for diagnostic in found] == ["too-deep"]


def test_the_deepest_that_is_allowed() -> None:
    depth = MAX_DEPTH - 1
    good(f"a: {'[' * depth}{']' * depth}")
    _, found = read(f"a: {'[' * (depth + 1)}{']' * (depth + 1)}")
    assert [diagnostic.code for diagnostic in found] == ["too-deep"]


def test_depth_counts_what_aliases_add() -> None:
    half = MAX_DEPTH // 2
    deep = "[" * half + "]" * half
    text = f"a: &a {deep}\nb: {'[' * half}*a{']' * half}\n"
    _, found = read(text)
    assert [diagnostic.code for diagnostic in found] == ["too-deep"]
    good(f"a: &a {deep}\nb: {'[' * (half - 1)}*a{']' * (half - 1)}\n")


def test_depth_is_remembered_through_anchors_in_anchors() -> None:
    lines = ["a0: &a0 []"] + [f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, MAX_DEPTH + 5)]
    _, found = read("\n".join(lines))
    assert [diagnostic.code for diagnostic in found] == ["too-deep"]


def test_long_texts() -> None:
    assert len(good(f"a: {'x' * MAX_TEXT}")["a"]) == MAX_TEXT
    for text in (f"a: {'x' * (MAX_TEXT + 1)}", f"a: b\n? {'x' * (MAX_TEXT + 1)}\n: c"):
        _, found = read(text)
        assert [diagnostic.code for diagnostic in found] == ["too-long"]


def test_too_many_values() -> None:
    text = f"a: [{'1,' * 991}]"
    TreeBuilder(new_parser(text), "f.yaml", print, None, max_nodes=1000).document()
    with pytest.raises(limits.UnreadableError) as caught:
        TreeBuilder(new_parser(text), "f.yaml", print, None, max_nodes=999).document()
    assert brief([caught.value.diagnostic]) == ["1:1985 file-too-large"]


def test_a_file_without_end() -> None:
    with pytest.raises(ConfigurationError) as caught:
        load(Path("/"), "/dev/zero")
    assert brief(list(caught.value.diagnostics)) == ["1:1 unreadable-file"]


def test_the_limit_on_bytes_is_exact() -> None:
    with pytest.raises(limits.UnreadableError):
        limits.decode(b" " * (limits.MAX_BYTES + 1), "f.yaml")
    assert len(limits.decode(b" " * limits.MAX_BYTES, "f.yaml")) == limits.MAX_BYTES


def test_mistakes_without_number(tmp_path: Path) -> None:
    found = problems(tmp_path, "version: 1\n" + "a: ${NOPE}\n" * 50_000)
    assert found[-1].code == "too-many"
    assert sum(one.stands_for for one in found) == 50_000 + 49_999  # each key but the first is there twice


def test_a_misspelt_key_of_any_length(tmp_path: Path) -> None:
    found = problems(tmp_path, f"version: 1\n? {'max_size' * 100_000}\n: 1\n")
    assert brief(found) == ["2:3 unknown-key"]
    assert len(found[0].message) < 200


def test_control_characters_are_escaped_in_messages(tmp_path: Path) -> None:
    found = problems(tmp_path, 'version: 1\n"\\e[31mred\\nx": 1\nownership: "\\e[2J"\n')
    assert brief(found) == ["2:1 unknown-key", "3:12 invalid-value"]
    assert all(diagnostic.message.isprintable() for diagnostic in found)


FRAGMENTS = [
    *"ab:-?[]{},&*!|>%@`#'\"\\~ \n\t$",
    "\n  ",
    "\n    ",
    ": ",
    "- ",
    "<<: ",
    "&a ",
    "*a",
    "!!int ",
    "---\n",
    "...",
    "version: 1\n",
    "queues:",
    "max_size: ",
    "calls:",
    "conferences:",
    "settings:",
    "to: ",
    "${X}",
    "${",
    "\r",
    "\x00",
    "\x85",
    "\u2028",
    "\ufeff",
    "é",
    "🎧",
]


@settings(max_examples=300)
@example("queues:\ufeffversion: 1\n")
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=40).map("".join) | st.binary(max_size=40))
def test_any_file_ends_in_a_configuration_or_in_diagnostics(
    tmp_path_factory: pytest.TempPathFactory, content: str | bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for diagnostic in _found(path):
        assert diagnostic.position is not None
        assert diagnostic.position.line >= 1
        assert diagnostic.position.column >= 1
        assert diagnostic.message.isprintable()
        assert (diagnostic.hint or "").isprintable()


def _found(path: Path) -> list[Diagnostic]:
    """What is wrong with a file; anything but ConfigurationError is a failure."""
    try:
        load(path.parent, path.name, environ={"X": "x"})
    except ConfigurationError as error:
        return list(error.diagnostics) or [Diagnostic("none", "an error without diagnostics")]
    return []

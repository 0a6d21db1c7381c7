from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from tests.config.reading import PARSERS, brief, good, read
from voiceform.config.text import UnreadableError
from voiceform.config.tree import TreeBuilder
from voiceform.model.document import Block, Mark, Series, position_of

DOCUMENT = """\
version: 1
queues:
  support:
    friendly_name: "Support é 🎧"
    aliases: [a, b]
  sales: {max_size: 5}
list:
  - x
  -   y: 1
"""


@pytest.mark.parametrize("parser", PARSERS)
def test_positions(parser: Callable[[str], Any]) -> None:
    root, found = read(DOCUMENT, parser=parser)
    assert found == []
    assert root is not None
    queues = root["queues"]
    assert str(root.key_position("queues")) == "f.yaml:2:1"
    assert str(queues.key_position("support")) == "f.yaml:3:3"
    assert str(queues["support"].position) == "f.yaml:4:5"
    assert str(queues["support"].value_position("friendly_name")) == "f.yaml:4:20"
    assert str(queues["support"]["aliases"].item_position(1)) == "f.yaml:5:18"
    assert str(queues.value_position("sales")) == "f.yaml:6:10"
    assert str(queues["sales"].value_position("max_size")) == "f.yaml:6:21"
    assert str(root["list"].item_position(0)) == "f.yaml:8:5"
    assert str(root["list"][1].key_position("y")) == "f.yaml:9:7"
    assert str(root.key_position("not there")) == "f.yaml:1:1"
    assert root == yaml.safe_load(DOCUMENT)


def test_columns_count_characters_not_bytes() -> None:
    assert str(good('{"é🎧": 1, b: 2}').key_position("b")) == "f.yaml:1:11"


def test_keys_are_text_as_written() -> None:
    block = good("911: a\nno: b\nnull: c\n1.50: d\n2026-12-01: e\n!!str 7: f\n&x name: g\n")
    assert list(block) == ["911", "no", "null", "1.50", "2026-12-01", "7", "name"]


@pytest.mark.parametrize(
    "text", ["? [a, b]\n: 1\n", "? {a: 1}\n: 1\n", "? \n: 1\n", '"": 1\n', "!!int 5: 1\n"]
)
def test_other_keys_are_refused(text: str) -> None:
    block, found = read(text + "good: 1\n")
    assert [diagnostic.code for diagnostic in found] == ["invalid-key"]
    assert block == {"good": 1}


def test_duplicate_keys_name_both_places() -> None:
    block, found = read("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\na: 2\n'a': 4\n")
    assert brief(found) == ["5:3 duplicate-key", "6:1 duplicate-key", "7:1 duplicate-key"]
    assert "f.yaml:3:3" in found[0].message
    assert "f.yaml:1:1" in found[1].message
    assert block == {"a": 1, "b": {"c": 1, "d": 2}}


def test_anchors_and_aliases() -> None:
    block = good("a: &a {x: [1, 2]}\nb: *a\nc: &s text\nd: [*s, *s]\ne: &s other\nf: *s\n")
    assert block["b"] is block["a"]
    assert block["d"] == ["text", "text"]
    assert block["f"] == "other"
    assert str(block["b"].value_position("x")) == "f.yaml:1:11"
    assert str(block["d"].item_position(1)) == "f.yaml:4:9"


def test_an_alias_as_a_key() -> None:
    assert good("a: &k name\nb:\n  *k : 1\n")["b"] == {"name": 1}


MERGED = """\
base: &base
  max_size: 5
  protect: true
extra: &extra {max_size: 6, aliases: [x]}
one:
  max_size: 7
  <<: *base
many:
  <<: [*base, *extra]
inline: {<<: {a: 1}, b: 2}
nested: &nested
  <<: *base
  more: 1
last: {<<: *nested}
"""


def test_merge_keys_mean_what_they_mean_in_yaml_1_1() -> None:
    base, nested = {"max_size": 5, "protect": True}, {"max_size": 5, "protect": True, "more": 1}
    assert good(MERGED) == {
        "base": base,
        "extra": {"max_size": 6, "aliases": ["x"]},
        "one": {"max_size": 7, "protect": True},
        "many": {"max_size": 5, "protect": True, "aliases": ["x"]},  # the earlier mapping wins
        "inline": {"a": 1, "b": 2},
        "nested": nested,
        "last": nested,
    }


def test_merged_values_are_where_they_are_written() -> None:
    block = good(MERGED)
    assert str(block["one"].value_position("max_size")) == "f.yaml:6:13"
    assert str(block["one"].value_position("protect")) == "f.yaml:3:12"
    assert str(block["many"].key_position("aliases")) == "f.yaml:4:29"
    assert str(block["last"].key_position("protect")) == "f.yaml:3:3"
    assert str(block["last"].position) == "f.yaml:14:7"


def test_a_quoted_merge_key_is_a_key() -> None:
    assert good('a: {"<<": 1}')["a"] == {"<<": 1}


@pytest.mark.parametrize("value", ["5", "[1]", "text", "[{a: 1}, 2]"])
def test_only_mappings_are_merged(value: str) -> None:
    _, found = read(f"a:\n  <<: {value}\n  b: 1\n")
    assert brief(found) == ["2:7 invalid-merge"]


def test_two_merge_keys_are_duplicates() -> None:
    _, found = read("a: &a {x: 1}\nb:\n  <<: *a\n  <<: *a\n")
    assert brief(found) == ["4:3 duplicate-key"]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("!!str 5", "5"),
        ("! 5", "5"),
        ("!!int 5", 5),
        ("!!float 5", 5),
        ("!!bool true", True),
        ('!!null ""', None),
        ("!!map {b: 1}", {"b": 1}),
        ("!!seq [1]", [1]),
    ],
)
def test_core_tags(written: str, value: Any) -> None:
    found = good(f"a: {written}")["a"]
    assert found == value
    assert isinstance(found, type(value))


@pytest.mark.parametrize(
    "written",
    [
        "!!python/object/apply:os.system [ls]",
        "!!python/name:os.system x",
        "!!binary aGk=",
        "!!timestamp 2026-01-01",
        "!!set {a: null}",
        "!!omap [a: 1]",
        "!include other.yaml",
        "!vault {a: 1}",
        "!!map [1]",
    ],
)
def test_other_tags_are_refused(written: str) -> None:
    _, found = read(f"a: {written}\n")
    assert brief(found) == ["1:4 unknown-tag"]


@pytest.mark.parametrize("written", ["!!int x", "!!int 010", "!!bool yes", "!!null x", "!!float .inf"])
def test_values_that_are_not_what_their_tag_says(written: str) -> None:
    _, found = read(f"a: {written}\n")
    assert brief(found) == ["1:4 invalid-tag"]


def test_a_missing_anchor_names_the_one_that_was_meant() -> None:
    _, found = read("a: &defaults 1\nb: *default\nc: *elsewhere\n")
    assert brief(found) == ["2:4 undefined-anchor", "3:4 undefined-anchor"]
    assert found[0].hint == "did you mean *defaults?"
    assert "quotes" in (found[1].hint or "")


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "--- # x\n...\n", "~\n"])
def test_an_empty_file(text: str) -> None:
    block, found = read(text)
    assert block is None
    assert brief(found) == ["1:1 empty-file"]


@pytest.mark.parametrize("text", ["- a\n", "text\n", "5\n", "[]\n"])
def test_a_file_must_be_a_mapping(text: str) -> None:
    block, found = read(text)
    assert block is None
    assert brief(found) == ["1:1 wrong-type"]


def test_several_documents_are_refused() -> None:
    block, found = read("a: 1\n---\nb: 2\n")
    assert block is None
    assert brief(found) == ["2:1 several-documents"]


@pytest.mark.parametrize("text", ["---\na: 1\n", "a: 1\n...\n", "%YAML 1.1\n---\na: 1\n"])
def test_one_document_with_its_markers(text: str) -> None:
    assert good(text) == {"a": 1}


@pytest.mark.parametrize("written", [r'"a\0b"', r'"\ud83c"'])
def test_escapes_cannot_smuggle_in_what_cannot_be_stored(written: str) -> None:
    for parser in PARSERS:
        _, found = read(f"a: {written}\n", parser=parser)
        assert len(found) == 1
        assert found[0].code in ("invalid-text", "syntax")


UNWRITABLE = "\ufeff\x85\u2028\u2029"
"""PyYAML does not read these back as it writes them."""
PLAIN = st.text(alphabet="abcxyzéÅ漢🎧", min_size=1, max_size=8)
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters=UNWRITABLE), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(10**17), 10**17)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | TEXT
    | st.text(alphabet="0123456789+-:._eE ntrufalso~#'\"{}[],&*!|>%@`\n\t", max_size=10)
)


def trees(scalars: st.SearchStrategy[Any], keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    inner = st.recursive(
        scalars,
        lambda children: st.lists(children, max_size=4) | st.dictionaries(keys, children, max_size=4),
        max_leaves=20,
    )
    return st.dictionaries(keys, inner, min_size=1, max_size=5)


STYLES = st.fixed_dictionaries(
    {
        "default_flow_style": st.sampled_from([True, False, None]),
        "default_style": st.sampled_from([None, "'", '"']),
        "indent": st.sampled_from([2, 4, 7]),
        "width": st.sampled_from([20, 80]),
        "allow_unicode": st.booleans(),
    }
)


@given(trees(SCALARS, TEXT.filter(bool)), STYLES)
def test_what_pyyaml_writes_means_the_same_here(document: dict[str, Any], style: dict[str, Any]) -> None:
    """Block and flow style, any quoting; a NUL is the one thing that is refused."""
    if style["default_style"] is not None:
        style = {**style, "default_style": None if not _only_text(document) else style["default_style"]}
    text = yaml.safe_dump(document, **style)
    block, found = read(text)
    if any("\0" in word for word in _texts(document)):
        assert {diagnostic.code for diagnostic in found} == {"invalid-text"}
    else:
        assert found == []
        assert block == yaml.load(text, yaml.CSafeLoader)


@given(trees(PLAIN, PLAIN), STYLES)
def test_every_position_points_at_what_is_there(document: dict[str, Any], style: dict[str, Any]) -> None:
    text = yaml.safe_dump(document, **{**style, "allow_unicode": True, "default_style": None})
    lines = text.split("\n")
    for mark, value in _marks(good(text)):
        place = position_of(mark, "f.yaml")
        written = lines[place.line - 1][place.column - 1 :]
        if isinstance(value, str):
            assert written.lstrip("?! '\"").startswith(value)
        elif isinstance(value, dict):
            key = next(iter(value), "}")
            assert written.lstrip("{? \n'\"").startswith(key) or written.startswith("{")
        else:
            assert written.startswith(("[", "-"))


@given(trees(PLAIN, PLAIN), STYLES)
def test_both_parsers_see_the_same(document: dict[str, Any], style: dict[str, Any]) -> None:
    text = yaml.safe_dump(document, **style)
    first, second = (read(text, parser=parser)[0] for parser in PARSERS)
    assert first is not None
    assert second is not None
    assert first == second
    assert list(_marks(first)) == list(_marks(second))


def _marks(node: Any) -> Iterator[tuple[Mark, Any]]:
    if isinstance(node, Block):
        yield node.mark, node
        for key, value in node.items():
            yield node.key_marks[key], key
            yield node.value_marks[key], value
            yield from _marks(value)
    elif isinstance(node, Series):
        yield node.mark, node
        for mark, value in zip(node.item_marks, node, strict=True):
            yield mark, value
            yield from _marks(value)


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        yield from node
        for value in node.values():
            yield from _texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from _texts(value)


def _only_text(node: Any) -> bool:
    if isinstance(node, dict):
        return all(map(_only_text, node.values()))
    if isinstance(node, list):
        return all(map(_only_text, node))
    return isinstance(node, str)


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("text", "value"),
    [("a: 1\nb: 2\n", 4), ('"a": "1"\n"b": "2"\n', 6), ("? a\n: !!int 1\n? b\n: &x 2\n", 3)],
)
def test_the_limit_is_exact_however_values_are_written(text: str, value: int, parser: Any) -> None:
    """Four for the mapping, and one for each key and value; told where the first one too many is."""
    columns = []
    for most in range(4, 8):
        with pytest.raises(UnreadableError) as caught:
            TreeBuilder(parser(text), "f.yaml", print, None, max_nodes=most).document()
        assert caught.value.diagnostic.code == "file-too-large"
        assert caught.value.diagnostic.position is not None
        columns.append(caught.value.diagnostic.position.column)
    key = 3 if text.startswith("?") else 1
    assert columns == [key, value, key, value]
    TreeBuilder(parser(text), "f.yaml", print, None, max_nodes=8).document()

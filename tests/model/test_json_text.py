"""JSON of others is read strictly: a value, or a sentence."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.model.json_text import DEEPEST, read_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_what_json_writes_is_read(value: object) -> None:
    text = json.dumps(value)
    assert read_json(text) == value
    assert read_json(b"\xef\xbb\xbf" + text.encode()) == value


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "not JSON"),
        (b'{"a": ', "line 1, column 7"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"[" * 200_000, "nested"),
        (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), "nested"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b"[NaN]", "NaN"),
        (b"[-Infinity]", "Infinity"),
        (b"[1e999]", "out of range"),
        (b"1" * 10_000, "digit"),
        (b'["\\ud800"]', "surrogate"),
        (b'{"\\udfff": 1}', "surrogate"),
        (b"{} {}", "Extra data"),
    ],
)
def test_anything_else_is_a_sentence(content: bytes, what: str) -> None:
    with pytest.raises(ValueError, match=what) as caught:
        read_json(content)
    assert type(caught.value) is ValueError


@given(st.binary())
def test_no_bytes_raise_anything_else(content: bytes) -> None:
    with suppress(ValueError):
        read_json(content)

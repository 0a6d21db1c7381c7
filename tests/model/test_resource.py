"""Objects, and what of them is held once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.model.empty import EMPTY, empty
from voiceform.model.resource import alike, canonical_json

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.sampled_from([0.0, 1.0]) | st.sampled_from("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner),
)
MAPPINGS = st.dictionaries(st.sampled_from("abc"), VALUES)


@given(MAPPINGS, MAPPINGS)
def test_what_is_shared_is_the_same_in_json(value: dict[str, Any], known: dict[str, Any]) -> None:
    found = alike(value, known)
    assert canonical_json(found) == canonical_json(value)
    assert all(
        found[key] is known[key]
        for key in value.keys() & known.keys()
        if canonical_json(found[key]) == canonical_json(known[key]) and isinstance(value[key], list | dict)
    )


def test_what_is_the_same_is_known_already() -> None:
    known = {"friendly_name": "a", "to": ["+12125550101"], "max_size": 5}
    assert alike({"friendly_name": "a", "to": ["+12125550101"], "max_size": 5}, known) is known
    other = alike({"friendly_name": "b", "to": ["+12125550101"], "max_size": 5.0}, known)
    assert other["to"] is known["to"]
    assert type(other["max_size"]) is float


def test_nothing_can_be_put_into_the_empty_mapping() -> None:
    assert EMPTY == {}
    assert empty() is EMPTY
    assert canonical_json({"counts": EMPTY}) == b'{"counts":{}}'
    with pytest.raises(TypeError):
        EMPTY["a"] = 1  # type: ignore[index]

"""Field differences: complete, minimal, and in a form that people read."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from voiceform.engine.diff import field_changes
from voiceform.model.plan import FieldChange

scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.text("ab", max_size=2)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=8,
)
attributes = st.dictionaries(st.sampled_from(["alpha", "beta", "gamma"]), values, max_size=3)


@given(attributes, attributes)
@example({"alpha": True}, {"alpha": 1})
@example({"alpha": [True]}, {"alpha": [1]})
def test_there_are_changes_exactly_when_the_sides_differ(before: Any, after: Any) -> None:
    assert bool(field_changes(before, after)) == (_typed(before) != _typed(after))


@given(attributes)
def test_a_copy_is_no_change(before: Any) -> None:
    assert field_changes(before, copy.deepcopy(before)) == ()


@given(attributes, attributes)
def test_reversing_the_sides_reverses_each_change(before: Any, after: Any) -> None:
    forth = {change.path: (change.before, change.after) for change in field_changes(before, after)}
    back = {change.path: (change.after, change.before) for change in field_changes(after, before)}
    assert forth == back


def test_paths_are_dotted_and_list_items_are_indexed() -> None:
    before = {"settings": {"beep": True}, "to": ["a", "b"]}
    after = {"settings": {"beep": "on-enter", "trim": 1}, "to": ["a", "c", "d"]}
    assert field_changes(before, after) == (
        FieldChange("settings.beep", True, "on-enter"),
        FieldChange("settings.trim", None, 1),
        FieldChange("to[1]", "b", "c"),
        FieldChange("to[2]", None, "d"),
    )


def test_a_creation_lists_every_attribute() -> None:
    assert field_changes(None, {"b": 1, "a": [2]}) == (
        FieldChange("a", None, [2]),
        FieldChange("b", None, 1),
    )


def test_a_deletion_lists_every_attribute() -> None:
    assert field_changes({"a": 1}, None) == (FieldChange("a", 1, None),)


def _typed(value: Any) -> Any:
    """JSON tells True from 1; Python's == does not."""
    if isinstance(value, dict):
        return {key: _typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_typed(item) for item in value]
    return (type(value).__name__, value)

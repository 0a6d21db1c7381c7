"""Which attributes differ: the only importer of deepdiff.

deepdiff is imported when the first difference is shown: most objects of most plans are equal, and equality is
one comparison of dicts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, TypeGuard

from voiceform.model.plan import FieldChange
from voiceform.model.resource import Attributes

_NESTED = (Mapping, list, tuple)


def field_changes(before: Attributes | None, after: Attributes | None) -> tuple[FieldChange, ...]:
    """The attributes that differ, sorted by path (`settings.beep`, `to[2]`); values are None where absent.

    Of a list of texts it is what is gained and lost that differs, wherever it stands.

    With one side None every attribute of the other is listed, whole.
    """
    if before is None or after is None:
        present = before if after is None else after
        return tuple(
            FieldChange(key, before and before[key], after and after[key]) for key in sorted(present or ())
        )
    found = [change for key in before.keys() | after.keys() for change in _attribute(key, before, after)]
    return tuple(sorted(found, key=lambda change: change.path))


def _attribute(key: str, before: Attributes, after: Attributes) -> list[FieldChange]:
    """The differences within one attribute. Plain values are compared here: most attributes are."""
    old, new = before.get(key), after.get(key)
    if _is_texts(old) and _is_texts(new):
        return _list_changes(key, old, new)
    if isinstance(old, _NESTED) and isinstance(new, _NESTED):
        return _differences(key, old, new)
    same = old == new and isinstance(old, bool) == isinstance(new, bool)
    return [] if same and (key in before) == (key in after) else [FieldChange(key, old, new)]


def _is_texts(value: object) -> TypeGuard[Sequence[str]]:
    return isinstance(value, list | tuple) and all(isinstance(item, str) for item in value)


def _list_changes(key: str, before: Sequence[str], after: Sequence[str]) -> list[FieldChange]:
    """What a list of texts loses and gains, each under its index there. A list that is only put into another
    order differs as a whole."""
    if list(before) == list(after):
        return []
    removed, added = _only_in(before, after), _only_in(after, before)
    if not removed and not added:
        return [FieldChange(key, list(before), list(after))]
    return [
        FieldChange(f"{key}[{index}]", removed.get(index), added.get(index))
        for index in sorted(removed.keys() | added.keys())
    ]


def _only_in(items: Sequence[str], others: Sequence[str]) -> dict[int, str]:
    """By their index the items that `others` does not have, or not as often."""
    left = Counter(others)
    found = {}
    for index, item in enumerate(items):
        if left[item]:
            left[item] -= 1
        else:
            found[index] = item
    return found


def _differences(key: str, before: Any, after: Any) -> list[FieldChange]:  # noqa: ANN401 - any JSON value
    from deepdiff import DeepDiff

    tree = DeepDiff(
        _plain(before), _plain(after), view="tree", zip_ordered_iterables=True, threshold_to_diff_deeper=0
    )
    return [
        FieldChange(_path([key, *level.path(output_format="list")]), _value(level.t1), _value(level.t2))
        for levels in tree.values()
        for level in levels
    ]


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """JSON data in plain dicts and lists, whatever mappings it came in."""
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _path(parts: list[str | int]) -> str:
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts)
    return text.removeprefix(".")


def _value(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """deepdiff marks an absent side with a sentinel of its own."""
    from deepdiff.helper import NotPresent

    return None if isinstance(value, NotPresent) or value is NotPresent else value

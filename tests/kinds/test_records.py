"""Which record each declared object has: a table of addresses, earlier ones and what is recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from voiceform.kinds.records import match_records, previous_address
from voiceform.model.address import Address
from voiceform.model.resource import Desired, Recorded

CASES: Mapping[str, tuple[Mapping[str, Sequence[str]], str, Mapping[str, str], str, Mapping[str, str]]] = {
    # declared keys with their aliases; recorded keys -> who has which record, whose nobody is, who is refused
    "nothing": ({}, "", {}, "", {}),
    "new": ({"a": []}, "", {}, "", {}),
    "its own": ({"a": []}, "a", {"a": "a"}, "", {}),
    "removed": ({}, "a b", {}, "a b", {}),
    "renamed": ({"b": ["a"]}, "a", {"b": "a"}, "", {}),
    "renamed long ago": ({"b": ["a"]}, "b", {"b": "b"}, "", {}),
    "renamed twice": ({"c": ["b", "a"]}, "a", {"c": "a"}, "", {}),
    "an alias of nothing": ({"b": ["a"]}, "c", {}, "c", {}),
    "an alias that is named twice": ({"b": ["a", "a"]}, "a", {"b": "a"}, "", {}),
    "its own name as an alias": ({"a": ["a"]}, "a", {"a": "a"}, "", {}),
    "itself and an alias": ({"b": ["a"]}, "a b", {"b": "b"}, "", {"b": "b a"}),
    "two aliases": ({"c": ["a", "b"]}, "a b d", {"c": "a"}, "d", {"c": "c a b"}),
    "two aliases, in another order": ({"c": ["b", "a"]}, "a b", {"c": "b"}, "", {"c": "c b a"}),
    "two that claim one": ({"b": ["a"], "c": ["a"]}, "a", {"b": "a"}, "", {}),
    "a name that is another's alias": ({"b": ["a"], "a": []}, "a", {"a": "a"}, "", {}),
    "a name that is a later one's alias": ({"a": [], "b": ["a"]}, "a", {"a": "a"}, "", {}),
    "names that changed places": ({"a": ["b"], "b": ["a"]}, "a b", {"a": "a", "b": "b"}, "", {}),
}


def address(key: str) -> Address:
    return Address("queue", key)


@pytest.mark.parametrize("case", CASES)
def test_who_has_which_record(case: str) -> None:
    declared, known, expected, nobodys, refused = CASES[case]
    desired = {
        address(key): Desired(address(key), {}, aliases=tuple(map(address, aliases)))
        for key, aliases in declared.items()
    }
    recorded = {address(key): Recorded(address(key), f"QU{key}", {}) for key in known.split()}
    found = match_records(desired, recorded)
    assert found.records == {address(key): recorded[address(of)] for key, of in expected.items()}
    assert list(found.left) == list(map(address, nobodys.split()))
    told = {item.addresses[0].name: " ".join(name.name for name in item.addresses) for item in found.blocked}
    assert told == refused


@pytest.mark.parametrize(("recorded", "previous"), [(None, None), ("a", None), ("b", "b")])
def test_what_an_object_was_called(recorded: str | None, previous: str | None) -> None:
    record = None if recorded is None else Recorded(address(recorded), None, {})
    expected = None if previous is None else address(previous)
    assert previous_address(Desired(address("a"), {}), record) == expected

"""Order: what is needed comes first, deletions go the other way, and it is always the same."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.engine.order import in_order, requirements
from voiceform.model.address import Address
from voiceform.model.errors import VoiceformError
from voiceform.model.plan import Action, Change

RANKS = {"conference": 5, "queue": 10, "call": 20}


def change(text: str, action: Action = Action.CREATE, *needs: str) -> Change:
    return Change(Address.parse(text), action, "test", depends_on=tuple(map(Address.parse, needs)))


def ordered(changes: list[Change], recorded: dict[str, list[str]] | None = None) -> list[str]:
    dependencies = {
        Address.parse(key): [Address.parse(item) for item in needs] for key, needs in (recorded or {}).items()
    }
    needs = requirements(changes, dependencies)
    return [str(item.address) for item in in_order(changes, needs, RANKS)]


def test_creations_by_rank_then_deletions_by_falling_rank() -> None:
    changes = [
        change("call.b", Action.DELETE),
        change("queue.a", Action.DELETE),
        change("call.c"),
        change("queue.z", Action.UPDATE),
        change("queue.d"),
    ]
    assert ordered(changes) == ["queue.d", "queue.z", "call.c", "call.b", "queue.a"]


def test_a_dependency_beats_rank_and_name() -> None:
    changes = [change("queue.a", Action.CREATE, "queue.b"), change("queue.b", Action.DELETE)]
    assert ordered(changes) == ["queue.b", "queue.a"]


def test_a_deletion_waits_for_the_deletion_of_its_dependants() -> None:
    changes = [change("queue.a", Action.DELETE), change("queue.b", Action.DELETE)]
    assert ordered(changes, {"queue.b": ["queue.a"]}) == ["queue.b", "queue.a"]
    assert ordered(changes, {"queue.a": ["queue.b"]}) == ["queue.a", "queue.b"]


def test_a_circle_is_named() -> None:
    changes = [change("queue.a", Action.CREATE, "queue.b"), change("queue.b", Action.CREATE, "queue.a")]
    with pytest.raises(VoiceformError, match=r"queue\.a.*queue\.b|queue\.b.*queue\.a"):
        ordered(changes)


@given(st.sets(st.integers(0, 14), min_size=1), st.data())
def test_any_acyclic_plan_is_ordered_and_the_order_does_not_depend_on_the_input(
    numbers: set[int], data: st.DataObject
) -> None:
    names = sorted(numbers)
    changes = [
        change(
            f"queue.q{number}",
            Action.CREATE,
            *(f"queue.q{other}" for other in data.draw(st.sets(st.sampled_from(names))) if other > number),
        )
        for number in names
    ]
    result = ordered(changes)
    place = {name: index for index, name in enumerate(result)}
    for item in changes:
        assert all(place[str(needed)] < place[str(item.address)] for needed in item.depends_on)
    shuffled = list(changes)
    random.Random(len(names)).shuffle(shuffled)
    assert ordered(shuffled) == result


def test_what_stays_is_not_waited_for() -> None:
    """A schedule that is removed alone leaves the queue that it answers with; so do other ends of a pair."""
    assert ordered([change("call.a", Action.DELETE)], {"call.a": ["queue.a"]}) == ["call.a"]
    kept = [change("call.a", Action.DELETE), change("queue.a", Action.NO_OP)]
    assert ordered(kept, {"call.a": ["queue.a"]}) == ["call.a", "queue.a"][::-1]
    updated = [change("call.a", Action.DELETE), change("queue.a", Action.UPDATE)]
    needs = requirements(updated, {Address.parse("call.a"): [Address.parse("queue.a")]})
    assert needs == {Address.parse("call.a"): set(), Address.parse("queue.a"): set()}

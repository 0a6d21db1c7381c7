"""The legs of a list of calls, put together."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.kinds.retention.rows import NOW, call
from voiceform.kinds.retention.matching.legs import CallFacts, Family, Leg, Legs, Life, facts_of, leg_of

MOTHER, FIRST, SECOND, GRANDCHILD, LONELY = (f"CA{number:032x}" for number in range(1, 6))
PARENTS = {FIRST: MOTHER, SECOND: MOTHER, GRANDCHILD: FIRST, LONELY: f"CA{9:032x}"}


def found_of(*wanted: str) -> dict[str, tuple[list[str], list[str]]]:
    """Of calls that are in a list: which legs are heard in them, and which lie beside them."""
    legs = Legs()
    for sid in (GRANDCHILD, MOTHER, FIRST, SECOND, LONELY):  # newest first, or as it comes
        legs.add(call(sid=sid, parent_call_sid=PARENTS.get(sid)))
    return {
        sid: ([leg.sid for leg in facts.legs], [leg.sid for leg in facts.beside])
        for sid, facts in legs.facts(wanted)
    }


def test_a_call_is_heard_with_its_parent_and_children_and_beside_its_siblings() -> None:
    assert found_of(MOTHER, FIRST, SECOND, GRANDCHILD) == {
        MOTHER: ([MOTHER, FIRST, SECOND], []),
        FIRST: ([FIRST, GRANDCHILD, MOTHER], [SECOND]),
        SECOND: ([SECOND, MOTHER], [FIRST]),
        GRANDCHILD: ([GRANDCHILD, FIRST], []),
    }


def test_of_a_call_that_is_not_in_the_list_or_whose_parent_is_not_nothing_is_said() -> None:
    assert found_of(LONELY, f"CA{8:032x}", MOTHER) == {MOTHER: ([MOTHER, FIRST, SECOND], [])}


@pytest.mark.parametrize(("told", "read"), [("CA" + "AB" * 16, "CA" + "ab" * 16), (FIRST, FIRST)])
def test_a_sid_is_one_in_any_spelling(told: str, read: str) -> None:
    assert leg_of(call(sid=told)).sid == read


def test_what_was_found_is_all_unless_it_is_said() -> None:
    own, other = Leg(FIRST, "", "", "inbound"), Leg(MOTHER, "", "", "inbound")
    assert CallFacts(own).complete
    facts = facts_of(own, [other], [own], [SECOND])
    assert (facts.complete, facts.beside) == (True, ())
    assert facts.related == {MOTHER, SECOND}
    assert not facts_of(own, complete=False).complete
    assert not Family(frozenset()).lost


@pytest.mark.parametrize(
    ("start", "end", "meets"),
    [
        (None, None, True),
        (0, None, True),
        (9, None, True),
        (10, None, True),
        (11, None, False),
        (None, 5, True),
        (None, 6, True),
        (None, 4, False),
        (0, 20, True),
        (6, 9, True),
        (0, 4, False),
        (11, 20, False),
    ],
)
def test_a_call_may_have_gone_on_at_some_time_between(
    start: int | None, end: int | None, meets: bool
) -> None:
    """From the fifth hour to the tenth."""
    began, over = (None if hour is None else NOW + timedelta(hours=hour) for hour in (start, end))
    assert Life(began, over).may_meet(NOW + timedelta(hours=5), NOW + timedelta(hours=10)) is meets

"""When each change of a queue is proposed: a table of desired, recorded and live."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from voiceform.engine.planner import with_earlier_keys
from voiceform.kinds.base import CompareContext, Comparison
from voiceform.kinds.queue.compare import compare
from voiceform.kinds.queue.live import LiveQueues
from voiceform.model.address import Address
from voiceform.model.plan import Action, Change, Mode
from voiceform.model.resource import Desired, Live, Recorded
from voiceform.model.safety import Ownership


def attributes(name: str, size: int = 100) -> dict[str, Any]:
    return {"friendly_name": name, "max_size": size}


def desired(
    key: str, name: str, size: int = 100, *, protect: bool = False, aliases: tuple[str, ...] = ()
) -> Desired:
    return Desired(
        Address("queue", key),
        attributes(name, size),
        protect=protect,
        aliases=tuple(Address("queue", alias) for alias in aliases),
    )


def recorded(key: str, sid: str, name: str, size: int = 100, *, protect: bool = False) -> Recorded:
    return Recorded(Address("queue", key), sid, attributes(name, size), protect)


def live(sid: str, name: str, size: int = 100, waiting: int = 0, average: int = 0) -> Live:
    return Live(sid, name, attributes(name, size), {"current_size": waiting, "average_wait_time": average})


def planned(
    wanted: list[Desired],
    known: list[Recorded],
    account: list[Live],
    ownership: Ownership = Ownership.RECORDED,
    mode: Mode = Mode.NORMAL,
) -> Comparison:
    context = CompareContext(
        now=datetime(2026, 1, 1, tzinfo=UTC),
        mode=mode,
        ownership=ownership,
        desired={item.address: item for item in wanted},
        recorded={item.address: item for item in known},
    )
    return compare(context, LiveQueues(account))


def only(comparison: Comparison) -> Change:
    (change,) = comparison.changes
    return change


def test_declared_and_nowhere_is_created() -> None:
    change = only(planned([desired("a", "A")], [], []))
    assert (change.action, change.reason, change.operations) == (Action.CREATE, "declared", ("createQueue",))
    assert (change.after, change.protect_after, change.protect_before) == (attributes("A"), False, None)
    assert change.before is None


def test_equal_everywhere_is_no_change() -> None:
    result = planned([desired("a", "A")], [recorded("a", "QU1", "A")], [live("QU1", "A", waiting=7)])
    assert only(result).action is Action.NO_OP
    assert not result.drift


def test_volatile_facts_are_never_drift() -> None:
    result = planned(
        [desired("a", "A")], [recorded("a", "QU1", "A")], [live("QU1", "A", waiting=3, average=95)]
    )
    assert not result.drift


def test_declared_and_live_but_unknown_is_adopted_by_its_name() -> None:
    change = only(planned([desired("a", "A", 200)], [], [live("QU1", "A", 100)]))
    assert (change.action, change.reason, change.sid) == (Action.UPDATE, "adopted", "QU1")
    assert change.operations == ("updateQueue",)


def test_adoption_of_an_equal_queue_needs_no_request() -> None:
    change = only(planned([desired("a", "A")], [], [live("QU1", "A")]))
    assert (change.action, change.reason, change.operations) == (Action.UPDATE, "adopted", ())


def test_a_changed_size_is_updated() -> None:
    change = only(planned([desired("a", "A", 50)], [recorded("a", "QU1", "A")], [live("QU1", "A")]))
    assert (change.action, change.reason) == (Action.UPDATE, "changed")


def test_a_size_changed_outside_is_drift_and_is_put_back() -> None:
    result = planned([desired("a", "A")], [recorded("a", "QU1", "A")], [live("QU1", "A", 5)])
    assert (only(result).action, only(result).reason) == (Action.UPDATE, "drifted")
    assert result.drift[0].after == attributes("A", 5)


def test_a_change_outside_that_the_file_now_declares_is_only_drift() -> None:
    result = planned([desired("a", "A", 5)], [recorded("a", "QU1", "A")], [live("QU1", "A", 5)])
    assert only(result).action is Action.NO_OP
    assert len(result.drift) == 1


def test_deleted_outside_is_created_again() -> None:
    result = planned([desired("a", "A")], [recorded("a", "QU1", "A")], [])
    assert (only(result).action, only(result).reason) == (Action.CREATE, "gone")
    assert str(result.drift[0].status) == "gone"


def test_deleted_and_made_again_outside_is_adopted_under_its_new_sid() -> None:
    result = planned([desired("a", "A")], [recorded("a", "QU1", "A")], [live("QU2", "A")])
    assert (only(result).action, only(result).reason, only(result).sid) == (Action.UPDATE, "adopted", "QU2")
    assert "QU2" in (result.drift[0].explanation or "")


def test_no_longer_declared_is_deleted_and_counted() -> None:
    change = only(planned([], [recorded("a", "QU1", "A")], [live("QU1", "A")]))
    assert (change.action, change.operations) == (Action.DELETE, ("deleteQueue",))
    assert change.counts == {"delete:queue": 1}


def test_to_forget_what_is_gone_needs_no_request_and_counts_as_a_deletion() -> None:
    change = only(planned([], [recorded("a", "QU1", "A")], []))
    assert (change.action, change.operations, change.counts) == (Action.DELETE, (), {"delete:queue": 1})


def test_protection_is_remembered_when_the_block_is_removed() -> None:
    result = planned([], [recorded("a", "QU1", "A", protect=True)], [live("QU1", "A")])
    assert [blocked.rule for blocked in result.blocked] == ["protect"]
    assert result.blocked[0].scope is None


def test_taking_protection_away_is_a_change_to_review() -> None:
    change = only(planned([desired("a", "A")], [recorded("a", "QU1", "A", protect=True)], [live("QU1", "A")]))
    assert (change.action, change.operations) == (Action.UPDATE, ())
    assert (change.protect_before, change.protect_after) == (True, False)
    assert change.before == change.after


def test_an_alias_renames_without_delete_and_create() -> None:
    result = planned([desired("b", "B", aliases=("a",))], [recorded("a", "QU1", "A")], [live("QU1", "A")])
    change = only(result)
    assert (change.action, change.sid, str(change.previous_address)) == (Action.UPDATE, "QU1", "queue.a")
    assert change.operations == ("updateQueue",)
    assert any("'A'" in line for line in change.impact)


def test_a_key_renamed_without_an_alias_keeps_its_queue() -> None:
    change = only(planned([desired("b", "A")], [recorded("a", "QU1", "A")], [live("QU1", "A")]))
    assert (change.reason, change.operations, str(change.previous_address)) == ("renamed", (), "queue.a")


def test_unmanaged_queues_are_listed_and_left_alone() -> None:
    result = planned([], [], [live("QU1", "A"), live("QU2", "B")])
    assert not result.changes
    assert [item.sid for item in result.unmanaged] == ["QU1", "QU2"]


def test_exclusive_ownership_deletes_what_is_not_declared() -> None:
    result = planned([], [], [live("QU1", "A")], Ownership.EXCLUSIVE)
    assert (only(result).reason, str(only(result).address)) == ("not-declared", "queue.QU1")
    assert not result.unmanaged


def test_destroying_takes_only_what_is_recorded_even_under_exclusive_ownership() -> None:
    result = planned(
        [],
        [recorded("a", "QU1", "A")],
        [live("QU1", "A"), live("QU2", "B")],
        Ownership.EXCLUSIVE,
        Mode.DESTROY,
    )
    assert only(result).sid == "QU1"


def test_deleting_a_queue_says_who_is_waiting() -> None:
    change = only(planned([], [recorded("a", "QU1", "A")], [live("QU1", "A", waiting=12, average=95)]))
    assert change.impact == (
        "12 callers are waiting (average 95 s); the API refuses to delete a queue that is not empty",
    )


def test_a_size_below_those_waiting_is_said() -> None:
    change = only(
        planned([desired("a", "A", 10)], [recorded("a", "QU1", "A")], [live("QU1", "A", waiting=12)])
    )
    assert "new callers are refused" in change.impact[0]


def test_a_name_is_taken_only_after_it_was_given_up() -> None:
    result = planned(
        [desired("a", "New"), desired("b", "A")],
        [recorded("a", "QU1", "A"), recorded("b", "QU2", "B")],
        [live("QU1", "A"), live("QU2", "B")],
    )
    needs = {str(change.address): [str(needed) for needed in change.depends_on] for change in result.changes}
    assert needs == {"queue.a": [], "queue.b": ["queue.a"]}
    assert not result.blocked


def test_swapped_names_are_refused_with_a_way_out() -> None:
    result = planned(
        [desired("a", "B"), desired("b", "A")],
        [recorded("a", "QU1", "A"), recorded("b", "QU2", "B")],
        [live("QU1", "A"), live("QU2", "B")],
    )
    assert [blocked.rule for blocked in result.blocked] == ["name-cycle"]
    assert "third name" in result.blocked[0].hint


def test_renaming_onto_a_stranger_is_refused() -> None:
    result = planned(
        [desired("a", "Taken")], [recorded("a", "QU1", "A")], [live("QU1", "A"), live("QU9", "Taken")]
    )
    assert [blocked.rule for blocked in result.blocked] == ["name-taken"]
    assert "QU9" in result.blocked[0].message


def test_two_recorded_names_of_one_key_are_refused_and_nothing_is_deleted() -> None:
    result = planned(
        [desired("c", "C", aliases=("a", "b"))],
        [recorded("a", "QU1", "A"), recorded("b", "QU2", "B")],
        [live("QU1", "A"), live("QU2", "B")],
        Ownership.EXCLUSIVE,
    )
    assert [blocked.rule for blocked in result.blocked] == ["several-aliases"]
    assert "queue.a (QU1), queue.b (QU2)" in result.blocked[0].message
    assert not [change for change in result.changes if change.action is Action.DELETE]


def test_a_key_and_its_alias_that_are_both_recorded_are_refused() -> None:
    result = planned(
        [desired("a", "A", aliases=("b",))],
        [recorded("a", "QU1", "A"), recorded("b", "QU2", "B")],
        [live("QU1", "A"), live("QU2", "B")],
    )
    assert [blocked.rule for blocked in result.blocked] == ["several-aliases"]
    assert not [change for change in result.changes if change.action is Action.DELETE]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (("support", "support"), ("Support", "Support")),
        (("support", "Support"), ("SUPPORT", "Billing")),
        (("cafe", "Café"), ("coffee", "Cafe\u0301")),
        (("strasse", "STRASSE"), ("street", "Straße")),
    ],
)
def test_a_name_of_which_only_case_or_unicode_form_changes_is_renamed_in_place(
    old: tuple[str, str], new: tuple[str, str]
) -> None:
    known = recorded(old[0], "QU1", old[1])
    wanted = with_earlier_keys({Address("queue", new[0]): desired(*new)}, {known.address: known})
    change = only(planned([*wanted.values()], [known], [live("QU1", old[1])]))
    assert (change.action, change.reason, change.operations) == (Action.UPDATE, "renamed", ("updateQueue",))
    assert (change.sid, str(change.previous_address)) == ("QU1", f"queue.{old[0]}")


def test_which_of_two_near_names_is_meant_is_not_guessed() -> None:
    result = planned(
        [desired("x", "SUPPORT")],
        [recorded("a", "QU1", "Support"), recorded("b", "QU2", "support")],
        [live("QU1", "Support"), live("QU2", "support")],
    )
    create = next(change for change in result.changes if change.action is Action.CREATE)
    assert {str(needed) for needed in create.depends_on} <= {"queue.a", "queue.b"}
    assert create.depends_on, "a near name is free before it is taken"


def test_the_exact_owner_of_a_name_comes_before_a_near_one() -> None:
    result = planned(
        [desired("Support", "x"), desired("new", "Support")],
        [recorded("support", "QU1", "Support")],
        [live("QU1", "Support")],
    )
    sids = {str(change.address): change.sid for change in result.changes}
    assert sids == {"queue.Support": None, "queue.new": "QU1"}


@pytest.mark.parametrize(
    ("name", "shown", "difference"),
    [
        ("Alpha ", "'Alpha '", "blanks"),
        ("ALPHA", "'ALPHA'", "case"),
        ("Al\u200bpha", r"'Al\u200bpha'", "dashes or characters that do not show"),
        ("\u0410lpha", r"'\u0410lpha'", "letters that look alike"),
        ("A1pha", "'A1pha'", "letters that look alike"),
        ("AIpha", "'AIpha'", "letters that look alike"),
        ("\uff21lpha", r"'\uff21lpha'", "Unicode form"),
        ("al\u00a0PHA", r"'al\xa0PHA'", "blanks and case"),
    ],
)
@pytest.mark.parametrize("ours", [True, False])
def test_a_live_queue_of_nearly_the_name_is_told_before_a_second_is_made(
    name: str, shown: str, difference: str, ours: bool
) -> None:
    kept = [desired("other", name)] if ours else []
    known = [recorded("other", "QU1", name)] if ours else []
    result = planned([desired("alpha", "Alpha"), *kept], known, [live("QU1", name)])
    change = next(change for change in result.changes if str(change.address) == "queue.alpha")
    assert change.action is Action.CREATE
    assert f"QU1 has nearly the name 'Alpha': {shown} differs only in {difference};" in change.impact[0]


def test_names_that_do_not_look_alike_are_not_told() -> None:
    change = only(planned([desired("alpha", "Alpha")], [], [live("QU1", "Alpho"), live("QU2", "Beta")]))
    assert not change.impact


def test_a_change_of_protection_alone_is_no_drift() -> None:
    change = only(planned([desired("a", "A", protect=True)], [recorded("a", "QU1", "A")], [live("QU1", "A")]))
    assert change.reason == "protection"
    drifted = planned([desired("a", "A", protect=True)], [recorded("a", "QU1", "A")], [live("QU1", "A", 5)])
    assert only(drifted).reason == "drifted"

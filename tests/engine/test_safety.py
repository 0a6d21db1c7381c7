"""Safety limits: on by default, for small sets too, lifted only by an approval that fits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.declared import VOCABULARY
from tests.state.support import plan_of
from voiceform.engine.safety import Approvals, limit_violations, require_digest, require_lifted
from voiceform.model.address import Address
from voiceform.model.errors import BlockedError, StalePlanError, UsageError
from voiceform.model.plan import Action, Blocked, Change, Drift, DriftStatus
from voiceform.model.plan_codec import plan_to_document
from voiceform.model.safety import Safety
from voiceform.model.scopes import Effect, Limit, Scope, Vocabulary


def deletions(count: int, kind: str = "queue") -> list[Change]:
    return [
        Change(Address(kind, f"q{number}"), Action.DELETE, "removed", counts={f"delete:{kind}": 1})
        for number in range(count)
    ]


def violated(changes: list[Change], population: int, safety: Safety | None = None) -> list[str]:
    found = limit_violations(changes, safety or Safety(), {"queue": population}, VOCABULARY)
    return [blocked.rule for blocked in found]


def test_the_absolute_limit() -> None:
    assert violated(deletions(5), 1000) == []
    assert violated(deletions(6), 1000) == ["max_deletes"]


def test_the_percentage_holds_for_small_sets_too() -> None:
    assert violated(deletions(1), 3) == ["max_delete_percent"]
    assert violated(deletions(1), 4) == []


def test_zero_means_none() -> None:
    assert violated(deletions(1), 1000, Safety(max_deletes=0)) == ["max_deletes"]
    assert violated(deletions(1), 1000, Safety(max_delete_percent=0)) == ["max_delete_percent"]
    calls = [Change(Address("call", "a"), Action.CREATE, "declared", counts={"call": 1})]
    assert violated(calls, 0, Safety(limits={"max_calls": 0})) == ["max_calls"]


def test_calls_of_several_changes_add_up() -> None:
    calls = [
        Change(Address("call", name), Action.CREATE, "declared", counts={"call": 13}) for name in ("a", "b")
    ]
    (blocked,) = limit_violations(calls, Safety(), {}, VOCABULARY)
    assert (blocked.rule, blocked.count, blocked.scope) == ("max_calls", 26, "call")
    assert "--approve call=26" in blocked.hint


@given(
    count=st.integers(1, 40),
    population=st.integers(0, 200),
    limit=st.integers(0, 50),
    percent=st.integers(0, 100),
)
def test_no_plan_passes_both_limits_unless_it_keeps_both(
    count: int, population: int, limit: int, percent: int
) -> None:
    safety = Safety(max_deletes=limit, max_delete_percent=percent)
    allowed = count <= limit and count <= population * percent / 100
    assert (violated(deletions(count), population, safety) == []) == allowed


def blocked(scope: str | None, count: int | None) -> Blocked:
    return Blocked("rule", "message", "hint", scope=scope, count=count)


def test_an_approval_lifts_its_own_scope_up_to_its_number() -> None:
    approvals = Approvals.parse(["delete:queue=3"])
    assert approvals.lift(blocked("delete:queue", 3))
    assert not approvals.lift(blocked("delete:queue", 4))
    assert not approvals.lift(blocked("delete:conference", 1))
    assert not approvals.lift(blocked(None, None))


def test_an_approval_may_name_one_thing() -> None:
    approvals = Approvals.parse(["release-hold=case-1"])
    assert approvals.lift(blocked("release-hold=case-1", None))
    assert not approvals.lift(blocked("release-hold=case-2", None))


@pytest.mark.parametrize("text", ["", "queue", "=3", "delete:queue="])
def test_an_approval_needs_scope_and_value(text: str) -> None:
    with pytest.raises(UsageError, match="--approve"):
        Approvals.parse([text])


@pytest.mark.parametrize("text", ["delete:queue=many", "delete:queue=-1", "delete:queue=2.5"])
def test_a_number_that_is_none_lifts_nothing(text: str) -> None:
    assert not Approvals.parse([text]).lift(blocked("delete:queue", 0))


@pytest.mark.parametrize("count", ["9" * 19, "9" * 5000, "\u0664", "4\n", "+4", "4.0", "\u00b2"])
def test_what_is_no_count_or_longer_than_any_lifts_nothing(count: str) -> None:
    assert not Approvals.parse([f"delete:queue={count}"]).lift(blocked("delete:queue", 3))
    assert Approvals.parse([f"delete:queue={'9' * 18}"]).lift(blocked("delete:queue", 3))


def test_what_nobody_has_counted_is_no_crowd() -> None:
    """A share of an unknown number is not allowed, even where all may be deleted."""
    everything = Safety(max_deletes=10, max_delete_percent=100)
    assert [one.rule for one in limit_violations(deletions(1), everything, {}, VOCABULARY)] == [
        "max_delete_percent"
    ]
    assert [one.rule for one in limit_violations(deletions(1), everything, {"call": 99}, VOCABULARY)] == [
        "max_delete_percent"
    ]
    assert limit_violations(deletions(1), everything, {"queue": 1}, VOCABULARY) == []


def calls(scope: str, count: int) -> list[Change]:
    return [Change(Address("call", "a"), Action.CREATE, "declared", counts={scope: count})]


@pytest.mark.parametrize("scope", ["call", "scheduled:call"])
def test_calls_are_limited_now_and_at_the_next_occurrence(scope: str) -> None:
    assert limit_violations(calls(scope, 25), Safety(), {}, VOCABULARY) == []
    (found,) = limit_violations(calls(scope, 26), Safety(), {}, VOCABULARY)
    assert (found.rule, found.scope, found.count, found.limit) == ("max_calls", "call", 26, "25")


@pytest.mark.parametrize(
    ("scope", "count", "said"),
    [
        ("call", 1, "1 call would be placed"),
        ("call", 2, "2 calls would be placed"),
        ("scheduled:call", 1, "1 call would be placed at the next occurrence"),
        ("delete:recording", 1, "1 recording would be deleted"),
        ("delete:call-record", 2, "2 call records would be deleted"),
    ],
)
def test_one_is_told_from_many(scope: str, count: int, said: str) -> None:
    (found,) = limit_violations(
        calls(scope, count), Safety(limits={"max_calls": 0, "max_recording_deletes": 0}), {}, VOCABULARY
    )
    assert found.message.startswith(f"{said}; ")


@pytest.mark.parametrize("kind", ["recording", "call-record"])
def test_what_goes_by_the_thousand_has_its_own_limit_and_the_share(kind: str) -> None:
    many = calls(f"delete:{kind}", 30)
    assert limit_violations(many, Safety(max_deletes=0), {kind: 100}, VOCABULARY) == []
    (share,) = limit_violations(many, Safety(), {kind: 99}, VOCABULARY)
    assert share.rule == "max_delete_percent"
    (own,) = limit_violations(many, Safety(limits={"max_recording_deletes": 29}), {kind: 100}, VOCABULARY)
    assert own.rule == "max_recording_deletes"


def test_ending_a_room_is_a_deletion_and_no_share() -> None:
    ended = [Change(Address("conference", "a"), Action.UPDATE, "live", counts={"delete:conference": 1})]
    assert limit_violations(ended, Safety(), {}, VOCABULARY) == []
    (found,) = limit_violations(ended, Safety(max_deletes=0), {}, VOCABULARY)
    assert found.rule == "max_deletes"


def forgotten(count: int) -> list[Change]:
    return [replace(change, operations=()) for change in deletions(count)]


@pytest.mark.parametrize(
    ("deleted", "only_forgotten", "said"),
    [
        (2, 0, "2 queues would be deleted; "),
        (0, 2, "2 queues would be forgotten, which the account does not have any more; "),
        (1, 1, "2 queues would be deleted or, where the account does not have them any more, forgotten; "),
    ],
)
def test_what_is_gone_already_is_told_from_what_goes(deleted: int, only_forgotten: int, said: str) -> None:
    gone = forgotten(only_forgotten)
    goes = [replace(change, operations=("deleteQueue",)) for change in deletions(deleted)]
    (found,) = limit_violations([*goes, *gone], Safety(max_deletes=1), {"queue": 100}, VOCABULARY)
    assert found.message.startswith(said)
    assert found.scope == "delete:queue"


def test_what_a_refresh_forgets_is_named() -> None:
    gone = [Drift(Address(kind, "a"), DriftStatus.GONE, None, {}, None) for kind in ("queue", "call")]
    found = limit_violations([], Safety(max_deletes=0), {"queue": 9}, VOCABULARY, gone)
    assert [(one.scope, one.addresses) for one in found] == [
        ("delete:call", (Address("call", "a"),)),
        ("delete:queue", (Address("queue", "a"),)),
    ]


def test_what_nobody_declared_is_refused_under_every_limit() -> None:
    (many,) = limit_violations(calls("sweep:all", 6), Safety(), {"sweep:all": 1000}, VOCABULARY)
    assert (many.rule, many.scope) == ("max_deletes", "sweep:all")
    (share,) = limit_violations(calls("sweep:all", 1), Safety(), {}, VOCABULARY)
    assert share.rule == "max_delete_percent"


def test_many_calls_of_a_next_occurrence() -> None:
    (found,) = limit_violations(calls("scheduled:call", 2), Safety(limits={"max_calls": 1}), {}, VOCABULARY)
    assert found.message.startswith("2 calls would be placed at the next occurrence")


def test_what_is_blocked_must_be_lifted_and_a_digest_must_fit() -> None:
    plan = replace(plan_of([]), blocked=(blocked("delete:queue", 3),))
    require_lifted(plan, Approvals.parse(["delete:queue=3"]))
    with pytest.raises(BlockedError, match="nothing was done"):
        require_lifted(plan, Approvals())
    document = plan_to_document(plan)
    for allowed in (None, document["digest"], document["review_digest"]):
        require_digest(plan, allowed)
    with pytest.raises(StalePlanError, match="not the one that was reviewed"):
        require_digest(plan, "sha256:0")


def test_what_harms_nobody_is_under_no_limit() -> None:
    made = [Change(Address("queue", "a"), Action.CREATE, "declared", counts={"create:queue": 1000})]
    strictest = Safety(max_deletes=0, max_delete_percent=0, limits={"max_calls": 0})
    own = Vocabulary.of([Scope("create:queue", "queue", "create", "would be made", effect=Effect.CREATE)], {})
    assert limit_violations(made, strictest, {}, own) == []


LIMITED = Limit("max_sweeps", 1)
SWEEP = Scope("sweep", "shelf", "sweep", "would be swept", "shelves", limit=LIMITED, bulk=True)


def swept(scope: Scope, count: int, totals: dict[str, int], action: Action = Action.UPDATE) -> list[Blocked]:
    changes = [Change(Address("shelf", "a"), action, "dusty", counts={"sweep": count})]
    return limit_violations(changes, Safety(), totals, Vocabulary.of([scope], {}))


@pytest.mark.parametrize("effect", [None, Effect.PHONE, Effect.CREATE, Effect.UPDATE])
def test_only_what_destroys_is_limited_to_a_share(effect: Effect | None) -> None:
    assert swept(replace(SWEEP, effect=effect), 1, {}) == []
    (share,) = swept(replace(SWEEP, effect=Effect.DESTROY), 1, {})
    assert share.rule == "max_delete_percent"


def test_what_nobody_counts_is_no_share() -> None:
    assert swept(replace(SWEEP, effect=Effect.DESTROY, share=False), 1, {}) == []


@pytest.mark.parametrize("objects", [None, "shelf"])
def test_a_share_is_of_what_a_scope_is_about(objects: str | None) -> None:
    scope = replace(SWEEP, effect=Effect.DESTROY, objects=objects)
    assert swept(scope, 1, {objects or "sweep": 4}) == []
    (share,) = swept(scope, 1, {objects or "sweep": 3})
    assert share.limit == "30 % of 3"


@pytest.mark.parametrize(
    ("effect", "said"),
    [
        (Effect.PHONE, "2 shelves would be swept; "),
        (Effect.DESTROY, "2 shelves would be forgotten, which the account does not have any more; "),
    ],
)
def test_only_what_destroys_can_be_said_to_forget(effect: Effect, said: str) -> None:
    (found,) = swept(replace(SWEEP, effect=effect), 2, {"sweep": 100}, Action.DELETE)
    assert found.message.startswith(said)

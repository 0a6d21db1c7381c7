"""A stack from Python: what each call returns, and that none of it prints, asks or leaves anything behind."""

from __future__ import annotations

import pytest

import voiceform
from tests.stack.conftest import Place


def test_a_plan_is_made_and_applied(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.queues(support=100, sales=200)
    stack = place.stack()

    plan = stack.plan()
    assert [str(change.address) for change in plan.pending] == ["queue.sales", "queue.support"]
    assert place.live.queues() == {}

    report = stack.apply(plan)
    assert {str(outcome.address): outcome.status for outcome in report.outcomes} == {
        "queue.sales": voiceform.Status.APPLIED,
        "queue.support": voiceform.Status.APPLIED,
    }
    assert report.exit_code is voiceform.ExitCode.DONE
    assert {name: queue["max_size"] for name, queue in place.live.queues().items()} == {
        "sales": 200,
        "support": 100,
    }
    assert not stack.plan().pending
    assert capsys.readouterr() == ("", "")


def test_one_call_plans_asks_and_applies(place: Place) -> None:
    place.queues(support=100)
    seen: list[voiceform.Plan] = []

    def approve(plan: voiceform.Plan) -> bool:
        seen.append(plan)
        return True

    report = place.stack().apply(confirm=approve)

    assert [plan.plan_id for plan in seen] == [report.run_id]
    assert list(place.live.queues()) == ["support"]


def test_nobody_is_asked_where_nothing_is_to_be_done(place: Place) -> None:
    place.queues(support=100)
    stack = place.stack()
    stack.apply(stack.plan())

    def never(plan: voiceform.Plan) -> bool:
        raise AssertionError(plan)

    assert stack.apply(confirm=never).outcomes == ()


def test_a_plan_goes_through_a_file(place: Place) -> None:
    place.queues(support=100)
    stack = place.stack()
    digest = stack.save_plan(stack.plan(), "plan.json")
    report = place.stack().apply(stack.read_plan("plan.json"), expect_digest=digest)
    assert report.count(voiceform.Status.APPLIED) == 1


def test_a_saved_plan_is_asked_about_too(place: Place) -> None:
    place.queues(support=100)
    stack = place.stack()
    with pytest.raises(voiceform.NotApprovedError):
        stack.apply(stack.plan(), confirm=lambda _: False)
    assert place.live.writes() == []

"""Every rule of the command line holds for a program in Python as well, in whatever order it calls."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import voiceform
from tests.stack.conftest import Place
from tests.support import ACCOUNT, TOKEN
from voiceform.model.errors import CredentialsError, InterruptedRunError, StateError, UsageError
from voiceform.model.plan_codec import document_digest
from voiceform.state.lease import acquire
from voiceform.state.open import open_store

OTHER = "AC" + "b" * 32


def approve(_: voiceform.Plan) -> bool:
    return True


@pytest.fixture
def applied(place: Place) -> Place:
    """Two queues that were applied."""
    place.queues(support=100, sales=200)
    stack = place.stack()
    stack.apply(stack.plan())
    place.emulator.clear_requests()
    return place


def refused(place: Place, error: type[Exception], act: Callable[[], Any]) -> str:
    """Act, which must raise `error` and send no write."""
    with pytest.raises(error) as raised:
        act()
    assert place.live.writes() == []
    return str(raised.value)


def test_nothing_is_applied_that_nobody_has_had_in_hand(applied: Place) -> None:
    applied.queues(support=50)
    stack = applied.stack()
    for act in (stack.apply, stack.destroy, stack.prune):
        assert "nobody would see the plan" in refused(applied, UsageError, act)


@pytest.mark.parametrize("answer", [False, None, "yes", 1, "no"])
def test_only_true_approves(applied: Place, answer: Any) -> None:
    applied.queues(support=50, sales=200)
    refused(applied, voiceform.NotApprovedError, lambda: applied.stack().apply(confirm=lambda _: answer))


@pytest.mark.parametrize("option", ["confrim", "expect_digets", "aprove", "force", "targets_"])
def test_a_misspelt_option_is_not_left_out(applied: Place, option: str) -> None:
    """Who meant `confirm` or `expect_digest` counts on it."""
    applied.queues(support=50, sales=200)
    stack = applied.stack()
    plan = stack.plan()
    options: dict[str, Any] = {option: lambda _: False}
    for act in (partial(stack.apply, plan), stack.apply, stack.destroy, stack.prune):
        assert f"no option {option}=" in refused(applied, TypeError, partial(act, **options))


@pytest.mark.parametrize("mode", ["bogus", "review", "destroy", "DESTROY", None, 1])
def test_a_mode_is_one_of_those_that_there_are(applied: Place, mode: Any) -> None:
    stack = applied.stack()
    refused(applied, UsageError, lambda: stack.plan(mode=mode))
    refused(applied, UsageError, lambda: stack.apply(mode=mode, confirm=approve))


def test_a_plan_is_used_once(applied: Place) -> None:
    applied.queues(support=50, sales=200)
    stack = applied.stack()
    plan = stack.plan()
    stack.apply(plan)
    applied.emulator.clear_requests()
    assert "applied once" in refused(applied, voiceform.StalePlanError, lambda: stack.apply(plan))


def test_a_plan_of_a_state_that_moved_on_is_stale(applied: Place) -> None:
    applied.queues(support=50, sales=200)
    stack = applied.stack()
    plan = stack.plan()
    stack.apply(stack.plan())
    applied.emulator.clear_requests()
    assert "moved on" in refused(applied, voiceform.StalePlanError, lambda: stack.apply(plan))


def test_a_plan_of_another_state_is_stale(applied: Place) -> None:
    plan = applied.stack(state="sqlite:///other.db").plan()
    assert "another state" in refused(applied, voiceform.StalePlanError, lambda: applied.stack().apply(plan))


def test_an_object_that_moved_is_left_alone(applied: Place) -> None:
    applied.queues(support=50, sales=200)
    stack = applied.stack()
    plan = stack.plan()
    sid = applied.live.queues()["support"]["sid"]
    applied.live.post(f"Queues/{sid}.json", MaxSize=77)
    report = stack.apply(plan)
    assert report.exit_code is voiceform.ExitCode.STALE
    assert applied.live.queues()["support"]["max_size"] == 77


@pytest.mark.parametrize(
    "edit",
    [
        lambda plan: replace(plan, changes=plan.changes[:1]),
        lambda plan: replace(plan, changes=tuple(replace(c, after={"max_size": 1}) for c in plan.changes)),
        lambda plan: replace(plan, mode=voiceform.Mode.DESTROY),
        lambda plan: replace(plan, review_digest=""),
    ],
    ids=["fewer changes", "other values", "another mode", "no digest"],
)
def test_an_edited_plan_is_refused(applied: Place, edit: Callable[[voiceform.Plan], voiceform.Plan]) -> None:
    applied.queues(support=50, sales=60)
    stack = applied.stack()
    plan = edit(stack.plan())
    refused(applied, voiceform.StalePlanError, lambda: stack.apply(plan))


def test_an_edited_file_is_refused(applied: Place) -> None:
    applied.queues(support=50, sales=200)
    stack = applied.stack()
    stack.save_plan(stack.plan(), "plan.json")
    file = applied.folder / "plan.json"
    document = json.loads(file.read_text())
    (update,) = (change for change in document["changes"] if change["action"] == "update")
    update["after"]["max_size"] = 1
    file.write_text(json.dumps(document))
    with pytest.raises(voiceform.VoiceformError, match="edited"):
        stack.read_plan("plan.json")
    document["digest"] = document_digest(document)
    file.write_text(json.dumps(document))
    refused(applied, voiceform.StalePlanError, lambda: stack.apply(stack.read_plan("plan.json")))


def test_a_plan_for_another_instant_is_for_reading(applied: Place) -> None:
    applied.queues(support=50, sales=200)
    stack = applied.stack()
    plan = stack.plan(at=datetime.now(UTC) + timedelta(days=1))
    assert "for reading" in refused(applied, UsageError, lambda: stack.apply(plan))
    with pytest.raises(UsageError, match="another instant"):
        stack.save_plan(plan, "plan.json")
    assert not (applied.folder / "plan.json").exists()
    with pytest.raises(UsageError, match="time zone"):
        stack.plan(at=datetime(2026, 12, 1, 9))  # noqa: DTZ001 - the very fault


def test_a_review_is_for_reading(applied: Place) -> None:
    (applied.folder / "base.yaml").write_text("version: 1\nqueues: {}\n")
    stack = applied.stack()
    plan = stack.review("base.yaml")
    assert [str(change.address) for change in plan.pending] == ["queue.sales", "queue.support"]
    assert "for reading" in refused(applied, UsageError, lambda: stack.apply(plan))
    for act in (stack.plan, stack.apply):
        refused(applied, UsageError, partial(act, mode=voiceform.Mode.REVIEW))


@pytest.mark.parametrize("plan", ["plan.json", Path("plan.json"), 5])
def test_what_is_no_plan_is_refused_in_words(applied: Place, plan: Any) -> None:
    assert "read_plan" in refused(applied, UsageError, lambda: applied.stack().apply(plan))


def test_an_undo_is_no_plan_but_has_one(applied: Place) -> None:
    applied.queues(support=50, sales=200)
    stack = applied.stack()
    run = stack.apply(stack.plan()).run_id
    undo: Any = stack.undo(run)
    applied.emulator.clear_requests()
    assert "undo.plan" in refused(applied, UsageError, lambda: stack.apply(undo))
    stack.apply(undo.plan)
    assert applied.live.queues()["support"]["max_size"] == 100


def test_a_plan_is_applied_whole(applied: Place) -> None:
    stack = applied.stack()
    plan = stack.plan()
    parts: list[dict[str, Any]] = [
        {"targets": ["queue.sales"]},
        {"excludes": ["queue.sales"]},
        {"mode": voiceform.Mode.DESTROY},
    ]
    for part in parts:
        refused(applied, UsageError, partial(stack.apply, plan, **part))


@pytest.mark.parametrize("name", ["targets", "excludes", "approve"])
def test_one_text_is_not_taken_for_its_letters(applied: Place, name: str) -> None:
    options: dict[str, Any] = {name: "queue.sales", "confirm": approve}
    assert f"{name}=['queue.sales']" in refused(applied, UsageError, lambda: applied.stack().apply(**options))


def test_another_account_is_refused(applied: Place) -> None:
    other = voiceform.Account.with_token(OTHER, TOKEN, base_url=applied.emulator.url)
    stack = applied.stack(account=other)
    assert "plan is for account" in refused(
        applied, CredentialsError, lambda: stack.apply(applied.stack().plan())
    )
    for act in (
        stack.plan,
        stack.drift,
        stack.export,
        lambda: stack.apply(confirm=approve),
        stack.dispatch_once,
    ):
        assert "records account" in refused(applied, StateError, act)
    applied.write(f"account: {ACCOUNT}\nqueues: {{}}\n")
    assert "configuration is for account" in refused(applied, CredentialsError, stack.plan)


def test_another_place_is_refused(applied: Place) -> None:
    plan = applied.stack().plan()
    elsewhere = voiceform.Account.with_token(ACCOUNT, TOKEN, base_url="https://api.example.com")
    stack = applied.stack(account=elsewhere)
    assert "the API in use" in refused(applied, CredentialsError, lambda: stack.apply(plan))
    for act in (stack.plan, lambda: stack.apply(confirm=approve), stack.dispatch_once):
        assert "the API in use" in refused(applied, StateError, act)


def test_limits_hold_and_each_approval_lifts_one(applied: Place) -> None:
    applied.queues()
    stack = applied.stack()
    asked: list[voiceform.Plan] = []
    plan = stack.plan()
    needed = [f"{blocked.scope}={blocked.count}" for blocked in plan.blocked]
    assert needed == ["delete:queue=2"]

    def ask(seen: voiceform.Plan) -> bool:
        asked.append(seen)
        return True

    for approvals in ([], ["delete:queue=1"], ["call=9"]):
        refused(
            applied,
            voiceform.BlockedError,
            partial(stack.apply, plan, approve=approvals, confirm=ask),
        )
    assert asked == []  # nobody is asked about what cannot run
    assert stack.apply(plan, approve=needed, confirm=ask).count(voiceform.Status.APPLIED) == 2


def test_what_is_protected_stays(applied: Place) -> None:
    applied.write("queues:\n  support: {max_size: 100, protect: true}\n  sales: {max_size: 200}\n")
    stack = applied.stack()
    stack.apply(stack.plan())
    applied.emulator.clear_requests()
    refused(
        applied,
        voiceform.BlockedError,
        lambda: stack.destroy(confirm=approve, approve=["delete:queue=9"]),
    )


def test_the_digest_that_was_reviewed_is_demanded(applied: Place) -> None:
    applied.queues(support=50, sales=200)
    stack = applied.stack()
    reviewed = stack.plan().review_digest
    applied.queues(support=51, sales=200)
    refused(
        applied,
        voiceform.StalePlanError,
        lambda: stack.apply(confirm=approve, expect_digest=reviewed),
    )
    applied.queues(support=50, sales=200)
    assert stack.apply(confirm=approve, expect_digest=reviewed).exit_code is voiceform.ExitCode.DONE


def test_who_finds_the_state_locked_does_nothing(applied: Place) -> None:
    applied.queues(support=50, sales=200)
    stack = applied.stack(who="second")
    plan = stack.plan()
    with (
        open_store("sqlite:///.voiceform/state.db", base_dir=applied.folder) as store,
        acquire(store, operation="apply", holder="first", clock=stack.parts.clock),
    ):
        assert "locked by first" in refused(applied, voiceform.LockedError, lambda: stack.apply(plan))
    assert stack.apply(plan).exit_code is voiceform.ExitCode.DONE


def test_the_lock_is_held_while_somebody_is_asked(applied: Place) -> None:
    applied.queues(support=50, sales=200)
    seen: list[str] = []

    def ask(_: voiceform.Plan) -> bool:
        with pytest.raises(voiceform.LockedError) as locked:
            applied.stack(who="second").apply(confirm=approve)
        seen.append(str(locked.value))
        return True

    applied.stack(who="first").apply(confirm=ask)
    assert "locked by first for apply" in seen[0]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_the_lock_is_given_back_whatever_the_question_raises(
    applied: Place, error: type[BaseException]
) -> None:
    applied.queues(support=50, sales=200)
    stack = applied.stack()

    def fail(_: voiceform.Plan) -> bool:
        raise error

    with pytest.raises(error):
        stack.apply(confirm=fail)
    assert applied.live.writes() == []
    assert stack.apply(confirm=approve).exit_code is voiceform.ExitCode.DONE


def test_who_is_to_stop_begins_nothing(applied: Place) -> None:
    applied.queues(support=50, sales=200)
    stop = threading.Event()
    stack = applied.stack(stop=stop)
    plan = stack.plan()
    stop.set()
    refused(applied, InterruptedRunError, lambda: stack.apply(plan))
    stop.clear()
    assert stack.apply(plan).exit_code is voiceform.ExitCode.DONE  # as unused as before


def test_a_run_that_died_is_settled_before_anything_else(applied: Place) -> None:
    applied.queues(support=50, sales=200)
    told: list[Any] = []

    class Died(BaseException):
        pass

    def die(outcome: voiceform.Outcome) -> None:
        raise Died

    plan = applied.stack().plan()
    with pytest.raises(Died):
        applied.stack(listener=voiceform.Listener(outcome=die)).apply(plan)
    later = applied.stack(listener=voiceform.Listener(settled=told.append))
    later.apply(confirm=approve)
    assert applied.live.queues()["support"]["max_size"] == 50
    assert not later.plan().pending


def test_a_stack_that_plans_cannot_write(applied: Place) -> None:
    applied.queues(support=50)
    stack = applied.stack()
    stack.plan()
    stack.drift()
    stack.plan_prune()
    stack.export()
    stack.validate()
    assert applied.live.writes() == []


@pytest.mark.parametrize("files", [("",), ("a.yaml", ""), (["a.yaml"],), (None,), (b"a.yaml",)])
def test_files_are_named(files: tuple[Any, ...]) -> None:
    with pytest.raises(UsageError, match="files are texts or paths"):
        voiceform.Stack(*files, environ={})


@pytest.mark.parametrize("given", [{"state": Path("state.db")}, {"state": 3}, {"account": ACCOUNT}])
def test_what_is_no_url_and_no_account_is_told_in_words(place: Place, given: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"= takes an? "):
        place.stack(**given)


@pytest.mark.parametrize("count", [0, -1, 201])
def test_parallelism_has_bounds(place: Place, count: int) -> None:
    with pytest.raises(UsageError, match="parallelism"):
        place.stack(parallelism=count)


@pytest.mark.parametrize("seconds", [0, -1])
@pytest.mark.parametrize("name", ["timeout", "lease_ttl", "poll"])
def test_a_span_lasts(place: Place, name: str, seconds: int) -> None:
    span = timedelta(seconds=seconds)
    with pytest.raises(UsageError, match=f"{name}= is longer than nothing"):
        place.stack().watch(poll=span) if name == "poll" else place.stack(**{name: span})


@pytest.mark.parametrize("given", [{"state": ""}, {"environ": {"VOICEFORM_STATE": ""}}])
def test_an_empty_state_is_not_any_state(place: Place, given: dict[str, Any]) -> None:
    place.queues(support=100)
    stack = place.stack(**given)
    stack.validate()
    for use in (stack.plan, stack.dispatch_once, stack.runs, stack.pull, stack.holds, stack.lock):
        with pytest.raises(UsageError, match="the state URL is empty, which could be meant as any"):
            use()


def test_a_token_is_never_shown(place: Place) -> None:
    account = voiceform.Account.with_token(ACCOUNT, "very-secret")
    assert "very-secret" not in f"{account!r} {account} {place.stack(account=account).parts!r}"


def test_a_token_does_not_travel_in_the_clear() -> None:
    with pytest.raises(UsageError, match="in the clear"):
        voiceform.Account.with_token(ACCOUNT, TOKEN, base_url="http://api.example.com")

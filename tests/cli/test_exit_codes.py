"""Every exit code of the contract, through the command line, in text and in JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import ACCOUNT, Stack

FORMATS = ["text", "json"]


@pytest.fixture(params=FORMATS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_0_nothing_to_do(stack: Stack, form: str) -> None:
    stack.queues(support=10)
    stack.apply()
    assert stack.run("plan", "--detailed-exitcode", "--format", form).code == 0
    assert stack.run("apply", "--auto-approve", "--format", form).code == 0


def test_1_an_error(stack: Stack, form: str) -> None:
    stack.write("queues: {support: {max_size: 0}}\n")
    result = stack.run("plan", "--format", form)
    assert result.code == 1
    assert "max_size" in (result.out if form == "json" else result.err)
    if form == "json":
        (diagnostic,) = result.json["diagnostics"]
        assert (diagnostic["line"], diagnostic["column"]) == (2, 30)


def test_2_changes_pending(stack: Stack, form: str) -> None:
    stack.queues(support=10)
    result = stack.run("plan", "--detailed-exitcode", "--format", form)
    assert result.code == 2
    if form == "json":
        assert result.json["summary"]["create"] == 1
    assert stack.run("plan", "--format", form).code == 0


def test_3_only_drift(stack: Stack, form: str) -> None:
    stack.queues(support=10)
    stack.apply()
    sid = stack.account.queues()["support"]["sid"]
    stack.account.post(f"Queues/{sid}.json", MaxSize=5)
    assert stack.run("drift", "--format", form).code == 3
    assert stack.run("plan", "--refresh-only", "--detailed-exitcode", "--format", form).code == 3
    stack.queues(support=5)
    assert stack.run("plan", "--detailed-exitcode", "--format", form).code == 3
    stack.apply()
    assert stack.run("plan", "--detailed-exitcode", "--format", form).code == 0


def test_4_blocked_by_a_limit_and_lifted_by_a_scoped_approval(stack: Stack, form: str) -> None:
    stack.queues(a=1, b=1, c=1)
    stack.apply()
    stack.queues(a=1)
    plan = stack.run("plan", "--out", "p.json", "--format", form)
    assert plan.code == 4
    refused = stack.run("apply", "p.json", "--format", form)
    assert refused.code == 4
    assert "--approve delete:queue=2" in refused.out
    assert stack.run("apply", "p.json", "--approve", "delete:queue=1").code == 4
    assert len(stack.account.queues()) == 3
    assert stack.run("apply", "p.json", "--approve", "delete:queue=2", "--format", form).code == 0
    assert list(stack.account.queues()) == ["a"]


def test_4_blocked_by_protection_which_no_approval_lifts(stack: Stack, form: str) -> None:
    stack.write("queues: {a: {protect: true}}\n")
    stack.apply()
    stack.queues()
    result = stack.run("apply", "--auto-approve", "--approve", "delete:queue=9", "--format", form)
    assert result.code == 4
    assert list(stack.account.queues()) == ["a"]


def test_5_some_operations_failed_and_the_others_went_on(stack: Stack, form: str) -> None:
    stack.queues(a=1, b=1, c=1)
    stack.emulator.faults(
        [{"operation": "createQueue", "times": 1, "kind": "status", "status": 400, "code": 20001}]
    )
    result = stack.run("apply", "--auto-approve", "--parallelism", "1", "--format", form)
    assert result.code == 5
    assert len(stack.account.queues()) == 2
    if form == "json":
        statuses = sorted(outcome["status"] for outcome in result.json["outcomes"])
        assert statuses == ["applied", "applied", "failed"]
    stack.apply()
    assert len(stack.account.queues()) == 3


def test_5_a_queue_that_is_not_empty_is_not_deleted(stack: Stack, form: str) -> None:
    stack.write("safety: {max_delete_percent: 100}\nqueues: {a: {}}\n")
    stack.apply()
    stack.emulator.seed({"account_sid": ACCOUNT, "queues": [{"friendly_name": "full", "current_size": 12}]})
    stack.write("safety: {max_delete_percent: 100}\nownership: exclusive\nqueues: {a: {}}\n")
    plan = stack.ok("plan", "--out", "p.json")
    assert "12 callers are waiting" in plan.out
    result = stack.run("apply", "p.json", "--format", form)
    assert result.code == 5
    assert "deleteQueue" not in stack.account.writes()


def test_6_the_plan_is_stale_when_its_object_moved_and_the_others_go_on(stack: Stack, form: str) -> None:
    stack.queues(a=1, b=1)
    stack.apply()
    stack.queues(a=2, b=2)
    stack.ok("plan", "--out", "p.json")
    stack.account.post(f"Queues/{stack.account.queues()['a']['sid']}.json", MaxSize=77)
    result = stack.run("apply", "p.json", "--format", form)
    assert result.code == 6
    assert "77" in result.out
    sizes = {name: queue["max_size"] for name, queue in stack.account.queues().items()}
    assert sizes == {"a": 77, "b": 2}


def test_6_the_plan_was_used(stack: Stack, form: str) -> None:
    stack.queues(a=1)
    stack.ok("plan", "--out", "p.json")
    stack.ok("apply", "p.json")
    before = stack.account.writes()
    result = stack.run("apply", "p.json", "--format", form)
    assert result.code == 6
    assert "was applied at" in (result.out if form == "json" else result.err)
    assert stack.account.writes() == before


def test_6_another_apply_came_first(stack: Stack, form: str) -> None:
    stack.queues(a=1)
    stack.ok("plan", "--out", "p.json")
    stack.queues(b=1)
    stack.apply()
    result = stack.run("apply", "p.json", "--format", form)
    assert result.code == 6
    assert "a" not in stack.account.queues()


def test_7_locked(stack: Stack, form: str) -> None:
    from datetime import UTC, datetime, timedelta

    from voiceform.model.clock import SystemClock
    from voiceform.state.lease import acquire
    from voiceform.state.open import DEFAULT_URL, open_store

    stack.queues(a=1)
    with open_store(DEFAULT_URL, base_dir=stack.folder) as store:
        lease = acquire(
            store,
            operation="apply",
            holder="somebody@elsewhere",
            clock=SystemClock(),
            ttl=timedelta(minutes=5),
        )
        with lease:
            result = stack.run("apply", "--auto-approve", "--format", form)
            assert result.code == 7
            message = result.out if form == "json" else result.err
            assert "somebody@elsewhere" in message
            assert str(datetime.now(UTC).year) in message
            assert stack.run("plan").code == 0, "reading needs no lock"
    assert stack.account.writes() == []
    stack.apply()


def test_64_usage(stack: Stack, form: str) -> None:
    stack.queues(support=10)
    result = stack.run("plan", "--target", "queue.suport", "--format", form)
    assert result.code == 64
    assert "queue.support" in (result.out if form == "json" else result.err)
    assert stack.run("plan", "--no-such-option", "--format", form).code == 64
    assert stack.run("no-such-command").code == 64


def test_json_errors_are_one_document_on_stdout(stack: Stack) -> None:
    stack.queues(a=1)
    result = stack.run("apply", str(Path("missing.json")), "--format", "json")
    assert result.code == 1
    error = json.loads(result.out)["error"]
    assert error["exit_code"] == 1
    assert error["hint"]

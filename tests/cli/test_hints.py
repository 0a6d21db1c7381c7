"""What an error says first, and what it says to do next, is right where it stands."""

from __future__ import annotations

import pytest

from tests.support import Stack
from voiceform.model.clock import SystemClock
from voiceform.state.lease import acquire
from voiceform.state.open import open_store
from voiceform.state.side_lease import DISPATCH_LEASE, SideLease


def test_a_dispatcher_that_is_locked_out_is_told_of_its_own_lock(stack: Stack) -> None:
    stack.queues(support=1)
    stack.apply()
    url = "sqlite:///.voiceform/state.db"
    with open_store(url, base_dir=stack.folder) as store:
        held = SideLease(store, DISPATCH_LEASE)
        with acquire(held, operation="dispatch", holder="ann@host", clock=SystemClock()):
            refused = stack.run("dispatch")
            advice = [part for part in refused.err.split("`") if part.startswith("voiceform lock")]
            assert advice == [
                "voiceform lock show --dispatch",
                "voiceform lock break --dispatch --reason TEXT",
            ]
            shown = stack.ok(*advice[0].split()[1:])
            assert "ann@host runs dispatch" in shown.out
    with (
        open_store(url, base_dir=stack.folder) as store,
        acquire(store, operation="apply", holder="bob@host", clock=SystemClock()),
    ):
        refused = stack.run("apply", "--auto-approve")
        assert "`voiceform lock show`" in refused.err
        assert "bob@host runs apply" in stack.ok("lock", "show").out


def test_the_words_of_the_api_come_first_and_the_url_on_request(stack: Stack) -> None:
    stack.queues(support=1)
    fault = {"operation": "createQueue", "times": 9, "kind": "status", "status": 400, "code": 20002}
    stack.emulator.faults([fault])
    failed = stack.run("apply", "--auto-approve")
    assert failed.code == 5
    assert "queue.support: create failed: Twilio 20002: " in failed.err
    assert "(createQueue, HTTP 400, RQ" in failed.err
    assert "http://" not in failed.err
    assert failed.out.count("RQ") == 1
    stack.emulator.faults(
        [{"operation": "listQueues", "times": 9, "kind": "status", "status": 400, "code": 20001}]
    )
    listed = stack.run("plan")
    assert listed.err.startswith("Error: Twilio 20001: ")
    assert "http://" not in listed.err
    told = stack.run("plan", "-v")
    assert f"\n  listQueues (GET {stack.emulator.url}/" in told.err


def test_each_block_is_told_once(stack: Stack) -> None:
    stack.queues(**{f"q{number}": 1 for number in range(8)})
    stack.apply()
    stack.queues()
    blocked = stack.run("apply", "--auto-approve")
    assert blocked.code == 4
    everything = blocked.out + blocked.err
    assert everything.count("8 queues would be deleted") == 1
    assert "Error: the plan is blocked (max_deletes" in blocked.err
    as_json = stack.run("apply", "--auto-approve", "--format", "json")
    assert "8 queues would be deleted" in as_json.json["error"]["what"]


def test_a_plan_that_is_blocked_does_not_say_that_all_is_as_declared(stack: Stack) -> None:
    stack.queues(a=1, b=2, c=3)
    stack.apply()
    stack.account.post(f"Queues/{stack.account.queues()['c']['sid']}.json", MaxSize="7")
    stack.write("queues: {a: {max_size: 1, aliases: [b]}, c: {max_size: 7}}\n")
    for format_ in ("text", "markdown", "html"):
        shown = stack.run("plan", "--format", format_)
        assert shown.code == 4
        assert "several-aliases" in shown.out
        assert "No changes are planned: the plan is blocked." in shown.out
        assert "as the configuration declares" not in shown.out
        assert "the plan is blocked. 1 object changed outside of voiceform." in shown.out


def test_an_address_that_is_nearly_recorded_is_named(stack: Stack) -> None:
    stack.queues(support=1)
    stack.apply()
    for wrong, hint in (
        ("queue.suport", "did you mean queue.support?"),
        ("call.x", "`voiceform state list`"),
    ):
        for argv in (["show", wrong], ["rm", wrong], ["mv", wrong, f"{wrong}s"]):
            refused = stack.run("state", *argv)
            assert refused.code == 64
            assert f"{wrong} is not recorded" in refused.err
            assert hint in refused.err


def test_init_says_where_to_go_on(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = stack.folder / "my stack"
    told = stack.ok("init", str(folder)).err
    assert f"Next: cd '{folder}', export TWILIO_ACCOUNT_SID" in told
    monkeypatch.chdir(folder)
    assert "Next: export TWILIO_ACCOUNT_SID" in stack.ok("init", str(folder)).err


def test_a_plan_says_that_a_dead_run_is_not_settled(stack: Stack) -> None:
    stack.queues(a=1, b=2)
    stack.emulator.faults([{"operation": "createQueue", "times": 9, "kind": "latency", "delay_ms": 60_000}])
    process = stack.start("apply", "--auto-approve")
    while process.poll() is None and not stack.account.writes():
        pass
    running = stack.ok("plan")
    process.kill()
    process.wait()
    stack.emulator.faults([])
    stack.ok("lock", "break", "--reason", "its holder was killed")
    assert "Not settled yet" not in running.err
    told = stack.ok("plan", "--out", "plan.json")
    assert "Not settled yet: run " in told.err
    assert "a plan that is saved before that will be refused" in told.err
    assert stack.run("apply", "plan.json").code == 6
    stack.apply()
    assert "Not settled" not in stack.ok("plan").err

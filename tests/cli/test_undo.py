"""`voiceform undo`: a run is taken back by a plan like any other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import Stack, addresses


def last_run(stack: Stack) -> str:
    run: str = stack.ok("undo", "--format", "json").json["runs"][0]["run_id"]
    return run


def undone(stack: Stack, run: str) -> Any:
    """Undo `run` and apply the plan; what the command printed on stdout."""
    out = stack.ok("undo", run, "--out", "undo.json").out
    stack.ok("apply", "undo.json")
    return out


def sizes(stack: Stack) -> dict[str, int]:
    return {name: queue["max_size"] for name, queue in stack.account.queues().items()}


LIMITS = "safety: {max_deletes: 50, max_delete_percent: 100}\n"


def test_what_a_run_did_is_taken_back(stack: Stack) -> None:
    stack.write(
        f"{LIMITS}queues: {{stays: {{max_size: 1}}, moves: {{max_size: 2}}, goes: {{max_size: 3}}}}\n"
    )
    stack.apply()
    before = stack.account.queues()
    stack.write(
        f"{LIMITS}queues: {{stays: {{max_size: 1}}, moves: {{max_size: 20}}, comes: {{max_size: 4}}}}\n"
    )
    stack.apply()
    run = last_run(stack)
    out = undone(stack, run)
    assert "Plan: 1 to create, 1 to update, 1 to delete." in out
    assert "Not undone" not in out
    assert sizes(stack) == {"stays": 1, "moves": 2, "goes": 3}
    after = stack.account.queues()
    assert after["moves"]["sid"] == before["moves"]["sid"]
    assert after["goes"]["sid"] != before["goes"]["sid"]
    stack.write(
        f"{LIMITS}queues: {{stays: {{max_size: 1}}, moves: {{max_size: 2}}, goes: {{max_size: 3}}}}\n"
    )
    stack.ok("plan", "--detailed-exitcode")


def test_an_undo_can_be_undone(stack: Stack) -> None:
    stack.write(f"{LIMITS}queues: {{a: {{max_size: 1}}}}\n")
    stack.apply()
    undone(stack, last_run(stack))
    assert sizes(stack) == {}
    undone(stack, last_run(stack))
    assert sizes(stack) == {"a": 1}


def test_a_renamed_key_goes_back_to_its_old_address(stack: Stack) -> None:
    stack.queues(a=1)
    stack.apply()
    stack.write("queues: {b: {friendly_name: new, max_size: 1, aliases: [a]}}\n")
    stack.apply()
    undone(stack, last_run(stack))
    assert sizes(stack) == {"a": 1}
    assert stack.ok("state", "list").out.startswith("queue.a\t")


def test_what_moved_since_is_left_alone_and_the_rest_goes_on(stack: Stack) -> None:
    stack.queues(a=1, b=1, c=1, d=1)
    stack.apply()
    stack.write(f"{LIMITS}queues: {{a: {{max_size: 2}}, b: {{max_size: 2}}, c: {{max_size: 2}}}}\n")
    stack.apply()
    run = last_run(stack)
    queues = stack.account.queues()
    stack.account.post(f"Queues/{queues['a']['sid']}.json", MaxSize=9)
    stack.account.delete(f"Queues/{queues['b']['sid']}.json")
    stack.account.post("Queues.json", FriendlyName="d", MaxSize=7)
    result = stack.ok("undo", run, "--format", "json")
    assert addresses(result.json["changes"]) == ["queue.c"]
    assert "update queue.a: changed since: max_size" in result.err
    assert "update queue.b: it is gone" in result.err
    assert "delete queue.d: there is one again since" in result.err


def test_a_queue_of_the_same_name_that_took_the_place_is_not_deleted(stack: Stack) -> None:
    stack.queues(a=1)
    stack.apply()
    run = last_run(stack)
    stack.account.delete(f"Queues/{stack.account.queues()['a']['sid']}.json")
    stack.account.post("Queues.json", FriendlyName="a", MaxSize=1)
    result = stack.ok("undo", run)
    assert "nothing of run" in result.out
    assert "create queue.a: " in result.out


def test_an_object_that_moves_after_the_plan_is_refused(stack: Stack) -> None:
    stack.queues(a=1)
    stack.apply()
    stack.queues(a=2)
    stack.apply()
    stack.ok("undo", last_run(stack), "--out", "undo.json")
    stack.account.post(f"Queues/{stack.account.queues()['a']['sid']}.json", MaxSize=9)
    assert stack.run("apply", "undo.json").code == 6
    assert sizes(stack) == {"a": 9}


def test_limits_and_protection_hold(stack: Stack) -> None:
    stack.write("queues: {a: {max_size: 1, protect: true}, b: {max_size: 1}}\n")
    stack.apply()
    result = stack.run("undo", last_run(stack), "--out", "undo.json")
    assert result.code == 4
    assert "queue.a is protected" in result.out
    assert "--approve delete:queue=2" in result.out
    assert stack.run("apply", "undo.json", "--approve", "delete:queue=2").code == 4
    assert sizes(stack) == {"a": 1, "b": 1}


def test_only_what_was_done_is_taken_back(stack: Stack) -> None:
    stack.write(f"{LIMITS}queues: {{a: {{max_size: 1}}, b: {{max_size: 1}}}}\n")
    stack.emulator.faults(
        [{"operation": "createQueue", "times": 1, "kind": "status", "status": 400, "code": 20001}]
    )
    assert stack.run("apply", "--auto-approve", "--parallelism", "1").code == 5
    run = last_run(stack)
    assert addresses(stack.ok("undo", run, "--format", "json").json["changes"]) == ["queue.b"]


def test_exclusive_ownership_claims_nobody_in_an_undo(stack: Stack) -> None:
    stack.write(f"ownership: exclusive\n{LIMITS}queues: {{a: {{max_size: 1}}}}\n")
    stack.apply()
    stack.account.post("Queues.json", FriendlyName="stranger", MaxSize=7)
    undone(stack, last_run(stack))
    assert sizes(stack) == {"stranger": 7}


def test_calls_and_recordings_are_listed_before_and_after(stack: Stack) -> None:
    stack.emulator.seed(
        {"recordings": [{"date_created": "2020-01-01T00:00:00Z", "duration": 5, "source": "OutboundAPI"}]}
    )
    stack.write(
        "safety: {max_delete_percent: 100}\n"
        "queues: {q: {max_size: 1}}\n"
        "retention: {recordings: [{name: old, keep: 90d}]}\n"
    )
    plan = stack.ok("plan").out
    assert "! cannot be undone: 1 recording is destroyed" in plan
    assert "cannot be undone: 1 recording is destroyed" in stack.ok("plan", "--format", "markdown").out
    stack.apply()
    out = stack.ok("undo", last_run(stack)).out
    assert "- delete queue.q" in out
    assert "Not undone:\n  create retention.recordings.old: 1 recording is destroyed\n" in out


def test_settings_of_a_conference_go_back_but_nobody_is_phoned(stack: Stack) -> None:
    stack.write("conferences: {room: {settings: {max_participants: 10}}}\n")
    stack.apply()
    stack.write("conferences: {room: {settings: {max_participants: 20}}}\n")
    stack.apply()
    undone(stack, last_run(stack))
    stack.write("conferences: {room: {settings: {max_participants: 10}}}\n")
    stack.ok("plan", "--detailed-exitcode")
    stack.write(
        "conferences: {room: {settings: {max_participants: 10}, start: true,"
        " participants: {bridge: {to: '+15558675310', from: '+15017122661'}}}}\n"
    )
    plan = stack.ok("plan").out
    assert "! cannot be undone: 1 person is phoned" in plan
    stack.apply()
    assert "update conference.room: 1 person is phoned" in stack.ok("undo", last_run(stack)).out


def test_runs_are_listed_newest_first(stack: Stack) -> None:
    assert stack.ok("undo").out == "No run is recorded.\n"
    stack.queues(a=1)
    stack.apply()
    first = last_run(stack)
    stack.queues(a=2)
    stack.apply()
    _title, *lines = stack.ok("undo").out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(first)
    assert "1 applied" in lines[0]


@pytest.mark.parametrize("run", ["0123456789abcdef", "../meta"])
def test_a_run_that_is_not_there(stack: Stack, run: str) -> None:
    stack.queues(a=1)
    stack.apply()
    result = stack.run("undo", run)
    assert result.code in (1, 64)
    assert "Traceback" not in result.err


def test_undoing_writes_nothing(stack: Stack) -> None:
    stack.queues(a=1)
    stack.apply()
    writes = stack.account.writes()
    stack.run("undo", last_run(stack))
    assert stack.account.writes() == writes

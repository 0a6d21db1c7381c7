"""Holds by command: at once, whatever runs, and ended by whoever says so."""

from __future__ import annotations

import json
import threading
import time
from datetime import datetime, timedelta

import pytest

from tests.cli.pruning import ALICE, BOB, CAROL, NOW, Pruner, ca_sid, call, plain, re_sid, recording
from tests.support import Result, Stack
from voiceform import Stack as Front
from voiceform.kinds.retention.added import HoldRequest
from voiceform.kinds.retention.added import add as land
from voiceform.state.lease import acquire
from voiceform.state.open import DEFAULT_URL, open_store

RULES = "recordings: [{name: all, keep: 90d}]"
STORES = pytest.mark.parametrize("shared_state", ["sqlite", "postgres", "s3"], indirect=True)


def old_enough(pruner: Pruner, count: int) -> None:
    """A rule that was applied before anything was there, and then recordings that it would delete."""
    pruner.declare(RULES)
    assert pruner.stack.run("apply", "--auto-approve", clock=pruner.clock).code == 0
    pruner.seed([recording(n, 91) for n in range(count)], [call(n, 91) for n in range(count)])


def add(pruner: Pruner, *what: str, name: str = "case-4712") -> Result:
    return pruner.stack.run("hold", "add", name, "--reason", "litigation", *what, clock=pruner.clock)


@pytest.fixture
def pruner(stack: Stack) -> Pruner:
    return Pruner(stack)


@STORES
def test_what_is_held_stays_in_every_store_until_it_is_released(shared_state: Stack) -> None:
    pruner = Pruner(shared_state)
    old_enough(pruner, 4)
    assert add(pruner, "--recording", re_sid(1), "--call", ca_sid(2)).code == 0
    kept = pruner.pruned()
    assert pruner.left() == {1, 2}
    assert "kept 2 by 1 hold" in plain(kept.out)
    assert pruner.stack.run("hold", "release", "case-4712", "--approve", "release-hold=case-4712").code == 0
    pruner.pruned()
    assert pruner.left() == set()


def test_any_of_what_is_named_is_enough(pruner: Pruner) -> None:
    pruner.declare(RULES + "\ncall_records: [{name: cdr, keep: 90d}]")
    pruner.stack.run("apply", "--auto-approve", clock=pruner.clock)
    pruner.seed(
        [recording(n, 91) for n in range(6)],
        [call(n, 91, caller=ALICE if n == 4 else BOB, to="+15005550009") for n in range(6)],
    )
    added = add(
        pruner, "--recording", re_sid(0), "--recording", re_sid(1), "--call", ca_sid(2), "--number", ALICE
    )
    assert added.out == "The hold case-4712 keeps 2 recordings, 1 call, 1 number from now on.\n"
    pruner.pruned()
    assert pruner.left() == {0, 1, 2, 4}
    assert pruner.calls_left() == {0, 1, 2, 4}, "the calls of recordings that are held are kept with them"


def test_it_counts_like_one_that_is_declared(pruner: Pruner) -> None:
    """In the same words and numbers, in plan, prune and evidence."""
    old_enough(pruner, 3)
    pruner.declare(RULES + f"\nholds: {{case: {{reason: x, match: {{call_sid: [{ca_sid(1)}]}}}}}}")
    pruner.stack.run("apply", "--auto-approve", "--target", "retention.holds.*", clock=pruner.clock)
    declared = pruner.plan()
    pruner.declare(RULES)
    assert (
        pruner.stack.run(
            "apply",
            "--auto-approve",
            "--target",
            "retention.holds.*",
            "--approve",
            "release-hold=case",
            clock=pruner.clock,
        ).code
        == 0
    )
    add(pruner, "--call", ca_sid(1), name="case")
    added = pruner.plan()
    ours, theirs = (
        {change["address"]: (change["impact"], change.get("kept")) for change in plan["changes"]}
        for plan in (added, declared)
    )
    assert ours == theirs
    assert added["summary"] == declared["summary"]
    pruner.pruned()
    assert pruner.left() == {1}


def test_a_plan_that_was_saved_before_is_held_to_it(pruner: Pruner) -> None:
    old_enough(pruner, 5)
    assert pruner.stack.run("plan", "--out", "p.json", clock=pruner.clock).code == 0
    add(pruner, "--recording", re_sid(3))
    result = pruner.stack.run("apply", "p.json", "--evidence", "evidence", clock=pruner.clock)
    assert result.code == 5
    assert "1 kept by a hold that the plan did not see" in plain(result.out)
    assert pruner.left() == {3}
    assert pruner.statuses()[3] == "kept-by-hold"


def test_nothing_is_deleted_after_a_hold_is_there_while_a_run_deletes(pruner: Pruner) -> None:
    """`hold add` does not wait for the lock, and what is asked after it has ended is kept: but for requests
    that were on their way, nothing more goes."""
    count, parallelism = 300, 4
    old_enough(pruner, count)
    pruner.stack.emulator.faults(
        [{"operation": "deleteRecording", "times": 9999, "kind": "latency", "delay_ms": 20}]
    )
    seen: list[int] = []

    def interfere() -> None:
        while len(pruner.stack.emulator.requests("deleteRecording")) < 40:
            time.sleep(0.002)
        with open_store(DEFAULT_URL, base_dir=pruner.stack.folder) as store:
            request = HoldRequest.of("late", "x", [re_sid(n) for n in range(count)])
            land(store, request, who="me", now=NOW)
        seen.append(len(pruner.stack.emulator.requests("deleteRecording")))

    thread = threading.Thread(target=interfere)
    thread.start()
    result = pruner.prune("--parallelism", str(parallelism))
    thread.join()
    assert result.code == 5
    deleted = count - len(pruner.left())
    assert 40 <= deleted <= seen[0] + 2 * parallelism
    pruner.verify()


def test_a_lock_that_is_held_is_not_waited_for(pruner: Pruner) -> None:
    old_enough(pruner, 1)
    with (
        open_store(DEFAULT_URL, base_dir=pruner.stack.folder) as store,
        acquire(store, operation="prune", holder="nightly", clock=pruner.clock, ttl=timedelta(hours=2)),
    ):
        assert add(pruner, "--recording", re_sid(0)).code == 0
        assert pruner.stack.run("hold", "list").code == 0
        assert (
            pruner.stack.run("hold", "release", "case-4712", "--approve", "release-hold=case-4712").code == 0
        )


def test_many_who_add_at_the_same_time_lose_nothing(pruner: Pruner) -> None:
    old_enough(pruner, 1)
    stacks = [Front(folder=pruner.stack.folder, who=f"person {n}") for n in range(8)]
    threads = [
        threading.Thread(
            target=front.add_hold, args=(f"case-{n}",), kwargs={"reason": "x", "calls": [ca_sid(n)]}
        )
        for n, front in enumerate(stacks)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(hold.name, hold.by) for hold in stacks[0].holds()] == [
        (f"case-{n}", f"person {n}") for n in range(8)
    ]


def test_no_apply_and_no_destroy_ends_it(pruner: Pruner) -> None:
    old_enough(pruner, 2)
    add(pruner, "--recording", re_sid(0))
    pruner.declare("recordings: []")
    assert pruner.stack.run("apply", "--auto-approve", clock=pruner.clock).code == 0
    assert pruner.stack.run("destroy", "--auto-approve", clock=pruner.clock).code == 0
    (hold,) = pruner.stack.ok("hold", "list", "--format", "json").json["holds"]
    assert (hold["name"], hold["released_at"]) == ("case-4712", None)


def test_undoing_a_run_leaves_it(pruner: Pruner) -> None:
    old_enough(pruner, 1)
    run = pruner.stack.ok("state", "pull").json["documents"]
    run_id = next(key.removeprefix("runs/") for key in run if key.startswith("runs/"))
    add(pruner, "--recording", re_sid(0))
    pruner.stack.run("undo", run_id, "--out", "u.json", clock=pruner.clock)
    pruner.stack.run("apply", "u.json", clock=pruner.clock)
    assert len(pruner.stack.ok("hold", "list", "--format", "json").json["holds"]) == 1


@pytest.mark.parametrize("declared", ["case-4712", "Case-4712"])
def test_names_are_one_space(pruner: Pruner, declared: str) -> None:
    old_enough(pruner, 1)
    hold = f"\nholds: {{{declared}: {{reason: x, match: {{call_sid: [{ca_sid(0)}]}}}}}}"
    add(pruner, "--recording", re_sid(0))
    pruner.declare(RULES + hold)
    refused = pruner.stack.run(
        "apply", "--auto-approve", "--approve", "release-hold=case-4712", clock=pruner.clock
    )
    assert refused.code == 4
    assert f"the hold {declared} is declared, and case-4712 was added by command" in plain(refused.out)
    pruner.stack.ok("hold", "release", "case-4712", "--approve", "release-hold=case-4712")
    assert pruner.stack.run("apply", "--auto-approve", clock=pruner.clock).code == 0
    again = add(pruner, "--recording", re_sid(0))
    assert again.code == 64
    assert f"there is a hold {declared} already, which is declared" in plain(again.err)
    release = pruner.stack.run("hold", "release", declared, "--approve", f"release-hold={declared}")
    assert release.code == 64
    assert "take it out there, and apply with --approve" in plain(release.err)


def test_a_declared_hold_that_was_planned_before_one_was_added_fails_alone(pruner: Pruner) -> None:
    old_enough(pruner, 1)
    pruner.declare(RULES + f"\nholds: {{case-4712: {{reason: x, match: {{call_sid: [{ca_sid(0)}]}}}}}}")
    pruner.stack.run("plan", "--out", "p.json", clock=pruner.clock)
    add(pruner, "--recording", re_sid(0))
    result = pruner.stack.run("apply", "p.json", clock=pruner.clock)
    assert result.code == 5
    assert "a hold case-4712 was added by command since the plan was made" in plain(result.err)


def test_there_is_one_of_a_name(pruner: Pruner) -> None:
    old_enough(pruner, 1)
    add(pruner, "--recording", re_sid(0))
    again = add(pruner, "--recording", re_sid(1), name="CASE-4712")
    assert again.code == 64
    assert "there is a hold case-4712 already" in again.err


def test_release_asks_for_its_name(pruner: Pruner) -> None:
    old_enough(pruner, 1)
    add(pruner, "--recording", re_sid(0))
    for approval in ((), ("--approve", "release-hold=other")):
        refused = pruner.stack.run("hold", "release", "case-4712", *approval)
        assert refused.code == 4
        assert "--approve release-hold=case-4712" in refused.err
    assert pruner.stack.run("hold", "release", "cse", "--approve", "release-hold=cse").code == 64


def test_the_journal_of_a_name(pruner: Pruner) -> None:
    """Who, when and why, also of what has ended; a name may be used again."""
    old_enough(pruner, 1)
    add(pruner, "--number", ALICE)
    pruner.clock.sleep(86400)
    pruner.stack.run(
        "hold", "release", "case-4712", "--approve", "release-hold=case-4712", clock=pruner.clock
    )
    assert pruner.stack.ok("hold", "list").out == "No holds.\n"
    (hold,) = pruner.stack.ok("hold", "list", "--all", "--format", "json").json["holds"]
    assert datetime.fromisoformat(hold["added_at"]) == NOW
    assert datetime.fromisoformat(hold["released_at"]) == NOW + timedelta(days=1)
    assert hold["added_by"] == hold["released_by"] != ""
    assert add(pruner, "--recording", re_sid(0)).code == 0
    events = pruner.stack.ok("state", "pull").json["documents"]["holds/added"]["holds"]["case-4712"]
    assert [event["event"] for event in events] == ["added", "released", "added"]
    assert events[0]["reason"] == "litigation"
    assert events[0]["numbers"] == [ALICE]


def test_numbers_are_masked(pruner: Pruner) -> None:
    old_enough(pruner, 1)
    shown = [
        pruner.stack.ok(
            "hold", "add", "a", "--reason", f"asked by {BOB}", "--number", CAROL, "--format", "json"
        ),
        pruner.stack.ok("hold", "list"),
        pruner.stack.ok("hold", "list", "--format", "json"),
        pruner.stack.run("plan", clock=pruner.clock),
        pruner.stack.run("plan", "--format", "json", clock=pruner.clock),
        pruner.stack.run("hold", "add", "b", "--reason", "x", "--number", "1555222333x"),
    ]
    for result in shown:
        assert not [number for number in (CAROL, BOB) if number[5:] in result.out + result.err], result
    assert CAROL in pruner.stack.ok("hold", "list", "--show-numbers").out


@pytest.mark.parametrize(
    ("option", "text"),
    [
        ("--recording", "RE123"),
        ("--recording", ca_sid(1)),
        ("--recording", re_sid(1) + "\n" + re_sid(2)),
        ("--call", re_sid(1)),
        ("--call", "CA" + "g" * 32),
        ("--number", "5558675310"),
        ("--number", "anonymous"),
        ("--number", "+1555"),
        ("--number", "+15558675310x12"),
    ],
)
def test_what_cannot_be_read_is_refused_and_nothing_is_held(pruner: Pruner, option: str, text: str) -> None:
    old_enough(pruner, 1)
    assert add(pruner, "--recording", re_sid(0), option, text).code == 64
    assert pruner.stack.ok("hold", "list").out == "No holds.\n"


@pytest.mark.parametrize("name", ["", "a b", "-x", "../x", "x" * 65, "case.1"])
def test_a_name_that_no_configuration_could_have_is_refused(pruner: Pruner, name: str) -> None:
    old_enough(pruner, 1)
    assert pruner.stack.run("hold", "add", "--reason", "x", "--recording", re_sid(0), "--", name).code == 64


def test_spellings_of_one_thing_are_one_thing(pruner: Pruner) -> None:
    old_enough(pruner, 12)
    add(
        pruner, "--recording", re_sid(10), "--recording", "RE" + f"{10:032X}", "--number", "+1 (555) 867-5310"
    )
    (hold,) = pruner.stack.ok("hold", "list", "--format", "json", "--show-numbers").json["holds"]
    assert hold["any_of"] == {"recording_sid": [re_sid(10)], "number": [ALICE]}


def test_nothing_is_held_at_a_place_where_no_state_is(pruner: Pruner) -> None:
    result = add(pruner, "--recording", re_sid(0))
    assert result.code == 1
    assert "there is no state" in result.err


def test_one_that_matches_nothing_is_told_in_every_plan(pruner: Pruner) -> None:
    old_enough(pruner, 1)
    add(pruner, "--recording", re_sid(77))
    assert "retention.holds.case-4712: it matches nothing" in plain(
        pruner.stack.run("plan", clock=pruner.clock).out
    )


def test_a_state_that_is_pushed_ends_no_hold(pruner: Pruner) -> None:
    old_enough(pruner, 1)
    older = pruner.stack.ok("state", "pull").json
    add(pruner, "--recording", re_sid(0))
    older["serial"] += 1
    (pruner.stack.folder / "older.json").write_text(json.dumps(older))
    pruner.stack.ok("state", "push", "older.json")
    assert len(pruner.stack.ok("hold", "list", "--format", "json").json["holds"]) == 1


@pytest.mark.parametrize(
    "holds",
    [
        {"x": []},
        {"x": [{"event": "paused", "at": "2026-01-01T00:00:00Z", "by": "me"}]},
        {"x": [{"event": "added", "by": "me", "reason": "x", "recordings": [re_sid(0)]}]},
        ["x"],
    ],
)
def test_nothing_is_deleted_past_holds_that_cannot_be_read(pruner: Pruner, holds: object) -> None:
    old_enough(pruner, 2)
    with open_store(DEFAULT_URL, base_dir=pruner.stack.folder) as store:
        store.put("holds/added", {"holds": holds}, None)
    result = pruner.prune()
    assert result.code == 1
    assert "nothing is deleted while a hold is unreadable" in plain(result.err)
    assert pruner.left() == {0, 1}

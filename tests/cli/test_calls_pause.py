"""Pauses: by command, at once and everywhere, or declared."""

from __future__ import annotations

import json
import threading
import time
from datetime import timedelta

import pytest

from tests.cli.calling import FROM, NINE, OTHER, TO, Timeline, after, calls
from tests.support import ACCOUNT, TOKEN, Stack
from voiceform import Stack as Front
from voiceform.dispatch.passes import DispatchContext
from voiceform.dispatch.service import dispatch_once
from voiceform.kinds.userfiles import Places
from voiceform.model.clock import ManualClock, SystemClock
from voiceform.state.open import DEFAULT_URL, open_store
from voiceform.twilio.client import open_client
from voiceform.twilio.credentials import Credentials

BEFORE = NINE - timedelta(hours=1)
STORES = pytest.mark.parametrize("shared_state", ["sqlite", "postgres", "s3"], indirect=True)
DAILY = '{cron: "0 9 * * *", timezone: America/New_York}'


def applied(stack: Stack, **more: str) -> Timeline:
    """call.reminder is applied an hour before it is due, to two people."""
    stack.write(calls([TO, OTHER], **{"misfire_grace": "30m", "pace": "100", **more}))
    time_ = Timeline(stack)
    time_.apply(BEFORE)
    return time_


@STORES
@pytest.mark.parametrize("what", ["call.reminder", "--all"])
def test_nobody_is_called_until_it_is_resumed(shared_state: Stack, what: str) -> None:
    time_ = applied(shared_state)
    assert time_.at(BEFORE, "calls", "pause", what, "--reason", "wrong list").code == 0
    paused = time_.at(after(60), "dispatch")
    assert (paused.code, paused.out) == (0, "call.reminder: 2 due but paused\n")
    assert time_.placed() == []
    assert time_.at(after(120), "calls", "resume", what).code == 0
    assert time_.at(after(180), "dispatch").code == 0
    assert sorted(time_.placed()) == [TO, OTHER]


def test_what_is_too_late_once_resumed_is_missed(stack: Stack) -> None:
    time_ = applied(stack)
    time_.at(BEFORE, "calls", "pause", "call.reminder")
    time_.at(after(60), "dispatch")
    time_.at(after(minutes=31), "calls", "resume", "call.reminder")
    time_.at(after(minutes=31), "dispatch")
    assert time_.placed() == []
    assert time_.statuses(after(minutes=31)) == ["missed", "missed"]


def test_all_are_paused_also_those_that_come_later(stack: Stack) -> None:
    stack.write("safety: {max_delete_percent: 100}\nqueues: {support: {}}\n")
    time_ = Timeline(stack)
    time_.apply(BEFORE)
    time_.at(BEFORE, "calls", "pause", "--all")
    stack.write("safety: {max_delete_percent: 100}\n" + calls())
    time_.apply(BEFORE)
    time_.at(after(60), "dispatch")
    assert time_.at(after(60), "apply", "--auto-approve").code == 0
    assert time_.placed() == []


def test_apply_places_nobody_either_and_the_plan_says_so(stack: Stack) -> None:
    time_ = applied(stack)
    assert time_.at(after(5), "plan", "--out", "p.json").code == 0
    time_.at(after(10), "calls", "pause", "call.reminder", "--reason", "wrong list")
    assert time_.at(after(20), "apply", "p.json").code == 0, "the plan was made before"
    assert time_.placed() == []
    plan = time_.at(after(30), "plan")
    assert "nobody is called: paused since 2026-12-01 14:00:10 UTC by" in " ".join(plan.out.split())
    assert "wrong list" in plan.out
    assert "2 calls due now and not placed" in plan.out
    assert time_.at(after(40), "plan", "--format", "json").json["summary"]["calls"] == 0
    assert time_.at(after(50), "apply", "--auto-approve").code == 0
    assert time_.placed() == []
    time_.at(after(60), "calls", "resume", "call.reminder")
    time_.at(after(70), "apply", "--auto-approve")
    assert sorted(time_.placed()) == [TO, OTHER]


def test_a_pause_in_the_middle_of_a_pass_ends_it_at_once(stack: Stack) -> None:
    """Two dispatchers that respect no lock, slow answers, and somebody who pauses from another connection:
    after `pause` has ended, nobody is dialled but whoever a request was on its way to."""
    people = [f"+1212555{number:04d}" for number in range(60)]
    stack.write(calls(people, pace="1000", misfire_grace="30m") + "safety: {max_calls: 100}\n")
    Timeline(stack).apply(BEFORE)
    stack.emulator.clock(now=after(5).isoformat())
    stack.emulator.faults([{"operation": "createCall", "times": 999, "kind": "latency", "delay_ms": 40}])
    who = Credentials(ACCOUNT, ACCOUNT, TOKEN)

    def dispatch() -> None:
        clock = ManualClock(after(5))
        with (
            open_store(DEFAULT_URL, base_dir=stack.folder) as store,
            open_client(who, stack.emulator.url, read_only=False, clock=clock) as client,
        ):
            dispatch_once(DispatchContext(client, store, clock, Places(stack.folder), lambda: None))

    threads = [threading.Thread(target=dispatch) for _ in range(2)]
    for thread in threads:
        thread.start()
    while len(stack.emulator.requests("createCall")) < 10:
        time.sleep(0.005)
    Front(folder=stack.folder, clock=ManualClock(after(5))).pause_calls("call.reminder")
    dialled = len(stack.emulator.requests("createCall"))
    for thread in threads:
        thread.join()
    assert len(stack.emulator.requests("createCall")) <= dialled + len(threads) < len(people)


def test_a_service_that_watches_goes_on_when_it_is_resumed(stack: Stack) -> None:
    time_ = applied(stack)
    stack.emulator.clock(now=after(5).isoformat())
    time_.at(after(5), "calls", "pause", "call.reminder")
    clock = ManualClock(after(5))
    stop = threading.Event()
    front = Front(folder=stack.folder, environ={**stack.environ}, clock=clock, stop=stop)
    looks: list[int] = []

    def on_look(_: object) -> None:
        looks.append(len(time_.placed()))
        if len(looks) == 5:
            Front(folder=stack.folder, clock=clock).resume_calls("call.reminder")
        if looks[-1] == 2 or len(looks) > 500:
            stop.set()

    front.watch(on_look=on_look)
    assert looks[4] == 0
    assert looks[-1] == 2


def test_a_schedule_that_is_not_enabled_calls_nobody(stack: Stack) -> None:
    time_ = applied(stack, enabled="false")
    plan = time_.at(after(10), "plan")
    assert "paused by the configuration (enabled: false)" in " ".join(plan.out.split())
    assert "paused by the configuration" in time_.at(BEFORE, "schedule").out
    assert time_.at(after(20), "apply", "--auto-approve").code == 0
    assert time_.at(after(30), "dispatch").out == "call.reminder: 2 due but paused\n"
    assert time_.placed() == []
    stack.write(calls([TO, OTHER], misfire_grace="30m", pace="100"))
    assert time_.at(after(40), "apply", "--auto-approve").code == 0
    assert sorted(time_.placed()) == [TO, OTHER]
    assert time_.at(after(41), "plan", "--detailed-exitcode").code == 0


def test_turning_it_off_ends_a_pass_that_goes_on(stack: Stack) -> None:
    """Dispatch has the schedule as it was; the head of its ledger says how it is."""
    people = [f"+1212555{number:04d}" for number in range(40)]
    text = calls(people, pace="1000", misfire_grace="30m") + "safety: {max_calls: 100}\n"
    stack.write(text)
    time_ = Timeline(stack)
    time_.apply(BEFORE)
    stack.emulator.clock(now=after(5).isoformat())
    stack.emulator.faults([{"operation": "createCall", "times": 999, "kind": "latency", "delay_ms": 60}])
    front = Front(folder=stack.folder, environ={**stack.environ}, clock=ManualClock(after(5)))
    thread = threading.Thread(target=front.dispatch_once)
    thread.start()
    while len(time_.placed()) < 3:
        time.sleep(0.005)
    stack.write(text.replace("    to:", "    enabled: false\n    to:"))
    code = (
        Front(folder=stack.folder, environ={**stack.environ}, clock=ManualClock(after(5)))
        .apply(confirm=lambda _: True)
        .exit_code
    )
    dialled = len(time_.placed())
    thread.join()
    assert code == 0
    assert len(time_.placed()) <= dialled + 1 < len(people)


def test_enabling_counts_as_calls_that_somebody_has_to_approve(stack: Stack) -> None:
    people = [f"+1212555{number:04d}" for number in range(30)]
    stack.write(calls(people, DAILY, enabled="false"))
    time_ = Timeline(stack)
    time_.apply(BEFORE)
    stack.write(calls(people, DAILY))
    refused = time_.at(BEFORE, "apply", "--auto-approve")
    assert refused.code == 4
    assert "30 calls" in refused.out


def test_lists_say_what_is_paused(stack: Stack) -> None:
    time_ = applied(stack)
    time_.at(BEFORE, "calls", "pause", "call.reminder", "--reason", f"asked by {FROM}")
    rows = time_.at(BEFORE, "calls", "list", "--format", "json").json["calls"]
    assert all(row["paused"].startswith("paused since 2026-12-01 13:00:00 UTC by") for row in rows)
    text = time_.at(BEFORE, "calls", "list").out
    assert text.count("paused since") == 2
    assert FROM not in text
    (row,) = time_.at(BEFORE, "schedule", "--format", "json").json["schedule"]
    assert row["paused"].startswith("paused since 2026-12-01 13:00:00 UTC by")
    assert "; paused since" in time_.at(BEFORE, "schedule").out
    time_.at(BEFORE, "calls", "resume", "call.reminder")
    assert "paused" not in time_.at(BEFORE, "schedule").out
    assert "paused" not in time_.at(BEFORE, "calls", "list").out


def test_a_pause_follows_a_renaming_and_a_push(stack: Stack) -> None:
    time_ = applied(stack)
    older = time_.at(BEFORE, "state", "pull").json
    time_.at(BEFORE, "calls", "pause", "call.reminder")
    older["serial"] += 1
    (stack.folder / "older.json").write_text(json.dumps(older))
    assert time_.at(BEFORE, "state", "push", "older.json").code == 0
    stack.write(calls([TO, OTHER]).replace("reminder:", "renamed:\n    aliases: [reminder]"))
    time_.apply(BEFORE)
    assert time_.at(after(5), "dispatch").out == "call.renamed: 2 due but paused\n"
    assert time_.at(after(6), "calls", "resume", "call.renamed").code == 0
    time_.at(after(7), "dispatch")
    assert len(time_.placed()) == 2


def test_what_still_keeps_it_paused_is_told(stack: Stack) -> None:
    time_ = applied(stack)
    assert "was not paused" in time_.at(BEFORE, "calls", "resume", "call.reminder").out
    time_.at(BEFORE, "calls", "pause", "--all", "--reason", "fire drill")
    time_.at(BEFORE, "calls", "pause", "call.reminder")
    assert "already" in time_.at(BEFORE, "calls", "pause", "call.reminder", "--reason", "again").out
    one = time_.at(BEFORE, "calls", "resume", "call.reminder").out
    assert "it is still paused with all others since" in " ".join(one.split())
    assert "fire drill" in one
    assert time_.at(BEFORE, "calls", "resume", "--all").out == "The pause of all is over.\n"


@pytest.mark.parametrize("argv", [(), ("call.reminder", "--all"), ("call.remindr",), ("queue.x",), ("x",)])
def test_what_is_to_be_paused_has_to_be_said(stack: Stack, argv: tuple[str, ...]) -> None:
    time_ = applied(stack)
    for verb in ("pause", "resume"):
        assert time_.at(BEFORE, "calls", verb, *argv).code == 64


def test_nothing_is_paused_where_no_state_is(stack: Stack) -> None:
    assert stack.run("calls", "pause", "--all").code == 1


def test_nobody_is_called_while_pauses_cannot_be_read(stack: Stack) -> None:
    time_ = applied(stack)
    with open_store(DEFAULT_URL, base_dir=stack.folder) as store:
        store.put("pauses/calls", {"pauses": {"*": [{"event": "halted"}]}}, None)
    result = time_.at(after(5), "dispatch")
    assert result.code == 5
    assert "nobody is called: the pauses in pauses/calls cannot be read" in result.err
    assert time_.at(after(5), "apply", "--auto-approve").code == 1
    assert time_.placed() == []


def test_the_real_clock_is_not_needed(stack: Stack) -> None:
    """From Python, with the clock of the machine."""
    applied(stack)
    front = Front(folder=stack.folder, clock=SystemClock(), who="me")
    assert front.pause_calls(None) is None
    again = front.pause_calls(None)
    assert again is not None
    assert (again.by, again.everything) == ("me", True)

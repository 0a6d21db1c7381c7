"""Registering schedules, and placing what is due of them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.calling import BUSY, FROM, NINE, OTHER, TO, Timeline, after, calls
from tests.support import ACCOUNT, Stack
from voiceform.dispatch.passes import DispatchContext
from voiceform.dispatch.service import DispatchReport, watch
from voiceform.kinds.call.ledger.entries import CallStatus
from voiceform.kinds.userfiles import Places
from voiceform.model.clock import ManualClock
from voiceform.state.lease import acquire
from voiceform.state.open import open_store
from voiceform.state.side_lease import DISPATCH_LEASE, SideLease
from voiceform.twilio.client import open_client
from voiceform.twilio.credentials import Credentials

BEFORE = after(hours=-3)
PAUSE = "{twiml: <Response><Pause length='600'/></Response>}"


@pytest.fixture
def time(stack: Stack) -> Timeline:
    return Timeline(stack)


def test_a_schedule_is_registered_then_placed_then_done(stack: Stack, time: Timeline) -> None:
    stack.write(calls())
    assert "created" in time.apply(BEFORE).out
    assert time.placed() == []
    assert time.at(BEFORE, "plan", "--detailed-exitcode").code == 0
    assert time.at(after(1), "dispatch", "--once").code == 0
    assert time.placed() == [TO]
    assert time.at(after(2), "dispatch", "--once").out == "call.reminder: nothing was due\n"
    assert time.at(after(2), "plan", "--detailed-exitcode").code == 0
    time.at(after(minutes=20), "dispatch", "--once")
    [row] = time.ledger(after(minutes=20))
    assert (row["status"], row["to"], row["attempt"], row["occurrence"]) == (
        "answered",
        TO,
        1,
        "2026-12-01T14:00:00Z",
    )
    assert len(time.placed()) == 1


def test_dispatch_reads_no_configuration(stack: Stack, time: Timeline) -> None:
    path = stack.write(calls())
    time.apply(BEFORE)
    path.unlink()
    assert time.at(after(1), "dispatch", "--once").code == 0
    assert time.placed() == [TO]


def test_apply_places_exactly_what_its_plan_lists(stack: Stack, time: Timeline) -> None:
    stack.write(calls([TO, OTHER]))
    time.apply(BEFORE)
    plan = time.at(after(1), "plan", "--format", "json", "--show-numbers", "--out", "due.plan.json").json
    [change] = [item for item in plan["changes"] if item["address"] == "call.reminder"]
    assert (change["action"], change["reason"], change["operations"]) == ("update", "due", ["createCall"])
    assert [item["to"] for item in change["details"]["due"]] == [TO, OTHER]
    assert plan["summary"]["calls"] == 2
    assert time.at(after(2), "apply", "due.plan.json").code == 0
    assert time.placed() == [TO, OTHER]


def test_a_saved_plan_does_not_call_who_was_called_meanwhile(stack: Stack, time: Timeline) -> None:
    stack.write(calls([TO, OTHER]))
    time.apply(BEFORE)
    time.at(after(1), "plan", "--out", "due.plan.json")
    time.at(after(2), "dispatch", "--once")
    time.at(after(3), "apply", "due.plan.json")
    assert sorted(time.placed()) == [TO, OTHER]


def test_a_saved_plan_that_is_applied_too_late_calls_nobody(stack: Stack, time: Timeline) -> None:
    stack.write(calls())
    time.apply(BEFORE)
    time.at(after(1), "plan", "--out", "due.plan.json")
    assert time.at(after(hours=1), "apply", "due.plan.json").code == 0
    assert (time.placed(), time.statuses()) == ([], ["missed"])


def test_what_would_be_due_then(stack: Stack, time: Timeline) -> None:
    stack.write(calls())
    plan = time.at(BEFORE, "plan", "--at", "2026-12-01T14:05:00Z", "--format", "json").json
    assert plan["summary"]["calls"] == 1


def test_limits_hold_until_they_are_approved(stack: Stack, time: Timeline) -> None:
    stack.write("safety: {max_calls: 1}\n" + calls([TO, OTHER]))
    blocked = time.at(BEFORE, "apply", "--auto-approve")
    assert blocked.code == 4
    assert (
        "2 calls would be placed at the next occurrence; safety.max_calls allows 1"
        in blocked.out + blocked.err
    )
    time.apply(BEFORE, "--approve", "call=2")
    assert time.at(after(1), "apply", "--auto-approve").code == 4
    time.apply(after(1), "--approve", "call=2")
    assert sorted(time.placed()) == [TO, OTHER]


def test_too_late_is_missed(stack: Stack, time: Timeline) -> None:
    stack.write(calls(misfire_grace="15m"))
    time.apply(BEFORE)
    time.at(after(minutes=15, seconds=1), "dispatch", "--once")
    assert (time.placed(), time.statuses()) == ([], ["missed"])


def test_the_grace_is_inclusive(stack: Stack, time: Timeline) -> None:
    stack.write(calls(misfire_grace="15m"))
    time.apply(BEFORE)
    time.at(after(minutes=15), "dispatch", "--once")
    assert time.placed() == [TO]


def test_a_clock_that_jumps_back_brings_nothing_back(stack: Stack, time: Timeline) -> None:
    schedule = '{cron: "0 * * * *", timezone: America/New_York}'
    stack.write(calls(schedule=schedule))
    time.apply(BEFORE + timedelta(minutes=30))
    for hour in (0, 1):
        time.at(after(5, hours=hour), "dispatch", "--once")
    assert len(time.placed()) == 2
    stack.write(calls([TO, OTHER], schedule=schedule))
    time.apply(after(minutes=80))
    for moment in (after(5), after(minutes=30), after(5, hours=1)):
        time.at(moment, "dispatch", "--once")
    # The newcomer's ten o'clock is missed, not made up for.
    assert time.placed() == [TO, TO]
    rows = {(row["to"], row["occurrence"]): row["status"] for row in time.ledger()}
    assert rows[OTHER, "2026-12-01T14:00:00Z"] == "missed"
    time.at(after(5, hours=2), "dispatch", "--once")
    assert time.placed() == [TO, TO, TO, OTHER]


def test_calling_hours_are_waited_for_within_the_grace(stack: Stack, time: Timeline) -> None:
    hours = '{start: "10:00", end: "21:00"}'
    stack.write(calls(calling_hours=hours, misfire_grace="2h"))
    time.apply(BEFORE)
    waiting = time.at(after(1), "dispatch", "--once")
    assert (waiting.out, time.placed()) == ("call.reminder: 1 waiting\n", [])
    time.at(after(minutes=60), "dispatch", "--once")
    assert time.placed() == [TO]


def test_outside_the_calling_hours_nobody_is_called(stack: Stack, time: Timeline) -> None:
    stack.write(calls(calling_hours='{start: "10:00", end: "21:00"}'))
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    time.at(after(hours=1), "dispatch", "--once")
    assert (time.placed(), time.statuses()) == ([], ["suppressed"])


def test_the_list_is_read_again_before_each_call(stack: Stack, time: Timeline) -> None:
    listed = stack.folder / "dnc.txt"
    listed.write_text("# nobody yet\n")
    stack.write(calls([TO, OTHER], do_not_call="dnc.txt"))
    time.apply(BEFORE)
    listed.write_text(f"{OTHER}, asked us on Monday\n")
    time.at(after(1), "dispatch", "--once")
    assert (time.placed(), sorted(time.statuses())) == ([TO], ["placed", "suppressed"])


@pytest.mark.parametrize("damage", ["missing", "not a number\n", b"\xff\xfe\x00"])
def test_without_a_readable_list_nobody_is_called(stack: Stack, time: Timeline, damage: str | bytes) -> None:
    listed = stack.folder / "dnc.txt"
    listed.write_text(f"{OTHER}\n")
    stack.write(calls(do_not_call="dnc.txt"))
    time.apply(BEFORE)
    listed.unlink()
    if damage != "missing":
        listed.write_bytes(damage if isinstance(damage, bytes) else damage.encode())
    result = time.at(after(1), "dispatch", "--once")
    assert result.code == 5
    assert "the do-not-call list" in result.err
    assert time.at(after(1), "apply", "--auto-approve").code in (0, 5)
    assert (time.placed(), time.statuses()) == ([], [])
    listed.write_text(f"{OTHER}\n")
    time.at(after(2), "dispatch", "--once")
    assert time.placed() == [TO]


def test_a_list_that_vanished_is_told_by_every_command(stack: Stack, time: Timeline) -> None:
    listed = stack.folder / "dnc.txt"
    listed.write_text("+12125550199\n")
    stack.write(calls([TO, OTHER], do_not_call="dnc.txt"))
    time.apply(BEFORE)
    listed.unlink()
    gone = "the do-not-call list dnc.txt is missing"
    assert gone in time.at(BEFORE, "plan").err
    stack.write(calls([TO, OTHER], do_not_call="dnc.txt", pace="2"))
    assert f"2 not called: {gone}" in " ".join(time.at(BEFORE, "plan").out.split())
    assert gone in time.at(BEFORE, "drift").err
    assert f"call.reminder: 2 not called: {gone}" in time.at(BEFORE, "calls", "list").err
    assert gone in time.at(BEFORE, "schedule", "--end", "2026-12-02").out
    early = time.at(BEFORE, "dispatch", "--once")
    assert (early.code, f"nobody will be called: {gone}" in early.err) == (5, True)
    late = time.at(after(1), "dispatch", "--once")
    assert (late.code, f"not called: {gone} (2)" in late.err) == (5, True)
    assert time.placed() == []


def test_a_list_that_is_too_old_is_told_where_nothing_changes(stack: Stack, time: Timeline) -> None:
    (stack.folder / "dnc.txt").write_text("+12125550199\n")
    stack.write(calls(do_not_call="{file: dnc.txt, max_age: 10d, as_of: 2026-11-25}"))
    time.apply(BEFORE)
    quiet, late = time.at(BEFORE, "plan"), after(days=5)
    assert "nobody is called" not in quiet.out + quiet.err
    for argv in (["plan"], ["drift"], ["plan", "--format", "markdown"]):
        result = time.at(late, *argv)
        assert "nobody is called: the do-not-call list dnc.txt is of 2026-11-25" in " ".join(
            result.out.split()
        )


@pytest.mark.parametrize(
    ("entry", "to"),
    [("sip:+12125550101@pbx.example.com", TO), ("12125550101", TO), (TO, "sip:12125550101@pbx.example.com")],
)
def test_a_person_on_the_list_is_not_called_under_another_spelling(
    stack: Stack, time: Timeline, entry: str, to: str
) -> None:
    (stack.folder / "dnc.txt").write_text(f"{entry}\n")
    stack.write(calls([to, OTHER], do_not_call="[dnc.txt]"))
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    assert time.placed() == [OTHER]


@pytest.mark.parametrize("retry", ["{attempts: 5, delay: 99999d}", "{attempts: 10, delay: 999999999s}"])
def test_the_longest_durations_are_durations(stack: Stack, time: Timeline, retry: str) -> None:
    stack.write(calls(BUSY, misfire_grace="99999d", retry=retry))
    time.apply(BEFORE)
    assert time.at(datetime(1970, 1, 1, tzinfo=UTC), "plan").code == 0
    assert time.at(after(1), "dispatch", "--once").code == 0
    assert time.at(after(2), "calls", "list").code == 0
    assert time.placed() == [BUSY]


def test_one_person_under_two_addresses_is_called_once(stack: Stack, time: Timeline) -> None:
    stack.write(calls([TO, "sip:+12125550101@pbx.example.com", "sips:12125550101:x@pbx.example.com"]))
    assert "this person was given before" in time.apply(BEFORE).err
    time.at(after(1), "dispatch", "--once")
    assert time.placed() == [TO]


def test_who_was_called_is_not_called_again_under_another_address(stack: Stack, time: Timeline) -> None:
    stack.write(calls([TO]))
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    stack.write(calls(["sip:+12125550101@pbx.example.com"]))
    time.apply(after(20))
    time.at(after(30), "dispatch", "--once")
    assert time.placed() == [TO]


@pytest.mark.parametrize(
    "settings",
    [
        {"misfire_grace": "55s"},
        {"calling_hours": '{start: "08:00", end: "09:01", timezone: America/New_York}'},
    ],
)
def test_a_pause_that_outlasts_the_time_for_calling_ends_it(
    stack: Stack, time: Timeline, settings: dict[str, str]
) -> None:
    """429 was not processed and may be sent again, but not when it has become too late meanwhile."""
    stack.write(calls(**settings))
    time.apply(BEFORE)
    stack.emulator.faults(
        [{"kind": "status", "operation": "createCall", "status": 429, "retry_after": 30, "times": 2}]
    )
    result = time.at(after(15), "dispatch", "--once")
    assert "it became too late to call" in result.err
    assert [entry["status"] for entry in stack.emulator.requests("createCall")] == [429, 429]
    assert time.statuses() == ["deferred"]
    time.at(after(minutes=2), "dispatch", "--once")
    assert time.statuses() in (["missed"], ["suppressed"])


def test_dispatch_reads_no_list_outside_the_folder_unless_it_is_allowed(
    stack: Stack, time: Timeline, tmp_path_factory: pytest.TempPathFactory
) -> None:
    listed = tmp_path_factory.mktemp("shared") / "dnc.txt"
    listed.write_text("+12125550199\n")
    stack.write(calls(do_not_call=str(listed)))
    allow = ["--allow-path", str(listed.parent)]
    assert time.at(BEFORE, *allow, "apply", "--auto-approve").code == 0
    refused = time.at(after(1), "dispatch", "--once")
    assert (refused.code, "outside the folder of the stack" in refused.err, time.placed()) == (5, True, [])
    time.at(after(1), *allow, "dispatch", "--once")
    assert time.placed() == [TO]


def test_a_busy_number_is_tried_again_with_a_key_of_its_own(stack: Stack, time: Timeline) -> None:
    stack.write(calls(BUSY, retry="{attempts: 2, delay: 10m, on: [busy]}"))
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    time.at(after(minutes=5), "dispatch", "--once")
    assert time.placed() == [BUSY]
    for minutes in (11, 12, 30, 60):
        time.at(after(minutes=minutes), "dispatch", "--once")
    assert time.placed() == [BUSY, BUSY]
    assert [(row["attempt"], row["status"]) for row in time.ledger()] == [(1, "busy"), (2, "busy")]


def test_a_refused_call_has_failed_and_is_not_repeated(stack: Stack, time: Timeline) -> None:
    stack.write(calls(["+15005550003", TO]))
    time.apply(BEFORE)
    result = time.at(after(1), "dispatch", "--once")
    assert result.code == 5
    assert "21215" in result.err
    assert "+15005550003" not in result.out + result.err
    time.at(after(2), "dispatch", "--once")
    assert time.placed() == ["+15005550003", TO]
    assert sorted(time.statuses()) == ["failed", "placed"]


def test_wrong_credentials_burn_no_keys(stack: Stack, time: Timeline) -> None:
    stack.write(calls())
    time.apply(BEFORE)
    stack.emulator.faults([{"kind": "status", "status": 401, "operation": "createCall", "times": 1}])
    assert time.at(after(1), "dispatch", "--once").code == 5
    assert time.statuses() == ["deferred"]
    assert time.at(after(2), "dispatch", "--once").code == 0
    assert time.statuses() == ["placed"]


def test_another_account_calls_nobody(stack: Stack, time: Timeline) -> None:
    stack.write(calls())
    time.apply(BEFORE)
    stack.environ["TWILIO_ACCOUNT_SID"] = "AC" + "b" * 32
    result = time.at(after(1), "dispatch", "--once")
    assert result.code == 1
    assert ACCOUNT in result.err
    assert time.placed() == []


FAULTS: dict[str, dict[str, Any]] = {
    "drop-after": {"kind": "drop-after"},
    "drop-before": {"kind": "drop-before"},
    "500-after": {"kind": "status", "status": 500, "after": True},
    "garbage": {"kind": "garbage"},
    "truncate": {"kind": "truncate"},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_lost_answer_is_never_asked_again(stack: Stack, time: Timeline, fault: str) -> None:
    stack.write(calls())
    time.apply(BEFORE)
    stack.emulator.faults([{**FAULTS[fault], "operation": "createCall", "times": 1}])
    lost = time.at(after(1), "dispatch", "--once")
    assert (lost.code, time.statuses()) == (8, ["unknown"])
    assert time.at(after(20), "dispatch", "--once").code == 8, "lists may lag: too early to look"
    assert stack.emulator.requests("listCalls") == []
    settled = time.at(after(90), "dispatch", "--once")
    assert time.placed() == [TO]
    if fault == "drop-before":
        assert (settled.code, time.statuses()) == (8, ["unknown"])
    else:
        assert settled.code == 0
        [row] = time.ledger()
        assert row["sid"].startswith("CA")


def test_a_lost_answer_during_apply_registers_the_schedule(stack: Stack, time: Timeline) -> None:
    stack.write(calls())
    stack.emulator.faults([{"kind": "drop-after", "operation": "createCall"}])
    assert time.at(after(1), "apply", "--auto-approve").code == 8
    assert stack.run("state", "list").out.startswith("call.reminder")
    assert time.at(after(90), "dispatch", "--once").code == 0
    assert time.at(after(91), "plan", "--detailed-exitcode").code == 0
    assert time.placed() == [TO]


def test_calls_that_look_alike_are_not_confused(stack: Stack, time: Timeline) -> None:
    """Somebody else calls the same number from the same number in the same minute."""
    stack.write(calls())
    time.apply(BEFORE)
    stack.emulator.faults([{"kind": "drop-after", "operation": "createCall", "times": 1}])
    time.at(after(1), "dispatch", "--once")
    stack.account.post("Calls.json", To=TO, From=FROM, Twiml="<Response/>")
    assert time.at(after(90), "dispatch", "--once").code == 8
    assert time.statuses() == ["unknown"]


def test_two_lost_calls_to_one_number_are_not_confused(stack: Stack, time: Timeline) -> None:
    one = calls()
    two = one.replace("reminder:", "notice:").replace("calls:\n", "")
    stack.write(one + two)
    time.apply(BEFORE)
    stack.emulator.faults(
        [
            {"kind": "drop-after", "operation": "createCall", "times": 1},
            {"kind": "drop-before", "operation": "createCall"},
        ]
    )
    time.at(after(1), "dispatch", "--once")
    assert time.at(after(90), "dispatch", "--once").code == 8
    assert time.statuses() == ["unknown", "unknown"]


def test_removing_lets_calls_finish(stack: Stack, time: Timeline) -> None:
    stack.write(calls("+15005550014"))
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    stack.write("calls: {}\n")
    plan = time.at(after(30), "plan", "--format", "json").json
    assert plan["changes"][0]["operations"] == []
    time.apply(after(30))
    assert stack.emulator.requests("updateCall") == []
    assert time.at(after(40), "dispatch", "--once").code == 0


def test_removing_can_end_calls(stack: Stack, time: Timeline) -> None:
    stack.write(calls(["+15005550014", TO], answer=PAUSE, on_remove="cancel"))
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    stack.write("calls: {}\n")
    plan = time.at(after(20), "plan", "--format", "json").json
    assert plan["changes"][0]["operations"] == ["updateCall"]
    assert len(plan["changes"][0]["details"]["cancel"]) == 2
    time.apply(after(20))
    assert len(stack.emulator.requests("updateCall")) == 2
    assert set(time.statuses()) <= {"answered", "canceled"}


def test_a_schedule_that_comes_back_calls_nobody_twice(stack: Stack, time: Timeline) -> None:
    text = calls()
    stack.write(text)
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    stack.write("calls: {}\n")
    time.apply(after(2))
    stack.write(text)
    time.apply(after(3))
    time.at(after(4), "dispatch", "--once")
    assert time.placed() == [TO]


def test_a_renamed_schedule_keeps_its_ledger(stack: Stack, time: Timeline) -> None:
    stack.write(calls())
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    stack.write(calls(aliases="[reminder]").replace("  reminder:", "  renamed:"))
    time.apply(after(2))
    time.at(after(3), "dispatch", "--once")
    assert time.placed() == [TO]
    assert [row["address"] for row in time.ledger()] == ["call.renamed"]


def test_a_changed_answer_redirects_where_that_is_wanted(stack: Stack, time: Timeline) -> None:
    stack.write(calls("+15005550014", answer=PAUSE, on_change="redirect"))
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    stack.write(calls("+15005550014", answer="{say: We have to stop}", on_change="redirect"))
    plan = time.at(after(30), "plan", "--format", "json").json
    assert plan["changes"][0]["operations"] == ["updateCall"]
    time.apply(after(30))
    [update] = stack.emulator.requests("updateCall")
    assert "We have to stop" in update["params"]["Twiml"]
    assert time.at(after(31), "plan", "--detailed-exitcode").code == 0


def test_a_changed_answer_leaves_calls_alone_by_default(stack: Stack, time: Timeline) -> None:
    stack.write(calls("+15005550014", answer=PAUSE))
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    stack.write(calls("+15005550014"))
    time.apply(after(30))
    assert stack.emulator.requests("updateCall") == []


def test_recording_can_begin_during_the_call(stack: Stack, time: Timeline) -> None:
    stack.write(calls("+15005550014", answer=PAUSE))
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    stack.write(calls("+15005550014", answer=PAUSE, record="true"))
    plan = time.at(after(30), "plan", "--format", "json").json
    assert plan["changes"][0]["operations"] == ["createCallRecording"]
    time.apply(after(30))
    assert len(stack.emulator.requests("createCallRecording")) == 1
    assert time.at(after(31), "plan", "--detailed-exitcode").code == 0


def test_a_call_that_is_recorded_from_the_start_needs_nothing(stack: Stack, time: Timeline) -> None:
    stack.write(calls("+15005550014", answer=PAUSE, record="true"))
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    assert time.at(after(30), "plan", "--detailed-exitcode").code == 0


def test_a_queue_as_answer_is_applied_first(stack: Stack, time: Timeline) -> None:
    stack.write("queues: {support: {friendly_name: Help <desk>}}\n" + calls(answer="{queue: support}"))
    time.apply(after(1))
    assert stack.account.writes() == ["createQueue", "createCall"]
    [request] = stack.emulator.requests("createCall")
    assert "<Enqueue>Help &lt;desk&gt;</Enqueue>" in request["params"]["Twiml"]


def test_one_dispatcher_at_a_time(stack: Stack, time: Timeline) -> None:
    stack.write(calls())
    time.apply(BEFORE)
    url = "sqlite:///.voiceform/state.db"
    with (
        open_store(url, base_dir=Path(stack.folder)) as store,
        acquire(SideLease(store, DISPATCH_LEASE), operation="dispatch", holder="x", clock=ManualClock(NINE)),
    ):
        assert time.at(after(1), "dispatch", "--once").code == 7
        assert time.at(after(1), "plan").code == 0
        time.apply(after(1))
    assert time.at(after(2), "dispatch", "--once").code == 0
    assert time.placed() == [TO]


class ServiceClock(ManualClock):
    """Runs a minute ahead for each slice that a service sleeps, and ends it when its work is done."""

    def __init__(self, stop: threading.Event, done: Callable[[ServiceClock], bool]) -> None:
        super().__init__(BEFORE + timedelta(minutes=30))
        self._stop = stop
        self._done = done

    def sleep(self, seconds: float) -> None:
        super().sleep(60)
        self._stop.wait(0.002)
        if self._done(self):
            self._stop.set()


def test_a_service_places_what_becomes_due(stack: Stack, time: Timeline) -> None:
    """Four hours of an hourly schedule; another one is applied while the service runs."""
    hourly = '{cron: "0 * * * *", timezone: UTC}'
    stack.write(calls(schedule=hourly, misfire_grace="12h"))
    time.apply(BEFORE + timedelta(minutes=30))
    stop = threading.Event()

    def done(clock: ServiceClock) -> bool:
        return clock.now() > after(minutes=50) and len(time.placed()) >= 3

    clock = ServiceClock(stop, done)
    looks: list[DispatchReport] = []
    with (
        open_store("sqlite:///.voiceform/state.db", base_dir=stack.folder) as store,
        open_client(
            Credentials.from_environment(stack.environ), stack.emulator.url, read_only=False, clock=clock
        ) as client,
    ):
        context = DispatchContext(client, store, clock, Places(stack.folder), lambda: None, stop)
        report = watch(context, poll=timedelta(minutes=20), on_look=looks.append)
    assert report.exit_code == 0
    occurrences = [row["occurrence"] for row in time.ledger(clock.now()) if row["sid"]]
    assert len(time.placed()) == len(occurrences) == len(set(occurrences))
    assert {"2026-12-01T12:00:00Z", "2026-12-01T13:00:00Z", "2026-12-01T14:00:00Z"} <= set(occurrences)
    assert len(looks) > 3


def test_sigterm_ends_the_service_after_the_call_in_flight(stack: Stack) -> None:
    now = datetime.now(UTC).replace(microsecond=0)
    stack.write(
        calls(
            [TO, OTHER, "+12125550103"],
            schedule=f"{{at: {now:%Y-%m-%dT%H:%M:%SZ}, timezone: UTC}}",
            pace="0.01",  # however late a busy machine delivers the signal
        )
    )
    _register(stack, now - timedelta(hours=1))
    stack.emulator.faults([{"kind": "latency", "operation": "createCall", "delay_ms": 500}])
    service = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "voiceform",
            "-C",
            str(stack.folder),
            "dispatch",
            "--watch",
            "--metrics",
            "m.prom",
        ],
        env={**os.environ, **stack.environ},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    while not stack.emulator.requests("createCall"):
        assert service.poll() is None
    service.send_signal(signal.SIGTERM)
    out, err = service.communicate(timeout=30)
    assert service.returncode == 0, err
    assert out.startswith("call.reminder: 1 placed; 2 still due until "), err
    assert len(stack.emulator.requests("createCall")) == 1
    assert (stack.folder / "m.prom").exists()


def _register(stack: Stack, moment: datetime) -> None:
    """Apply at a moment at which nothing is due; the service then runs by the machine's clock."""
    result = stack.run("apply", "--auto-approve", clock=ManualClock(moment))
    assert result.code == 0, result.err


def test_metrics(stack: Stack, time: Timeline) -> None:
    stack.write(calls([TO, "+15005550003"]))
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once", "--metrics", "calls.prom")
    text = (stack.folder / "calls.prom").read_text()
    labels = 'address="call.reminder",stack="default"'
    assert f'voiceform_calls_total{{{labels},status="placed"}} 1.0' in text
    assert 'voiceform_calls_unknown{stack="default"} 0.0' in text
    assert 'voiceform_last_run_exit_code{command="dispatch",stack="default"} 5.0' in text
    assert TO not in text


def test_apply_and_dispatch_count_the_same_unknown_calls(stack: Stack, time: Timeline) -> None:
    stack.write(calls([TO, "+12125550102", "+12125550103"]))
    stack.emulator.faults([{"operation": "createCall", "times": 3, "kind": "drop-before"}])
    outputs = ["--metrics", "a.prom", "--report-json", "a.json"]
    assert time.at(NINE, "apply", "--auto-approve", *outputs).code == 8
    assert time.at(after(1), "dispatch", "--once", "--metrics", "b.prom").code == 8
    for name in ("a.prom", "b.prom"):
        assert 'voiceform_calls_unknown{stack="default"} 3.0' in (stack.folder / name).read_text()
    (outcome,) = json.loads((stack.folder / "a.json").read_text())["outcomes"]
    assert outcome["unknown"] == {"call": 3}


def test_dispatch_counts_the_unknown_calls_that_are_its_own(stack: Stack, time: Timeline) -> None:
    """At once, and not when it looks the next time."""
    stack.write(calls([TO, "+12125550102", "+12125550103"]))
    time.apply(BEFORE)
    stack.emulator.faults([{"operation": "createCall", "times": 2, "kind": "drop-before"}])
    outputs = ["--metrics", "m.prom", "--report-json", "m.json"]
    assert time.at(after(1), "dispatch", "--once", *outputs).code == 8
    assert 'voiceform_calls_unknown{stack="default"} 2.0' in (stack.folder / "m.prom").read_text()
    assert json.loads((stack.folder / "m.json").read_text())["unknown"] == 2


def test_a_service_counts_the_unknown_calls_that_are_its_own(stack: Stack, time: Timeline) -> None:
    stack.write(calls([TO, "+12125550102", "+12125550103"], misfire_grace="12h"))
    time.apply(BEFORE)
    stack.emulator.faults([{"operation": "createCall", "times": 2, "kind": "drop-before"}])
    stop = threading.Event()
    looks: list[tuple[int, int]] = []

    def look(report: DispatchReport) -> None:
        placed = sum((tally.statuses for tally in report.tallies.values()), Counter[CallStatus]())
        looks.append((placed[CallStatus.UNKNOWN], report.unknown))

    clock = ServiceClock(stop, lambda _: len(stack.emulator.requests("createCall")) >= 3)
    with (
        open_store("sqlite:///.voiceform/state.db", base_dir=stack.folder) as store,
        open_client(
            Credentials.from_environment(stack.environ), stack.emulator.url, read_only=False, clock=clock
        ) as client,
    ):
        context = DispatchContext(client, store, clock, Places(stack.folder), lambda: None, stop)
        report = watch(context, poll=timedelta(minutes=20), on_look=look)
    assert looks[-1][0] == 2
    assert all(unknown >= lost for lost, unknown in looks)
    assert report.unknown >= 2


def test_the_result_as_json(stack: Stack, time: Timeline) -> None:
    stack.write(calls([TO, "+15005550003"]))
    time.apply(BEFORE)
    document = time.at(after(1), "dispatch", "--format", "json", "--report-json", "r.json").json
    assert json.loads((stack.folder / "r.json").read_text()) == document
    [schedule] = document["schedules"]
    assert schedule["calls"] == {"failed": 1, "placed": 1}
    assert document["unknown"] == 0


def test_a_clock_that_was_years_ahead_does_not_silence_a_schedule(stack: Stack, time: Timeline) -> None:
    stack.write(calls(schedule='{cron: "0 9 * * *", timezone: America/New_York}'))
    time.apply(BEFORE)
    time.at(after(days=3650, hours=5), "dispatch", "--once")
    assert time.placed() == []
    time.at(after(1), "dispatch", "--once")
    assert time.placed()[-1:] == [TO]
    assert [row["status"] for row in time.ledger() if row["occurrence"] == "2026-12-01T14:00:00Z"] == [
        "placed"
    ]


def test_what_was_written_off_is_not_tried_again(stack: Stack, time: Timeline) -> None:
    stack.write(calls(retry="{attempts: 3, delay: 1m, on: [failed, busy]}"))
    time.apply(BEFORE)
    stack.emulator.faults([{"kind": "drop-before", "operation": "createCall", "times": 1}])
    time.at(after(1), "dispatch", "--once")
    time.at(after(minutes=5), "calls", "resolve", "call.reminder", "2026-12-01T14:00:00Z", "--not-placed")
    time.at(after(minutes=7), "dispatch", "--once")
    assert time.placed() == [TO]

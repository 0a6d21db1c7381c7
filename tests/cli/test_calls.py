"""Looking at the ledger, and deciding what nobody can find out."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.cli.calling import FROM, NINE, OTHER, TO, Timeline, after, calls
from tests.support import Stack
from voiceform.model.clock import ManualClock
from voiceform.state.lease import acquire
from voiceform.state.open import open_store
from voiceform.state.side_lease import DISPATCH_LEASE, SideLease

OCCURRENCE = "2026-12-01T14:00:00Z"
RESOLVE = ("calls", "resolve", "call.reminder", OCCURRENCE)


@pytest.fixture
def time(stack: Stack) -> Timeline:
    return Timeline(stack)


@pytest.fixture
def doubt(stack: Stack, time: Timeline) -> Timeline:
    """Two calls at nine: one is placed, of the other nobody knows."""
    stack.write(calls([TO, OTHER]))
    time.apply(after(hours=-3))
    stack.emulator.faults([{"kind": "drop-before", "operation": "createCall", "times": 1}])
    assert time.at(after(1), "dispatch", "--once").code == 8
    return time


def test_an_empty_ledger(time: Timeline) -> None:
    assert time.at(NINE, "calls", "list").out == "No calls.\n"
    assert time.at(NINE, "calls", "list", "--format", "json").json == {"calls": []}


def test_what_is_planned_is_listed_and_masked(stack: Stack, time: Timeline) -> None:
    stack.write(calls())
    time.apply(after(hours=-3))
    result = time.at(after(hours=-2), "calls", "list", "--format", "json")
    assert result.json == {
        "calls": [
            {
                "address": "call.reminder",
                "occurrence": OCCURRENCE,
                "to": "+1•••••0101",
                "attempt": 1,
                "status": "planned",
                "sid": None,
                "at": None,
                "answered_by": None,
                "duration": None,
                "paused": None,
            }
        ]
    }


def test_listing_tells_of_the_unknown(doubt: Timeline) -> None:
    result = doubt.at(after(2), "calls", "list")
    assert result.code == 8
    assert "unknown" in result.out
    assert TO not in result.out
    assert result.out.endswith("1 placed, 1 unknown\n")
    assert doubt.at(after(2), "calls", "list", "--status", "placed").code == 0
    assert doubt.at(after(2), "calls", "list", "--since", "2026-12-02T00:00:00Z").out == "No calls.\n"


def test_not_placed_is_the_end_of_it(doubt: Timeline) -> None:
    assert doubt.at(after(minutes=5), *RESOLVE, "--not-placed").code == 0
    assert doubt.at(after(minutes=6), "dispatch", "--once").code == 0
    assert doubt.placed() == [TO, OTHER], "it is not sent again"
    assert sorted(doubt.statuses(after(minutes=7))) == ["answered", "failed"]
    again = doubt.at(after(minutes=8), *RESOLVE, "--not-placed")
    assert again.code == 64
    assert "no call of call.reminder at 2026-12-01T14:00:00Z is in doubt" in again.err


def test_too_early_to_write_off(doubt: Timeline) -> None:
    result = doubt.at(after(3), *RESOLVE, "--not-placed")
    assert result.code == 64
    assert "may still be under way" in result.err


def test_placed_takes_the_call_that_somebody_found(stack: Stack, doubt: Timeline) -> None:
    sid = stack.account.post("Calls.json", To=TO, From=FROM, Twiml="<Response/>")["sid"]
    assert doubt.at(after(minutes=5), *RESOLVE, "--placed", sid).code == 0
    assert sid in [row["sid"] for row in doubt.ledger()]
    assert doubt.at(after(minutes=6), "dispatch", "--once").code == 0


def test_placed_refuses_a_call_between_others(stack: Stack, doubt: Timeline) -> None:
    stranger = stack.account.post("Calls.json", To=OTHER, From=FROM, Twiml="<Response/>")["sid"]
    result = doubt.at(after(minutes=5), *RESOLVE, "--placed", stranger)
    assert (result.code, "between other numbers" in result.err) == (64, True)


@pytest.mark.parametrize("spelt", [str, lambda sid: sid[:2] + sid[2:].upper()], ids=["lower", "upper"])
def test_placed_refuses_a_call_that_is_known(doubt: Timeline, spelt: Callable[[str], str]) -> None:
    [known] = [row["sid"] for row in doubt.ledger() if row["sid"]]
    result = doubt.at(after(minutes=5), *RESOLVE, "--placed", spelt(known))
    assert (result.code, "already" in result.err) == (64, True)


@pytest.mark.parametrize("spelt", ["0102", OTHER, "+1 (212) 555-0102", "12125550102", "sip:+12125550102@x"])
def test_several_in_doubt_need_a_number(stack: Stack, time: Timeline, spelt: str) -> None:
    stack.write(calls([TO, OTHER]))
    time.apply(after(hours=-3))
    stack.emulator.faults([{"kind": "drop-before", "operation": "createCall", "times": 2}])
    time.at(after(1), "dispatch", "--once")
    resolve = (*RESOLVE, "--not-placed")
    result = time.at(after(minutes=5), *resolve)
    assert (result.code, "choose one with --to" in result.err) == (64, True)
    assert time.at(after(minutes=5), *resolve, "--to", spelt).code == 0
    rows = {row["to"]: row["status"] for row in time.ledger()}
    assert rows == {TO: "unknown", OTHER: "failed"}


@pytest.mark.parametrize(
    "shown",
    [
        "2026-12-01 14:00:00 UTC",
        "2026-12-01 14:00 UTC",
        "Tue 2026-12-01 09:00 EST (2026-12-01 14:00 UTC)",
        "2026-12-01T09:00:00-05:00",
        " 2026-12-01T14:00:00.000000Z ",
        "20261201T140000Z",
    ],
)
def test_an_occurrence_is_named_as_it_is_shown(doubt: Timeline, shown: str) -> None:
    resolved = doubt.at(after(minutes=5), "calls", "resolve", "call.reminder", shown, "--not-placed")
    assert resolved.code == 0, resolved.err
    assert "unknown" not in doubt.statuses()


def test_every_time_that_commands_show_names_the_occurrence(stack: Stack, time: Timeline) -> None:
    """Also one whose seconds are not shown."""
    stack.write(calls([TO], schedule="{at: 2026-12-01T09:00:30, timezone: America/New_York}"))
    time.apply(after(hours=-3))
    previewed = time.at(after(hours=-3), "schedule").out.split("  ")[0]
    stack.emulator.faults([{"kind": "drop-before", "operation": "createCall", "times": 1}])
    told = time.at(after(31), "dispatch", "--once").err
    dispatched = next(line for line in told.splitlines() if "unknown" in line).split("call.reminder ")[1][:23]
    listed = time.at(after(60), "calls", "list", "--status", "unknown").out.split("  ")[0]
    assert len({previewed, dispatched, listed}) == 3
    for shown in (previewed, dispatched, listed):
        result = time.at(after(31), "calls", "resolve", "call.reminder", shown, "--not-placed")
        assert "the request may still be under way" in result.err, shown


@pytest.mark.parametrize(
    "text", ["2026-12-01 09:00 EST", "2026-12-01T14:00:00", "Tue 14:00 UTC", "", "2026-13-01 25:00 UTC"]
)
def test_a_time_that_is_no_instant_is_refused(doubt: Timeline, text: str) -> None:
    result = doubt.at(after(minutes=5), "calls", "resolve", "call.reminder", text, "--not-placed")
    assert (result.code, "is not an instant with a time zone" in result.err) == (64, True)


def test_a_status_that_there_is_not_is_an_error(doubt: Timeline) -> None:
    result = doubt.at(NINE, "calls", "list", "--status", "unknwon")
    assert (result.code, result.out) == (64, "")
    for status in ("planned", "unknown", "suppressed", "no-answer"):
        assert status in result.err
    assert doubt.at(NINE, "calls", "list", "--status", "UNKNOWN", "--status", "failed").code == 8


@pytest.mark.parametrize("address", ["call.remindr", "queue.nothing"])
def test_an_address_without_schedule_and_calls_is_an_error(doubt: Timeline, address: str) -> None:
    result = doubt.at(NINE, "calls", "list", address)
    assert (result.code, result.out) == (64, "")
    assert "is no recorded schedule" in result.err
    assert ("did you mean call.reminder?" in result.err) == (address == "call.remindr")


def test_the_calls_of_a_schedule_that_is_gone_are_listed(stack: Stack, doubt: Timeline) -> None:
    stack.write("queues: {}\n")
    doubt.apply(after(minutes=1))
    assert "unknown" in doubt.at(after(minutes=1), "calls", "list", "call.reminder").out


def test_one_decision_at_a_time(time: Timeline) -> None:
    for options in ((), ("--placed", "CA" + "0" * 32, "--not-placed")):
        assert time.at(NINE, *RESOLVE, *options).code == 64


def test_pushing_an_older_state_does_not_forget_calls(stack: Stack, time: Timeline) -> None:
    stack.write(calls())
    time.apply(after(hours=-3))
    pulled = stack.ok("state", "pull").out
    time.at(after(1), "dispatch", "--once")
    document = json.loads(pulled)
    document["serial"] += 1
    (stack.folder / "old.json").write_text(json.dumps(document))
    assert time.at(after(2), "state", "push", "old.json").code == 0
    time.at(after(3), "dispatch", "--once")
    assert time.placed() == [TO]


def test_the_dispatchers_lock_is_shown_and_broken(stack: Stack, time: Timeline) -> None:
    stack.write(calls())
    time.apply(after(hours=-3))
    with (
        open_store("sqlite:///.voiceform/state.db", base_dir=stack.folder) as store,
        acquire(
            SideLease(store, DISPATCH_LEASE),
            operation="dispatch",
            holder="anna@host",
            clock=ManualClock(NINE),
        ),
    ):
        assert "anna@host runs dispatch" in time.at(NINE, "lock", "show", "--dispatch").out
        assert time.at(NINE, "lock", "show").out == "Nobody holds the lock.\n"
        assert time.at(NINE, "lock", "break", "--dispatch", "--reason", "gone").code == 0
    assert time.at(after(1), "dispatch", "--once").code == 0


def test_a_schedule_that_answers_with_a_queue_is_removed_alone(stack: Stack, time: Timeline) -> None:
    """The queue stays, and nothing waits for it; where both go, the schedule goes first."""
    queue = "queues: {support: {max_size: 5}}\n"
    both = calls(answer="{queue: support}") + queue
    before = after(hours=-3)
    stack.write(both)
    time.apply(before)
    stack.write(queue)
    time.apply(before, "--approve", "delete:call=1")
    assert stack.ok("state", "list").out.split()[0] == "queue.support"
    assert "support" in stack.account.queues()
    stack.write(both)
    time.apply(before)
    stack.write("queues: {}\n")
    out = time.apply(before, "--approve", "delete:call=1", "--approve", "delete:queue=1").out
    assert out.index("call.reminder") < out.index("queue.support")
    assert stack.account.queues() == {}

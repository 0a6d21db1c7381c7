"""One call by hand: to one number, asked for, ledgered, and never to a list."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cli.calling import BUSY, FROM, NINE, OTHER, TO, Timeline, after, calls
from tests.support import Stack
from tests.terminal.terminal import Terminal
from voiceform.model.clock import ManualClock
from voiceform.state.lease import acquire
from voiceform.state.open import DEFAULT_URL, open_store

BEFORE = NINE - timedelta(hours=1)
ME = "+12125550199"
TEST = ("calls", "test", "call.reminder", "--to", ME, "--auto-approve")


def applied(stack: Stack, **more: str) -> Timeline:
    stack.write(calls([TO, OTHER], **{"pace": "100", **more}))
    time_ = Timeline(stack)
    time_.apply(BEFORE)
    return time_


def test_the_call_is_that_of_the_schedule_to_another_number(stack: Stack) -> None:
    time_ = applied(stack, timeout="20", record="true", machine_detection="Enable")
    done = time_.at(BEFORE, *TEST)
    assert done.code == 0
    assert done.out.startswith("call.reminder to +1•••••0199: placed CA")
    time_.at(after(5), "dispatch")
    first, second, _ = stack.emulator.requests("createCall")
    assert first["params"]["To"] == ME
    assert {**first["params"], "To": TO} == second["params"], "as dispatch places it"


def test_it_is_in_the_ledger_under_a_key_of_its_own(stack: Stack) -> None:
    time_ = applied(stack)
    time_.at(BEFORE, *TEST)
    (row,) = time_.ledger(BEFORE + timedelta(minutes=5))
    assert (row["to"], row["attempt"], row["occurrence"]) == (ME, 0, "2026-12-01T13:00:00Z")
    time_.at(BEFORE + timedelta(minutes=10), "dispatch")
    assert time_.ledger(BEFORE + timedelta(minutes=10))[0]["status"] == "answered"
    assert "  test  " in time_.at(BEFORE, "calls", "list").out
    assert time_.at(BEFORE, "plan", "--detailed-exitcode").code == 0


def test_at_the_instant_of_an_occurrence_it_is_another_call(stack: Stack) -> None:
    """Also to somebody of the list: neither takes the other's place."""
    time_ = applied(stack)
    time_.at(NINE, "calls", "test", "call.reminder", "--to", TO, "--auto-approve")
    time_.at(NINE, "dispatch")
    assert sorted(time_.placed()) == [TO, TO, OTHER]


def test_it_is_never_tried_again(stack: Stack) -> None:
    stack.write(calls([BUSY], retry="{attempts: 3, delay: 1m, on: [busy]}"))
    time_ = Timeline(stack)
    time_.apply(BEFORE)
    time_.at(BEFORE, "calls", "test", "call.reminder", "--to", BUSY, "--auto-approve")
    for minutes in (5, 10):
        time_.at(BEFORE + timedelta(minutes=minutes), "dispatch")
    assert time_.placed() == [BUSY]


@pytest.mark.parametrize(
    ("fault", "status", "code", "sent"),
    [
        ({"kind": "drop-after"}, "unknown", 8, 1),
        ({"kind": "status", "status": 500}, "unknown", 8, 1),
        ({"kind": "status", "status": 401, "code": 20003}, "failed", 5, 1),
    ],
)
def test_at_most_once(stack: Stack, fault: dict[str, object], status: str, code: int, sent: int) -> None:
    time_ = applied(stack)
    stack.emulator.faults([{"operation": "createCall", "times": 1, **fault}])
    assert time_.at(BEFORE, *TEST).code == code
    time_.at(BEFORE + timedelta(seconds=30), "dispatch")
    (row,) = time_.ledger(BEFORE + timedelta(seconds=30))
    assert (row["status"], len(stack.emulator.requests("createCall"))) == (status, sent)


def test_lists_and_hours_hold_for_it(stack: Stack) -> None:
    (stack.folder / "dnc.txt").write_text(f"{ME}\n")
    time_ = applied(stack, do_not_call="dnc.txt")
    refused = time_.at(BEFORE, *TEST)
    assert refused.code == 4
    assert "+1•••••0199 is not called now: on the do-not-call list" in refused.err
    (stack.folder / "dnc.txt").unlink()
    assert time_.at(BEFORE, *TEST).code == 4
    hours = '{start: "08:30", end: "21:00"}'
    stack.write(calls([TO, OTHER], calling_hours=hours))
    time_.apply(BEFORE)
    assert time_.at(BEFORE, *TEST).code == 4, "it is eight in New York"
    assert time_.at(BEFORE + timedelta(minutes=31), *TEST).code == 0
    assert time_.placed() == [ME]


def test_pauses(stack: Stack) -> None:
    time_ = applied(stack, enabled="false")
    assert time_.at(BEFORE, *TEST).code == 0, "to hear it before it is enabled"
    for target in ("call.reminder", "--all"):
        time_.at(BEFORE, "calls", "pause", target, "--reason", "stop")
        refused = time_.at(BEFORE + timedelta(seconds=1), *TEST)
        assert refused.code == 4
        assert "is paused" in refused.err
        time_.at(BEFORE, "calls", "resume", target)
    assert time_.placed() == [ME]


@pytest.mark.parametrize(
    "to",
    [
        ("2125550199",),
        (f"{ME},{TO}",),
        (f"{ME} {TO}",),
        (ME, TO),
        ("people.csv",),
        ("anonymous",),
        ("",),
        (FROM,),
        ("+1 501 712 2661",),
        ("sip:+15017122661@pbx.example.com",),
    ],
)
def test_one_number_that_can_be_read(stack: Stack, to: tuple[str, ...]) -> None:
    time_ = applied(stack)
    options = [text for number in to for text in ("--to", number)]
    assert time_.at(BEFORE, "calls", "test", "call.reminder", "--auto-approve", *options).code == 64
    assert time_.placed() == []


def test_nobody_is_phoned_unasked(stack: Stack) -> None:
    time_ = applied(stack)
    refused = time_.at(BEFORE, *TEST[:-1])
    assert refused.code == 64
    assert time_.placed() == []
    assert time_.ledger(BEFORE) == []
    assert time_.at(BEFORE, "calls", "test", "call.remindr", "--to", ME, "--auto-approve").code == 64


@pytest.mark.parametrize(("answer", "count"), [("no", 0), ("yes", 1)])
def test_a_person_is_asked(stack: Stack, answer: str, count: int) -> None:
    stack.write(calls([TO], schedule='{cron: "0 9 * * *", timezone: America/New_York}'))
    stack.apply()
    terminal = Terminal(stack.folder, stack.environ, *TEST[:-1])
    terminal.until("Phone +1•••••0199 from +1•••••2661 now, as call.reminder would?").type(f"{answer}\r")
    assert (terminal.end() == 0) is bool(count)
    assert len(stack.emulator.requests("createCall")) == count


def test_apply_may_hold_the_lock(stack: Stack) -> None:
    time_ = applied(stack)
    with (
        open_store(DEFAULT_URL, base_dir=stack.folder) as store,
        acquire(store, operation="prune", holder="x", clock=ManualClock(BEFORE)),
    ):
        assert time_.at(BEFORE, *TEST).code == 0


def test_as_json(stack: Stack) -> None:
    time_ = applied(stack)
    found = time_.at(BEFORE, *TEST, "--format", "json").json
    assert (found["address"], found["to"], found["status"]) == ("call.reminder", "+1•••••0199", "placed")
    assert found["sid"].startswith("CA")

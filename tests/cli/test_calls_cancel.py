"""Taking calls back: those to come are never placed, the others are ended as far as is asked."""

from __future__ import annotations

import threading
import time
from collections import Counter
from datetime import timedelta

import pytest

from tests.cli.calling import BUSY, NINE, OTHER, TO, Timeline, after, calls
from tests.support import ACCOUNT, TOKEN, Stack
from tests.terminal.terminal import Terminal
from voiceform import Stack as Front
from voiceform.dispatch.passes import DispatchContext
from voiceform.dispatch.service import dispatch_once
from voiceform.kinds.userfiles import Places
from voiceform.model.clock import ManualClock
from voiceform.state.lease import acquire
from voiceform.state.open import DEFAULT_URL, open_store
from voiceform.state.side_lease import DISPATCH_LEASE, SideLease
from voiceform.twilio.client import open_client
from voiceform.twilio.credentials import Credentials

BEFORE = NINE - timedelta(hours=1)
STORES = pytest.mark.parametrize("shared_state", ["sqlite", "postgres", "s3"], indirect=True)
DAILY = '{cron: "0 9 * * *", timezone: America/New_York}'
CANCEL = ("calls", "cancel", "call.reminder", "--auto-approve")
TALKS = "+15005550014"
"""Answers, and goes on talking."""
RINGS = "+15005550011"
"""Rings for a minute."""
PAUSE = "{twiml: '<Response><Pause length=\"600\"/></Response>'}"


def applied(stack: Stack, to: list[str] | None = None, schedule: str | None = None, **more: str) -> Timeline:
    more = {"misfire_grace": "30m", "pace": "100", **more}
    text = calls(to or [TO, OTHER], **({"schedule": schedule} if schedule else {}), **more)
    stack.write("safety: {max_calls: 1000}\n" + text)
    time_ = Timeline(stack)
    time_.apply(BEFORE)
    return time_


@STORES
def test_what_is_planned_is_never_placed(shared_state: Stack) -> None:
    time_ = applied(shared_state)
    done = time_.at(BEFORE, *CANCEL)
    assert (done.code, done.out) == (
        0,
        "Took back 2 calls to come of call.reminder at 2026-12-01 14:00:00 UTC.\n",
    )
    for moment in (after(5), after(60)):
        time_.at(moment, "dispatch")
        time_.at(moment, "apply", "--auto-approve")
    assert time_.placed() == []
    assert time_.statuses() == ["canceled", "canceled"]


def test_only_the_occurrence_that_is_meant(stack: Stack) -> None:
    time_ = applied(stack, schedule=DAILY)
    assert time_.at(BEFORE, *CANCEL, "--occurrence", "2026-12-02T14:00:00Z").code == 0
    time_.at(after(5), "dispatch")
    assert len(time_.placed()) == 2, "today's"
    time_.at(after(days=1), "dispatch")
    assert len(time_.placed()) == 2, "tomorrow's was canceled"
    time_.at(after(days=2), "dispatch")
    assert len(time_.placed()) == 4


def test_what_is_under_way_goes_before_the_next(stack: Stack) -> None:
    time_ = applied(stack, schedule=DAILY)
    done = time_.at(after(5), *CANCEL, "--format", "json").json
    assert done["occurrences"] == ["2026-12-01T14:00:00Z"]
    assert time_.at(after(minutes=31), *CANCEL, "--format", "json").json["occurrences"] == [
        "2026-12-02T14:00:00Z"
    ]


def test_what_was_missed_is_not_under_way(stack: Stack) -> None:
    time_ = applied(stack, schedule=DAILY)
    done = time_.at(after(minutes=31), *CANCEL, "--format", "json").json
    assert done["occurrences"] == ["2026-12-02T14:00:00Z"]


@pytest.mark.parametrize(
    ("option", "ended", "left", "line"),
    [
        ((), {}, 2, "Nothing to take back"),
        (("--queued",), {"canceled": 1}, 1, "Took back 1 call queued or ringing"),
        (("--live",), {"canceled": 1, "answered": 1}, 0, "1 call queued or ringing, 1 call going on"),
    ],
)
def test_calls_that_were_placed(
    stack: Stack, option: tuple[str, ...], ended: dict[str, int], left: int, line: str
) -> None:
    time_ = applied(stack, [TALKS, RINGS], answer=PAUSE)
    time_.at(after(1), "dispatch")
    moment = after(30)
    done = time_.at(moment, *CANCEL, *option)
    assert done.code == 0
    assert line in done.out
    assert Counter(status for status in time_.statuses(moment) if status != "placed") == ended
    assert time_.statuses(moment).count("placed") == left


def test_a_retry_is_taken_back_too(stack: Stack) -> None:
    time_ = applied(stack, [BUSY], retry="{attempts: 3, delay: 10m, on: [busy]}")
    time_.at(after(5), "dispatch")
    time_.at(after(60), "dispatch")
    assert time_.statuses(after(60)) == ["busy"]
    assert "Took back 1 call to come" in time_.at(after(61), *CANCEL).out
    for minutes in (11, 12, 25):
        time_.at(after(minutes=minutes), "dispatch")
    assert len(time_.placed()) == 1


def test_nothing_is_done_that_nobody_approved(stack: Stack) -> None:
    time_ = applied(stack)
    refused = time_.at(BEFORE, *CANCEL[:-1])
    assert refused.code == 64
    assert "nobody can be asked" in refused.err
    assert time_.statuses() == []
    time_.at(after(5), "dispatch")
    assert len(time_.placed()) == 2


def test_the_locks_of_others_are_not_waited_for(stack: Stack) -> None:
    time_ = applied(stack)
    clock = ManualClock(BEFORE)
    with (
        open_store(DEFAULT_URL, base_dir=stack.folder) as store,
        acquire(store, operation="prune", holder="x", clock=clock),
        acquire(SideLease(store, DISPATCH_LEASE), operation="dispatch", holder="y", clock=clock),
    ):
        assert time_.at(BEFORE, *CANCEL, "--live").code == 0


def test_two_dispatchers_and_somebody_who_cancels(stack: Stack) -> None:
    """Nobody is phoned whose call was canceled, whoever was first, and each call is in the ledger."""
    people = [f"+1212555{number:04d}" for number in range(120)]
    time_ = applied(stack, people, pace="1000")
    stack.emulator.clock(now=after(5).isoformat())
    stack.emulator.faults([{"operation": "createCall", "times": 999, "kind": "latency", "delay_ms": 20}])
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
    while len(time_.placed()) < 10:
        time.sleep(0.005)
    front = Front(folder=stack.folder, environ={**stack.environ}, clock=ManualClock(after(5)))
    done = front.cancel_calls("call.reminder", confirm=lambda _: True)
    for thread in threads:
        thread.join()
    time_.at(after(10), "dispatch")
    rows = time_.ledger(after(10))
    canceled = {row["to"] for row in rows if row["status"] == "canceled" and row["sid"] is None}
    placed = time_.placed()
    assert len(placed) == len(set(placed))
    assert canceled.isdisjoint(placed)
    assert canceled | set(placed) == set(people)
    assert len(canceled) == done.to_come > 0


def test_one_that_is_put_off_while_it_is_canceled_stays_canceled(stack: Stack) -> None:
    """Its request is on its way, and is then refused for the moment: it must not be tried again."""
    time_ = applied(stack, [TO])
    stack.emulator.clock(now=after(5).isoformat())
    stack.emulator.faults(
        [
            {"operation": "createCall", "times": 1, "kind": "latency", "delay_ms": 400},
            {"operation": "createCall", "times": 1, "kind": "status", "status": 401, "code": 20003},
        ]
    )
    front = Front(folder=stack.folder, environ={**stack.environ}, clock=ManualClock(after(5)))
    thread = threading.Thread(target=front.dispatch_once)
    thread.start()
    while not time_.ledger(after(5)):
        time.sleep(0.01)
    time_.at(after(6), *CANCEL)
    thread.join()
    placed = len(time_.placed())
    time_.at(after(60), "dispatch")
    assert len(time_.placed()) == placed


@pytest.mark.parametrize("moment", ["2026-12-01T14:00:01Z", "2027-01-01T14:00:00Z"])
def test_an_occurrence_that_there_is_not(stack: Stack, moment: str) -> None:
    time_ = applied(stack)
    refused = time_.at(BEFORE, *CANCEL, "--occurrence", moment)
    assert refused.code == 64
    assert "the next are 2026-12-01T14:00:00Z" in refused.err


@pytest.mark.parametrize("argv", [("call.remindr",), ("call.reminder", "--queued", "--live"), ()])
def test_what_is_to_be_canceled_has_to_be_said(stack: Stack, argv: tuple[str, ...]) -> None:
    time_ = applied(stack)
    assert time_.at(BEFORE, "calls", "cancel", "--auto-approve", *argv).code == 64


def test_a_lost_answer_is_told(stack: Stack) -> None:
    time_ = applied(stack, [TO])
    stack.emulator.faults([{"operation": "createCall", "times": 1, "kind": "drop-after"}])
    assert time_.at(after(5), "dispatch").code == 8
    done = time_.at(after(6), *CANCEL, "--live")
    assert done.out.startswith("Nothing to take back")
    assert done.code == 8
    assert "nobody knows whether it was placed" in done.err


def test_a_person_is_asked_with_the_counts(stack: Stack) -> None:
    applied(stack, schedule=DAILY)
    terminal = Terminal(stack.folder, stack.environ, *CANCEL[:-1])
    terminal.until("Take back 2 calls to come of call.reminder at").type("no\r")
    assert terminal.end() == 1
    assert "not approved, nothing was done" in terminal.flow
    assert stack.ok("calls", "list", "--format", "json", "--status", "canceled").json["calls"] == []

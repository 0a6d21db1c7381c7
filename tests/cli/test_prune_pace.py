"""`prune: {window, timezone, per_second, per_day}`: off-peak, paced, and so much a day."""

from __future__ import annotations

import random
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.pruning import SAFETY, Pruner, ca_sid, call, plain, re_sid, recording
from tests.support import Stack
from voiceform.kinds.retention.added import HoldRequest, add
from voiceform.model.clock import ManualClock
from voiceform.state.open import DEFAULT_URL, open_store

NIGHT = datetime(2026, 6, 1, 0, 30, tzinfo=UTC)
"""02:30 in Berlin."""
NOON = datetime(2026, 6, 1, 10, 0, tzinfo=UTC)
RULES = "recordings: [{name: all, keep: 90d}]"
WINDOW = 'window: "01:00-05:00", timezone: Europe/Berlin'


def declared(stack: Stack, pace: str, now: datetime, rules: str = RULES) -> Pruner:
    pruner = Pruner(stack, now)
    pruner.declare(rules, safety=f"{SAFETY}prune: {{{pace}}}\n")
    return pruner


def test_outside_of_the_window_nothing_is_deleted_and_it_is_no_error(stack: Stack) -> None:
    pruner = declared(stack, WINDOW, NOON)
    pruner.seed([recording(n, 91, NOON) for n in range(3)])
    stack.run("apply", "--auto-approve", clock=pruner.clock)
    result = pruner.prune()
    assert result.code == 0
    assert pruner.left() == {0, 1, 2}
    waits = "due and waiting: 3 recordings: the window 01:00-05:00 Europe/Berlin opens at 2026-06-02 01:00"
    assert waits in plain(result.out)
    dry = stack.run("prune", "--dry-run", clock=pruner.clock)
    assert (dry.code, waits in plain(dry.out)) == (0, True)
    assert not pruner.evidence.exists()
    pruner.clock.set(NIGHT + timedelta(days=1))
    pruner.pruned()
    assert pruner.left() == set()


def test_apply_keeps_to_the_window_too(stack: Stack) -> None:
    pruner = declared(stack, WINDOW, NOON)
    pruner.seed([recording(1, 91, NOON)])
    assert stack.run("apply", "--auto-approve", clock=pruner.clock).code == 0
    assert pruner.left() == {1}


def test_a_saved_plan_that_is_applied_late_begins_nothing(stack: Stack) -> None:
    pruner = declared(stack, WINDOW, NIGHT)
    pruner.seed([recording(n, 91, NIGHT) for n in range(3)])
    assert stack.run("plan", "--out", "p.json", clock=pruner.clock).code == 0
    pruner.clock.set(NOON)
    result = stack.run("apply", "p.json", "--evidence", "evidence", clock=pruner.clock)
    assert result.code == 5
    assert pruner.left() == {0, 1, 2}
    assert "3 not begun" in plain(result.out)
    assert "opens at 2026-06-02 01:00" in plain(result.out)


def test_no_more_is_planned_than_fits_into_the_window(stack: Stack) -> None:
    late = datetime(2026, 6, 1, 2, 59, 30, tzinfo=UTC)
    pruner = declared(stack, f"{WINDOW}, per_second: 2", late)
    pruner.seed([recording(n, 91, late) for n in range(100)])
    result = pruner.prune("--parallelism", "1")
    assert result.code == 0
    assert len(pruner.left()) == 40, "60 fit into half a minute"
    assert "due and waiting: 40 recordings" in plain(result.out)
    assert pruner.clock.now() <= datetime(2026, 6, 1, 3, 0, tzinfo=UTC)


def test_the_end_of_the_window_ends_a_prune(stack: Stack) -> None:
    """What had to be repeated took the time of others."""
    late = datetime(2026, 6, 1, 2, 59, 30, tzinfo=UTC)
    pruner = declared(stack, f"{WINDOW}, per_second: 2", late)
    pruner.seed([recording(n, 91, late) for n in range(60)])
    stack.emulator.faults([{"operation": "deleteRecording", "times": 40, "kind": "status", "status": 503}])
    result = pruner.prune("--parallelism", "1")
    assert result.code == 5
    assert 0 < len(pruner.left()) < 60
    assert "not begun" in plain(result.out)
    assert "opens at 2026-06-02 01:00" in plain(result.out)
    pruner.verify()


@pytest.mark.parametrize("threads", ["1", "8"])
def test_the_pace_is_kept_over_all_rules_and_threads(stack: Stack, threads: str) -> None:
    rules = "recordings: [{name: long, match: {min_duration: 50s}, keep: 90d}, {name: all, keep: 90d}]"
    pruner = declared(stack, "per_second: 4", NOON, rules)
    pruner.seed([recording(n, 91, NOON, duration=10 if n % 2 else 100) for n in range(40)])
    begun = pruner.clock.now()
    pruner.pruned("--parallelism", threads)
    assert pruner.left() == set()
    assert pruner.clock.now() - begun >= timedelta(seconds=39 / 4 - 0.5)


class Landing(ManualClock):
    """Somebody adds a hold while a deletion waits: the third for its turn (the first waits for nobody)."""

    def __init__(self, stack: Stack, request: HoldRequest, *, at: int = 2) -> None:
        super().__init__(NOON)
        self._stack, self._request, self._waits, self._at = stack, request, 0, at

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self._waits += 1
        if self._waits == self._at:
            with open_store(DEFAULT_URL, base_dir=self._stack.folder) as store:
                add(store, self._request, who="me", now=NOON)
        return super().wait(event, seconds)


@pytest.mark.parametrize("part", ["recordings", "call records"])
def test_a_hold_that_lands_while_a_deletion_waits_for_its_turn_keeps_it(stack: Stack, part: str) -> None:
    """It was asked before it began to wait, and is asked once more when its turn has come."""
    rules = RULES if part == "recordings" else "call_records: [{name: cdr, keep: 90d}]"
    pruner = declared(stack, "per_second: 1", NOON, rules)
    if part == "recordings":
        pruner.seed([recording(n, 99 - n, NOON) for n in range(5)])
    else:
        pruner.seed(calls=[call(n, 99 - n, NOON) for n in range(5)])
    assert stack.run("plan", "--out", "plan.json", clock=pruner.clock).code == 0
    request = HoldRequest.of("late", "x", map(re_sid, range(5)), map(ca_sid, range(5)))
    pruner.clock = Landing(stack, request)
    result = stack.run(
        "apply", "plan.json", "--evidence", "evidence", "--parallelism", "1", clock=pruner.clock
    )
    assert result.code == 5, result.err
    assert (pruner.left() if part == "recordings" else pruner.calls_left()) == {2, 3, 4}
    lines = pruner.lines("recording" if part == "recordings" else "call-record")
    assert [line["status"] for line in lines] == ["deleted"] * 2 + ["kept-by-hold"] * 3
    pruner.verify()


def test_the_share_of_a_day_counts_over_runs_and_begins_anew(stack: Stack) -> None:
    pruner = declared(
        stack,
        "per_day: 30, timezone: Europe/Berlin",
        NOON,
        f"{RULES}\ncall_records: [{{name: cdr, keep: 90d}}]",
    )
    pruner.seed([recording(n, 91 + n, NOON) for n in range(50)], [call(n, 91, NOON) for n in range(50)])
    first = pruner.pruned()
    assert pruner.left() == set(range(20)), "the oldest go first"
    assert "due and waiting: 20 recordings: no more fit" in plain(first.out)
    again = pruner.pruned()
    assert (len(pruner.left()), len(pruner.calls_left())) == (20, 50)
    assert "due and waiting: 50 call records" in plain(again.out)
    pruner.clock.set(NOON + timedelta(hours=12))
    pruner.pruned()
    assert (len(pruner.left()), len(pruner.calls_left())) == (0, 40)


@pytest.mark.parametrize("shared_state", ["sqlite", "postgres", "s3"], indirect=True)
def test_the_share_holds_in_every_store(shared_state: Stack) -> None:
    pruner = declared(shared_state, "per_day: 7", NOON)
    pruner.seed([recording(n, 91, NOON) for n in range(20)])
    for left in (13, 13):
        assert pruner.prune().code == 0
        assert len(pruner.left()) == left


@pytest.mark.parametrize("seed", range(4))
def test_prunes_that_are_killed_never_exceed_the_share(stack: Stack, seed: int) -> None:
    now = datetime.now(UTC)
    pruner = declared(stack, "per_day: 40", now)
    pruner.seed([recording(n, 91, now) for n in range(120)])
    stack.emulator.faults([{"operation": "deleteRecording", "times": 9999, "kind": "latency", "delay_ms": 3}])
    chance = random.Random(seed)
    for _ in range(4):
        before = len(pruner.left())
        process = stack.start("prune", "--auto-approve", "--parallelism", "4")
        wanted = chance.randrange(1, 30)
        while process.poll() is None and before - len(pruner.left()) < wanted:
            time.sleep(0.002)
        process.kill()
        process.wait()
        stack.run("lock", "break", "--reason", "its holder was killed")
    assert len(pruner.left()) >= 80


@pytest.mark.parametrize(
    "pace",
    [
        'window: "01:00-01:00"',
        "timezone: Mars/Olympus",
        'window: "1-5"',
        "per_day: 0",
        "per_second: 0",
        "speed: 1",
    ],
)
def test_a_pace_that_is_none_is_refused(stack: Stack, pace: str) -> None:
    declared(stack, pace, NOON)
    assert stack.run("validate").code == 1


@pytest.mark.parametrize("part", ["recordings", "call records"])
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 429, "retry_after": 20},
        {"kind": "status", "status": 503, "retry_after": 20},
        {"kind": "status", "status": 503, "retry_after": 20, "after": True},
    ],
)
def test_a_hold_that_lands_before_a_deletion_is_repeated_keeps_it(
    stack: Stack, part: str, fault: dict[str, Any]
) -> None:
    """A repetition may wait for minutes: what keeps an object is asked again, and whether it is there."""
    recordings = part == "recordings"
    pruner = Pruner(stack, NOON)
    pruner.declare(RULES if recordings else "call_records: [{name: cdr, keep: 90d}]")
    if recordings:
        pruner.seed([recording(1, 99, NOON)])
    else:
        pruner.seed(calls=[call(1, 99, NOON)])
    operation = "deleteRecording" if recordings else "deleteCall"
    stack.emulator.faults([{**fault, "operation": operation, "times": 1}])
    pruner.clock = Landing(stack, HoldRequest.of("late", "x", [re_sid(1)], [ca_sid(1)]), at=1)
    pruner.prune()
    gone = bool(fault.get("after"))
    assert (pruner.left() if recordings else pruner.calls_left()) == (set() if gone else {1})
    assert len(stack.emulator.requests(operation)) == 1
    lines = pruner.lines("recording" if recordings else "call-record")
    assert [line["status"] for line in lines] == ["already-gone" if gone else "kept-by-hold"]
    stack.emulator.faults([])
    pruner.prune()
    pruner.verify()

"""A schedule that repeats begins when it is applied: nobody is phoned for times that were over before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.support import Stack
from voiceform.model.clock import ManualClock

CALL = """\
calls:
  reminder:
    to: "+14155552671"
    from: "+15017122661"
    schedule: %s
    misfire_grace: 1h
    answer: {say: "Hello"}
"""
EVERY_FIVE = '{cron: "*/5 * * * *", timezone: UTC}'


def clock_at(hour: int, minute: int) -> ManualClock:
    return ManualClock(datetime(2026, 12, 1, hour, minute, 30, tzinfo=UTC))


def placed(stack: Stack) -> int:
    return stack.account.writes().count("createCall")


def test_occurrences_before_the_first_apply_are_not_called(stack: Stack) -> None:
    stack.write(CALL % EVERY_FIVE)
    clock = clock_at(9, 7)
    plan = stack.run("plan", "--format", "json", clock=clock).json
    assert plan["summary"]["calls"] == 0
    stack.ok("apply", "--auto-approve", clock=clock)
    clock.sleep(60)
    stack.ok("dispatch", "--once", clock=clock)
    assert placed(stack) == 0
    clock.sleep(120)
    stack.ok("dispatch", "--once", clock=clock)
    assert placed(stack) == 1


def test_other_times_begin_when_they_are_applied(stack: Stack) -> None:
    stack.write(CALL % '{cron: "0 3 * * *", timezone: UTC}')
    clock = clock_at(8, 0)
    stack.ok("apply", "--auto-approve", clock=clock)
    clock.sleep(timedelta(hours=1, minutes=7).total_seconds())
    stack.write(CALL % EVERY_FIVE)
    stack.ok("apply", "--auto-approve", clock=clock)
    clock.sleep(60)
    stack.ok("dispatch", "--once", clock=clock)
    assert placed(stack) == 0


def test_another_text_does_not_make_a_schedule_begin_anew(stack: Stack) -> None:
    stack.write(CALL % EVERY_FIVE)
    clock = clock_at(9, 4)
    stack.ok("apply", "--auto-approve", clock=clock)
    clock.sleep(60)
    stack.write((CALL % EVERY_FIVE).replace("Hello", "Good morning"))
    stack.ok("apply", "--auto-approve", clock=clock)
    assert placed(stack) == 1


def test_a_schedule_that_was_removed_begins_anew(stack: Stack) -> None:
    text = "safety: {max_delete_percent: 100}\n" + CALL % EVERY_FIVE
    stack.write(text)
    clock = clock_at(9, 7)
    stack.ok("apply", "--auto-approve", clock=clock)
    stack.write("safety: {max_delete_percent: 100}\ncalls: {}\n")
    stack.ok("apply", "--auto-approve", clock=clock)
    clock.sleep(600)
    stack.write(text)
    stack.ok("apply", "--auto-approve", clock=clock)
    stack.ok("dispatch", "--once", clock=clock)
    assert placed(stack) == 0


def test_a_single_instant_just_over_is_called(stack: Stack) -> None:
    stack.write(CALL % "{at: 2026-12-01T09:00:00, timezone: UTC}")
    stack.ok("apply", "--auto-approve", clock=clock_at(9, 7))
    assert placed(stack) == 1

"""A schedule that is changed while its people are being called, or by an apply that dies."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.cli.calling import NINE, OTHER, TO, Timeline, after, calls
from tests.support import Stack
from voiceform.kinds.call.ledger.store import Ledger
from voiceform.model.clock import ManualClock
from voiceform.state.open import DEFAULT_URL, open_store

BEFORE = NINE - timedelta(hours=1)
SIP = f"sip:{OTHER}@pbx.example.com"


@pytest.fixture
def time(stack: Stack) -> Timeline:
    return Timeline(stack)


class Interrupted(ManualClock):
    """While a dispatcher waits between two calls, somebody applies something else."""

    def __init__(self, stack: Stack, text: str) -> None:
        super().__init__(NINE)
        self.stack, self.text = stack, text
        self.applied = 0

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self.applied == 0:
            self.applied = 1
            self.stack.write(self.text)
            result = self.stack.run("apply", "--auto-approve", clock=ManualClock(self.now()))
            assert result.code == 0, result.out + result.err


@pytest.mark.parametrize(
    ("people", "placed"),
    [
        ([TO], [TO]),
        ([TO, SIP], [TO, SIP]),
        ([TO, OTHER], [TO, OTHER]),
    ],
)
def test_who_is_taken_off_the_list_while_others_are_called_is_not(
    stack: Stack, time: Timeline, people: list[str], placed: list[str]
) -> None:
    """Nor under an address of before; and who stays is called by whoever looks next."""
    stack.write(calls([TO, OTHER]))
    time.apply(BEFORE)
    stack.emulator.clock(now=NINE.isoformat())
    clock = Interrupted(stack, calls(people, timeout="20"))
    result = stack.run("dispatch", "--once", clock=clock)
    assert clock.applied
    assert (result.code, "the schedule was changed meanwhile" in result.err) == (5, True)
    assert time.at(after(minutes=1), "dispatch", "--once").code == 0
    assert time.placed() == placed


def begun(stack: Stack) -> None:
    """As an apply that dies right after it has begun to change the schedule leaves it."""
    with open_store(DEFAULT_URL, base_dir=stack.folder) as store:
        Ledger(store, "call.reminder").set_head(applied="0" * 16)


def test_an_apply_that_died_in_changing_a_schedule_is_told_and_healed_by_the_next(
    stack: Stack, time: Timeline
) -> None:
    stack.write(calls([TO]))
    time.apply(BEFORE)
    begun(stack)
    early = time.at(after(minutes=-30), "dispatch", "--once")
    assert early.code == 0, "nobody is due"
    result = time.at(NINE, "dispatch", "--once")
    assert (result.code, time.placed()) == (5, [])
    assert "an apply is changing the schedule, or was interrupted" in " ".join(result.err.split())
    time.apply(after(minutes=1))
    assert time.placed() == [TO]
    assert time.at(after(minutes=2), "dispatch", "--once").code == 0
    assert time.at(after(minutes=2), "plan", "--detailed-exitcode").code == 0

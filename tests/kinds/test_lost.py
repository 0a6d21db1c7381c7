"""Answers that were lost in a row, whatever the calls were for, in whatever order a run hears of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from voiceform.kinds.lost import LostAnswers

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND, MINUTES, INSTANT = timedelta(seconds=1), timedelta(minutes=10), timedelta(microseconds=1)


def run_of(*requests: tuple[str, datetime, bool]) -> LostAnswers:
    """A run that hears of one request after another: which, when it was made, whether its answer was lost."""
    run = LostAnswers()
    for request in requests:
        run.hear([request])
    return run


def lost_at(*times: datetime) -> LostAnswers:
    return run_of(*((f"lost {number}", at, True) for number, at in enumerate(times)))


def test_nothing_was_lost_before_anything_is_heard() -> None:
    assert LostAnswers().why_nobody(NOON) is None


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_three_make_a_pause_of_ten_minutes(count: int) -> None:
    run = lost_at(*[NOON] * count)
    for since, pauses in [
        (timedelta(0), True),
        (MINUTES - INSTANT, True),
        (MINUTES, False),
        (timedelta(days=1), False),
        (-MINUTES + INSTANT, True),
        (-MINUTES, False),
    ]:
        why = run.why_nobody(NOON + since)
        assert (why is not None) == (pauses and count >= 3)
        assert (
            why is None or f"{count} calls in a row were lost: nobody else is called before 12:10 UTC" in why
        )


def test_they_are_counted_by_when_they_were_made_in_whatever_order_they_are_heard() -> None:
    for answers in product([True, False], repeat=5):
        in_a_row = 0
        for lost in answers:
            in_a_row = in_a_row + 1 if lost else 0
        requests = [(str(number), NOON + number * SECOND, lost) for number, lost in enumerate(answers)]
        for heard in (requests, requests[::-1]):
            assert (run_of(*heard).why_nobody(NOON + MINUTES) is not None) == (in_a_row >= 3)


def test_an_answer_says_nothing_about_what_was_asked_at_the_same_instant() -> None:
    run = lost_at(NOON, NOON, NOON)
    run.hear([("answered", NOON, False)])
    assert run.why_nobody(NOON) is not None
    run.hear([("answered later", NOON + INSTANT, False)])
    assert run.why_nobody(NOON) is None


def test_what_is_heard_later_of_a_request_replaces_what_was_heard_first() -> None:
    run = lost_at(NOON, NOON + SECOND, NOON + 2 * SECOND)
    run.hear([("lost 0", NOON, True)])
    assert run.why_nobody(NOON) is not None, "one that is heard of twice is one"
    run.hear([("lost 0", NOON, False)])
    assert run.why_nobody(NOON) is None, "it was found in the account"


def test_those_from_before_a_clock_was_turned_back_do_not_hide_those_after() -> None:
    hour = timedelta(hours=1)
    run = lost_at(NOON + hour, NOON + hour, NOON + hour)
    assert run.why_nobody(NOON) is None
    run.hear([("after", NOON, True)])
    why = run.why_nobody(NOON + SECOND)
    assert why is not None
    assert "before 12:10 UTC" in why

"""When so many answers were lost in a row that nobody else is called for a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.kinds.call.dialling.losses import Losses, tell_of_losses
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.lost import LostAnswers

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SID = "CA" + "1" * 32


def at(seconds: float, status: CallStatus = CallStatus.UNKNOWN, sid: str | None = None) -> LedgerEntry:
    """What was asked for so many seconds after noon; what became of it was written an hour later."""
    asked = NOON + timedelta(seconds=seconds)
    return LedgerEntry(status, asked + timedelta(hours=1), reserved_at=asked, sid=sid)


def told(losses: Losses) -> tuple[bool, int, datetime | None]:
    return losses.in_doubt, losses.in_a_row, losses.latest


LOST = [at(number) for number in range(3)]
THIRD = LOST[2].reserved_at
ANSWERS = {
    "placed": at(5, CallStatus.PLACED, SID),
    "over": at(5, CallStatus.BUSY, SID),
    "refused": at(5, CallStatus.FAILED),
}
NO_ANSWERS = {
    "never sent": LedgerEntry(CallStatus.FAILED, NOON + timedelta(seconds=5)),
    "deferred": at(5, CallStatus.DEFERRED),
    "under way": at(5, CallStatus.RESERVED),
    "too late": LedgerEntry(CallStatus.MISSED, NOON + timedelta(seconds=5)),
    "not allowed": LedgerEntry(CallStatus.SUPPRESSED, NOON + timedelta(seconds=5)),
}


def test_nothing_was_lost_of_an_empty_ledger() -> None:
    losses = Losses.of([])
    assert told(losses) == told(Losses()) == (False, 0, None)
    assert losses.pause_until(NOON) is None


@given(st.permutations(LOST))
def test_they_are_counted_by_when_they_were_asked_for(entries: list[LedgerEntry]) -> None:
    assert told(Losses.of(entries)) == (True, 3, THIRD)


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_ends_the_row_wherever_the_ledger_has_it(name: str) -> None:
    answered = ANSWERS[name]
    for entries in ([*LOST, answered], [answered, *LOST]):
        losses = Losses.of(entries)
        assert (losses.in_doubt, losses.in_a_row) == (True, 0)
        assert losses.pause_until(NOON + timedelta(seconds=6)) is None
    assert told(Losses.of([*LOST, answered, at(7)])) == (True, 1, NOON + timedelta(seconds=7))
    noted = Losses.of(LOST)
    noted.note(answered)
    assert noted.in_a_row == 0


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_was_not_answered_does_not_end_it(name: str) -> None:
    other = NO_ANSWERS[name]
    assert told(Losses.of([*LOST, other])) == (True, 3, THIRD)
    assert told(Losses.of([other])) == (False, 0, None)
    noted = Losses.of(LOST)
    noted.note(other)
    assert told(noted) == (False, 3, THIRD)


def test_what_has_no_reservation_was_asked_for_when_it_was_written() -> None:
    bare = LedgerEntry(CallStatus.UNKNOWN, NOON)
    assert told(Losses.of([bare])) == (True, 1, NOON)


def test_each_pass_goes_on_counting_where_the_ledger_ended() -> None:
    losses = Losses.of(LOST[:2])
    for entry in (None, LOST[2]):
        losses.note(entry)
    assert told(losses) == (True, 3, THIRD)
    losses.note(None)
    assert told(losses) == (False, 3, THIRD), "who has to wait was asked about already"


MINUTES = timedelta(minutes=10)
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_three_make_a_pause_of_ten_minutes(count: int) -> None:
    losses = Losses.of([at(number) for number in range(count)])
    latest = NOON + timedelta(seconds=count - 1)
    for since, pauses in [
        (timedelta(0), True),
        (MINUTES - INSTANT, True),
        (MINUTES, False),
        (timedelta(days=1), False),
        (-MINUTES + INSTANT, True),  # a clock that was turned back makes no longer pause than that
        (-MINUTES, False),
    ]:
        expected = latest + MINUTES if pauses and count >= 3 else None
        assert losses.pause_until(latest + since) == expected


def ledger(*entries: LedgerEntry) -> dict[Key, LedgerEntry]:
    """The calls of one occurrence to as many people."""
    return {Key(NOON, f"+1555000000{number}"): entry for number, entry in enumerate(entries)}


def stops(**ledgers: dict[Key, LedgerEntry]) -> bool:
    """Whether a run that knows these ledgers calls nobody a minute after noon."""
    run = LostAnswers()
    for name, entries in ledgers.items():
        tell_of_losses(run, name, entries)
    return run.why_nobody(NOON + timedelta(minutes=1)) is not None


def test_a_run_counts_what_was_lost_over_all_ledgers() -> None:
    assert stops(one=ledger(LOST[0]), two=ledger(LOST[1]), three=ledger(LOST[2]))
    assert not stops(one=ledger(LOST[0]), two=ledger(LOST[1]))
    assert not stops(one=ledger(*(at(number, CallStatus.PLACED, SID) for number in range(3))))


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_of_any_ledger_ends_the_row(name: str) -> None:
    assert not stops(one=ledger(*LOST), two=ledger(ANSWERS[name]))
    assert stops(one=ledger(ANSWERS[name]), two=ledger(*(at(number) for number in (6, 7, 8))))


@pytest.mark.parametrize("name", NO_ANSWERS)
def test_what_was_not_answered_ends_no_row_of_any_ledger(name: str) -> None:
    other = NO_ANSWERS[name]
    assert stops(one=ledger(*LOST), two=ledger(other))
    assert not stops(one=ledger(*LOST[:2]), two=ledger(other))

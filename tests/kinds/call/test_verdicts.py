"""The instants at which a verdict changes, and how far back anybody looks."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kinds.call.specs import BOB, spec
from voiceform.kinds.call.dialling.donotcall import ListSpec
from voiceform.kinds.call.dialling.list_files import DoNotCallList
from voiceform.kinds.call.dialling.verdicts import (
    Due,
    Judge,
    Verdict,
    due_keys,
    latest_known,
    lookback,
    new_times,
    retries,
)
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.store import Head
from voiceform.kinds.userfiles import Places

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
KEY = Key(NOON, BOB)
GRACE = 15 * MINUTE
SCHEDULE = {"at": "2026-03-02T12:00:00", "timezone": "UTC"}
DAILY = {"cron": "0 12 * * *", "timezone": "UTC"}


def verdict(now: datetime, high_water: datetime | None = None, **changed: Any) -> Due:
    return Judge(spec(**changed), now, high_water, None).verdict(KEY, NOON)


@pytest.mark.parametrize(
    ("late", "expected"),
    [(timedelta(0), Verdict.PLACE), (GRACE, Verdict.PLACE), (GRACE + SECOND, Verdict.MISS)],
)
def test_the_grace_ends_after_its_last_second(late: timedelta, expected: Verdict) -> None:
    assert verdict(NOON + late).verdict is expected
    assert verdict(NOON, NOON + late).verdict is expected, "time that was seen does not come again"
    assert verdict(NOON + late, NOON - DAY).verdict is expected


def test_a_mark_of_a_clock_that_was_a_month_ahead_is_not_believed() -> None:
    assert latest_known(NOON, None) == NOON
    assert latest_known(NOON, NOON + 31 * DAY) == NOON + 31 * DAY
    assert latest_known(NOON, NOON + 31 * DAY + SECOND) == NOON
    assert latest_known(NOON, NOON - SECOND) == NOON


def hours(start: str, end: str = "21:00") -> dict[str, Any]:
    return {"calling_hours": {"start": start, "end": end, "timezone": "UTC"}}


@pytest.mark.parametrize(
    ("start", "expected", "until"),
    [
        ("12:00", Verdict.PLACE, None),
        ("12:01", Verdict.WAIT, NOON + MINUTE),
        ("12:15", Verdict.WAIT, NOON + GRACE),
        ("12:16", Verdict.SUPPRESS, None),
    ],
)
def test_who_may_be_called_before_the_grace_ends_waits(
    start: str, expected: Verdict, until: datetime | None
) -> None:
    found = verdict(NOON, **hours(start))
    assert (found.verdict, found.until, found.since) == (expected, until, NOON)


def test_who_is_nowhere_is_not_called() -> None:
    nobody = spec(calling_hours={"start": "00:00", "end": "24:00"})
    found = Judge(nobody, NOON, None, None).verdict(Key(NOON, "sip:anna@example.com"), NOON)
    assert found.verdict is Verdict.SUPPRESS
    assert "not known" in (found.reason or "")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (f"{BOB}\n", Verdict.SUPPRESS),
        ("+15558675311\n", Verdict.PLACE),
        ("", Verdict.BLOCK),
        (None, Verdict.BLOCK),
    ],
)
def test_the_list_is_asked(tmp_path: Path, content: str | None, expected: Verdict) -> None:
    if content is not None:
        (tmp_path / "dnc.txt").write_text(content, encoding="utf-8")
    found = DoNotCallList(Places(tmp_path), (ListSpec("dnc.txt"),))
    assert Judge(spec(), NOON, None, found).verdict(KEY, NOON).verdict is expected


@pytest.mark.parametrize(("age", "expected"), [(0, Verdict.PLACE), (1, Verdict.BLOCK)])
def test_how_old_a_list_may_be(tmp_path: Path, age: int, expected: Verdict) -> None:
    path = tmp_path / "dnc.txt"
    path.write_text("+15558675311\n", encoding="utf-8")
    written = NOON.timestamp() - 31 * 86400 - age
    os.utime(path, (written, written))
    found = DoNotCallList(Places(tmp_path), (ListSpec("dnc.txt", max_age=31 * DAY),))
    assert Judge(spec(), NOON, None, found).verdict(KEY, NOON).verdict is expected


def due(
    now: datetime, head: Head, entries: dict[Key, LedgerEntry] | None = None, **changed: Any
) -> list[datetime]:
    return [item.key.occurrence for item in due_keys(spec(**changed), entries or {}, head, now, None)]


@pytest.mark.parametrize(
    ("since", "found"), [(31 * DAY, 1), (31 * DAY + GRACE, 1), (31 * DAY + 16 * MINUTE, 0)]
)
def test_a_single_instant_is_recorded_as_missed_for_a_month(since: timedelta, found: int) -> None:
    assert len(due(NOON + since, Head())) == found
    assert len(due(NOON + since, Head(high_water=NOON - DAY))) == found


def test_what_repeats_begins_when_it_is_applied_and_goes_on_from_the_last_look() -> None:
    now = NOON + 3 * DAY
    assert due(now, Head(), schedule=DAILY) == [now], "only this very instant"
    assert due(now, Head(since=NOON), schedule=DAILY) == [now]
    looked = Head(since=NOON - 90 * DAY, high_water=NOON)
    assert due(now, looked, schedule=DAILY) == [NOON + n * DAY for n in range(4)], "within the grace of it"
    looked = Head(since=NOON - 90 * DAY, high_water=NOON + GRACE)
    assert due(now, looked, schedule=DAILY) == [NOON + n * DAY for n in range(4)]
    looked = Head(since=NOON - 90 * DAY, high_water=NOON + GRACE + SECOND)
    assert due(now, looked, schedule=DAILY) == [NOON + n * DAY for n in range(1, 4)]
    late = Head(since=NOON + DAY, high_water=NOON - 90 * DAY)
    assert due(now, late, schedule=DAILY) == [NOON + n * DAY for n in range(1, 4)]
    ahead = Head(since=NOON - 90 * DAY, high_water=now + 31 * DAY + SECOND)
    assert due(now, ahead, schedule=DAILY) == [now]


@pytest.mark.parametrize("status", CallStatus)
def test_only_what_has_no_outcome_is_due(status: CallStatus) -> None:
    found = due(NOON, Head(), {KEY: LedgerEntry(status, NOON)})
    assert found == ([NOON] if status is CallStatus.DEFERRED else [])


RETRY = {"attempts": 3, "delay": ["10m"], "on": ["busy", "no-answer"]}
ENDED = NOON + 2 * MINUTE
SID = "CA" + "1" * 32


@pytest.mark.parametrize(
    ("attempt", "entry", "expected"),
    [
        (1, LedgerEntry(CallStatus.BUSY, NOON, SID, ended_at=ENDED), ENDED + 10 * MINUTE),
        (1, LedgerEntry(CallStatus.BUSY, ENDED, SID), ENDED + 10 * MINUTE),
        (2, LedgerEntry(CallStatus.NO_ANSWER, ENDED, SID), ENDED + 10 * MINUTE),
        (3, LedgerEntry(CallStatus.BUSY, ENDED, SID), None),
        (1, LedgerEntry(CallStatus.BUSY, ENDED), None),
        (1, LedgerEntry(CallStatus.FAILED, ENDED, SID), None),
        (1, LedgerEntry(CallStatus.UNKNOWN, ENDED, SID), None),
    ],
)
def test_which_attempt_follows(attempt: int, entry: LedgerEntry, expected: datetime | None) -> None:
    key = Key(NOON, BOB, attempt)
    found = list(retries(spec(retry=RETRY), {key: entry}))
    assert found == ([] if expected is None else [(Key(NOON, BOB, attempt + 1), expected)])
    assert list(retries(spec(), {key: entry})) == []
    assert list(retries(spec(retry=RETRY, to=["+15558675311"]), {key: entry})) == []
    assert list(retries(spec(retry={**RETRY, "attempts": 1}), {key: entry})) == []


@pytest.mark.parametrize(("seconds", "keys"), [(-1, 0), (0, 1)])
def test_an_attempt_is_due_when_its_delay_is_over(seconds: int, keys: int) -> None:
    entries = {KEY: LedgerEntry(CallStatus.BUSY, NOON, SID, ended_at=ENDED)}
    now = ENDED + 10 * MINUTE + seconds * SECOND
    assert len(due(now, Head(high_water=NOON), entries, retry=RETRY)) == keys


@pytest.mark.parametrize("status", CallStatus)
def test_an_attempt_follows_once(status: CallStatus) -> None:
    entries = {
        KEY: LedgerEntry(CallStatus.BUSY, NOON, SID, ended_at=ENDED),
        Key(NOON, BOB, 2): LedgerEntry(status, ENDED),
    }
    assert bool(list(retries(spec(retry=RETRY), entries))) == (status is CallStatus.DEFERRED)


def test_what_was_deferred_comes_last() -> None:
    first, second = "+15558675310", "+15558675311"
    entries = {Key(NOON, first): LedgerEntry(CallStatus.DEFERRED, NOON)}
    found = due_keys(spec(to=[first, second]), entries, Head(), NOON, None)
    assert [item.key.to for item in found] == [second, first]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 7 * DAY),
        ({"misfire_grace": "7d"}, 9 * DAY),
        ({"misfire_grace": "1d", "retry": {**RETRY, "delay": ["2d"]}}, 11 * DAY),
    ],
)
def test_how_far_back_the_ledger_matters(changed: dict[str, Any], expected: timedelta) -> None:
    assert lookback(spec(**changed)) == expected


@pytest.mark.parametrize(
    ("before", "head", "begins"),
    [
        ({"schedule": SCHEDULE}, Head(since=NOON), False),
        ({"schedule": SCHEDULE}, Head(), True),
        ({"schedule": SCHEDULE}, Head(since=NOON, closed=True), True),
        ({"schedule": DAILY}, Head(since=NOON), True),
        (None, Head(since=NOON), True),
    ],
)
def test_when_a_schedule_begins_anew(before: dict[str, Any] | None, head: Head, begins: bool) -> None:
    assert new_times(before, {"schedule": SCHEDULE}, head) is begins

"""The instants at which a verdict changes, and how far back anybody looks."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kinds.call.specs import BOB, US, spec
from voiceform.kinds.call.dialling.donotcall import ListSpec
from voiceform.kinds.call.dialling.due import due_keys, lookback, new_times, pending_keys, retries, unfolded
from voiceform.kinds.call.dialling.list_files import DoNotCallList
from voiceform.kinds.call.dialling.verdicts import Due, Judge, Verdict, latest_known, limited, reasons_of
from voiceform.kinds.call.dialling.waves import GOES_ON
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.pauses import Halt
from voiceform.kinds.call.ledger.store import Head
from voiceform.kinds.call.limits.counting import Refusal
from voiceform.kinds.call.limits.spec import LimitSpec
from voiceform.kinds.call.people import Person, row_of
from voiceform.kinds.call.spec import CallSpec
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
    absurd = NOON + since + 31 * DAY + SECOND
    assert len(due(NOON + since, Head(high_water=absurd))) == found, "nobody believes that mark"


def test_a_mark_that_may_be_right_has_seen_what_was_due() -> None:
    assert due(NOON + DAY, Head(high_water=NOON + 32 * DAY)) == []


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
        (0, LedgerEntry(CallStatus.BUSY, ENDED, SID), None),
    ],
)
def test_which_attempt_follows(attempt: int, entry: LedgerEntry, expected: datetime | None) -> None:
    key = Key(NOON, BOB, attempt)
    found = list(retries(spec(retry=RETRY), {key: entry}))
    assert found == ([] if expected is None else [(Key(NOON, BOB, attempt + 1), expected)])
    assert list(retries(spec(), {key: entry})) == []
    assert list(retries(spec(retry=RETRY, to=["+15558675311"]), {key: entry})) == []
    assert list(retries(spec(retry={**RETRY, "attempts": 1}), {key: entry})) == []
    twice = found if attempt == 1 else []
    assert list(retries(spec(retry={**RETRY, "attempts": 2}), {key: entry})) == twice


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


WAVES = {"first": 1, "then": 1, "settle": "5m", "stop": {}, "short_call": "6s"}


@pytest.mark.parametrize("waves", [None, WAVES])
@pytest.mark.parametrize(("schedule", "at"), [(SCHEDULE, NOON), (DAILY, NOON), (DAILY, NOON - 5 * DAY)])
def test_what_was_put_off_after_others_had_looked_further_is_missed(
    schedule: dict[str, str], at: datetime, waves: dict[str, Any] | None
) -> None:
    """A dispatcher that was paused writes down that it could not call while the schedule is already known to
    be over for that time."""
    entries = {Key(at, BOB): LedgerEntry(CallStatus.DEFERRED, NOON + 3 * GRACE)}
    looked = Head(since=NOON - 30 * DAY, high_water=NOON + 2 * GRACE)
    changed = {"schedule": schedule, "waves": waves, "to": [BOB]}
    [found] = due_keys(spec(**changed), entries, looked, NOON + 3 * GRACE, None)
    assert (found.key, found.verdict) == (Key(at, BOB), Verdict.MISS)
    assert due_keys(spec(**{**changed, "to": [US]}), entries, looked, NOON + 3 * GRACE, None) == []


def test_what_was_put_off_before_a_schedule_began_anew_is_never_called() -> None:
    """Not within its grace either; later it is missed."""
    entries = {KEY: LedgerEntry(CallStatus.DEFERRED, NOON)}
    anew = Head(since=NOON + MINUTE, high_water=NOON + MINUTE)
    daily = spec(to=[BOB], schedule=DAILY)
    assert due_keys(daily, entries, anew, NOON + 2 * MINUTE, None) == []
    [found] = due_keys(daily, entries, anew, NOON + GRACE + SECOND, None)
    assert found.verdict is Verdict.MISS


@pytest.mark.parametrize(("put_off", "called"), [(0, 1), (1, 0)])
def test_what_was_put_off_is_not_missed_where_the_person_was_called_elsewhere(
    put_off: int, called: int
) -> None:
    addresses = [BOB, SIP]
    entries = {
        Key(NOON, addresses[put_off]): LedgerEntry(CallStatus.DEFERRED, NOON),
        Key(NOON, addresses[called]): LedgerEntry(CallStatus.ANSWERED, NOON, SID),
    }
    looked = Head(high_water=NOON + 2 * GRACE)
    assert due_keys(spec(to=[addresses[put_off]]), entries, looked, NOON + 3 * GRACE, None) == []


@pytest.mark.parametrize("status", sorted(set(CallStatus) - {CallStatus.DEFERRED}))
def test_what_has_an_outcome_is_never_missed(status: CallStatus) -> None:
    looked = Head(high_water=NOON + 2 * GRACE)
    entries = {KEY: LedgerEntry(status, NOON)}
    assert due_keys(spec(to=[BOB]), entries, looked, NOON + 3 * GRACE, None) == []


def test_what_was_put_off_and_is_late_is_missed_once() -> None:
    entries = {KEY: LedgerEntry(CallStatus.DEFERRED, NOON)}
    [found] = due_keys(spec(to=[BOB]), entries, Head(high_water=NOON), NOON + GRACE + SECOND, None)
    assert found.verdict is Verdict.MISS


@pytest.mark.parametrize("attempt", [0, 2])
def test_only_of_first_attempts_that_were_put_off_the_occurrence_tells_how_late_they_are(
    attempt: int,
) -> None:
    entries = {Key(NOON, BOB, attempt): LedgerEntry(CallStatus.DEFERRED, NOON)}
    looked = Head(high_water=NOON + 2 * GRACE)
    assert due_keys(spec(to=[BOB]), entries, looked, NOON + 3 * GRACE, None) == []


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, 7 * DAY),
        ({"misfire_grace": "7d"}, 9 * DAY),
        ({"misfire_grace": "1d", "retry": {**RETRY, "delay": ["2d"]}}, 11 * DAY),
        ({"misfire_grace": "7d", "waves": WAVES}, 9 * DAY + 7 * DAY + 5 * MINUTE + GOES_ON),
        (
            {"misfire_grace": "7d", "waves": WAVES, "to": [BOB, US]},
            9 * DAY + 2 * (7 * DAY + 5 * MINUTE) + GOES_ON,
        ),
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
    assert new_times({"schedule": SCHEDULE}, None, Head(since=NOON))


ONCE = LimitSpec.parse({"max": 1, "per": "24h"}, "once")


@pytest.mark.parametrize(
    ("until", "grace", "expected", "waits_until", "ends"),
    [
        (None, GRACE, Verdict.WAIT, NOON + 30 * SECOND, None),
        (None, 10 * SECOND, Verdict.WAIT, NOON + 10 * SECOND, None),
        (NOON + GRACE, GRACE, Verdict.WAIT, NOON + GRACE, None),
        (NOON + GRACE + SECOND, GRACE, Verdict.SUPPRESS, None, NOON + GRACE + SECOND),
    ],
)
def test_who_was_called_often_enough_waits_for_what_ends_within_the_grace(
    until: datetime | None,
    grace: timedelta,
    expected: Verdict,
    waits_until: datetime | None,
    ends: datetime | None,
) -> None:
    found = limited(KEY, Refusal(ONCE, until), NOON, NOON, NOON + grace)
    assert (found.verdict, found.until, found.ends) == (expected, waits_until, ends)
    assert ("not known yet" in (found.reason or "")) == (until is None)


def suppressed(reason: str | None, ends: datetime | None = None) -> Due:
    return Due(KEY, Verdict.SUPPRESS, NOON, reason, ends=ends)


def test_a_reason_says_when_it_ends() -> None:
    assert suppressed("on a list").told == "on a list"
    assert suppressed(None).told is None
    assert suppressed("often", NOON).told == "often, until 2026-03-02 12:00 UTC"
    assert suppressed(None, NOON).told == ", until 2026-03-02 12:00 UTC"


def test_reasons_are_counted_and_say_when_the_last_of_them_ends() -> None:
    items = [
        suppressed("often", NOON + DAY),
        suppressed("on a list"),
        suppressed("often", NOON),
        suppressed("often"),
        suppressed("late", NOON),
        suppressed("late", NOON),
        Due(KEY, Verdict.PLACE, NOON),
        suppressed(None, NOON),
        suppressed(None),
        suppressed(None),
    ]
    assert reasons_of(items) == [
        (", until 2026-03-02 12:00 UTC", 4),
        ("often, until 2026-03-03 12:00 UTC at the latest", 3),
        ("late, until 2026-03-02 12:00 UTC", 2),
        ("on a list", 1),
    ]


LATE = {
    "office": {"hours": {"timezone": "UTC", "weekly": {"sun": ["08:00-09:00"]}, "outside": "next-window"}}
}
TIMES = {"column": "starts", "timezone": "UTC"}


class Compared(str):
    """A number that counts how often it is compared with another one."""

    times = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        Compared.times += 1
        return str.__eq__(self, other)


def test_who_has_the_same_time_as_very_many_is_found_at_once() -> None:
    people = [Compared(f"+1212{5550000 + number}") for number in range(1000)]
    rows = [row_of(to, Person(NOON)) for to in people]
    declared = spec(to=people, people=rows, schedule=TIMES)
    assert declared.is_wanted(Key(NOON, people[-1]))
    Compared.times = 0
    assert all(declared.is_wanted(Key(NOON, Compared(to))) for to in people)
    assert not declared.is_wanted(Key(NOON - DAY, people[0]))
    assert Compared.times <= len(people)


def test_times_of_people_are_looked_at_again_where_they_may_wait() -> None:
    """Nobody knows which of those before waits; so all do, and only where a rule lets them."""
    others = [f"+1212555010{number}" for number in range(3)]
    rows = [row_of(to, Person(NOON - days * DAY)) for to, days in zip(others, (13, 5, 1), strict=True)]
    head = Head(since=NOON - 90 * DAY, high_water=NOON)
    people: dict[str, Any] = {"schedule": TIMES, "to": others, "people": rows}
    assert due(NOON, head, **people) == []
    begun = NOON - DAY + GRACE
    for looked in (NOON - 4 * DAY, begun):
        head_then = Head(since=looked, high_water=looked)
        assert due(begun + SECOND, head_then, **people) == [NOON - DAY], "within the grace of the beginning"
        head_then = Head(since=looked + SECOND, high_water=looked + SECOND)
        assert due(begun + SECOND, head_then, **people) == [NOON - DAY] * (looked < begun)
    assert due(begun, Head(), **people) == [NOON - DAY]
    assert due(begun + SECOND, Head(), **people) == []
    assert due(NOON, head, rules=LATE, **people) == [NOON - 13 * DAY, NOON - 5 * DAY, NOON - DAY]
    assert due(NOON, Head(since=NOON - 2 * DAY, high_water=NOON), rules=LATE, **people) == [NOON - DAY]


def test_of_what_repeats_only_the_last_may_wait_from_before() -> None:
    head = Head(since=NOON - 90 * DAY, high_water=NOON + 2 * GRACE)
    assert due(NOON + 3 * GRACE, head, schedule=DAILY) == []
    assert due(NOON + 3 * GRACE, head, schedule=DAILY, rules=LATE) == [NOON]


@pytest.mark.parametrize(
    ("rules", "days", "looked_at"), [({}, 1, False), (LATE, 13, True), (LATE, 15, False)]
)
def test_waves_are_looked_at_for_as_long_as_a_call_of_them_may_wait(
    rules: dict[str, Any], days: int, looked_at: bool
) -> None:
    waving = spec(to=[BOB, "+12125550101"], waves=WAVES, schedule=DAILY, rules=rules)
    entries = {KEY: LedgerEntry(CallStatus.ANSWERED, NOON, SID)}
    now = NOON + days * DAY + 2 * GRACE
    found = unfolded(waving, entries, Head(since=NOON - DAY, high_water=now), now)
    assert any(one.occurrence == NOON for one in found) == looked_at


REPEATS = {"schedule": DAILY, "misfire_grace": "2d"}


@pytest.mark.parametrize(
    ("changed", "attempt", "expected"),
    [
        ({**REPEATS, "misfire": "latest"}, 1, Verdict.MISS),
        ({**REPEATS, "misfire": "latest"}, 2, Verdict.MISS),
        ({**REPEATS, "misfire": "each"}, 1, Verdict.PLACE),
        ({**REPEATS, "misfire": "latest"}, 0, Verdict.PLACE),
        ({"misfire": "latest", "misfire_grace": "2d"}, 1, Verdict.PLACE),
        (
            {"schedule": {**DAILY, "end": "2026-03-02T23:00:00"}, "misfire_grace": "2d", "misfire": "latest"},
            1,
            Verdict.PLACE,
        ),
    ],
)
def test_only_the_latest_occurrence_that_is_due_is_called(
    changed: dict[str, Any], attempt: int, expected: Verdict
) -> None:
    """Not where there is no later one, and not in the place of a call that a person placed."""
    judge = Judge(spec(**changed), NOON + DAY, None, None)
    assert judge.verdict(Key(NOON, BOB, attempt), NOON).verdict is expected


def test_the_time_of_somebody_else_is_no_later_occurrence() -> None:
    rows = [row_of(BOB, Person(NOON)), row_of(US, Person(NOON + MINUTE))]
    table = spec(schedule=TIMES, to=[BOB, US], people=rows, misfire="latest")
    assert Judge(table, NOON + 5 * MINUTE, None, None).verdict(KEY, NOON).verdict is Verdict.PLACE
    waits = spec(schedule=TIMES, to=[BOB, US], people=rows, rules=LATE)
    assert Judge(waits, NOON + 5 * MINUTE, None, None).verdict(KEY, NOON).verdict is Verdict.WAIT


def test_the_latest_one_is_called() -> None:
    judge = Judge(spec(**REPEATS, misfire="latest"), NOON + DAY - SECOND, None, None)
    assert judge.verdict(KEY, NOON).verdict is Verdict.PLACE


def test_what_the_next_occurrence_overtakes_is_called_all_the_same_within_the_hours() -> None:
    """An attempt a day later; only who waits for hours to begin is left to the next occurrence."""
    judge = Judge(spec(**REPEATS), NOON + DAY, None, None)
    assert judge.verdict(Key(NOON, BOB, 2), NOON + DAY).verdict is Verdict.PLACE


def test_waves_that_a_clock_ahead_began_are_left_until_they_are_due() -> None:
    waving = spec(to=[BOB, US], waves=WAVES, schedule=DAILY)
    entries = {Key(NOON + DAY, BOB): LedgerEntry(CallStatus.ANSWERED, NOON + DAY, SID)}
    head = Head(since=NOON - DAY, high_water=NOON + DAY)
    assert [one.occurrence for one in unfolded(waving, entries, head, NOON + DAY - SECOND)] == []
    assert [one.occurrence for one in unfolded(waving, entries, head, NOON + DAY)] == [NOON + DAY]


def test_who_is_suppressed_outside_does_not_wait_for_hours_that_begin_within_the_grace() -> None:
    hours = {"timezone": "UTC", "weekly": {"mon": ["12:05-13:00"]}}
    for outside, expected in (("wait", Verdict.WAIT), ("suppress", Verdict.SUPPRESS)):
        rules = {"office": {"hours": {**hours, "outside": outside}}}
        found = verdict(NOON, rules=rules)
        assert (found.verdict, found.rules) == (expected, ("office",))
        assert found.until == (NOON + 5 * MINUTE if expected is Verdict.WAIT else None)


class Often:
    """Everybody was called often enough."""

    def refusal(self, spec: CallSpec, to: str, now: datetime) -> Refusal:
        return Refusal(ONCE, NOON + DAY)


def test_limits_of_contacts_are_asked() -> None:
    found = Judge(spec(), NOON, None, None, Often()).verdict(KEY, NOON)
    assert (found.verdict, found.ends) == (Verdict.SUPPRESS, NOON + DAY)


SIP = f"sip:{BOB}@pbx.example.com"
THIRD = "+12125550177"
RINGING = LedgerEntry(CallStatus.PLACED, NOON, SID, call="ringing")
SENT = (CallStatus.PLACED, CallStatus.ANSWERED, CallStatus.BUSY)
IN_WAVES = [None, WAVES, {**WAVES, "first": 2, "then": 2}]


def called(entries: dict[Key, LedgerEntry], **changed: Any) -> set[str]:
    """Who is called at once, or waits for a wave."""
    found = due_keys(spec(**changed), entries, Head(), NOON + SECOND, None)
    assert all(item.verdict in (Verdict.PLACE, Verdict.HOLD) for item in found)
    return {item.key.to for item in found}


@pytest.mark.parametrize("waves", IN_WAVES)
def test_who_was_put_off_and_is_not_declared_any_more_is_not_called(waves: dict[str, Any] | None) -> None:
    entries = {KEY: LedgerEntry(CallStatus.DEFERRED, NOON)}
    assert called(entries, to=[BOB, US], waves=waves) == {BOB, US}
    assert called(entries, to=[US], waves=waves) == {US}


@pytest.mark.parametrize("waves", IN_WAVES)
@pytest.mark.parametrize(
    ("entry", "may_be_called"),
    [
        *((LedgerEntry(status, NOON, SID), False) for status in SENT),
        (LedgerEntry(CallStatus.RESERVED, NOON), False),
        (LedgerEntry(CallStatus.UNKNOWN, NOON), False),
        (LedgerEntry(CallStatus.CANCELED, NOON, reason="canceled by me"), False),
        (LedgerEntry(CallStatus.FAILED, NOON), True),
        (LedgerEntry(CallStatus.SUPPRESSED, NOON), True),
        (LedgerEntry(CallStatus.DEFERRED, NOON), True),
    ],
)
@pytest.mark.parametrize("put_off", [False, True])
def test_who_was_called_under_another_address_is_not_called_again(
    waves: dict[str, Any] | None, entry: LedgerEntry, may_be_called: bool, put_off: bool
) -> None:
    """Also where the address was declared once before, and its call put off."""
    entries = {Key(NOON, SIP): entry}
    if put_off:
        entries[KEY] = LedgerEntry(CallStatus.DEFERRED, NOON)
    assert (BOB in called(entries, to=[BOB, US], waves=waves)) == may_be_called
    assert BOB in called({Key(NOON - DAY, SIP): entry}, to=[BOB, US], waves=waves), "of another day"


@pytest.mark.parametrize("waves", IN_WAVES)
def test_two_addresses_of_one_person_that_are_both_declared_are_both_called(
    waves: dict[str, Any] | None,
) -> None:
    entries = {Key(NOON, SIP): LedgerEntry(CallStatus.ANSWERED, NOON, SID)}
    assert BOB in called(entries, to=[BOB, SIP], waves=waves)


@pytest.mark.parametrize(
    ("halt", "since"),
    [
        (None, ENDED + 10 * MINUTE),
        (Halt(NOON, NOON + MINUTE), None),
        (Halt(NOON, NOON + MINUTE, resumed=NOON + 30 * MINUTE), NOON + 30 * MINUTE),
        (Halt(NOON, NOON + MINUTE, resumed=NOON + 5 * MINUTE), ENDED + 10 * MINUTE),
        (Halt(NOON - DAY, NOON + MINUTE), ENDED + 10 * MINUTE),
    ],
)
def test_a_stop_holds_further_attempts_until_somebody_lets_it_go_on(
    halt: Halt | None, since: datetime | None
) -> None:
    entries = {KEY: LedgerEntry(CallStatus.BUSY, NOON, SID, ended_at=ENDED)}
    halts = () if halt is None else (halt,)
    head = Head(high_water=NOON)
    found = list(pending_keys(spec(retry=RETRY), entries, head, NOON + 40 * MINUTE, halts))
    assert found == ([] if since is None else [(Key(NOON, BOB, 2), since)])


@pytest.mark.parametrize(
    ("halted", "schedule", "looked_at"),
    [
        (NOON, SCHEDULE, True),
        (None, SCHEDULE, False),
        (NOON, {**SCHEDULE, "at": "2026-03-02T12:01:00"}, False),
        (NOON, DAILY, True),
        (NOON + DAY, DAILY, False),
    ],
)
def test_waves_that_stopped_are_looked_at_as_long_as_they_are_of_the_schedule(
    halted: datetime | None, schedule: dict[str, Any], looked_at: bool
) -> None:
    """However long ago; and only those in which anybody was called."""
    entries = {KEY: LedgerEntry(CallStatus.ANSWERED, NOON, SID)}
    halts = () if halted is None else (Halt(halted, halted),)
    now = NOON + 5 * DAY + 2 * GRACE
    head = Head(since=NOON - DAY, high_water=now)
    found = unfolded(spec(to=[BOB, US], waves=WAVES, schedule=schedule), entries, head, now, halts)
    assert [one.occurrence for one in found] == [NOON] * looked_at


@pytest.mark.parametrize("waves", IN_WAVES)
def test_who_was_called_by_number_is_not_called_by_a_sip_address_with_it(
    waves: dict[str, Any] | None,
) -> None:
    entries = {KEY: LedgerEntry(CallStatus.ANSWERED, NOON, SID)}
    assert called(entries, to=[SIP, US], waves=waves) == {US}


def test_a_call_that_is_under_way_holds_the_next_wave_though_its_person_is_not_declared_any_more() -> None:
    entries = {KEY: LedgerEntry(CallStatus.PLACED, NOON, SID, call="ringing")}
    [found] = due_keys(spec(to=[US], waves=WAVES), entries, Head(), NOON + SECOND, None)
    assert (found.key.to, found.verdict) == (US, Verdict.HOLD)


@pytest.mark.parametrize("left_out", [CallStatus.CANCELED, CallStatus.SUPPRESSED, CallStatus.MISSED])
def test_a_first_wave_that_went_wrong_holds_the_third_where_the_second_was_left_out(
    left_out: CallStatus,
) -> None:
    """Also long after it had settled, and where it has still to be learnt how its calls ended."""
    waves = {**WAVES, "stop": {"busy": "50%"}}
    after_it = Key(NOON, US)
    for entry, told in ((LedgerEntry(CallStatus.BUSY, NOON, SID), True), (RINGING, False)):
        entries = {KEY: entry, after_it: LedgerEntry(left_out, NOON)}
        now = NOON + 6 * MINUTE
        [found] = unfolded(spec(to=[BOB, US, THIRD], waves=waves), entries, Head(high_water=NOON), now)
        assert (found.learn == [KEY], found.stop is not None, bool(found.ready)) == (not told, True, False)


def test_the_first_wave_in_which_anybody_was_called_is_judged_by_however_few() -> None:
    """Not only the first: its people may have been left out, or taken back."""
    waves = {**WAVES, "first": 2, "stop": {"busy": "50%"}}
    people = [THIRD, US, BOB, "+12125550178"]
    left_out = LedgerEntry(CallStatus.CANCELED, NOON)
    entries = {
        Key(NOON, THIRD): left_out,
        Key(NOON, US): left_out,
        KEY: LedgerEntry(CallStatus.BUSY, NOON, SID),
    }
    [found] = unfolded(spec(to=people, waves=waves), entries, Head(high_water=NOON), NOON + MINUTE)
    assert found.stop is not None
    assert (found.stop.wave, found.stop.count, found.ready) == (2, 1, [])


def test_who_was_put_off_keeps_the_place_in_a_wave() -> None:
    entries = {KEY: LedgerEntry(CallStatus.DEFERRED, NOON)}
    found = due_keys(spec(to=[US, BOB], waves=WAVES), entries, Head(), NOON + SECOND, None)
    assert [(item.key.to, item.verdict) for item in found] == [(BOB, Verdict.PLACE), (US, Verdict.HOLD)]

"""How old a doubt is, which call fits it, and over what its settlement may be written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kinds.call.specs import BOB, US
from tests.support import ACCOUNT, TOKEN
from voiceform.emulator import Emulator
from voiceform.kinds.call.ledger.entries import GONE, CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.recovery import (
    Doubt,
    decided_at,
    doubts,
    flights,
    is_over,
    settle,
    with_call,
)
from voiceform.kinds.call.ledger.store import Ledger
from voiceform.model.clock import ManualClock
from voiceform.state.sqlite import SqliteStore
from voiceform.twilio.client import Client, open_client
from voiceform.twilio.credentials import Credentials
from voiceform.twilio.resources import Call

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CREDENTIALS = Credentials(ACCOUNT, ACCOUNT, TOKEN)
KEY = Key(NOON, BOB)
RESERVED, UNKNOWN = CallStatus.RESERVED, CallStatus.UNKNOWN


def entry(status: CallStatus, **more: Any) -> LedgerEntry:
    return LedgerEntry(
        status, more.pop("at", NOON), **{"reserved_at": NOON, "claim": "ours", "from_": US, **more}
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with SqliteStore(tmp_path / "state.db") as store:
        yield Ledger(store, "call.pulse")


@pytest.mark.parametrize(
    ("status", "seconds", "over"),
    [
        (UNKNOWN, 59, False),
        (UNKNOWN, 60, True),
        (RESERVED, 60, False),
        (RESERVED, 239, False),
        (RESERVED, 240, True),
        (UNKNOWN, -60, False),
        (UNKNOWN, -61, True),
        (RESERVED, -240, False),
        (RESERVED, -241, True),
    ],
)
def test_when_a_request_is_over(status: CallStatus, seconds: int, over: bool) -> None:
    now = NOON + timedelta(seconds=seconds)
    assert is_over(entry(status), now) is over
    assert is_over(entry(status, reserved_at=None), now) is over, "what has no reservation is as old as it is"


@pytest.mark.parametrize("status", [RESERVED, UNKNOWN])
def test_the_age_is_that_of_the_reservation_not_of_the_last_word_about_it(status: CallStatus) -> None:
    later = NOON + timedelta(hours=1)
    assert is_over(entry(status, at=later), later)
    assert not is_over(entry(status, at=NOON, reserved_at=later), later)


def test_it_is_known_when_a_reservation_is_over() -> None:
    late = NOON + timedelta(hours=1)
    for reserved in (entry(RESERVED, at=late), entry(RESERVED, reserved_at=None)):
        moment = decided_at(reserved)
        assert is_over(reserved, moment)
        assert not is_over(reserved, moment - timedelta(microseconds=1))


def test_what_is_in_doubt_and_what_is_under_way(ledger: Ledger) -> None:
    now = NOON + timedelta(seconds=240)
    fresh = now - timedelta(seconds=239)
    entries = {
        Key(NOON, f"+1555867530{number}"): found
        for number, found in enumerate(
            [
                entry(UNKNOWN),
                entry(UNKNOWN, reserved_at=now),
                entry(RESERVED),
                entry(RESERVED, reserved_at=fresh),
                *[entry(status) for status in CallStatus if status not in (RESERVED, UNKNOWN)],
            ]
        )
    }
    found = [doubt.key.to for doubt in doubts(ledger, entries, now)]
    assert found == ["+15558675300", "+15558675301", "+15558675302"]
    assert flights(entries, now) == {("+15558675303", US)}


def call_of(**changed: Any) -> Call:
    """A call that ended two minutes after noon, as the API tells of it."""
    told = {
        "sid": "CA" + "1" * 32,
        "status": "completed",
        "to": BOB,
        "from": US,
        "direction": "outbound-api",
        "date_created": NOON,
        "end_time": NOON + timedelta(minutes=2),
        **changed,
    }
    return Call.parse(
        {name: value.isoformat() if isinstance(value, datetime) else value for name, value in told.items()}
    )


CALL = call_of()


@pytest.mark.parametrize(
    ("changed", "fits"),
    [
        ({}, True),
        ({"date_created": NOON - timedelta(seconds=30)}, True),
        ({"date_created": NOON - timedelta(seconds=31)}, False),
        ({"date_created": NOON + timedelta(minutes=4)}, True),
        ({"date_created": NOON + timedelta(minutes=4, seconds=1)}, False),
        ({"date_created": None}, False),
        ({"direction": "inbound"}, False),
        ({"direction": "outbound-dial"}, False),
        ({"to": "+15558675311"}, False),
        ({"from": "+15017122662"}, False),
        ({"from": ""}, False),
    ],
)
def test_which_call_fits(ledger: Ledger, changed: dict[str, Any], fits: bool) -> None:
    call = call_of(**changed)
    late = NOON + timedelta(hours=9)
    assert Doubt(ledger, KEY, entry(UNKNOWN, at=late)).fits(call) is fits
    assert Doubt(ledger, KEY, entry(UNKNOWN, reserved_at=None)).fits(call) is fits


def test_what_does_not_say_which_number_called_fits_no_call(ledger: Ledger) -> None:
    nameless = entry(RESERVED, from_=None)
    assert not Doubt(ledger, KEY, nameless).fits(CALL)
    assert flights({KEY: nameless}, NOON) == {(BOB, "")}


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Client]:
    clock = ManualClock(NOON)
    with open_client(CREDENTIALS, emulator.url, read_only=True, clock=clock) as ready:
        yield ready


def seeded(emulator: Emulator, *seconds: int) -> None:
    rows = [
        {
            "to": BOB,
            "from": US,
            "status": "completed",
            "direction": "outbound-api",
            "date_created": (NOON + timedelta(seconds=n)).isoformat(),
        }
        for n in seconds
    ]
    emulator.seed({"calls": rows})


@pytest.mark.parametrize("claim", ["ours", "another"])
@pytest.mark.parametrize("sid", [None, "CA" + "9" * 32])
@pytest.mark.parametrize("calls", [0, 1, 2])
@pytest.mark.parametrize("status", [RESERVED, UNKNOWN])
def test_a_settlement_is_written_over_the_doubt_that_it_is_about(
    ledger: Ledger,
    client: Client,
    emulator: Emulator,
    status: CallStatus,
    calls: int,
    sid: str | None,
    claim: str,
) -> None:
    """Meanwhile the run that was thought dead may have written its answer, or somebody reserved it anew."""
    seeded(emulator, *range(calls))
    now = NOON + timedelta(hours=1)
    there = entry(status, claim=claim, sid=sid)
    ledger.change(KEY, lambda _: there)
    settle([Doubt(ledger, KEY, entry(status))], client, now, (), ())
    after = ledger.entry(KEY)
    assert after is not None
    if claim == "another":
        assert after == there
    elif calls == 1 and sid is None:
        assert (after.status, after.call, after.at) == (CallStatus.ANSWERED, "completed", now)
        assert after.sid is not None
    elif status is RESERVED and calls != 1:
        assert (after.status, after.sid, after.at) == (UNKNOWN, sid, now)
        assert "between reserving" in (after.reason or "")
    else:
        assert after == there


def test_between_numbers_of_a_request_under_way_nothing_is_settled(
    ledger: Ledger, client: Client, emulator: Emulator
) -> None:
    seeded(emulator, 0)
    doubt = Doubt(ledger, KEY, entry(UNKNOWN))
    now = NOON + timedelta(hours=1)
    assert settle([doubt], client, now, (), {(BOB, US)}) == []
    assert settle([Doubt(ledger, KEY, entry(RESERVED))], client, NOON, (), ()) == []
    assert emulator.requests("listCalls") == []
    ledger.change(KEY, lambda _: doubt.entry)
    (settled,) = settle([doubt], client, now, (), {(BOB, "+15017122662")})
    assert settled[1].status is CallStatus.ANSWERED


@pytest.mark.parametrize("calls", [0, 1])
@pytest.mark.parametrize("status", [RESERVED, UNKNOWN])
def test_an_entry_that_was_taken_out_meanwhile_is_not_made_again(
    ledger: Ledger, client: Client, emulator: Emulator, status: CallStatus, calls: int
) -> None:
    seeded(emulator, *range(calls))
    now = NOON + timedelta(hours=1)
    assert settle([Doubt(ledger, KEY, entry(status))], client, now, (), ()) == []
    assert ledger.entry(KEY) is None


def test_what_is_given_up_is_said_and_waits_for_requests_between_the_same_numbers(
    ledger: Ledger, client: Client
) -> None:
    doubt = Doubt(ledger, KEY, entry(RESERVED, from_=None))
    ledger.change(KEY, lambda _: doubt.entry)
    now = NOON + timedelta(hours=1)
    assert settle([doubt], client, now, (), {(BOB, "")}) == []
    ((told, after),) = settle([doubt], client, now, (), {(BOB, US)})
    assert (told, after) == (doubt, ledger.entry(KEY))
    assert after.status is UNKNOWN


def test_a_call_that_another_key_has_is_not_taken_and_two_keys_share_none(
    ledger: Ledger, client: Client, emulator: Emulator
) -> None:
    seeded(emulator, 0)
    (call,) = client.list_calls(to=BOB, from_=US)
    keys = [KEY, Key(NOON + timedelta(minutes=1), BOB)]
    for key in keys:
        ledger.change(key, lambda _: entry(UNKNOWN))
    now = NOON + timedelta(hours=1)
    both = [Doubt(ledger, key, entry(UNKNOWN)) for key in keys]
    settle(both, client, now, (), ())
    settle(both[:1], client, now, (call.sid,), ())
    assert {found.status for found in ledger.entries().values()} == {UNKNOWN}
    settle(both[:1], client, now, (), ())
    assert ledger.entries()[KEY].sid == call.sid


@pytest.mark.parametrize(
    ("told", "status", "ended"),
    [
        ("queued", CallStatus.PLACED, False),
        ("in-progress", CallStatus.PLACED, False),
        ("something-new", CallStatus.PLACED, False),
        ("completed", CallStatus.ANSWERED, True),
        ("busy", CallStatus.BUSY, True),
        ("no-answer", CallStatus.NO_ANSWER, True),
        ("failed", CallStatus.FAILED, True),
        ("canceled", CallStatus.CANCELED, True),
    ],
)
def test_what_a_call_tells(told: str, status: CallStatus, ended: bool) -> None:
    now = NOON + timedelta(hours=1)
    before = entry(CallStatus.PLACED, call="ringing", sid=CALL.sid)
    after = with_call(before, call_of(status=told), now)
    over = NOON + timedelta(minutes=2) if ended else None
    assert after == replace(before, status=status, at=now, call=told, ended_at=over)
    assert with_call(after, call_of(status=told), now + timedelta(hours=1)) is after


def test_what_a_call_tells_counts_over_what_was_taken_for_its_outcome() -> None:
    """An entry that a person, or an earlier version, gave another outcome than its call has."""
    before = entry(CallStatus.PLACED, call="busy", sid=CALL.sid)
    now = NOON + timedelta(hours=1)
    after = with_call(before, call_of(status="busy"), now)
    assert (after.status, after.at, after.ended_at) == (CallStatus.BUSY, now, NOON + timedelta(minutes=2))


def test_when_a_call_ended() -> None:
    now = NOON + timedelta(hours=1)
    before = entry(CallStatus.PLACED, call=GONE)
    updated = call_of(end_time=None, date_updated=NOON)
    assert with_call(before, updated, now).ended_at == NOON
    assert with_call(before, call_of(end_time=None), now).ended_at == now


@pytest.mark.parametrize(
    ("told", "known", "becomes", "status"),
    [
        ("human", None, "human", CallStatus.ANSWERED),
        ("machine_start", "human", "machine_start", CallStatus.MACHINE),
        (None, "machine_start", "machine_start", CallStatus.MACHINE),
        ("<page>", "machine_start", "machine_start", CallStatus.MACHINE),
        (None, None, None, CallStatus.ANSWERED),
    ],
)
def test_who_answered_is_what_was_told_last(
    told: str | None, known: str | None, becomes: str | None, status: CallStatus
) -> None:
    before = entry(CallStatus.PLACED, call="in-progress", sid=CALL.sid, answered_by=known)
    after = with_call(before, call_of(answered_by=told), NOON)
    assert (after.answered_by, after.status) == (becomes, status)


@pytest.mark.parametrize(("told", "kept"), [("completed", 42), ("in-progress", None), ("no-answer", None)])
def test_how_long_it_took_is_known_of_a_call_that_was_completed(told: str, kept: int | None) -> None:
    before = entry(CallStatus.PLACED, call="ringing", sid=CALL.sid)
    after = with_call(before, call_of(status=told, duration="42"), NOON)
    assert after.duration == kept


ANNA = ["sip:anna@example.com", "sips:anna@Example.com:5061"]


@pytest.mark.parametrize("placed", ANNA)
@pytest.mark.parametrize("order", [ANNA, ANNA[::-1]])
def test_two_spellings_of_one_person_share_no_call(
    ledger: Ledger, client: Client, emulator: Emulator, placed: str, order: list[str]
) -> None:
    """Whichever of them the call was made to: it fits both."""
    keys = [Key(NOON, to) for to in order]
    now = NOON + timedelta(hours=1)
    for key in keys:
        ledger.change(key, lambda _: entry(UNKNOWN))
    row = {"to": placed, "from": US, "status": "completed", "direction": "outbound-api"}
    emulator.seed({"calls": [{**row, "date_created": NOON.isoformat()}]})
    doubted = [Doubt(ledger, key, entry(UNKNOWN)) for key in keys]
    settle(doubted, client, now, (), ())
    assert {found.status for found in ledger.entries().values()} == {UNKNOWN}
    other = flights({keys[1]: entry(RESERVED)}, NOON)
    (alone,) = [doubt for doubt in doubted if doubt.key.to == placed]
    assert settle([alone], client, now, (), other) == [], "it may be the other's, under way"
    settle([alone], client, now, (), ())
    assert ledger.entries()[alone.key].sid is not None


def test_a_caller_in_two_spellings_is_one(ledger: Ledger, client: Client, emulator: Emulator) -> None:
    callers = ["sip:desk@example.com", "sip:desk@EXAMPLE.com"]
    keys = [Key(NOON + timedelta(minutes=number), BOB) for number in range(2)]
    doubted = [
        Doubt(ledger, key, entry(UNKNOWN, from_=from_)) for key, from_ in zip(keys, callers, strict=True)
    ]
    for doubt in doubted:
        ledger.change(doubt.key, lambda _, doubt=doubt: doubt.entry)  # type: ignore[misc]
    row = {"to": BOB, "from": callers[0], "status": "completed", "direction": "outbound-api"}
    emulator.seed({"calls": [{**row, "date_created": NOON.isoformat()}]})
    now = NOON + timedelta(hours=1)
    settle(doubted, client, now, (), ())
    assert {found.status for found in ledger.entries().values()} == {UNKNOWN}
    settle(doubted[:1], client, now, (), ())
    assert ledger.entries()[keys[0]].status is CallStatus.ANSWERED


def test_of_people_who_were_erased_each_is_somebody_else(ledger: Ledger, client: Client) -> None:
    marks = [f"erased:07:{letter * 32}" for letter in "ab"]
    doubt = Doubt(ledger, Key(NOON, marks[0]), entry(RESERVED))
    ledger.change(doubt.key, lambda _: doubt.entry)
    now = NOON + timedelta(hours=1)
    other = flights({Key(NOON, marks[1]): entry(RESERVED, reserved_at=now)}, now)
    ((_, after),) = settle([doubt], client, now, (), other)
    assert after.status is UNKNOWN

"""The bounds of the ledger: which days are read, and which marks of time are believed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.store import (
    Head,
    Ledger,
    calls_kept,
    check_ledgers,
    day_of,
    days_before,
    head_kept,
    if_undecided,
    ledger_names,
)
from voiceform.model.errors import DamagedDocumentsError, StateConflictError, StateError
from voiceform.model.store import StoredDocument, Write
from voiceform.state.sqlite import SqliteStore

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "state.db") as opened:
        yield opened


@pytest.mark.parametrize(
    ("given", "becomes"),
    [
        (NOON + DAY, NOON + DAY),
        (NOON - timedelta(seconds=1), NOON),
        (NOON - 31 * DAY, NOON),
        (NOON - 31 * DAY - timedelta(seconds=1), NOON - 31 * DAY - timedelta(seconds=1)),
    ],
)
def test_the_mark_rises_unless_it_was_absurd(store: SqliteStore, given: datetime, becomes: datetime) -> None:
    ledger = Ledger(store, "call.a")
    assert ledger.set_head(high_water=NOON).high_water == NOON
    assert ledger.set_head(high_water=given).high_water == becomes
    assert ledger.set_head().high_water == becomes
    assert Ledger(store, "call.a").head().high_water == becomes


def test_what_is_not_given_stays(store: SqliteStore) -> None:
    ledger = Ledger(store, "call.a")
    assert ledger.head() == Head()
    full = ledger.set_head(account="AC1", closed=True, high_water=NOON, since=NOON, applied="f" * 16)
    assert ledger.set_head() == full
    opened = ledger.set_head(closed=False)
    assert opened == Head("AC1", closed=False, high_water=NOON, since=NOON, applied="f" * 16, changes=2)
    assert ledger.set_head(since=NOON + DAY, account="AC2").since == NOON + DAY
    assert ledger.set_head(applied="0" * 16).applied == "0" * 16
    assert ledger_names(store) == ["call.a"]


@pytest.mark.parametrize("changes", [-1, True, "1", None])
def test_a_head_that_does_not_say_how_often_it_was_changed_is_damaged(
    store: SqliteStore, changes: object
) -> None:
    Ledger(store, "call.a").set_head(applied="f" * 16)
    stored = store.get("ledger-heads/call.a")
    assert stored is not None
    store.put(stored.key, {**stored.document, "changes": changes}, stored.version)
    with pytest.raises(DamagedDocumentsError, match=r"'ledger-heads/call\.a' is damaged"):
        Ledger(store, "call.a").head()


def test_what_is_in_force_is_never_the_same_again(store: SqliteStore) -> None:
    ledger = Ledger(store, "call.a")
    changes: list[dict[str, Any]] = [
        {"applied": "f" * 16, "closed": False},
        {"applied": "0" * 16},
        {"applied": "f" * 16},
        {"closed": True},
        {"closed": False},
    ]
    versions = [ledger.set_head(**change).version for change in changes]
    assert [count for _, count in versions] == [1, 2, 3, 4, 5]
    assert ledger.set_head(applied="f" * 16, closed=False, high_water=NOON).version == versions[-1]


def test_a_ledger_begins_with_its_first_mark_even_an_empty_one(store: SqliteStore) -> None:
    Ledger(store, "call.a").set_head()
    assert ledger_names(store) == ["call.a"]


def test_a_pushed_state_takes_nothing_out_of_a_ledger() -> None:
    known, older = {"status": "placed", "at": "1"}, {"status": "reserved", "at": "0"}
    stored = StoredDocument("ledger/call.a/2026-03-02/00", {"calls": {"k": known, "only": known}}, "1")
    assert calls_kept(stored, None) == stored.document
    pushed = {"calls": {"k": older, "new": older}}
    assert calls_kept(stored, pushed) == {"calls": {"k": known, "only": known, "new": older}}
    head = StoredDocument("ledger-heads/call.a", {"closed": True, "applied": "f" * 16}, "1")
    assert head_kept(head, {"closed": False, "applied": "f" * 16}) == head.document
    for other in (None, {"closed": False, "applied": "0" * 16}):
        assert head_kept(head, other) == {"closed": True, "applied": None}, "nobody knows which is in force"


def test_what_is_left_as_it_is_was_read_anew(tmp_path: Path) -> None:
    """A ledger remembers what it wrote; what others made of it since decides."""
    key, canceled = Key(NOON, "+15558675310"), LedgerEntry(CallStatus.CANCELED, NOON)
    with SqliteStore(tmp_path / "state.db") as one, SqliteStore(tmp_path / "state.db") as two:
        ours, theirs = Ledger(one, "call.a"), Ledger(two, "call.a")
        theirs.change(key, lambda _: LedgerEntry(CallStatus.RESERVED, NOON))
        assert not ours.change(key, if_undecided(canceled))[1]
        theirs.change(key, lambda _: LedgerEntry(CallStatus.DEFERRED, NOON))
        assert ours.change(key, if_undecided(canceled)) == (canceled, True)


def test_the_days_that_are_read(store: SqliteStore) -> None:
    ledger = Ledger(store, "call.a")
    keys = [Key(NOON + n * DAY, "+15558675310") for n in range(-1, 2)]
    for key in keys:
        ledger.change(key, if_undecided(LedgerEntry(CallStatus.MISSED, NOON)))
    Ledger(store, "call.ab").change(keys[0], if_undecided(LedgerEntry(CallStatus.PLACED, NOON)))
    assert sorted(ledger.entries()) == keys
    assert sorted(ledger.entries(NOON.date())) == keys[1:]
    assert sorted(ledger.entries(date(2026, 3, 3))) == keys[2:]
    assert ledger.entries(date(2026, 3, 4)) == {}


def test_days_are_those_of_utc() -> None:
    tokyo = timezone(timedelta(hours=9))
    assert day_of(datetime(2026, 3, 2, 8, 59, tzinfo=tokyo)) == date(2026, 3, 1)
    assert days_before(NOON, timedelta(hours=12)) == date(2026, 3, 2)
    assert days_before(NOON, timedelta(hours=12, seconds=1)) == date(2026, 3, 1)


@pytest.mark.parametrize("status", CallStatus)
def test_only_a_key_without_an_outcome_is_taken(store: SqliteStore, status: CallStatus) -> None:
    key = Key(NOON, "+15558675310")
    ledger, other = Ledger(store, "call.a"), Ledger(store, "call.a")
    assert ledger.entry(key) is None
    there = LedgerEntry(status, NOON, claim="theirs")
    assert other.change(key, lambda _: there) == (there, True)
    ours = LedgerEntry(CallStatus.RESERVED, NOON, claim="ours")
    free = status is CallStatus.DEFERRED
    assert ledger.change(key, if_undecided(ours)) == ((ours, True) if free else (there, False))
    assert other.entry(key) == (ours if free else there)


def test_a_reader_of_an_old_version_never_writes_over_what_came_since(store: SqliteStore) -> None:
    """Each ledger remembers what it read; the store refuses, and the step is asked again."""
    key = Key(NOON, "+15558675310")
    slow, fast = Ledger(store, "call.a"), Ledger(store, "call.a")
    slow.change(key, lambda _: None)
    placed = LedgerEntry(CallStatus.PLACED, NOON, "CA" + "1" * 32)
    fast.change(key, lambda _: placed)
    asked: list[LedgerEntry | None] = []

    def step(entry: LedgerEntry | None) -> LedgerEntry | None:
        asked.append(entry)
        return LedgerEntry(CallStatus.RESERVED, NOON) if entry is None else None

    assert slow.change(key, step) == (placed, False)
    assert asked == [None, placed]


@pytest.mark.parametrize("place", ["first", "then"])
def test_what_is_to_be_written_beside_it_and_cannot_be_stops_the_step(store: SqliteStore, place: str) -> None:
    """Whoever asks for it judges anew: the ledger does not try again by itself."""
    store.put("contacts/a", {"calls": {}}, None)
    stale = {place: Write("contacts/a", {"calls": {}}, None)}
    ledger, key = Ledger(store, "call.a"), Key(NOON, "+15558675310")
    ledger.set_head()
    entry = LedgerEntry(CallStatus.RESERVED, NOON, claim="mine")
    with pytest.raises(StateConflictError):
        ledger.change(key, if_undecided(entry), **stale)
    assert ledger.entry(key) is None
    assert ledger.change(key, if_undecided(entry)) == (entry, True)


def test_damage_is_named_and_nothing_is_made_of_it(store: SqliteStore) -> None:
    ledger = Ledger(store, "call.a")
    ledger.change(Key(NOON, "+15558675310"), if_undecided(LedgerEntry(CallStatus.PLACED, NOON)))
    (stored,) = store.list("ledger/")
    store.put(stored.key, {"calls": {"2026-03-02T12:00:00Z|1": {}}}, stored.version)
    with pytest.raises(StateError, match="is damaged"):
        Ledger(store, "call.a").entries()


@pytest.mark.parametrize(
    ("to", "shard"), [("+15558675310", "33"), ("sip:anna@example.com", "04"), ("client:anna", "21")]
)
def test_a_key_is_looked_up_where_every_version_of_this_program_puts_it(
    store: SqliteStore, to: str, shard: str
) -> None:
    Ledger(store, "call.a").change(Key(NOON, to), if_undecided(LedgerEntry(CallStatus.PLACED, NOON)))
    assert [stored.key for stored in store.list("ledger/")] == [f"ledger/call.a/2026-03-02/{shard}"]


def test_nothing_is_older_than_the_clocks_of_computers() -> None:
    assert days_before(NOON, timedelta(days=99_999)) == date(1970, 1, 1)


def test_what_stays_as_it_is_is_not_written(store: SqliteStore) -> None:
    key, ledger = Key(NOON, "+15558675310"), Ledger(store, "call.a")
    there = LedgerEntry(CallStatus.PLACED, NOON)
    assert ledger.change(key, lambda _: there) == (there, True)
    (before,) = store.list("ledger/")
    assert ledger.change(key, lambda entry: entry) == (there, False)
    assert list(store.list("ledger/")) == [before]


def test_a_head_that_does_not_say_whether_it_is_closed_is_damaged(store: SqliteStore) -> None:
    store.put("ledger-heads/call.a", {"account": None, "high_water": None, "since": None}, None)
    with pytest.raises(DamagedDocumentsError, match=r"'ledger-heads/call\.a' is damaged: 'closed'"):
        Ledger(store, "call.a").head()


@pytest.mark.parametrize(
    ("key", "sound"),
    [
        ("ledger/call.a/2026-03-02/33", True),
        ("ledger/call.a/2026-03-02/34", False),
        ("ledger/call.a/2026-03-03/33", False),
    ],
)
def test_a_pushed_key_must_be_where_it_is_looked_up(store: SqliteStore, key: str, sound: bool) -> None:
    entry = LedgerEntry(CallStatus.PLACED, NOON).document()
    store.put(key, {"calls": {str(Key(NOON, "+15558675310")): entry}}, None)
    with nullcontext() if sound else pytest.raises(StateError, match="a key of another day or number"):
        check_ledgers(store)

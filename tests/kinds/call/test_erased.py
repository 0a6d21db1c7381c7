"""Of whom was erased the ledger knows still that they were called, and for which occurrence."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.erased import is_mark, mark_of
from voiceform.kinds.call.ledger.store import Ledger, LedgerReader, check_ledgers, if_undecided
from voiceform.kinds.pseudonyms import Pseudonyms
from voiceform.model.errors import StateError
from voiceform.state.sqlite import SqliteStore

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ALICE, BOB = "+15558675310", "+15552223333"
SECRET = "ab" * 32
CALLED = LedgerEntry(CallStatus.ANSWERED, NOON, sid="CA" + "1" * 32)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "state.db") as opened:
        opened.put("meta", {"format": 1, "lineage": "x", "serial": 1, "secret": SECRET}, None)
        yield opened


@pytest.fixture
def ledger(store: SqliteStore) -> Ledger:
    """A ledger in which the key of Alice is marked, as an erasure leaves it."""
    ledger = Ledger(store, "call.a")
    ledger.set_head()
    ledger.change(Key(NOON, ALICE), lambda _: CALLED)
    ledger.change(Key(NOON, BOB), lambda _: CALLED)
    for stored in list(store.list("ledger/")):
        shard = stored.key.rpartition("/")[2]
        calls = {
            text.replace(ALICE, mark_of(ALICE, shard, Pseudonyms(SECRET))): entry
            for text, entry in stored.document["calls"].items()
        }
        store.put(stored.key, {"calls": calls}, stored.version)
    return Ledger(store, "call.a")


def test_an_erased_person_is_not_called_again_for_the_same_occurrence(ledger: Ledger) -> None:
    reserved = LedgerEntry(CallStatus.RESERVED, NOON, claim="mine")
    assert ledger.change(Key(NOON, ALICE), if_undecided(reserved)) == (CALLED, False)
    assert ledger.change(Key(NOON, ALICE, 2), if_undecided(reserved)) == (reserved, True)


def test_only_who_knows_the_number_finds_the_entry(store: SqliteStore, ledger: Ledger) -> None:
    reader = LedgerReader(store, "call.a")
    (mark,) = (key for key in reader.entries() if key.to != BOB)
    assert is_mark(mark.to)
    assert ALICE[-4:] not in mark.to
    again = reader.entries(people=["sip:+1-555-867-5310@pbx.example.com", BOB])
    assert set(again) == {Key(NOON, "sip:+1-555-867-5310@pbx.example.com"), Key(NOON, BOB)}
    assert reader.entry(Key(NOON, ALICE)) == CALLED


def test_an_entry_under_a_mark_can_be_changed_and_stays_there(store: SqliteStore, ledger: Ledger) -> None:
    (mark,) = (key for key in ledger.entries() if key.to != BOB)
    busy = LedgerEntry(CallStatus.BUSY, NOON, sid=CALLED.sid)
    assert ledger.change(mark, lambda _: busy) == (busy, True)
    assert ledger.change(Key(NOON, ALICE), lambda before: before) == (busy, False)
    assert len(ledger.entries()) == 2
    check_ledgers(store)


def test_who_was_not_erased_is_found_beside_who_was(store: SqliteStore, ledger: Ledger) -> None:
    """Their keys stand in one document, which is then looked up by mark and by number."""
    document = ledger.document_of(Key(NOON, ALICE))
    carol = next(
        Key(NOON, number)
        for number in (f"+1555{last:07d}" for last in range(10_000))
        if ledger.document_of(Key(NOON, number)) == document
    )
    assert ledger.change(carol, if_undecided(CALLED)) == (CALLED, True)
    reserved = LedgerEntry(CallStatus.RESERVED, NOON, claim="mine")
    assert Ledger(store, "call.a").change(carol, if_undecided(reserved)) == (CALLED, False)
    assert ledger.entries()[carol] == CALLED


def test_marks_that_nobody_can_compare_let_nobody_be_called(store: SqliteStore, ledger: Ledger) -> None:
    stored = store.get("meta")
    assert stored is not None
    store.put("meta", {"format": 1, "lineage": "x", "serial": 1}, stored.version)
    with pytest.raises(StateError, match="no secret"):
        ledger.change(Key(NOON, ALICE), if_undecided(CALLED))
    with pytest.raises(StateError, match="no secret"):
        ledger.entries(people=[ALICE])

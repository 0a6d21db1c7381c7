"""Holds are looked at again before each deletion: those that the plan knew, and those that came since."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.kinds.retention.rows import NOW, recording
from tests.support import ACCOUNT, TOKEN
from voiceform.emulator import Emulator
from voiceform.kinds.retention.call_lookup import CallBook
from voiceform.kinds.retention.holds import READ_EVERY, HoldBook
from voiceform.model.address import Address
from voiceform.model.clock import ManualClock
from voiceform.model.errors import StateError
from voiceform.model.resource import Recorded
from voiceform.state.resources import resource_write
from voiceform.state.sqlite import SqliteStore
from voiceform.twilio.client import open_client
from voiceform.twilio.credentials import Credentials


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    with SqliteStore(tmp_path / "state.db") as opened:
        yield opened


@pytest.fixture
def calls(emulator: Emulator) -> Iterator[CallBook]:
    who = Credentials(ACCOUNT, ACCOUNT, TOKEN)
    with open_client(who, emulator.url, read_only=True, clock=ManualClock(NOW)) as client:
        yield CallBook(client)


def put(store: SqliteStore, name: str, **match: Any) -> None:
    """Record a hold."""
    address = Address("retention", f"holds.{name}")
    attributes = {"reason": "litigation", "match": match}
    store.write((resource_write(Recorded(address, None, attributes), None),))


def test_a_hold_keeps_what_it_matches_now(store: SqliteStore, calls: CallBook) -> None:
    """A row may have changed since the plan weighed it: it is tried again, with what it says itself."""
    assert not HoldBook(store, calls).any
    put(store, "rooms", source=["Conference"])
    book = HoldBook(store, calls)
    assert book.any
    assert book.keeping(recording(source="Conference")) == ("rooms",)
    assert book.keeping(recording(source="DialVerb")) == ()


def test_what_it_asks_of_a_call_is_asked_again(
    store: SqliteStore, calls: CallBook, emulator: Emulator
) -> None:
    put(store, "person", **{"from": ["+15558675310"]})
    assert HoldBook(store, calls).keeping(recording()) == ("person",), "a call that is gone may be anybody's"
    assert emulator.requests() != []


def test_a_hold_that_lands_counts_after_so_many_answers(store: SqliteStore, calls: CallBook) -> None:
    book = HoldBook(store, calls)
    put(store, "late", source=["Conference"])
    row = recording(source="Conference")
    answers = [bool(book.keeping(row)) for _ in range(READ_EVERY + 1)]
    assert answers.index(True) < READ_EVERY
    assert all(answers[answers.index(True) :])


def test_a_hold_that_cannot_be_read_stops_everything(store: SqliteStore, calls: CallBook) -> None:
    put(store, "rooms", source=["Conference"])
    (entry,) = store.list("resources/")
    store.put(entry.key, {**entry.document, "attributes": {"match": 5}}, entry.version)
    with pytest.raises(StateError, match="cannot be read"):
        HoldBook(store, calls)

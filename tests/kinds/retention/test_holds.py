"""Holds are looked at again before each deletion: those that the plan knew, and those that came since."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.kinds.retention.rows import NOW, recording
from tests.support import ACCOUNT, TOKEN
from voiceform.emulator import Emulator
from voiceform.kinds.retention.added import FRESH_SECONDS, HoldRequest, add
from voiceform.kinds.retention.call_lookup import CallBook
from voiceform.kinds.retention.holds import (
    GATHER_SECONDS,
    READ_EVERY,
    HoldBook,
    HoldsMovedError,
)
from voiceform.model.address import Address
from voiceform.model.clock import ManualClock
from voiceform.model.errors import StateError
from voiceform.model.resource import Recorded
from voiceform.model.runtime import Lock, Machine, Runtime
from voiceform.model.store import StoredDocument
from voiceform.state.resources import resource_write
from voiceform.state.sqlite import SqliteStore
from voiceform.twilio.client import open_client
from voiceform.twilio.credentials import Credentials
from voiceform.twilio.resources import Recording


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


class Counted(SqliteStore):
    """A state that tells how often it was looked at and read; looking takes until `released`."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.looks = self.reads = 0
        self.looking, self.released = threading.Event(), threading.Event()
        self.released.set()

    def version(self, key: str) -> str | None:
        self.looks += 1
        found = super().version(key)
        self.looking.set()
        assert self.released.wait(60)
        return found

    def get(self, key: str) -> StoredDocument | None:
        self.reads += 1
        return super().get(key)

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        self.reads += 1
        return super().list(prefix)


def added(store: SqliteStore, name: str, *recordings: Recording) -> None:
    """Add a hold by command."""
    request = HoldRequest.of(name, "x", [row.sid for row in recordings])
    add(store, request, who="me", now=NOW)


def test_what_is_as_it_was_is_not_read_again(tmp_path: Path, calls: CallBook) -> None:
    with Counted(tmp_path / "state.db") as store:
        put(store, "declared", recording_sid=[recording(1).sid])
        added(store, "one", recording(2))
        book = HoldBook(store, calls)
        assert [book.keeping(recording(n)) for n in range(4)] == [(), ("declared",), ("one",), ()]
        store.looks = store.reads = 0
        for _ in range(4 * READ_EVERY):
            assert book.keeping(recording(2)) == ("one",)
        assert store.reads == 0
        assert store.looks == 4 * READ_EVERY, "before every answer"
        put(store, "late", recording_sid=[recording(3).sid])
        added(store, "two", recording(0))
        assert book.keeping(recording(0)) == ("two",)
        answers = [book.keeping(recording(3)) for _ in range(READ_EVERY)]
        assert answers[-1] == ("late",)


def test_holds_that_were_there_from_the_beginning_did_not_move(tmp_path: Path, calls: CallBook) -> None:
    """Else the first deletions of a run would all be asked about anew, each by a request of its own."""
    with SqliteStore(tmp_path / "state.db") as store:
        put(store, "declared", recording_sid=[recording(1).sid])
        added(store, "one", recording(2))
        book = HoldBook(store, calls)
        may_leave = book.leave()
        assert book.keeping(recording(2)) == ("one",)
        may_leave()
        may_leave = book.leave()
        added(store, "two", recording(3))
        assert book.keeping(recording(3)) == ("two",)
        with pytest.raises(HoldsMovedError):
            may_leave()


def test_many_who_wait_share_a_look_that_began_after_they_had_asked(tmp_path: Path, calls: CallBook) -> None:
    """A hold that lands while one look is under way is seen by everybody who asks from then on."""
    with Counted(tmp_path / "state.db") as store, ThreadPoolExecutor(40) as pool:
        added(store, "first", recording(99))
        book = HoldBook(store, calls)
        book.keeping(recording(0))
        store.looks = 0
        store.released.clear()
        store.looking.clear()
        early = pool.submit(book.keeping, recording(1))
        assert store.looking.wait(60)
        added(store, "late", recording(1))
        others = [pool.submit(book.keeping, recording(1)) for _ in range(39)]
        store.released.set()
        assert early.result(60) == (), "its look was over before"
        assert {other.result(60) for other in others} == {("late",)}
        assert 2 <= store.looks <= 40


def test_a_look_that_fails_answers_nobody(tmp_path: Path, calls: CallBook) -> None:
    with SqliteStore(tmp_path / "state.db") as store:
        book = HoldBook(store, calls)
        version = store.put("holds/added", {"holds": ["x"]}, None)
        for _ in range(3):
            with pytest.raises(StateError, match="cannot be read"):
                book.keeping(recording())
        store.delete("holds/added", version)
        assert book.keeping(recording()) == ()


class Waiting:
    """A lock that tells when somebody waits for it."""

    def __init__(self, waits: threading.Semaphore) -> None:
        self._lock = threading.Lock()
        self._waits = waits

    def acquire(self, blocking: bool = True) -> bool:
        if self._lock.acquire(blocking=False):
            return True
        self._waits.release()
        return self._lock.acquire(blocking=blocking)

    def release(self) -> None:
        self._lock.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class Late(Machine):
    """A machine whose uptime is told; `meanwhile` is done while somebody sleeps, and `waits` counts those who
    came to wait for a lock."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []
        self.meanwhile: Callable[[], object] = lambda: None
        self.waits = threading.Semaphore(0)

    def uptime(self) -> float:  # a function of the class elsewhere
        return self.seconds

    def sleep(self, seconds: float) -> None:  # type: ignore[override]
        self.slept.append(seconds)
        self.meanwhile()
        self.seconds += seconds

    def lock(self) -> Lock:  # type: ignore[override]
        return Waiting(self.waits)


class OnLate(Counted):
    """A state on such a machine."""

    def __init__(self, path: Path) -> None:
        self.machine = Late()
        super().__init__(path)

    @property
    def runtime(self) -> Runtime:
        return self.machine


def test_where_many_ask_a_look_waits_for_more_of_them_and_sees_what_lands_meanwhile(
    tmp_path: Path, calls: CallBook
) -> None:
    with OnLate(tmp_path / "state.db") as store, ThreadPoolExecutor(3) as pool:
        machine = store.machine
        book = HoldBook(store, calls)
        for _ in range(3):
            assert book.keeping(recording(1)) == ()
        assert machine.slept == [], "who is alone does not wait"
        store.looking.clear()
        store.released.clear()
        asked = [pool.submit(book.keeping, recording(1))]
        assert store.looking.wait(60)
        for _ in range(2):
            asked.append(pool.submit(book.keeping, recording(1)))
            assert machine.waits.acquire(timeout=60)
        store.released.set()
        assert [one.result(60) for one in asked] == [(), (), ()]
        assert machine.slept == []

        def land() -> None:
            machine.meanwhile = lambda: None
            added(store, "late", recording(1))

        machine.meanwhile = land
        store.looks = 0
        assert book.keeping(recording(1)) == ("late",)
        assert machine.slept == [GATHER_SECONDS, 2 * FRESH_SECONDS]
        assert book.keeping(recording(1)) == ("late",)
        assert len(machine.slept) == 2, "it was alone once more"


@pytest.mark.parametrize("late", [0.0, FRESH_SECONDS, FRESH_SECONDS * 2])
def test_holds_are_looked_for_again_before_what_leaves_late_or_once_more(
    tmp_path: Path, calls: CallBook, late: float
) -> None:
    with OnLate(tmp_path / "state.db") as store:
        book = HoldBook(store, calls)
        may_send = book.leave()
        assert book.keeping(recording(1)) == ()
        store.looks = 0
        store.machine.seconds = late
        may_send()
        assert store.looks == (1 if late > FRESH_SECONDS else 0)
        may_send()
        assert store.looks == (2 if late > FRESH_SECONDS else 1), "an attempt that is repeated"
        added(store, "late", recording(1))
        for _ in range(2):
            with pytest.raises(HoldsMovedError):
                may_send()
        again = book.leave()
        assert book.keeping(recording(1)) == ("late",)
        again()


def test_a_request_relies_on_the_last_look_whoever_it_was_for(tmp_path: Path, calls: CallBook) -> None:
    """What waits for its turn leaves without a look of its own as long as others look, and sees what they
    saw."""
    with OnLate(tmp_path / "state.db") as store:
        book = HoldBook(store, calls)
        waiting, kept = book.leave(), book.leave()
        assert book.free([recording(1)]) == [True]
        for seconds in (FRESH_SECONDS, 2 * FRESH_SECONDS):
            store.machine.seconds = seconds
            assert book.keeping(recording(2)) == ()
        store.looks = 0
        waiting()
        assert store.looks == 0
        added(store, "late", recording(2))
        assert book.keeping(recording(2)) == ("late",)
        with pytest.raises(HoldsMovedError):
            kept()


class FarAway(OnLate):
    """A state that takes a second for each answer."""

    def get(self, key: str) -> StoredDocument | None:
        self.machine.seconds += 1
        return super().get(key)


def test_who_adds_a_hold_waits_as_long_as_answers_of_the_state_take(tmp_path: Path) -> None:
    with FarAway(tmp_path / "state.db") as store:
        begun = store.machine.seconds
        added(store, "late", recording(1))
        took = store.machine.seconds - begun - sum(store.machine.slept)
        assert took >= 1
        assert store.machine.slept == [took]


def test_many_are_told_with_one_look_and_no_request(
    tmp_path: Path, calls: CallBook, emulator: Emulator
) -> None:
    """What would have to be asked about calls is not told to be free."""
    with Counted(tmp_path / "state.db") as store:
        put(store, "rooms", source=["Conference"])
        added(store, "one", recording(2))
        book = HoldBook(store, calls)
        store.looks = 0
        rows = [recording(1), recording(2), recording(3, source="Conference"), recording(4)]
        assert book.free(rows) == [True, False, False, True]
        assert store.looks == 1
        put(store, "person", **{"from": ["+15558675310"]})
        for _ in range(READ_EVERY // len(rows) + 1):
            last = book.free(rows)
        assert last == [False] * 4, "anybody's call may be of that number"
        assert emulator.requests() == []


def test_who_adds_a_hold_waits_until_no_run_relies_on_an_earlier_look(
    tmp_path: Path, calls: CallBook
) -> None:
    with OnLate(tmp_path / "state.db") as store:
        book = HoldBook(store, calls)
        may_send = book.leave()
        assert book.free([recording(1)]) == [True]
        added(store, "late", recording(1))
        with pytest.raises(HoldsMovedError):
            may_send()


def test_a_request_for_which_nobody_can_look_does_not_leave(tmp_path: Path, calls: CallBook) -> None:
    with SqliteStore(tmp_path / "state.db") as store:
        may_send = HoldBook(store, calls).leave()
        may_send()
        store.put("holds/added", {"holds": ["x"]}, None)
        with pytest.raises(StateError, match="cannot be read"):
            may_send()


class Unreachable(SqliteStore):
    """A state whose next listing, or whose next look at versions, fails."""

    failing = ""

    def versions(self, prefix: str) -> Mapping[str, str]:
        self._fail("versions")
        return super().versions(prefix)

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        self._fail("list")
        return super().list(prefix)

    def _fail(self, what: str) -> None:
        if self.failing == what:
            self.failing = ""
            raise StateError("no answer", where="the state", hint="run again")


@pytest.mark.parametrize("failing", ["versions", "list"])
def test_what_an_interrupted_look_saw_is_seen_by_the_next(
    tmp_path: Path, calls: CallBook, failing: str
) -> None:
    """Two holds land, and the look that is to see both breaks off between them."""
    with Unreachable(tmp_path / "state.db") as store:
        book = HoldBook(store, calls)
        for _ in range(READ_EVERY - 1):
            book.keeping(recording())
        put(store, "late", recording_sid=[recording(1).sid])
        added(store, "two", recording(2))
        store.failing = failing
        with pytest.raises(StateError, match="no answer"):
            book.keeping(recording(2))
        assert book.keeping(recording(2)) == ("two",)
        assert book.keeping(recording(1)) == ("late",)

"""One call: what may be recorded over what, and what is not even reserved."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.kinds.call.one_by_one import OneByOne
from tests.kinds.call.specs import BOB, US, spec
from tests.support import ACCOUNT, TOKEN
from voiceform.emulator import Emulator
from voiceform.kinds.call.dialling.dialler import Placer
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.pauses import ALL, Pause, pause, resume
from voiceform.kinds.call.ledger.store import Ledger
from voiceform.kinds.call.limits.book import ContactBook
from voiceform.kinds.call.limits.marks import Mark
from voiceform.model.clock import ManualClock
from voiceform.model.errors import DamagedDocumentsError, LeaseLostError
from voiceform.state.meta import bump_serial
from voiceform.state.sqlite import SqliteStore
from voiceform.twilio.client import Client, open_client
from voiceform.twilio.credentials import Credentials

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CREDENTIALS = Credentials(ACCOUNT, ACCOUNT, TOKEN)
KEY = Key(NOON, BOB)


@dataclass
class Desk:
    """A placer and what it works with; `before_send` are called when it asks whether it may send, in turn."""

    ledger: Ledger
    other: Ledger
    contacts: ContactBook
    client: Client
    clock: ManualClock
    emulator: Emulator
    before_send: list[Callable[[], None]] = field(default_factory=list)
    asked: int = 0

    def placer(self, **changed: Any) -> Placer:
        """Of a schedule with `changed` attributes."""
        return Placer(
            spec(**changed), self.ledger, self.contacts, self.client, self.clock, None, self._may_send
        )

    def place(self, **changed: Any) -> LedgerEntry | None:
        """Place the call of a schedule with `changed` attributes."""
        return self.placer(**changed).place(KEY, NOON)

    def marks(self) -> dict[str, Mark]:
        """How the person is counted, by claim."""
        return self.contacts.page(BOB, "nobody", self.clock.now()).marks

    def _may_send(self) -> None:
        self.asked += 1
        if self.before_send:
            self.before_send.pop(0)()

    def dialled(self) -> int:
        return len(self.emulator.requests("createCall"))


def nothing() -> None:
    """Goes on."""


@pytest.fixture
def desk(tmp_path: Path, emulator: Emulator) -> Iterator[Desk]:
    clock = ManualClock(NOON + timedelta(seconds=5))
    with (
        SqliteStore(tmp_path / "state.db") as store,
        SqliteStore(tmp_path / "state.db") as another,
        open_client(CREDENTIALS, emulator.url, read_only=False, clock=clock) as client,
    ):
        bump_serial(store)
        ledger = Ledger(store, "call.pulse")
        ledger.set_head(account=ACCOUNT, since=NOON)
        yield Desk(ledger, Ledger(another, "call.pulse"), ContactBook(store), client, clock, emulator)


def test_a_pause_after_the_reservation_is_seen_before_the_request(desk: Desk, tmp_path: Path) -> None:
    def somebody_pauses() -> None:
        with SqliteStore(tmp_path / "state.db") as store:
            pause(store, ALL, reason="stop", who="me", now=NOON)

    desk.before_send = [nothing, somebody_pauses]
    placed = desk.place()
    assert placed is not None
    assert (placed.status, desk.dialled()) == (CallStatus.DEFERRED, 0)
    assert "by me: stop" in (placed.reason or "")
    assert desk.place() is None
    with SqliteStore(tmp_path / "state.db") as store:
        resume(store, ALL, who="me", now=NOON)
    assert desk.place() is not None
    assert desk.dialled() == 1


def test_a_pause_that_cannot_be_read_is_one(desk: Desk, tmp_path: Path) -> None:
    def somebody_damages() -> None:
        with SqliteStore(tmp_path / "state.db") as store:
            store.put("pauses/calls", {"pauses": {"*": [{"event": "halted"}]}}, None)

    desk.before_send = [nothing, somebody_damages]
    with pytest.raises(DamagedDocumentsError, match="cannot be read"):
        desk.place()
    entry = desk.other.entry(KEY)
    assert entry is not None
    assert (entry.status, desk.dialled()) == (CallStatus.DEFERRED, 0)
    assert "cannot be read" in (entry.reason or "")


IN_DOUBT = [CallStatus.RESERVED, CallStatus.UNKNOWN]


@pytest.mark.parametrize("claim", ["ours", "another", "none"])
@pytest.mark.parametrize("status", CallStatus)
def test_an_answer_is_recorded_over_our_own_doubt_and_over_nothing_else(
    desk: Desk, status: CallStatus, claim: str
) -> None:
    """While the request is under way somebody else may settle it, resolve it, or take it for unknown."""
    written: list[LedgerEntry] = []

    def somebody_writes() -> None:
        def step(entry: LedgerEntry | None) -> LedgerEntry:
            assert entry is not None
            assert entry.status is CallStatus.RESERVED
            claims = {"ours": entry.claim, "another": "f" * 16, "none": None}
            made = replace(entry, status=status, claim=claims[claim], sid="CA" + "9" * 32, reason="a person")
            written.append(made)
            return made

        desk.other.change(KEY, step)

    desk.before_send = [nothing, somebody_writes]
    placed = desk.place()
    assert desk.dialled() == 1
    now = desk.other.entry(KEY)
    assert now == placed
    assert now is not None
    if claim == "ours" and status in IN_DOUBT:
        assert (now.status, now.reason, now.from_) == (CallStatus.PLACED, None, US)
        assert now.sid not in (None, "CA" + "9" * 32)
    else:
        assert now == written[0]


GIVEN_UP = {
    "unknown": (CallStatus.UNKNOWN, "ours", CallStatus.DEFERRED),
    "written off": (CallStatus.FAILED, "ours", CallStatus.FAILED),
    "canceled": (CallStatus.CANCELED, "ours", CallStatus.CANCELED),
    "put off": (CallStatus.DEFERRED, "ours", CallStatus.DEFERRED),
    "another's": (CallStatus.RESERVED, "f" * 16, CallStatus.RESERVED),
    "taken out": (None, "ours", None),
}


@pytest.mark.parametrize("name", GIVEN_UP)
def test_who_slept_and_was_given_up_calls_nobody(desk: Desk, tmp_path: Path, name: str) -> None:
    """A person may know by then that the call was not made, and make it."""
    status, claim, after = GIVEN_UP[name]

    def decided(entry: LedgerEntry | None) -> LedgerEntry:
        assert entry is not None
        assert status is not None
        return replace(entry, status=status, claim=entry.claim if claim == "ours" else claim)

    def asleep() -> None:
        desk.clock.sleep(300)
        if status is not None:
            desk.other.change(KEY, decided)
            return
        with SqliteStore(tmp_path / "state.db") as store:
            for stored in list(store.list("ledger/")):
                store.put(stored.key, {"calls": {}}, stored.version)

    desk.before_send = [nothing, asleep]
    placed = desk.place(misfire_grace="1h")
    assert desk.dialled() == 0
    assert (placed and placed.status) == after
    assert placed == desk.other.entry(KEY)


def test_who_slept_and_was_not_given_up_calls(desk: Desk) -> None:
    desk.before_send = [nothing, lambda: desk.clock.sleep(300)]
    placed = desk.place(misfire_grace="1h")
    assert placed is not None
    assert (placed.status, desk.dialled()) == (CallStatus.PLACED, 1)


def test_an_entry_that_was_taken_out_meanwhile_is_not_made_again(desk: Desk, tmp_path: Path) -> None:
    def restored_from_a_backup() -> None:
        with SqliteStore(tmp_path / "state.db") as store:
            (entry,) = store.list("ledger/")
            store.put(entry.key, {"calls": {}}, entry.version)

    desk.before_send = [nothing, restored_from_a_backup]
    assert desk.place() is None
    assert desk.other.entry(KEY) is None


@pytest.mark.parametrize("removed", [False, True], ids=["declared so", "not declared any more"])
def test_a_schedule_that_is_off_calls_nobody_but_by_hand(desk: Desk, removed: bool) -> None:
    desk.ledger.set_head(disabled=removed)
    placer = desk.placer(enabled=removed)
    assert placer.pause() == Pause()
    assert placer.place(KEY, NOON) is None
    assert (desk.asked, desk.dialled(), desk.other.entry(KEY)) == (0, 0, None)
    placed = replace(placer, by_hand=True).place(KEY, NOON)
    assert placed is not None
    assert (placed.status, desk.dialled()) == (CallStatus.PLACED, 1)


def test_what_is_paused_by_a_person_is_not_called_by_hand_either(desk: Desk, tmp_path: Path) -> None:
    with SqliteStore(tmp_path / "state.db") as store:
        pause(store, ALL, reason="stop", who="me", now=NOON)
    placer = replace(desk.placer(enabled=False), by_hand=True)
    assert "stop" in str(placer.pause())
    assert placer.place(KEY, NOON) is None
    assert desk.dialled() == 0


@pytest.mark.parametrize(("seconds", "anew"), [(1, False), (1.001, True), (2, True)])
def test_a_call_that_leaves_later_than_it_was_counted_is_counted_anew(
    desk: Desk, seconds: float, anew: bool
) -> None:
    counted = desk.clock.now()
    desk.before_send = [nothing, lambda: desk.clock.sleep(seconds)]
    placed = desk.place()
    assert placed is not None
    assert [mark.at for mark in desk.marks().values()] == [desk.clock.now() if anew else counted]
    assert set(desk.marks()) == {placed.claim}


@pytest.mark.parametrize("found", [None, CallStatus.DEFERRED, CallStatus.PLACED])
def test_who_was_faster_at_the_counter_is_counted_and_looked_for(
    desk: Desk, tmp_path: Path, found: CallStatus | None
) -> None:
    """Another call of the person is counted between the judgement and the reservation; the key itself is
    not there, was given back, or is somebody else's by then."""
    theirs = "f" * 16

    def somebody_counts() -> None:
        with SqliteStore(tmp_path / "state.db") as store:
            book = ContactBook(store)
            page = book.page(BOB, theirs, desk.clock.now())
            book.put(page.taken(Mark(desk.clock.now(), desk.other.document_of(KEY), None)))
        if found is not None:
            desk.other.change(KEY, lambda _: LedgerEntry(found, NOON, claim=theirs))

    desk.before_send = [somebody_counts]
    placed = desk.place()
    assert placed is not None
    assert placed.status is CallStatus.PLACED
    assert desk.other.entry(KEY) == placed
    ours = found is not CallStatus.PLACED
    assert (placed.claim != theirs, desk.dialled()) == (ours, int(ours))
    assert set(desk.marks()) == {theirs, placed.claim}


def test_a_call_that_was_counted_and_is_somebody_elses_is_not_counted(desk: Desk, tmp_path: Path) -> None:
    """Where documents are written one by one the counter is written first, and the key may be gone then."""
    taken = LedgerEntry(CallStatus.PLACED, NOON, claim="f" * 16)

    def somebody_reserves() -> None:
        desk.other.change(KEY, lambda _: taken)

    with SqliteStore(tmp_path / "state.db") as below:
        store = OneByOne(below, None, somebody_reserves)
        placer = replace(desk.placer(), ledger=Ledger(store, "call.pulse"), contacts=ContactBook(store))
        assert placer.place(KEY, NOON) == taken
    assert (desk.dialled(), desk.marks()) == (0, {})


def test_nothing_of_a_removed_schedule_is_reserved(desk: Desk) -> None:
    desk.ledger.set_head(closed=True)
    assert desk.place() is None
    late = replace(desk.placer(), version=desk.other.head().version)
    assert late.place(KEY, NOON) is None, "also where its calls were chosen after that"
    assert (desk.asked, desk.dialled(), desk.other.entry(KEY)) == (0, 0, None)


def test_a_schedule_that_is_removed_after_the_reservation_calls_nobody(desk: Desk) -> None:
    desk.before_send = [lambda: void(desk.other.set_head(closed=True))]
    placed = desk.place()
    assert desk.dialled() == 0
    assert placed is not None
    assert (placed.status, placed.reason) == (CallStatus.CANCELED, "the schedule was removed")
    assert desk.other.entry(KEY) == placed


def test_nobody_is_called_by_a_version_that_was_replaced_and_came_back(desk: Desk) -> None:
    """Others were called meanwhile, so who belongs to a wave is not what it was."""

    def replaced() -> None:
        desk.other.set_head(applied="1" * 16)
        desk.other.set_head(applied="0" * 16)

    def removed() -> None:
        desk.other.set_head(closed=True)
        desk.other.set_head(closed=False)

    desk.other.set_head(applied="0" * 16)
    for happens in (replaced, removed):
        placer = replace(desk.placer(), version=desk.other.head().version)
        desk.other.set_head(applied="0" * 16, closed=False)
        assert not placer.is_replaced(), "nothing has changed"
        happens()
        assert placer.is_replaced()
        assert (placer.place(KEY, NOON), desk.dialled()) == (None, 0)


def test_nobody_is_called_by_a_version_that_is_not_in_force_any_more(desk: Desk) -> None:
    """Whoever takes people off the list says so before looking who was reserved."""
    desk.before_send = [nothing, lambda: void(desk.other.set_head(applied="0" * 16))]
    placed = desk.place()
    assert placed is not None
    assert (placed.status, placed.reason) == (CallStatus.DEFERRED, "the schedule was changed")
    assert (desk.place(), desk.dialled(), desk.marks()) == (None, 0, {})
    placer = replace(desk.placer(), version=desk.other.head().version)
    assert (placer.is_replaced(), desk.placer().is_replaced()) == (False, True)
    assert placer.place(KEY, NOON) is not None
    assert desk.dialled() == 1


@pytest.mark.parametrize("status", CallStatus)
def test_who_finds_the_key_does_not_dial(desk: Desk, status: CallStatus) -> None:
    """Only what was certainly not processed, a deferred one, may be reserved again."""
    found = LedgerEntry(status, NOON, claim="f" * 16)
    desk.before_send = [lambda: void(desk.other.change(KEY, lambda _: found))]
    placed = desk.place()
    assert placed is not None
    if status is CallStatus.DEFERRED:
        assert (placed.status, desk.dialled()) == (CallStatus.PLACED, 1)
    else:
        assert (placed, desk.dialled()) == (found, 0)


@pytest.mark.parametrize(("late", "status"), [(0, CallStatus.PLACED), (1, CallStatus.DEFERRED)])
def test_storing_the_reservation_may_take_until_the_grace_ends(
    desk: Desk, late: int, status: CallStatus
) -> None:
    desk.before_send = [lambda: desk.clock.sleep(15 * 60 - 5 + late)]
    placed = desk.place()
    assert placed is not None
    assert placed.status is status
    assert desk.dialled() == (status is CallStatus.PLACED)


def test_what_must_wait_is_not_reserved(desk: Desk) -> None:
    hours = {"start": "12:10", "end": "13:00", "timezone": "UTC"}
    assert desk.place(calling_hours=hours) is None
    assert (desk.asked, desk.dialled(), desk.other.entry(KEY)) == (0, 0, None)
    desk.clock.sleep(10 * 60)
    placed = desk.place(calling_hours=hours)
    assert placed is not None
    assert placed.status is CallStatus.PLACED


@pytest.mark.parametrize(
    ("late", "hours", "status", "reason"),
    [
        (16, None, CallStatus.MISSED, "16 min 5 s late, the misfire grace is 15 min"),
        (
            0,
            {"start": "09:00", "end": "10:00", "timezone": "UTC"},
            CallStatus.SUPPRESSED,
            "outside the calling",
        ),
    ],
)
def test_what_is_never_placed_is_decided_without_a_request(
    desk: Desk, late: int, hours: dict[str, str] | None, status: CallStatus, reason: str
) -> None:
    desk.clock.sleep(late * 60)
    decided = desk.place(calling_hours=hours)
    assert decided is not None
    assert decided.status is status
    assert reason in (decided.reason or "")
    assert (desk.asked, desk.dialled(), desk.other.entry(KEY)) == (0, 0, decided)


REFUSED = {"operation": "createCall", "kind": "status"}


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ({**REFUSED, "status": 400, "code": 21211}, CallStatus.FAILED),
        ({**REFUSED, "status": 400, "code": 21210}, CallStatus.DEFERRED),
        ({**REFUSED, "status": 401, "code": 20003}, CallStatus.DEFERRED),
        ({**REFUSED, "status": 404, "code": 20404}, CallStatus.DEFERRED),
        ({"operation": "createCall", "kind": "foreign-404"}, CallStatus.UNKNOWN),
        ({**REFUSED, "status": 500, "code": 20500}, CallStatus.UNKNOWN),
        ({**REFUSED, "status": 500, "after": True}, CallStatus.UNKNOWN),
        ({"operation": "createCall", "kind": "drop-after"}, CallStatus.UNKNOWN),
        ({"operation": "createCall", "kind": "truncate"}, CallStatus.UNKNOWN),
        ({"operation": "createCall", "kind": "page"}, CallStatus.UNKNOWN),
    ],
)
def test_what_an_answer_that_is_no_call_leaves_behind(
    desk: Desk, fault: dict[str, Any], status: CallStatus
) -> None:
    desk.emulator.faults([fault])
    entry = desk.place()
    assert entry is not None
    assert (entry.status, entry.sid) == (status, None)
    assert entry.reason
    assert desk.other.entry(KEY) == entry
    assert set(desk.marks()) == ({entry.claim} if status is CallStatus.UNKNOWN else set()), "may be a call"


def test_a_call_that_never_left_is_deferred(desk: Desk) -> None:
    with (
        socket.socket() as nobody,  # bound, and not listening
        open_client(CREDENTIALS, _address(nobody), read_only=False, clock=desk.clock) as client,
    ):
        entry = replace(desk, client=client).place()
    assert entry is not None
    assert (entry.status, entry.sid) == (CallStatus.DEFERRED, None)
    with open_client(CREDENTIALS, desk.emulator.url, read_only=True, clock=desk.clock) as client:
        entry = replace(desk, client=client).place()
    assert entry is not None
    assert (entry.status, entry.sid, desk.dialled()) == (CallStatus.DEFERRED, None, 0)


def _address(bound: socket.socket) -> str:
    bound.bind(("127.0.0.1", 0))
    return f"http://127.0.0.1:{bound.getsockname()[1]}"


@pytest.mark.parametrize("asked", [1, 2])
def test_a_lost_lease_leaves_no_doubt(desk: Desk, asked: int) -> None:
    def lost() -> None:
        raise LeaseLostError("another run holds it")

    desk.before_send = [*[nothing] * (asked - 1), lost]
    with pytest.raises(LeaseLostError):
        desk.place()
    assert desk.dialled() == 0
    entry = desk.other.entry(KEY)
    if asked == 1:
        assert entry is None
    else:
        assert entry is not None
        assert entry.status is CallStatus.DEFERRED
        assert entry.reason == "the run had to stop before the request"


def test_what_is_recorded_of_a_call(desk: Desk) -> None:
    placed = desk.place()
    assert placed is not None
    assert placed.sid is not None
    assert placed.claim is not None
    assert placed == LedgerEntry(
        CallStatus.PLACED,
        desk.clock.now(),
        sid=placed.sid,
        reserved_at=desk.clock.now(),
        claim=placed.claim,
        from_=US,
        call="queued",
        answer=spec().answer_digest(KEY),
    )


def void(_: object) -> None:
    """Whatever came of it."""

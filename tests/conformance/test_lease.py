"""The lease on every store, with real processes that are stopped and killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.conformance.conftest import Place
from voiceform.model.clock import ManualClock, SystemClock
from voiceform.model.errors import InterruptedRunError, LeaseLostError, LockedError, StateError
from voiceform.model.store import Document, Write
from voiceform.state.backend import Backend
from voiceform.state.lease import Lease, acquire, break_lease, show_lease
from voiceform.state.side_lease import DISPATCH_LEASE, SideLease

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
PATIENCE = timedelta(seconds=60)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START)


def take(store: Backend, clock: ManualClock, *, wait: timedelta = timedelta(0)) -> Lease:
    return acquire(store, operation="apply", holder="ada@laptop", clock=clock, wait=wait)


class Holder:
    """The program lease_holder.py, holding the lease of a place."""

    def __init__(self, place: Place, ttl: float) -> None:
        self._process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("lease_holder.py"), place.url, place.base, str(ttl)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.token = int(self._answer().removeprefix("held "))

    def write(self, key: str) -> str:
        assert self._process.stdin is not None
        print(key, file=self._process.stdin, flush=True)
        return self._answer()

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture
def hold(place: Place) -> Iterator[Callable[[float], Holder]]:
    """Starts another process that holds the lease."""
    holders: list[Holder] = []

    def start(ttl: float) -> Holder:
        holders.append(Holder(place, ttl))
        return holders[-1]

    yield start
    for holder in holders:
        holder.close()


def test_a_lease_is_held_by_one(place: Place, clock: ManualClock) -> None:
    with take(place.open(), clock) as lease:
        with pytest.raises(LockedError) as caught:
            take(place.open(), clock)
        lease.store.put("key", {}, None)
    assert caught.value.exit_code == 7
    message = str(caught.value)
    for part in ("ada@laptop", "apply", "2026-03-01T12:00:00Z", "2026-03-01T12:01:00Z"):
        assert part in message
    for advice in ("voiceform lock show", "--lock-timeout", "voiceform lock break --reason"):
        assert advice in message
    with take(place.open(), clock) as following:
        assert following.token == lease.token + 1


def test_a_released_lease_writes_no_more(store: Backend, clock: ManualClock) -> None:
    with take(store, clock) as lease:
        pass
    with pytest.raises(LeaseLostError, match="released"):
        lease.store.put("key", {}, None)
    with pytest.raises(LeaseLostError):
        lease.ensure_held()
    assert store.get("key") is None


def test_an_expired_lease_is_taken_over_and_fences_its_holder(place: Place, clock: ManualClock) -> None:
    first = take(place.open(), clock)
    version = first.store.put("key", {"by": "first"}, None)
    clock.sleep(60)
    second = take(place.open(), clock)
    assert second.token > first.token
    for attempt in (
        lambda: first.store.put("new", {}, None),
        lambda: first.store.put("key", {"by": "late"}, version),
        lambda: first.store.delete("key", version),
        lambda: first.store.write((Write("x", {}, None), Write("key", None, version))),
    ):
        with pytest.raises(LeaseLostError, match="ada@laptop holds it now"):
            attempt()
    assert [entry.key for entry in place.open().list("")] == ["key", "lease"]
    first.release()
    second.store.put("new", {"by": "second"}, None)
    second.release()


def test_a_fenced_store_reads_and_writes_like_the_store(store: Backend, clock: ManualClock) -> None:
    with take(store, clock) as lease:
        version = lease.store.put("a/1", {"n": 1}, None)
        lease.store.write((Write("a/2", {"n": 2}, None), Write("a/1", {"n": 3}, version)))
        entry = lease.store.get("a/2")
        assert entry is not None
        lease.store.delete("a/2", entry.version)
        assert [found.document for found in lease.store.list("a/")] == [{"n": 3}]


def test_waiting_ends_when_the_lease_expires(store: Backend, clock: ManualClock) -> None:
    dead = take(store, clock)
    with pytest.raises(LockedError):
        take(store, clock, wait=timedelta(seconds=59))
    second = take(store, clock, wait=timedelta(seconds=5))
    assert clock.now() == START + timedelta(seconds=60)
    second.release()
    dead.release()


def test_who_is_told_to_stop_waits_no_longer_and_takes_nothing(store: Backend, clock: ManualClock) -> None:
    holder, stop = take(store, clock), threading.Event()
    stop.set()
    wait = timedelta(minutes=5)
    with pytest.raises(InterruptedRunError):
        acquire(store, operation="apply", holder="bob", clock=clock, wait=wait, stop=stop)
    assert clock.now() < START + timedelta(seconds=60)
    holder.ensure_held()
    holder.release()


def test_a_dead_holder_whose_clock_was_a_year_ahead_is_taken_over_without_waiting_a_year(
    store: Backend, clock: ManualClock
) -> None:
    dead = take(store, ManualClock(START + timedelta(days=365)))
    second = take(store, clock)
    assert second.token == dead.token + 1
    assert clock.now() <= START + timedelta(seconds=62)
    second.release()
    dead.release()


def test_a_living_holder_whose_clock_is_a_year_ahead_keeps_the_lease(store: Backend) -> None:
    ahead = START + timedelta(days=365)
    holder = take(store, ManualClock(ahead))

    class Beating(ManualClock):
        """While somebody waits by it, the holder beats."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            beat = show_lease(store)
            assert beat is not None
            store.put("lease", beat.renewed(ahead + (self.now() - START)).document(), beat.version)

    watching = Beating(START)
    with pytest.raises(LockedError):
        take(store, watching)
    assert watching.now() < START + timedelta(seconds=5)
    holder.release()


def test_a_holder_that_is_seen_to_beat_is_alive_whatever_the_clocks_say(store: Backend) -> None:
    slow, fast = ManualClock(START), ManualClock(START + timedelta(minutes=10))
    holder = take(store, slow)
    entry = store.get("lease")
    assert entry is not None

    class Watching(ManualClock):
        """Between two looks of the waiting one, the holder beats."""

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            current = store.get("lease")
            assert current is not None
            store.put("lease", current.document, current.version)

    # At first sight it would be over: the clocks are ten minutes apart. So begin before its expiry.
    watching = Watching(START + timedelta(seconds=58))
    with pytest.raises(LockedError):
        take(store, watching, wait=timedelta(minutes=3))
    assert watching.now() == START + timedelta(minutes=3, seconds=58)
    # And one that does not beat for its whole life is dead, though its clock is far ahead.
    ahead = dict(entry.document, expires_at="2026-03-01T14:01:00Z", heartbeat_at="2026-03-01T14:00:00Z")
    current = store.get("lease")
    assert current is not None
    store.put("lease", ahead, current.version)
    began = fast.now()
    take(store, fast, wait=timedelta(minutes=20)).release()
    assert fast.now() - began == timedelta(seconds=60)
    holder.release()


def test_who_was_paused_while_waiting_takes_no_lease_that_was_renewed_meanwhile(store: Backend) -> None:
    """It had looked at its clock, stood still for longer than a lease lives, and then read the lease."""
    holder = take(store, ManualClock(START))
    renewed = START + timedelta(seconds=75)

    class Paused(ManualClock):
        naps = 0

        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            self.naps += 1

        def now(self) -> datetime:
            found = super().now()
            if self.naps == 1:
                self.sleep(80)
                current = show_lease(store)
                assert current is not None
                store.put("lease", current.renewed(renewed).document(), current.version)
            return found

    waiting = Paused(START)
    take(store, waiting, wait=timedelta(minutes=5)).release()
    assert waiting.now() >= renewed + timedelta(seconds=60)
    holder.release()


def test_breaking_a_lease_is_recorded_and_fences_its_holder(store: Backend, clock: ManualClock) -> None:
    with pytest.raises(StateError, match="not locked"):
        break_lease(store, reason="none", who="bob", clock=clock)
    lease = take(store, clock)
    clock.sleep(5)
    broken = break_lease(store, reason="runner is gone", who="bob", clock=clock)
    assert (broken.holder, broken.operation) == ("ada@laptop", "apply")
    with pytest.raises(LeaseLostError, match="broke it"):
        lease.store.put("key", {}, None)
    lease.release()
    take(store, clock).release()
    shown = show_lease(store)
    assert shown is not None
    assert shown.holder is None
    assert shown.token == 2
    assert shown.broken is not None
    assert (shown.broken.by, shown.broken.reason, shown.broken.holder) == (
        "bob",
        "runner is gone",
        "ada@laptop",
    )
    assert shown.broken.at == START + timedelta(seconds=5)


def test_a_heartbeat_renews_the_lease(store: Backend, clock: ManualClock) -> None:
    lease = acquire(store, operation="apply", holder="ada", clock=clock, ttl=timedelta(seconds=6))
    clock.sleep(4)
    while True:
        shown = show_lease(store)
        assert shown is not None
        if shown.heartbeat_at > START:
            break
        SystemClock().sleep(0.05)
    assert shown.expires_at == START + timedelta(seconds=10)
    lease.store.put("key", {}, None)
    lease.release()


def test_a_lease_that_is_not_renewed_in_time_stops_by_itself(place: Place, clock: ManualClock) -> None:
    seconds = [0.0]
    store = place.open()
    lease = acquire(store, operation="apply", holder="ada", clock=clock, uptime=lambda: seconds[0])
    seconds[0] = 49.0
    version = lease.store.put("key", {"n": 1}, None)
    seconds[0] = 51.0
    with pytest.raises(LeaseLostError, match="could not be renewed"):
        lease.store.put("key", {"n": 2}, version)
    seconds[0] = 0.0
    with pytest.raises(LeaseLostError):
        lease.store.put("key", {"n": 2}, version)
    lease.release()
    # It did not give back what it might no longer have.
    shown = show_lease(store)
    assert shown is not None
    assert shown.holder == "ada"


def test_a_paused_holder_cannot_write_when_it_wakes_up(place: Place, hold: Callable[[float], Holder]) -> None:
    holder = hold(1.5)
    holder.signal(signal.SIGSTOP)
    with acquire(place.open(), operation="apply", holder="us", clock=SystemClock(), wait=PATIENCE) as lease:
        assert lease.token == holder.token + 1
        lease.store.put("ours", {"by": "us"}, None)
        holder.signal(signal.SIGCONT)
        assert holder.write("theirs") == "LeaseLostError"
        assert holder.write("theirs") == "LeaseLostError"
        lease.store.put("ours/too", {"by": "us"}, None)
    assert [entry.key for entry in place.open().list("")] == ["lease", "ours", "ours/too"]


def test_a_paused_holder_cannot_write_though_nobody_took_over(
    place: Place, hold: Callable[[float], Holder]
) -> None:
    holder = hold(1.5)
    holder.signal(signal.SIGSTOP)
    store = place.open()
    while True:
        shown = show_lease(store)
        assert shown is not None
        if SystemClock().now() > shown.expires_at:
            break
        SystemClock().sleep(0.05)
    holder.signal(signal.SIGCONT)
    assert holder.write("theirs") == "LeaseLostError"
    assert store.get("theirs") is None


def test_the_lease_of_a_killed_holder_expires(place: Place, hold: Callable[[float], Holder]) -> None:
    holder = hold(3.0)
    assert holder.write("theirs") == "written"
    with pytest.raises(LockedError, match="other for apply"):
        acquire(place.open(), operation="apply", holder="us", clock=SystemClock())
    holder.signal(signal.SIGKILL)
    with acquire(place.open(), operation="apply", holder="us", clock=SystemClock(), wait=PATIENCE) as lease:
        assert lease.token == holder.token + 1
        lease.store.put("ours", {}, None)


def test_a_store_that_is_away_for_a_while_does_not_lose_the_lease(place: Place, clock: ManualClock) -> None:
    place.open().put("key", {}, None)
    lease = take(place.open_shaky(), clock)
    place.take_away()
    with pytest.raises(StateError) as caught:
        lease.store.put("new", {}, None)
    assert not isinstance(caught.value, LeaseLostError)
    place.bring_back()
    lease.store.put("new", {}, None)
    lease.release()
    shown = show_lease(place.open())
    assert shown is not None
    assert shown.holder is None


@pytest.mark.parametrize("key", ["lease", DISPATCH_LEASE])
def test_no_takeover_comes_between_check_and_commit(sql_place: Place, clock: ManualClock, key: str) -> None:
    """The fence is checked in the transaction of the write (object stores cannot do that)."""
    store, other = SideLease(sql_place.open(), key), sql_place.open()
    take(store, clock).release()
    seen: list[Document | None] = []

    def take_over() -> None:
        entry = other.get(key)
        assert entry is not None
        other.put(key, entry.document, entry.version)
        found = other.get("late")
        seen.append(None if found is None else found.document)

    rival = threading.Thread(target=take_over)

    def guard(document: Document | None) -> None:
        rival.start()
        rival.join(0.5)

    store.write_guarded((Write("late", {"by": "holder"}, None),), guard)
    rival.join()
    assert seen == [{"by": "holder"}]


def test_a_side_lease_is_a_lease_of_its_own(place: Place, clock: ManualClock) -> None:
    store = place.open()
    side = SideLease(store, DISPATCH_LEASE)
    with take(store, clock) as main, take(side, clock) as first:
        main.store.put("main", {}, None)
        first.store.put("side", {}, None)
        with pytest.raises(LockedError):
            take(SideLease(place.open(), DISPATCH_LEASE), clock)
        break_lease(side, reason="test", who="bob", clock=clock)
        with pytest.raises(LeaseLostError):
            first.store.put("late", {}, None)
        main.store.put("main/2", {}, None)
    assert [entry.key for entry in store.list("")] == ["lease", "lease/dispatch", "main", "main/2", "side"]


def test_only_what_is_held_can_be_broken(store: Backend, clock: ManualClock) -> None:
    """Neither what nobody ever held, nor what was released, nor what was broken already."""

    def refused() -> None:
        before = store.get("lease")
        with pytest.raises(StateError, match="the state is not locked"):
            break_lease(store, reason="test", who="bob", clock=clock)
        assert store.get("lease") == before

    refused()
    take(store, clock).release()
    refused()
    held = take(store, clock)
    assert break_lease(store, reason="test", who="bob", clock=clock).holder == "ada@laptop"
    refused()
    held.release()
    refused()

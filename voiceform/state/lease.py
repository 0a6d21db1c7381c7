"""The lease: who may write, until when, and the fence that holds everybody else back.

How it stays safe:

- Only one holder: the document `lease` is taken by compare-and-swap, and each new holder has a higher token.
- A dead holder does not block for ever: the lease expires `ttl` after its last heartbeat.
- A holder that was paused (SIGSTOP, a sleeping laptop) cannot write when it wakes up. It stops by itself a
  sixth of the `ttl` before the others may take over, measured by its own uptime and not by the time of
  day; and each of its writes is checked against the token, in SQL stores in the same transaction.
- Its requests to the API are held to the same: the client asks for the lease right before each attempt of
  each write leaves, after every pause and on a connection that is there already. What is left is a request
  that was written before the pause, which may be carried out while the program sleeps, and a pause that falls
  into the microseconds between the question and the first byte. A lease that somebody broke is known to be
  lost at the next heartbeat, a third of the `ttl` later at most; until then requests go on. A virtual machine
  whose own uptime stands still while it is paused learns of it by its next heartbeat, too.
- Clocks that differ between machines: others judge the expiry by their own time of day, so the sixth (10 s
  by default) is the difference up to which two holders can never overlap. Beyond it a taker-over may come
  too early; the fence then refuses the first holder's next write, and since every intent is written
  before its request, it also stops its requests. Who waits for a lease also watches it: a holder that is
  seen to beat is alive whatever its clock says, and one that does not beat for a whole `ttl` is dead. A
  lease whose last heartbeat lies in the future is watched in this way by everybody, also by who does not
  want to wait: by its own clock it could last for years.
- Object stores cannot check the token in the same step as the write. There the lease is read just before
  each write; what is left is a holder that is paused between the two for longer than the rest of its lease.
  Its late write still fails unless the document is exactly as it was before the pause.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

from voiceform.model.clock import Clock
from voiceform.model.errors import InterruptedRunError, LockedError, StateConflictError, StateError
from voiceform.model.instants import instant_to_text
from voiceform.model.store import DocumentReader, DocumentStore
from voiceform.state.backend import LEASE_KEY, Backend, FencedStore
from voiceform.state.heartbeat import Heartbeat
from voiceform.state.lease_document import Breakage, LeaseRecord, lease_from_entry

POLL = timedelta(seconds=1)


class Lease:
    """The right to write, until it is released or lost. Use it in a `with` statement.

    `store` is what to write through: its every write proves that the lease is still ours.
    """

    def __init__(self, heartbeat: Heartbeat, backend: Backend) -> None:
        self._heartbeat = heartbeat
        self.store: DocumentStore = FencedStore(backend, heartbeat.guard)

    @property
    def token(self) -> int:
        """The fencing token, higher than that of every earlier holder."""
        return self._heartbeat.token

    def ensure_held(self) -> None:
        """Raise LeaseLostError when the lease is known to be lost; costs nothing: ask before each request."""
        self._heartbeat.ensure_held()

    def release(self) -> None:
        """Stop the heartbeat and let the next one in. A lease that was lost, or cannot be released because
        the store is away, expires by itself."""
        self._heartbeat.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def acquire(
    store: Backend,
    *,
    operation: str,
    holder: str,
    clock: Clock,
    ttl: timedelta = timedelta(seconds=60),
    wait: timedelta = timedelta(0),
    stop: threading.Event | None = None,
    uptime: Callable[[], float] | None = None,
) -> Lease:
    """Take the lease on `store` for `operation`, or raise LockedError after waiting for `wait`, and
    InterruptedRunError once `stop` is set meanwhile.

    `holder` says who we are to people who find the state locked. A thread renews the lease every third of
    `ttl` (real seconds) until it is released. `uptime` counts seconds and never jumps (the
    lifetime of the clock's runtime).
    """
    uptime, stop = uptime or clock.runtime.lifetime, stop or clock.runtime.event()
    watch = _Watch()
    deadline = clock.now() + wait
    while True:
        started = uptime()
        now = clock.now()
        entry = store.get(LEASE_KEY)
        current = None if entry is None else lease_from_entry(entry)
        if current is None or current.holder is None or watch.is_dead(current, now, clock.now()):
            taken = LeaseRecord.taken(current, holder=holder, operation=operation, now=now, ttl=ttl)
            try:
                version = store.put(LEASE_KEY, taken.document(), None if current is None else current.version)
            except StateConflictError:
                continue
            return Lease(Heartbeat(store, taken, version, ttl, clock, uptime, started), store)
        if now >= deadline and (watch.beats or not current.is_ahead_of(now)):
            raise locked_error(current, store)
        if clock.wait(stop, min(POLL, max(deadline - now, POLL / 10)).total_seconds()):
            raise InterruptedRunError


def show_lease(reader: DocumentReader) -> LeaseRecord | None:
    """The lease as it stands, also when nobody holds it; None when nobody ever did."""
    entry = reader.get(LEASE_KEY)
    return None if entry is None else lease_from_entry(entry)


def break_lease(store: DocumentStore, *, reason: str, who: str, clock: Clock) -> LeaseRecord:
    """Take the lease away from its holder, whose next write will be refused, and return what was broken.

    `reason` and `who` are kept in the document. StateError when nobody holds it.
    """
    while True:
        current = show_lease(store)
        if current is None or current.holder is None:
            raise StateError("the state is not locked", hint="there is nothing to break")
        note = Breakage(at=clock.now(), by=who, reason=reason, holder=current.holder)
        try:
            store.put(LEASE_KEY, current.released(note).document(), current.version)
        except StateConflictError:
            continue
        return current


def locked_error(current: LeaseRecord, store: Backend) -> LockedError:
    """Says who holds the lease, for what, since when and until when, and what one can do."""
    until = instant_to_text(current.expires_at)
    option = store.lock_option
    return LockedError(
        f"the state in {store.label} is locked by {current.holder} for {current.operation}"
        f" since {instant_to_text(current.acquired_at)}, until {until} unless it is renewed",
        hint=f"wait for it with --lock-timeout 10m; look with `voiceform lock show{option}`; if its holder is"
        f" dead it expires by itself at {until}, or take it away with `voiceform lock break{option} --reason"
        " TEXT`",
    )


class _Watch:
    """What a waiting program has seen of the holder."""

    def __init__(self) -> None:
        self._version: str | None = None
        self._since: datetime | None = None
        self.beats = False

    def is_dead(self, lease: LeaseRecord, now: datetime, read_at: datetime) -> bool:
        """Whether the holder's lease is over, seen from here: it was as it is at `now` or later, and had been
        read at `read_at`. In between this program may have been paused, and so may the store."""
        if self._since is None or lease.version != self._version:
            self.beats = self._since is not None
            self._version, self._since = lease.version, read_at
        if now - self._since >= lease.ttl:
            return True
        return now >= lease.expires_at and not self.beats

"""Keeps a lease alive from a thread, and knows when it is lost."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

from voiceform.model.clock import Clock
from voiceform.model.errors import LeaseLostError, StateConflictError, StateError
from voiceform.model.store import Document
from voiceform.state.backend import LEASE_KEY, Backend
from voiceform.state.lease_document import ALLOWANCE, LeaseRecord

_BEATS = 3
"""Heartbeats per life of a lease."""


class Heartbeat:
    """A held lease, renewed by a thread until `stop`.

    A renewal that fails is tried again until the lease runs out. Once lost, a lease stays lost.
    """

    def __init__(
        self,
        backend: Backend,
        record: LeaseRecord,
        version: str,
        ttl: timedelta,
        clock: Clock,
        uptime: Callable[[], float],
        started: float,
    ) -> None:
        self._backend = backend
        self._record = record
        self._version = version
        self._ttl = ttl.total_seconds()
        self._clock = clock
        self._uptime = uptime
        self._deadline = self._runs_out(started)
        self._lost: str | None = None
        self._stopped = clock.runtime.event()
        self._thread = clock.runtime.start(self._beat, "voiceform-lease", daemon=True)

    @property
    def token(self) -> int:
        """The fencing token of this lease."""
        return self._record.token

    def ensure_held(self) -> None:
        """Raise LeaseLostError when the lease is known to be lost or has run out."""
        if self._lost is None and self._uptime() > self._deadline:
            self._lost = "it could not be renewed in time (this program was paused, or the store was away)"
        if self._lost is not None:
            raise LeaseLostError(
                f"the lease on the state was lost: {self._lost}",
                hint="nothing more was written; look with `voiceform lock show`, then run the command again:"
                " it first settles what this run left open",
            )

    def guard(self, document: Document | None) -> None:
        """Raise LeaseLostError unless the lease document, as a store shows it now, is still this lease."""
        self.ensure_held()
        holder = None if document is None else document.get("holder")
        if document is None or holder is None or document.get("token") != self.token:
            self._lost = f"{holder} holds it now" if holder else "somebody broke it"
            self.ensure_held()

    def stop(self) -> None:
        """End the thread and give the lease back, unless it is lost."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._thread.join()
        # Whatever fails here, the work is done and safe: the lease then expires by itself.
        with suppress(StateError):
            self.ensure_held()
            self._backend.put(LEASE_KEY, self._record.released().document(), self._version)
        self._lost = self._lost or "it was released"

    def _beat(self) -> None:
        pause = self._ttl / _BEATS
        while not self._stopped.wait(pause):
            try:
                self.ensure_held()
                self._renew()
                pause = self._ttl / _BEATS
            except LeaseLostError:
                return
            except StateError:
                pause = min(1.0, self._ttl / 20)

    def _renew(self) -> None:
        started = self._uptime()
        renewed = self._record.renewed(self._clock.now())
        try:
            version = self._backend.put(LEASE_KEY, renewed.document(), self._version)
        except StateConflictError:
            entry = self._backend.get(LEASE_KEY)
            self.guard(None if entry is None else entry.document)
            # Still ours, only the version was not known (the answer to a renewal got lost): try again.
            self._version = self._version if entry is None else entry.version
            raise
        self._record, self._version, self._deadline = renewed, version, self._runs_out(started)

    def _runs_out(self, started: float) -> float:
        return started + self._ttl * (1 - 1 / ALLOWANCE)

"""The clock that is passed in: logic never asks the machine for the time."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

from voiceform.model.runtime import MACHINE, Runtime


class Clock(Protocol):
    """Tells UTC instants and waits. `runtime` makes the threads that wait by it, and what they wait for."""

    @property
    def runtime(self) -> Runtime:
        """Where its threads run."""

    def now(self) -> datetime:
        """The present instant, timezone-aware, in UTC."""

    def sleep(self, seconds: float) -> None:
        """Wait that long (real seconds for the real clock)."""

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait that long, or until `event` is set; whether it is."""


class SystemClock:
    """The machine's clock."""

    runtime = MACHINE

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Block the calling thread."""
        time.sleep(seconds)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Block the calling thread until the event, that long at most."""
        return event.wait(seconds)


class ManualClock:
    """A clock that moves only when told; for tests and rehearsals. `sleep` moves it and returns at once.

    A copy, as another process has it, shows the same instant and moves by itself.
    """

    runtime = MACHINE

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[ManualClock], tuple[datetime]]:
        return ManualClock, (self.now(),)

    def now(self) -> datetime:
        """The instant that was last set."""
        with self._lock:
            return self._now

    def sleep(self, seconds: float) -> None:
        """Advance by `seconds`."""
        with self._lock:
            self._now += timedelta(seconds=seconds)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Advance by `seconds`, unless the event is set."""
        if not event.is_set():
            self.sleep(seconds)
        return event.is_set()

    def set(self, instant: datetime) -> None:
        """Jump to `instant`, also backwards."""
        with self._lock:
            self._now = instant.astimezone(UTC)

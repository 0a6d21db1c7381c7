"""One pace for everybody who phones in a process, whatever schedule it is for (`safety.max_cps`)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from voiceform.model.clock import Clock
from voiceform.model.runtime import MACHINE, Runtime

_SLICE = 0.25
_MOST_WAITING = 256
"""More threads than this never wait; who is further behind is so by a clock that was turned back."""


class Turns:
    """Hands out turns, one after the other. Safe for several threads."""

    def __init__(self, runtime: Runtime = MACHINE) -> None:
        self._lock = runtime.lock()
        self._free: datetime | None = None

    def take(self, per_second: float | None, clock: Clock, stopping: Callable[[], bool]) -> None:
        """Wait for the next turn where there are `per_second`, or until `stopping`; None waits for nobody."""
        if per_second is None:
            return
        gap = timedelta(seconds=1 / per_second)
        with self._lock:
            now = clock.now()
            behind = self._free is not None and now < self._free <= now + gap * _MOST_WAITING
            turn = self._free if behind and self._free is not None else now
            self._free = turn + gap
        left = (turn - now).total_seconds()
        while left > 0 and not stopping():
            clock.sleep(min(left, _SLICE))
            left -= _SLICE

"""A proxy that does something in the middle of a run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.matrix.liar import Liar
from tests.twilio.scripted import Seen


@dataclass
class Meddler(Liar):
    """Before it hands on the request of the number in `meddles`, it does what stands there."""

    meddles: tuple[int, Callable[[], object]] | None = None

    def reply_to(self, seen: Seen) -> bytes:
        with self._lock:
            now = self.meddles if self.meddles and sum(self.sent.values()) >= self.meddles[0] else None
            if now is not None:
                self.meddles = None
                now[1]()
        return super().reply_to(seen)

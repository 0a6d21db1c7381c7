"""The log of API requests, and the counts of ``GET /_emulator/stats``."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

import msgspec

from voiceform.emulator.clock import iso

LIMIT = 250_000


class LoggedRequest(msgspec.Struct, gc=False):
    """One request. ``status`` stays None while it is worked on, and for ever if it was dropped before any
    effect. It can be part of no cycle, so that the collector need not look at 250,000 of them.
    """

    method: str
    path: str
    operation: str | None
    params: dict[str, object]
    at: int
    status: int | None = None

    def document(self) -> dict[str, object]:
        """As the log shows it."""
        return {
            "method": self.method,
            "path": self.path,
            "operation": self.operation,
            "params": self.params,
            "status": self.status,
            "at": iso(self.at),
        }


@dataclass(slots=True)
class Journal:
    """The newest requests in order of arrival; older ones than the newest 250,000 are forgotten, their count
    is not.
    """

    entries: deque[LoggedRequest] = field(default_factory=lambda: deque(maxlen=LIMIT))
    requests: int = 0
    by_operation: Counter[str] = field(default_factory=Counter)

    def add(self, entry: LoggedRequest) -> None:
        """A request has arrived."""
        self.entries.append(entry)
        self.requests += 1
        self.by_operation[entry.operation or "unknown"] += 1

    def documents(self, operation: str | None = None, last: int | None = None) -> list[dict[str, object]]:
        """The log, newest last; of one operation, or the last so many."""
        chosen = [entry for entry in self.entries if operation is None or entry.operation == operation]
        return [entry.document() for entry in (chosen[-last:] if last else chosen)]

    def clear(self) -> None:
        """Forget all."""
        self.entries.clear()
        self.requests = 0
        self.by_operation.clear()

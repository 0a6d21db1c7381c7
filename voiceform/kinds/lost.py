"""Answers about calls that were lost one after another, whatever the calls were for: what takes those of one
schedule or room away would take those of all. What takes those of one alone is noticed by the schedule itself
(kinds/call/dialling/losses.py)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta

from voiceform.model.runtime import MACHINE, Runtime

IN_A_ROW = 3
"""After so many lost answers nobody else is called for a while, though Twilio's lists can be read."""
TRY_AGAIN = timedelta(minutes=10)
"""So long after the last of them one more call is tried."""


class LostAnswers:
    """What one run has heard of the answers to requests that phone somebody, in whatever order it heard them.
    Safe for several threads.

    A dispatcher hears of every ledger when it begins, and whenever it looks through them again, so of what
    others lost before, too; an apply hears of those from which it calls, and of what it does itself.
    """

    def __init__(self, runtime: Runtime = MACHINE) -> None:
        self._lock = runtime.lock()
        self._lost: dict[Hashable, datetime] = {}
        self._answered: datetime | None = None

    def hear(self, rows: Iterable[tuple[Hashable, datetime, bool]]) -> None:
        """For each request what it was for, when it was made, and whether its answer was lost; if not, those
        that were made before that instant count no more. What is heard of one later replaces what was heard
        first."""
        with self._lock:
            for key, asked_at, lost in rows:
                if lost:
                    self._lost[key] = asked_at
                else:
                    self._lost.pop(key, None)
                    self._answered = asked_at if self._answered is None else max(self._answered, asked_at)

    def why_nobody(self, now: datetime) -> str | None:
        """Why nobody else is called for a while; None where somebody may be."""
        with self._lock:
            row = [at for at in self._lost.values() if self._answered is None or at >= self._answered]
        # Not of the latest alone: those of before a clock was turned back are later than what follows.
        recent = [at for at in row if abs(now - at) < TRY_AGAIN]
        if len(row) < IN_A_ROW or not recent:
            return None
        return too_many_lost(len(row), max(recent) + TRY_AGAIN)


def too_many_lost(count: int, until: datetime) -> str:
    """What people are told who wait until then because so many answers were lost."""
    return (
        f"the answers to {count} calls in a row were lost: nobody else is called before"
        f" {until:%H:%M} UTC, and then one is tried; look in the Twilio console, and say what you"
        " found with `voiceform calls resolve`"
    )

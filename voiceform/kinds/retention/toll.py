"""How the single deletions of one change ended, and what that makes of the change."""

from __future__ import annotations

import threading
from collections import Counter
from enum import StrEnum

from voiceform.kinds.base import Done
from voiceform.kinds.retention.tally import noun
from voiceform.model.plan import Change
from voiceform.model.resource import Recorded
from voiceform.model.run import Status

_MOST_FAILURES = 50
"""So many failures in a row are an outage, not bad luck: nothing more is tried."""


class Ending(StrEnum):
    """How one deletion ended; evidence uses the same words."""

    DELETED = "deleted"
    GONE = "already-gone"
    FOUND_GONE = "found-gone"
    HELD = "kept-by-hold"
    MOVED = "kept-as-changed"
    FAILED = "failed"
    LATER = "not-yet"
    SKIPPED = "not-begun"


class Toll:
    """Counts endings; remembers the first failure; says when to give up. Safe for many threads."""

    def __init__(self, thing: str) -> None:
        self._thing = thing
        self._lock = threading.Lock()
        self._counts: Counter[Ending] = Counter()
        self._in_a_row = 0
        self._failure: str | None = None
        self._hint: str | None = None
        self._given_up = False

    @property
    def given_up(self) -> bool:
        """Whether so much failed that going on would be pointless."""
        return self._given_up

    def count(self, ending: Ending) -> None:
        """One more ended so."""
        with self._lock:
            self._counts[ending] += 1
            if ending is not Ending.FAILED and ending is not Ending.SKIPPED:
                self._in_a_row = 0

    def failed(self, reason: str, hint: str | None, *, fatal: bool) -> None:
        """One failed for this reason; `fatal` when all others would, too."""
        with self._lock:
            self._counts[Ending.FAILED] += 1
            self._in_a_row += 1
            if self._failure is None:
                self._failure, self._hint = reason, hint
            if fatal or self._in_a_row >= _MOST_FAILURES:
                self._given_up = True

    def setback(self) -> None:
        """One failed for now and is tried again later; so many in a row are an outage all the same."""
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row >= _MOST_FAILURES:
                self._given_up = True

    def take_back(self, ending: Ending) -> None:
        """One that ended so is tried again."""
        with self._lock:
            self._counts[ending] -= 1

    def done(self, change: Change) -> Done:
        """The end of the whole change: applied only when nothing is left that was planned.

        What is gone is gone in any case; the rest is in the next plan.
        """
        status = self._status()
        recorded = Recorded(change.address, None, change.after or {}) if status is Status.APPLIED else None
        return Done(status, recorded, message=self._message(), hint=self._advice(status))

    def _status(self) -> Status:
        counts = self._counts
        if counts[Ending.FAILED] or counts[Ending.LATER] or counts[Ending.SKIPPED]:
            return Status.FAILED
        if counts[Ending.HELD]:
            return Status.REFUSED
        return Status.STALE if counts[Ending.MOVED] else Status.APPLIED

    def _message(self) -> str:
        counts = self._counts
        parts = [f"{noun(counts[Ending.DELETED], self._thing)} deleted"]
        for ending, words in (
            (Ending.GONE, "gone already"),
            (Ending.HELD, "kept by a hold that came after the plan"),
            (Ending.MOVED, "kept because changed after the plan"),
            (Ending.LATER, "not deletable yet"),
            (Ending.FAILED, "failed"),
            (Ending.SKIPPED, "not begun"),
        ):
            if counts[ending]:
                parts.append(f"{counts[ending]:,} {words}")
        first = f"; the first failure: {self._failure}" if self._failure else ""
        return ", ".join(parts) + first

    def _advice(self, status: Status) -> str | None:
        if self._hint is not None:
            return self._hint
        return None if status is Status.APPLIED else "run prune again: what is still due is planned anew"

"""How many of a day's deletions are taken: counted over all runs, in the state, before anything is deleted.

    prune/spent     {day, count}: the last day on which anything was deleted, and how many were begun then

A number is taken by compare-and-swap and given back where it was not used. A run that is killed has taken a
few that it did not use: a day's share may be cut by so many, and is never exceeded.
"""

from __future__ import annotations

from datetime import date

from voiceform.kinds.details import number_in, text_in
from voiceform.model.errors import StateConflictError, StateError
from voiceform.model.store import Document, DocumentReader, DocumentStore, StoredDocument

PREFIX = "prune/"
KEY = f"{PREFIX}spent"

_AT_ONCE = 25


def spent_on(reader: DocumentReader, day: date) -> int:
    """How many are taken of that day's share. Of a later day than that as many count: a clock that goes back
    brings nothing back."""
    return _spent(reader.get(KEY), day)


def kept_when_pushed(stored: StoredDocument, _pushed: Document | None) -> Document:
    """What becomes of the count when a state is pushed over it: nothing."""
    return stored.document


class Share:
    """Takes from the day's share of `most`. Safe for many threads."""

    def __init__(self, store: DocumentStore, most: int) -> None:
        self._store = store
        self._most = most
        self._lock = store.runtime.lock()
        self._day: date | None = None
        self._held = 0

    def take(self, day: date) -> bool:
        """Take one of that day; False when nothing is left of it. StateError."""
        with self._lock:
            if day != self._day:
                self._day, self._held = day, 0
            if self._held == 0:
                self._held = self._change(day, _AT_ONCE)
            if self._held == 0:
                return False
            self._held -= 1
            return True

    def give_back(self) -> None:
        """What was taken and not used is there for others again."""
        with self._lock:
            if self._day is not None and self._held:
                self._change(self._day, -self._held)
                self._held = 0

    def _change(self, day: date, by: int) -> int:
        """Take so many at most, or give them back; how many were taken."""
        while True:
            stored = self._store.get(KEY)
            spent = _spent(stored, day)
            count = max(0, min(by, self._most - spent)) if by > 0 else by
            if count == 0:
                return 0
            latest = max(day, _day_of(stored) or day)
            document: Document = {"day": latest.isoformat(), "count": max(0, spent + count)}
            try:
                self._store.put(KEY, document, None if stored is None else stored.version)
            except StateConflictError:
                continue
            return count


def _spent(stored: StoredDocument | None, day: date) -> int:
    known = _day_of(stored)
    if stored is None or known is None or known < day:
        return 0
    return number_in(stored.document, "count")


def _day_of(stored: StoredDocument | None) -> date | None:
    if stored is None:
        return None
    try:
        number_in(stored.document, "count")
        return date.fromisoformat(text_in(stored.document, "day"))
    except (KeyError, TypeError, ValueError) as error:
        raise StateError(
            f"how many were deleted today cannot be read in {stored.key}: {error}",
            hint="nothing was deleted; restore the state from a backup",
        ) from error

"""Holds as the state has them at this moment; a hold that lands while a run deletes counts at once."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from voiceform.kinds.retention.calls import CallBook, CallRow, FetchingCalls
from voiceform.kinds.retention.legs import NoCalls
from voiceform.kinds.retention.matching import Row
from voiceform.kinds.retention.policy import HOLDS, KIND, Hold, Verdict, call_holds, held_by, split
from voiceform.kinds.retention.truth import Truth
from voiceform.model.address import Address
from voiceform.model.errors import StateError, UsageError
from voiceform.model.store import DocumentReader

PREFIX = f"resources/{KIND}.{HOLDS}."

_ANSWERED = NoCalls()
_KEEP = (Truth.YES, Truth.UNKNOWN)

READ_EVERY = 50
"""Holds are read again after so many answers: an added hold is overlooked for 50 deletions at most."""


class HoldBook:
    """The recorded holds, read again and again. Safe for many threads.

    `weighed` are the identities of the holds that the plan considered: what they ask of a call was answered
    then and does not change, so only other holds make us look up calls.
    """

    def __init__(self, store: DocumentReader, weighed: Iterable[str], calls: CallBook) -> None:
        self._store = store
        self._weighed = frozenset(weighed)
        self._fetching = FetchingCalls(calls)
        self._lock = threading.Lock()
        self._answers = 0
        self._holds = read_holds(store)

    def keeping(self, row: Row) -> tuple[str, ...]:
        """The names of the holds that keep `row`, or might. Raises TwilioError, StateError."""
        holds = self._current()
        known = tuple(hold for hold in holds if hold.identity in self._weighed)
        new = tuple(hold for hold in holds if hold.identity not in self._weighed)
        names = [hold.name for hold in known if hold.match.test(row, _ANSWERED) in _KEEP]
        if new:
            decision = held_by(new, row, self._fetching, None)
            if decision.verdict is Verdict.HELD:
                names.extend(decision.holds)
        return tuple(names)

    def keeping_of_call(self, row: Row) -> tuple[str, ...]:
        """The names of the holds that keep a recording that no plan may have weighed. Raises as `keeping`."""
        return held_by(self._current(), row, self._fetching, None).holds

    @property
    def any(self) -> bool:
        """Whether there are holds."""
        return bool(self._current())

    def has_new(self) -> bool:
        """Whether there are holds that the plan did not weigh."""
        return any(hold.identity not in self._weighed for hold in self._current())

    def keeping_call(self, row: CallRow) -> tuple[str, ...]:
        """The names of the holds that the plan did not weigh and that keep a call's own record."""
        new = tuple(hold for hold in self._current() if hold.identity not in self._weighed)
        return held_by(call_holds(new), row, self._fetching, None).holds

    def _current(self) -> tuple[Hold, ...]:
        with self._lock:
            self._answers += 1
            if self._answers % READ_EVERY == 0:
                self._holds = read_holds(self._store)
            return self._holds


def read_holds(store: DocumentReader) -> tuple[Hold, ...]:
    """Every recorded hold. StateError for one that cannot be read: nothing may be deleted past it."""
    holds = []
    for entry in store.list(PREFIX):
        try:
            name = split(Address.parse(entry.document["address"]))[1]
            holds.append(Hold.read(name, entry.document["attributes"]))
        except (KeyError, TypeError, ValueError, AttributeError, UsageError) as error:
            raise StateError(
                f"the hold in {entry.key} cannot be read: {error}",
                hint="nothing is deleted while a hold is unreadable; look with `voiceform state pull`",
            ) from error
    return tuple(holds)

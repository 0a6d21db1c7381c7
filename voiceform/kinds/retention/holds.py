"""Holds as the state has them at this moment; a hold that lands while a run deletes counts at once.

Those that are added by command are read before every answer, and those that were declared every now and then:
they are written under the lock, which a run that deletes holds itself.
"""

from __future__ import annotations

import threading

from voiceform.kinds.retention.added import KEY, added_of
from voiceform.kinds.retention.call_lookup import CallBook, CallRow, FetchingCalls
from voiceform.kinds.retention.matching.match import Row
from voiceform.kinds.retention.policy import HOLDS, KIND, Hold, call_holds, held_by, split
from voiceform.model.address import Address
from voiceform.model.errors import StateError, UsageError
from voiceform.model.store import DocumentReader

PREFIX = f"resources/{KIND}.{HOLDS}."

READ_EVERY = 50
"""Declared holds are read again after so many answers."""


class HoldBook:
    """The recorded holds, read again and again. Safe for many threads.

    What a hold asks of calls is asked of the account again, for each object by itself: what the plan knew
    came from lists, and a list that leaves out one leg is believed there.
    """

    def __init__(self, store: DocumentReader, calls: CallBook) -> None:
        self._store = store
        self._fetching = FetchingCalls(calls)
        self._lock = threading.Lock()
        self._answers = 0
        self._holds = read_holds(store)
        self._added: tuple[Hold, ...] = ()
        self._version: str | None = None

    def keeping(self, row: Row) -> tuple[str, ...]:
        """The names of the holds that keep a recording, or might. Raises TwilioError, StateError."""
        return held_by(self._current(), row, self._fetching, None).holds

    def keeping_call(self, row: CallRow) -> tuple[str, ...]:
        """The names of the holds that keep a call's own record, or might. Raises as `keeping`."""
        return held_by(call_holds(self._current()), row, self._fetching, None).holds

    @property
    def any(self) -> bool:
        """Whether there are holds."""
        return bool(self._current())

    @property
    def any_of_calls(self) -> bool:
        """Whether there are holds that keep call records by themselves."""
        return bool(call_holds(self._current()))

    def _current(self) -> tuple[Hold, ...]:
        stored = self._store.get(KEY)  # by each thread for itself: what was read for another may be older
        with self._lock:
            self._answers += 1
            if self._answers % READ_EVERY == 0:
                self._holds = read_holds(self._store)
            if stored is None:
                return self._holds
            if stored.version != self._version:
                self._added = tuple(item for hold in added_of(stored) if hold.stands for item in hold.holds())
                self._version = stored.version
            return (*self._holds, *self._added)


def read_holds(store: DocumentReader) -> tuple[Hold, ...]:
    """Every hold that was declared and applied. StateError for one that cannot be read: nothing may be
    deleted past it."""
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

"""Holds as the state has them at this moment; a hold that lands while a run deletes counts at once.

Those that are added by command are looked for before every answer, and those that were declared every now and
then: they are written under the lock, which a run that deletes holds itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from voiceform.kinds.retention.added import KEY, standing
from voiceform.kinds.retention.call_lookup import CallBook, CallRow, FetchingCalls
from voiceform.kinds.retention.hold_index import HoldIndex
from voiceform.kinds.retention.matching.match import Row
from voiceform.kinds.retention.policy import HOLDS, KIND, Hold, call_holds, split
from voiceform.model.address import Address
from voiceform.model.errors import StateError, UsageError
from voiceform.model.runtime import Runtime
from voiceform.model.store import DocumentReader, DocumentStore

PREFIX = f"resources/{KIND}.{HOLDS}."

READ_EVERY = 50
"""Declared holds are looked for again after so many answers."""


class _Look:
    """One look into the state, and who waits for it."""

    __slots__ = ("ended", "error")

    def __init__(self, runtime: Runtime) -> None:
        self.ended = runtime.event()
        self.error: BaseException | None = None


class HoldBook:
    """The recorded holds, looked for again and again. Safe for many threads.

    Each answer rests on a look into the state that began after it was asked for. All who ask while one is
    under way share the next: with a hundred threads, and with a state on the network, that is a fraction of
    the looks, and nobody queues for a lock. What is there is read again only where its version is another.

    What a hold asks of calls is asked of the account again, for each object by itself: what the plan knew
    came from lists, and a list that leaves out one leg is believed there.
    """

    def __init__(self, store: DocumentStore, calls: CallBook) -> None:
        self._store = store
        self._fetching = FetchingCalls(calls)
        self._lock, self._looking = store.runtime.lock(), store.runtime.lock()
        self._next: _Look | None = None
        self._answers = 0
        self._added_version: str | None = None
        self._added: tuple[Hold, ...] = ()
        # Versions first: what is written in between is another version the next time.
        self._declared_versions: Mapping[str, str] = store.versions(PREFIX)
        self._declared = read_holds(store)
        self._gather()

    def keeping(self, row: Row) -> tuple[str, ...]:
        """The names of the holds that keep a recording, or might. Raises TwilioError, StateError."""
        self._look()
        return self._index.keeping(row, self._fetching)

    def keeping_call(self, row: CallRow) -> tuple[str, ...]:
        """The names of the holds that keep a call's own record, or might. Raises as `keeping`."""
        self._look()
        return self._call_index.keeping(row, self._fetching)

    @property
    def any(self) -> bool:
        """Whether there are holds."""
        self._look()
        return bool(self._index.holds)

    @property
    def any_of_calls(self) -> bool:
        """Whether there are holds that keep call records by themselves."""
        self._look()
        return bool(self._call_index.holds)

    def _look(self) -> None:
        """Know every hold that was there when this was called."""
        with self._lock:
            self._answers += 1
            look, leads = self._next, self._next is None
            if look is None:
                look = self._next = _Look(self._store.runtime)
        if leads:
            self._lead(look)
        look.ended.wait()
        if look.error is not None:
            raise look.error

    def _lead(self, look: _Look) -> None:
        with self._looking:
            with self._lock:
                self._next = None  # who comes from now on may want what lands while this one looks
            try:
                self._look_now()
            except BaseException as error:  # nobody who waits has been answered
                look.error = error
            look.ended.set()

    def _look_now(self) -> None:
        # What was seen is noted last: after an error in between, the next look sees it as new once more.
        version = self._store.version(KEY)
        if version != self._added_version:
            self._added = tuple(item for hold in standing(self._store) for item in hold.holds())
            self._gather()
            self._added_version = version
        if self._answers >= READ_EVERY:
            versions = self._store.versions(PREFIX)
            if versions != self._declared_versions:
                self._declared = read_holds(self._store)
                self._gather()
                self._declared_versions = versions
            self._answers = 0

    def _gather(self) -> None:
        holds = (*self._declared, *self._added)
        runtime = self._store.runtime
        self._index, self._call_index = HoldIndex(holds, runtime), HoldIndex(call_holds(holds), runtime)


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

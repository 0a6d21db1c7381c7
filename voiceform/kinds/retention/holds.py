"""Holds as the state has them at this moment; a hold that lands while a run deletes counts at once.

Those that are added by command are looked for before every answer, and those that were declared every now and
then: they are written under the lock, which a run that deletes holds itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from voiceform.kinds.retention.added import FRESH_SECONDS, KEY, standing
from voiceform.kinds.retention.call_lookup import NOT_ASKED, CallBook, CallRow, FetchingCalls
from voiceform.kinds.retention.hold_index import HoldIndex
from voiceform.kinds.retention.matching.match import Row
from voiceform.kinds.retention.policy import HOLDS, KIND, Hold, call_holds, split
from voiceform.model.address import Address
from voiceform.model.errors import StateError, UsageError
from voiceform.model.runtime import Lock
from voiceform.model.store import DocumentReader, DocumentStore

PREFIX = f"resources/{KIND}.{HOLDS}."

READ_EVERY = 50
"""Declared holds are looked for again after so many answers."""


GATHER_SECONDS = 0.002
"""Where many ask, a look that would follow another sooner than this waits so long: who asks meanwhile shares
it."""


class HoldsMovedError(Exception):
    """Holds are others than when one asked what they keep: ask again. Nothing was sent."""


class _Look:
    """One look into the state, and the locks at which those wait who share it: of its leader the first."""

    __slots__ = ("ended", "error", "gates")

    def __init__(self) -> None:
        self.gates: list[Lock] = []
        self.ended = False
        self.error: BaseException | None = None


class HoldBook:
    """The recorded holds, looked for again and again. Safe for many threads.

    Each answer rests on a look into the state that began after it was asked for. All who ask while one is
    under way share the next, and once many do, that waits a moment for still more: with a hundred threads,
    and with a state on the network, that is a fraction of the looks. What is there is read again only where
    its version is another.

    What a hold asks of calls is asked of the account again, for each object by itself: what the plan knew
    came from lists, and a list that leaves out one leg is believed there.
    """

    def __init__(self, store: DocumentStore, calls: CallBook) -> None:
        self._store = store
        self._uptime = store.runtime.uptime
        self._fetching = FetchingCalls(calls)
        self._lock = store.runtime.lock()
        self._next = _Look()
        self._led = False
        """Whether somebody looks at present."""
        self._began = self._known_at = float("-inf")
        """When the last look began, by the uptime, and when the last one that saw everything."""
        self._shared = False
        """Whether more than one waited for it."""
        self._answers = self._generation = 0
        # Versions first: what is written in between is another version the next time.
        self._added_version = store.version(KEY)
        self._added = _read_added(store)
        self._declared_versions: Mapping[str, str] = store.versions(PREFIX)
        self._declared = read_holds(store)
        self._gather()

    def keeping(self, row: Row) -> tuple[str, ...]:
        """The names of the holds that keep a recording, or might. Raises TwilioError, StateError."""
        self._look()
        return self._index.keeping(row, self._fetching)

    def free(self, rows: Sequence[Row]) -> list[bool]:
        """Whether certainly no hold keeps a recording, told of many with one look, and without asking the
        account: False where that would have to be asked about calls. Raises StateError."""
        self._look(len(rows))
        index = self._index
        return [index.meeting(row, NOT_ASKED, whole=False) is None for row in rows]

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

    def leave(self) -> Callable[[], None]:
        """What is to be asked right before each attempt of a request leaves that holds might forbid; taken
        before `keeping` is asked, whose answer it guards.

        It raises HoldsMovedError where holds are others by now, and StateError. A first attempt relies on a
        look that began at most FRESH_SECONDS ago, whoever it was for; before any other, after however long a
        wait for its turn, for its connection, or for the end of a pause, holds are looked for again."""
        generation, first = self._generation, True

        def ensure() -> None:
            nonlocal first
            if not first or self._uptime() - self._known_at > FRESH_SECONDS:
                self._look()
            first = False
            if self._generation != generation:
                raise HoldsMovedError

        return ensure

    def _look(self, answers: int = 1) -> None:
        """Know every hold that was there when this was called, for so many answers."""
        gate = self._store.runtime.lock()
        gate.acquire()
        with self._lock:
            self._answers += answers
            look, leads = self._next, not self._led
            look.gates.append(gate)
            self._led = True
        if not leads:
            gate.acquire()
        if not look.ended:  # nobody did it for us: it is our turn
            self._lead(look)
        if look.error is not None:
            raise look.error

    def _lead(self, look: _Look) -> None:
        if self._shared and self._uptime() - self._began < GATHER_SECONDS:
            self._store.runtime.sleep(GATHER_SECONDS)
        self._began = self._uptime()
        with self._lock:
            self._shared = len(look.gates) > 1
            self._next = _Look()  # who comes from now on may want what lands while this one looks
        try:
            self._look_now()
        except BaseException as error:  # nobody who waits has been answered
            look.error = error
        look.ended = True
        with self._lock:
            following = self._next.gates[:1]
            self._led = bool(following)
        # The next one first: all others wait for it, or have their answer.
        for gate in (*following, *look.gates):
            gate.release()

    def _look_now(self) -> None:
        # What was seen is noted last: after an error in between, the next look sees it as new once more.
        version = self._store.version(KEY)
        if version != self._added_version:
            self._added = _read_added(self._store)
            self._gather()
            self._added_version = version
        if self._answers >= READ_EVERY:
            versions = self._store.versions(PREFIX)
            if versions != self._declared_versions:
                self._declared = read_holds(self._store)
                self._gather()
                self._declared_versions = versions
            self._answers = 0
        self._known_at = self._began

    def _gather(self) -> None:
        self._generation += 1
        holds = (*self._declared, *self._added)
        runtime = self._store.runtime
        self._index, self._call_index = HoldIndex(holds, runtime), HoldIndex(call_holds(holds), runtime)


def _read_added(store: DocumentReader) -> tuple[Hold, ...]:
    """Every hold that was added by command and stands. StateError."""
    return tuple(item for hold in standing(store) for item in hold.holds())


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

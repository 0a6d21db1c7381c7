"""The ledger of one schedule in the document store: what makes "at most once" true.

    ledger-heads/NAME         {account, closed, high_water, since, disabled, applied}: who pays, whether calls
                              may be placed, the latest instant at which anybody looked, when it began, and
                              which version of the schedule is in force
    ledger/NAME/DAY/SHARD     {calls: {KEY: entry}}: the keys of one UTC day, by number in 64 documents

A key comes into being by compare-and-swap, before the request leaves. Whoever loses that race does not send;
whoever finds the key does not send. So nothing depends on a lease, on the clock, or on who else is running.
The shards keep a day of thousands of calls from being rewritten with each of them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.erased import MARK, is_mark, known_again, mark_of, shard_of
from voiceform.kinds.call.ledger.pauses import KEY as PAUSES
from voiceform.kinds.call.ledger.pauses import Halt, Pause, Stopped, pause_of, read_halts, stop
from voiceform.kinds.pseudonyms import Pseudonyms
from voiceform.model.errors import DamagedDocumentsError, StateConflictError, StateError
from voiceform.model.instants import instant_from_text, instant_to_text
from voiceform.model.store import Document, DocumentReader, DocumentStore, Glance, StoredDocument, Write

PREFIX = "ledger/"
HEADS = "ledger-heads/"
_SHARDS = 64
ABSURD = timedelta(days=31)
"""A clock that was ahead by more than this was wrong, and what it marked is not believed."""

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
"""No occurrence is earlier, however long a grace or a delay may be."""

Version = tuple[str | None, int]
"""Which version of a schedule is in force, and how many were before."""

Step = Callable[[LedgerEntry | None], LedgerEntry | None]
"""What a key's entry (None: there is none) becomes; None leaves it as it is."""


def head_kept(stored: StoredDocument, pushed: Document | None) -> Document:
    """What becomes of a head when a state is pushed over it: what time was seen stays seen. Where another
    version of the schedule is pushed, which one is in force is not known any more: who is at work stops."""
    applied = stored.document.get("applied")
    return {**stored.document, "applied": applied if (pushed or {}).get("applied") == applied else None}


def calls_kept(stored: StoredDocument, pushed: Document | None) -> Document:
    """What becomes of a day's calls when a state is pushed over them: every key stays, as it is stored."""
    calls = {**(pushed or {}).get("calls", {}), **stored.document.get("calls", {})}
    return {**stored.document, "calls": calls}


@dataclass(frozen=True, slots=True)
class Head:
    """`closed`: the schedule was removed and nothing more may be placed. `high_water` is the latest instant
    at which the schedule was looked at: time before it does not come again, even if the clock goes back.
    `since` is when its present times were first applied: what repeats has no occurrences before that.
    `account` is the SID of the account that the schedule was applied with. `disabled`: it was applied with
    `enabled: false`, and nothing is placed until it is applied without. `applied` is the digest of the
    schedule (spec.py, `digest_of`) whose application was begun last, None where that is not known, and
    `changes` how often another one was put in force, or none: one that comes back later is not what it was,
    because others were called meanwhile."""

    account: str | None = None
    closed: bool = False
    high_water: datetime | None = None
    since: datetime | None = None
    disabled: bool = False
    applied: str | None = None
    changes: int = 0

    @property
    def version(self) -> Version:
        """What is in force; never again the same once it was replaced."""
        return self.applied, self.changes


class LedgerReader:
    """Reads the ledger called `name`."""

    def __init__(self, reader: DocumentReader, name: str) -> None:
        self._reader = reader
        self.name = name

    def head(self) -> Head:
        """The head; the default one when the schedule was never applied."""
        return _head_of(self._reader.get(HEADS + self.name))

    def pause(self) -> Pause | None:
        """The pause by command that keeps its calls from being placed at this moment, if there is one."""
        return pause_of(self._reader, self.name)

    def glance(self, *others: str) -> Glance:
        """What is read to know whether calls may be placed, as it is at this moment, and `others` with it."""
        return Glance(self._reader, (HEADS + self.name, PAUSES, *others))

    def halts(self) -> tuple[Halt, ...]:
        """How often its schedule stopped by itself."""
        return read_halts(self._reader, self.name)

    def entries(self, since: date | None = None, people: Iterable[str] = ()) -> dict[Key, LedgerEntry]:
        """Every entry, or those of the days from `since` on. Of people who were erased and are among
        `people` the entries stand under their numbers, of others under a mark (erased.py)."""
        found: dict[Key, LedgerEntry] = {}
        for stored in self._stored(since):
            found.update(calls_of(stored))
        return known_again(found, people, self._reader)

    def document_of(self, key: Key) -> str:
        """The document that holds a key, without what all ledgers begin with."""
        return "/".join((self.name, *_place(key)))

    def entry(self, key: Key) -> LedgerEntry | None:
        """The entry of one key."""
        stored = self._reader.get(self._key(*_place(key)))
        found = {} if stored is None else known_again(calls_of(stored), (key.to,), self._reader)
        return found.get(key)

    def _stored(self, since: date | None) -> Iterator[StoredDocument]:
        prefix = self._key("")
        for stored in self._reader.list(prefix):
            day = stored.key.removeprefix(prefix).split("/")[0]
            if since is None or day >= since.isoformat():
                yield stored

    def _key(self, *parts: str) -> str:
        return "/".join((PREFIX + self.name, *parts))


class Ledger(LedgerReader):
    """Reads and writes one ledger. Safe for several threads and any number of processes."""

    def __init__(self, store: DocumentStore, name: str) -> None:
        super().__init__(store, name)
        self._store = store
        self._lock = store.runtime.lock()
        self._known: dict[str, StoredDocument | None] = {}

    def change(
        self, key: Key, step: Step, *, first: Write | None = None, then: Write | None = None
    ) -> tuple[LedgerEntry | None, bool]:
        """Apply `step` to one key by compare-and-swap; the entry afterwards, and whether it was changed.

        With what is changed two other documents may be written, `first` in front of it and `then` behind it:
        all or nothing where the store can, else in this order. StateConflictError when one of them, or the
        ledger, was changed meanwhile.
        """
        name = self._key(*_place(key))
        return self._change_document(name, {key: step}, first, then)[key]

    def change_all(self, steps: Mapping[Key, Step]) -> dict[Key, tuple[LedgerEntry | None, bool]]:
        """`change` for many keys, with one write for those that share a document."""
        by_place: dict[tuple[str, str], dict[Key, Step]] = {}
        for key, step in steps.items():
            by_place.setdefault(_place(key), {})[key] = step
        result: dict[Key, tuple[LedgerEntry | None, bool]] = {}
        for place, group in by_place.items():
            result.update(self._change_document(self._key(*place), group))
        return result

    def set_head(
        self,
        *,
        account: str | None = None,
        closed: bool | None = None,
        high_water: datetime | None = None,
        since: datetime | None = None,
        disabled: bool | None = None,
        applied: str | None = None,
    ) -> Head:
        """Change what is given of the head; `high_water` rises, unless it was set by a clock far ahead."""
        key = HEADS + self.name
        while True:
            stored = self._store.get(key)
            head = _head_of(stored)
            latest = _later(head.high_water, high_water)
            other = closed not in (None, head.closed) or applied not in (None, head.applied)
            wanted = Head(
                account or head.account,
                head.closed if closed is None else closed,
                latest,
                since or head.since,
                head.disabled if disabled is None else disabled,
                applied or head.applied,
                head.changes + other,
            )
            if wanted == head and stored is not None:
                return head
            try:
                self._store.put(key, _head_document(wanted), None if stored is None else stored.version)
            except StateConflictError:
                continue
            return wanted

    def stop(self, why: Stopped, *, seen: int, now: datetime) -> bool:
        """Let its schedule be paused because of what went wrong (see pauses.stop)."""
        return stop(self._store, self.name, why, seen=seen, now=now)

    def _change_document(
        self,
        name: str,
        group: Mapping[Key, Step],
        first: Write | None = None,
        then: Write | None = None,
    ) -> dict[Key, tuple[LedgerEntry | None, bool]]:
        with self._lock:
            remembered = name in self._known
            stored = self._known[name] if remembered else self._store.get(name)
            while True:
                calls = {} if stored is None else dict(stored.document["calls"])
                erased = any(MARK in text for text in calls)
                result = {
                    key: _stepped(calls, self._marked(key) if erased else key, key, step)
                    for key, step in group.items()
                }
                self._known[name] = stored
                if not any(changed for _, changed in result.values()):
                    if not remembered:
                        return result
                    remembered, stored = False, self._store.get(name)
                    continue
                document: Document = {"calls": calls}
                own = Write(name, document, None if stored is None else stored.version)
                try:
                    version = self._written(own, first, then)
                except StateConflictError:
                    remembered, stored = False, self._store.get(name)
                    if first is None and then is None:
                        continue
                    self._known[name] = stored
                    raise
                except StateError:
                    del self._known[name]
                    raise
                self._known[name] = StoredDocument(name, document, version)
                return result

    def _written(self, own: Write, first: Write | None, then: Write | None) -> str:
        """Write one document of the ledger, with what is to be written beside it; its new version."""
        writes = [write for write in (first, own, then) if write is not None]
        version = self._store.write(writes)[writes.index(own)]
        assert version is not None  # noqa: S101 - only deletions have none
        return version

    def _marked(self, key: Key) -> Key:
        """The key under which the person's entry stands, should the person have been erased."""
        if is_mark(key.to):
            return key
        return replace(key, to=mark_of(key.to, _place(key)[1], Pseudonyms.of_state(self._store)))


def ledger_names(reader: DocumentReader) -> list[str]:
    """The names of all ledgers, also of schedules that were removed, sorted."""
    return sorted(stored.key.removeprefix(HEADS) for stored in reader.list(HEADS))


def check_ledgers(reader: DocumentReader) -> None:
    """Read every ledger whole; StateError for one that is damaged, and for a key that is not where keys of
    its day and number are looked up: it would not prevent a second call."""
    for stored in reader.list(HEADS):
        _head_of(stored)
    for stored in reader.list(PREFIX):
        for key in calls_of(stored):
            if tuple(stored.key.split("/")[-2:]) != _place(key):
                raise StateError(
                    f"the ledger document {stored.key!r} holds a key of another day or number",
                    hint="nothing was changed; push what `voiceform state pull` wrote, unedited",
                )


def calls_of(stored: StoredDocument) -> dict[Key, LedgerEntry]:
    """The entries of one document; DamagedDocumentsError when it cannot be read."""
    try:
        return {
            Key.parse(text): LedgerEntry.of_document(document)
            for text, document in stored.document["calls"].items()
        }
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise _damaged(stored, error) from error


def _damaged(stored: StoredDocument, error: Exception) -> DamagedDocumentsError:
    return DamagedDocumentsError(
        f"the ledger document {stored.key!r} is damaged: {error}",
        hint="nothing was placed; restore it from a backup: what it holds is what prevents second calls",
    )


def day_of(instant: datetime) -> date:
    """The UTC day under which an occurrence is stored."""
    return instant.astimezone(UTC).date()


def days_before(instant: datetime, span: timedelta) -> date:
    """The first day to read so that everything of the last `span` is seen."""
    return day_of(instant - min(span, instant - _FIRST))


def _later(stored: datetime | None, given: datetime | None) -> datetime | None:
    if stored is None or given is None:
        return stored or given
    return given if stored - given > ABSURD else max(stored, given)


def _stepped(
    calls: dict[str, Document], erased: Key, key: Key, step: Step
) -> tuple[LedgerEntry | None, bool]:
    """The entry of `key` after the step; what stands under the mark of somebody `erased` is of that key."""
    text = str(erased) if str(erased) in calls else str(key)
    before = LedgerEntry.of_document(calls[text]) if text in calls else None
    after = step(before)
    if after is None or after == before:
        return before, False
    calls[text] = after.document()
    return after, True


def _place(key: Key) -> tuple[str, str]:
    """The day and the shard whose document holds a key."""
    shard = shard_of(key.to) if is_mark(key.to) else _shard(key.to)
    return day_of(key.occurrence).isoformat(), shard


def _shard(to: str) -> str:
    return f"{hashlib.sha256(to.encode()).digest()[0] % _SHARDS:02d}"


def _head_of(stored: StoredDocument | None) -> Head:
    if stored is None:
        return Head()
    water, since = stored.document.get("high_water"), stored.document.get("since")
    try:
        closed, changes = stored.document["closed"], stored.document["changes"]
        if type(changes) is not int or changes < 0:
            raise ValueError(f"{changes!r} is no count of changes")
        return Head(
            stored.document.get("account"),
            closed,
            instant_from_text(water) if water else None,
            instant_from_text(since) if since else None,
            stored.document["disabled"],
            stored.document["applied"],
            changes,
        )
    except (KeyError, ValueError, TypeError) as error:
        raise _damaged(stored, error) from error


def _head_document(head: Head) -> Document:
    return {
        "account": head.account,
        "closed": head.closed,
        "high_water": instant_to_text(head.high_water) if head.high_water else None,
        "since": instant_to_text(head.since) if head.since else None,
        "disabled": head.disabled,
        "applied": head.applied,
        "changes": head.changes,
    }


def if_undecided(entry: LedgerEntry) -> Step:
    """The step that stores `entry` for a key that has no entry yet or was deferred, and for no other."""

    def step(before: LedgerEntry | None) -> LedgerEntry | None:
        return entry if before is None or before.status is CallStatus.DEFERRED else None

    return step

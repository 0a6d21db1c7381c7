"""What voiceform remembers of live rooms: whom it phoned, and what it announced.

One document `conferences/ADDRESS` per declared conference. An attempt is written before the request that
phones somebody leaves; an attempt without the SID of a call is one whose outcome nobody knows. Everything in
here is about rooms, which end, so nothing in it is part of the recorded settings.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from voiceform.model.address import Address
from voiceform.model.errors import StateError
from voiceform.model.instants import instant_from_text, instant_to_text
from voiceform.model.store import Document, DocumentReader, DocumentStore, StoredDocument, Write

LONGEST_CALL = timedelta(hours=25)
"""After so long nobody is still being phoned: Twilio keeps a call in its queue for 24 hours at most (error
22005), and it rings for at most ten minutes after that.
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One person phoned, or perhaps phoned. `room` None: no room was live, the attempt was to begin one.
    `participant` is the key under which the person was declared."""

    label: str
    room: str | None
    at: datetime
    run_id: str
    call_sid: str | None = None
    participant: str | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """The last attempt under each label, and the digests of what was announced in each room."""

    attempts: Mapping[str, Attempt] = field(default_factory=dict)
    announced: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def with_attempt(self, attempt: Attempt) -> Memory:
        """Remember an attempt in the place of an earlier one under its label."""
        return replace(self, attempts={**self.attempts, attempt.label: attempt})

    def without_attempt(self, label: str) -> Memory:
        """Forget an attempt: it provably reached nobody."""
        kept = {key: attempt for key, attempt in self.attempts.items() if key != label}
        return replace(self, attempts=kept)

    def with_announcement(self, room: str, digest: str) -> Memory:
        """Remember an announcement, and forget those of other rooms: they are over."""
        return replace(self, announced={room: (*self.announced.get(room, ()), digest)})

    def without_announcement(self, room: str, digest: str) -> Memory:
        """Forget an announcement that was provably not played."""
        kept = tuple(item for item in self.announced.get(room, ()) if item != digest)
        return replace(self, announced={room: kept} if kept else {})

    def has_announced(self, room: str, digest: str) -> bool:
        """Whether this was announced, or may have been, in that room."""
        return digest in self.announced.get(room, ())

    def labels_of(self, participant: str) -> tuple[str, ...]:
        """The labels under which somebody was phoned who was declared with this key."""
        return tuple(label for label, item in self.attempts.items() if item.participant == participant)

    @property
    def unresolved(self) -> bool:
        """Whether the outcome of any attempt is unknown."""
        return any(attempt.call_sid is None for attempt in self.attempts.values())


PREFIX = "conferences/"


def memory_key(address: Address) -> str:
    """Where the memory of a conference is stored."""
    return f"{PREFIX}{address}"


def read_memories(reader: DocumentReader) -> dict[str, Memory]:
    """Every memory by its key."""
    return {entry.key: _decode(entry) for entry in reader.list(PREFIX)}


def merged(memories: Iterable[Memory | None]) -> Memory:
    """The memories of an address and its earlier ones as one; where two know a label, the first wins."""
    attempts: dict[str, Attempt] = {}
    announced: dict[str, tuple[str, ...]] = {}
    for memory in reversed([found for found in memories if found is not None]):
        attempts.update(memory.attempts)
        announced.update(memory.announced)
    return Memory(attempts, announced)


def memory_kept(stored: StoredDocument, pushed: Document | None) -> Document:
    """What becomes of a memory when a state is pushed over it: everything stays that either knows.

    Of two attempts under one label the later one, and of one attempt what is pushed. StateError when one of
    both is damaged.
    """
    ours = _decode(stored)
    theirs = Memory() if pushed is None else _decode(replace(stored, document=pushed))
    attempts = {**ours.attempts, **theirs.attempts}
    for label, attempt in ours.attempts.items():
        if attempt.at > attempts[label].at:
            attempts[label] = attempt
    announced = {
        room: tuple(dict.fromkeys((*ours.announced.get(room, ()), *theirs.announced.get(room, ()))))
        for room in (*ours.announced, *theirs.announced)
    }
    return _encode(Memory(attempts, announced))


class Notebook:
    """The memory of one conference while it is acted upon; every change is durable when `keep` returns."""

    def __init__(self, store: DocumentStore, address: Address, aliases: Iterable[Address] = ()) -> None:
        self._store = store
        self._key = memory_key(address)
        entries = [store.get(memory_key(name)) for name in (address, *aliases)]
        self._version = entries[0].version if entries[0] is not None else None
        self.memory = merged(_decode(entry) for entry in entries if entry is not None)

    def keep(self, memory: Memory) -> None:
        """Write `memory`. Raises StateError, LeaseLostError among them: then nothing may be sent."""
        self._version = self._store.put(self._key, _encode(memory), self._version)
        self.memory = memory


def move_memory(store: DocumentStore, old: Address | None, new: Address) -> tuple[Write, ...]:
    """Keep under `new` what is remembered under `old`; the write that then removes the old document.

    None of both happens without an old document. Should a run die between, both say the same.
    """
    entry = store.get(memory_key(old)) if old is not None else None
    if old is None or entry is None:
        return ()
    notebook = Notebook(store, new, (old,))
    notebook.keep(notebook.memory)
    return (Write(entry.key, None, entry.version),)


def forget_memory(reader: DocumentReader, address: Address) -> tuple[Write, ...]:
    """The write that removes the memory of an address; none where an attempt's outcome is still unknown, so
    that declaring the conference again does not phone that person again.
    """
    entry = reader.get(memory_key(address))
    if entry is None or _decode(entry).unresolved:
        return ()
    return (Write(entry.key, None, entry.version),)


def _encode(memory: Memory) -> dict[str, Any]:
    return {
        "attempts": {label: _encode_attempt(attempt) for label, attempt in memory.attempts.items()},
        "announced": {room: list(digests) for room, digests in memory.announced.items()},
    }


def _encode_attempt(attempt: Attempt) -> dict[str, Any]:
    named = {} if attempt.participant is None else {"participant": attempt.participant}
    return {
        "room": attempt.room,
        "at": instant_to_text(attempt.at),
        "run": attempt.run_id,
        "call_sid": attempt.call_sid,
        **named,
    }


def _decode(entry: StoredDocument) -> Memory:
    """StateError when the document is damaged: who was phoned is not guessed."""
    document = entry.document
    try:
        return Memory(
            attempts={
                label: Attempt(
                    label,
                    item["room"],
                    instant_from_text(item["at"]),
                    item["run"],
                    item["call_sid"],
                    item.get("participant"),
                )
                for label, item in document["attempts"].items()
            },
            announced={room: tuple(digests) for room, digests in document["announced"].items()},
        )
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise StateError(
            f"the document {entry.key!r} is damaged: {error}",
            hint="nobody was phoned; restore it from a backup: what it holds prevents second calls",
        ) from error

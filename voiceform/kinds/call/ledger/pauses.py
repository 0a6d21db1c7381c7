"""Pauses by command: while one stands, no call of its schedules is placed, in whatever process.

They are one document, beside the ledgers and under no lock: `pauses/calls` has by the name of a ledger, or
`*` for all of them, what happened to its pauses, oldest first, which makes it the journal of them too.
Whoever dials reads it right before each request; nothing but `pause` and `resume` changes it, by
compare-and-swap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from voiceform.model.errors import DamagedDocumentsError, StateConflictError
from voiceform.model.instants import instant_from_text, instant_to_text
from voiceform.model.store import Document, DocumentReader, DocumentStore, StoredDocument

PREFIX = "pauses/"
KEY = f"{PREFIX}calls"
ALL = "*"
"""Stands for every schedule, also for those that are applied later."""

Events = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Pause:
    """Why nobody is called: `by` whom since `at`, or, with neither, because the configuration says so
    (`enabled: false`). `everything` is a pause of all schedules."""

    by: str | None = None
    at: datetime | None = None
    reason: str | None = None
    everything: bool = False

    def __str__(self) -> str:
        if self.by is None or self.at is None:
            return "paused by the configuration (enabled: false)"
        all_ = " with all others" if self.everything else ""
        why = f": {self.reason}" if self.reason else ""
        return f"paused{all_} since {self.at:%Y-%m-%d %H:%M:%S} UTC by {self.by}{why}"


def read_pauses(reader: DocumentReader) -> dict[str, Pause]:
    """The pauses that stand, by the name of the ledger or ALL. DamagedDocumentsError when they cannot be
    read: then nobody is called."""
    stored = reader.get(KEY)
    if stored is None:
        return {}
    found = {name: _pause(name, events) for name, events in _journal(stored).items()}
    return {name: pause for name, pause in found.items() if pause is not None}


def pause_of(reader: DocumentReader, ledger: str) -> Pause | None:
    """The pause that keeps the calls of one ledger from being placed, if one does."""
    standing = read_pauses(reader)
    return standing.get(ALL) or standing.get(ledger)


def pause(store: DocumentStore, name: str, *, reason: str | None, who: str, now: datetime) -> Pause | None:
    """Let a pause stand from now on; the one that stood before, which is then left as it is."""
    event = {
        "event": "paused",
        "at": instant_to_text(now),
        "by": who,
        **({"reason": reason} if reason else {}),
    }
    return _changed(store, name, lambda stands: None if stands else event)


def resume(store: DocumentStore, name: str, *, who: str, now: datetime) -> Pause | None:
    """End a pause; the one that stood, None when there was none."""
    event = {"event": "resumed", "at": instant_to_text(now), "by": who}
    return _changed(store, name, lambda stands: event if stands else None)


def kept_when_pushed(stored: StoredDocument, pushed: Document | None) -> Document:
    """What becomes of the pauses when a state is pushed over them: every name stays as it is stored."""
    theirs = _journal(StoredDocument(KEY, pushed, "")) if pushed is not None else {}
    return _document({**theirs, **_journal(stored)})


def _changed(
    store: DocumentStore, name: str, step: Callable[[Pause | None], Mapping[str, Any] | None]
) -> Pause | None:
    while True:
        stored = store.get(KEY)
        journal = {} if stored is None else _journal(stored)
        events = journal.get(name, ())
        before = _pause(name, events)
        event = step(before)
        if event is None:
            return before
        try:
            document = _document({**journal, name: (*events, event)})
            store.put(KEY, document, None if stored is None else stored.version)
        except StateConflictError:
            continue
        return before


def _journal(stored: StoredDocument) -> dict[str, Events]:
    try:
        journal = {name: tuple(events) for name, events in stored.document["pauses"].items()}
        for name, events in journal.items():
            _pause(name, events)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedDocumentsError(
            f"the pauses in {stored.key} cannot be read: {error}",
            hint="nobody is called before that is known; look with `voiceform state pull`",
        ) from error
    return journal


def _pause(name: str, events: Events) -> Pause | None:
    """The pause that events leave. KeyError, TypeError or ValueError."""
    if not events:
        return None
    last = events[-1]
    if last["event"] not in ("paused", "resumed"):
        raise ValueError(f"{last['event']!r} is no event of a pause")
    at = instant_from_text(last["at"])
    if last["event"] == "resumed":
        return None
    return Pause(last["by"], at, last.get("reason"), everything=name == ALL)


def _document(journal: Mapping[str, Events]) -> Document:
    return {"pauses": {name: [dict(event) for event in events] for name, events in sorted(journal.items())}}

"""Pauses by command: while one stands, no call of its schedules is placed, in whatever process.

They are one document, beside the ledgers and under no lock: `pauses/calls` has by the name of a ledger, or
`*` for all of them, what happened to its pauses, oldest first, which makes it the journal of them too.
Whoever dials reads it right before each request; nothing but `pause` and `resume` changes it, by
compare-and-swap. A dispatcher whose calls went wrong (dialling/waves.py) pauses its schedule in the same way,
and says in `stopped` because of what.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

from voiceform.model.errors import DamagedDocumentsError, StateConflictError
from voiceform.model.instants import instant_from_text, instant_to_text
from voiceform.model.store import Document, DocumentReader, DocumentStore, StoredDocument

PREFIX = "pauses/"
KEY = f"{PREFIX}calls"
ALL = "*"
"""Stands for every schedule, also for those that are applied later."""

STOP_RULE = "the stop rule of its waves"
"""Who paused a schedule that stopped by itself."""

_ENDED: Mapping[str, str] = MappingProxyType(
    {
        "failed": "failed",
        "busy": "were busy",
        "no-answer": "were not answered",
        "machine": "were answered by machines",
        "short": "were over at once",
    }
)

Events = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Stopped:
    """What went wrong: of `of` calls of a wave (from 1) of an occurrence `count` ended as the stop rule
    `rule` says, which is more than `limit` percent. Rule and limit are empty where nothing at all was known
    of them."""

    occurrence: datetime
    wave: int
    count: int
    of: int
    rule: str = ""
    limit: str = ""

    def __str__(self) -> str:
        where = f"in wave {self.wave} of {instant_to_text(self.occurrence)}"
        if not self.rule:
            return f"of none of {self.of} calls {where} it is known how it ended"
        share = f"{100 * self.count / self.of:.3g} %, and {self.limit} % are allowed"
        return f"{self.count} of {self.of} calls {where} {_ENDED.get(self.rule, self.rule)}: {share}"

    def document(self) -> Document:
        """As an event holds it."""
        return {
            "occurrence": instant_to_text(self.occurrence),
            "wave": self.wave,
            "count": self.count,
            "of": self.of,
            "rule": self.rule,
            "limit": self.limit,
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Stopped:
        """What `document` wrote; KeyError, TypeError or ValueError."""
        if int(document["of"]) < 1:
            raise ValueError("a wave of no calls stops nothing")
        return cls(
            instant_from_text(document["occurrence"]),
            int(document["wave"]),
            int(document["count"]),
            int(document["of"]),
            str(document["rule"]),
            str(document["limit"]),
        )


@dataclass(frozen=True, slots=True)
class Halt:
    """A schedule stopped by itself at `at` because of an occurrence, and `resumed` when a person let it."""

    occurrence: datetime
    at: datetime
    resumed: datetime | None = None


@dataclass(frozen=True, slots=True)
class Pause:
    """Why nobody is called: `by` whom since `at`, or, with neither, because the configuration says so
    (`enabled: false`). `everything` is a pause of all schedules; `stopped` says why it stopped by itself."""

    by: str | None = None
    at: datetime | None = None
    reason: str | None = None
    everything: bool = False
    stopped: Stopped | None = None

    def __str__(self) -> str:
        if self.by is None or self.at is None:
            return "paused by the configuration (enabled: false)"
        if self.stopped is not None:
            return f"stopped since {self.at:%Y-%m-%d %H:%M:%S} UTC: {self.stopped}"
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


def read_halts(reader: DocumentReader, ledger: str) -> tuple[Halt, ...]:
    """How often the schedule of a ledger stopped by itself, oldest first. DamagedDocumentsError."""
    stored = reader.get(KEY)
    events = () if stored is None else _journal(stored).get(ledger, ())
    return _halts(events)


def stop(store: DocumentStore, name: str, why: Stopped, *, seen: int, now: datetime) -> bool:
    """Let a schedule be paused because of what went wrong; whether this did it. `seen` is of how many halts
    whoever stops it knew: what was resumed in between is not stopped again for the same reason."""
    event = {
        "event": "paused",
        "at": instant_to_text(now),
        "by": STOP_RULE,
        "reason": str(why),
        "stopped": why.document(),
    }

    def step(events: Events) -> Mapping[str, Any] | None:
        return event if _pause(name, events) is None and len(_halts(events)) == seen else None

    return _changed(store, name, step)[1]


def pause(store: DocumentStore, name: str, *, reason: str | None, who: str, now: datetime) -> Pause | None:
    """Let a pause stand from now on; the one that stood before, which is then left as it is."""
    event = {
        "event": "paused",
        "at": instant_to_text(now),
        "by": who,
        **({"reason": reason} if reason else {}),
    }
    return _changed(store, name, lambda events: None if _pause(name, events) else event)[0]


def resume(store: DocumentStore, name: str, *, who: str, now: datetime) -> Pause | None:
    """End a pause; the one that stood, None when there was none."""
    event = {"event": "resumed", "at": instant_to_text(now), "by": who}
    return _changed(store, name, lambda events: event if _pause(name, events) else None)[0]


def kept_when_pushed(stored: StoredDocument, pushed: Document | None) -> Document:
    """What becomes of the pauses when a state is pushed over them: every name stays as it is stored."""
    theirs = _journal(StoredDocument(KEY, pushed, "")) if pushed is not None else {}
    return _document({**theirs, **_journal(stored)})


def _changed(
    store: DocumentStore, name: str, step: Callable[[Events], Mapping[str, Any] | None]
) -> tuple[Pause | None, bool]:
    """Add what `step` makes of what happened so far; what stood before, and whether it was added."""
    while True:
        stored = store.get(KEY)
        journal = {} if stored is None else _journal(stored)
        events = journal.get(name, ())
        before = _pause(name, events)
        event = step(events)
        if event is None:
            return before, False
        try:
            document = _document({**journal, name: (*events, event)})
            store.put(KEY, document, None if stored is None else stored.version)
        except StateConflictError:
            continue
        return before, True


def _journal(stored: StoredDocument) -> dict[str, Events]:
    try:
        journal = {name: tuple(events) for name, events in stored.document["pauses"].items()}
        for name, events in journal.items():
            _pause(name, events)
            _halts(events)
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
    stopped = Stopped.of_document(last["stopped"]) if "stopped" in last else None
    return Pause(last["by"], at, last.get("reason"), everything=name == ALL, stopped=stopped)


def _halts(events: Events) -> tuple[Halt, ...]:
    found: list[Halt] = []
    for event in events:
        at = instant_from_text(event["at"])
        if event["event"] == "paused" and "stopped" in event:
            found.append(Halt(Stopped.of_document(event["stopped"]).occurrence, at))
        elif event["event"] == "resumed" and found and found[-1].resumed is None:
            found[-1] = replace(found[-1], resumed=at)
    return tuple(found)


def _document(journal: Mapping[str, Events]) -> Document:
    return {"pauses": {name: [dict(event) for event in events] for name, events in sorted(journal.items())}}

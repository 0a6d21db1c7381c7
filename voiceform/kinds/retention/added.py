"""Holds that were added by command: they stand in the state beside those that were declared and applied.

They are all in one document, which is the journal of them too: each name has its events, oldest first, and
the hold stands while the last of these is its addition. Nothing but `add` and `release` changes it, each by
compare-and-swap and under no lock: a hold must not wait for a run that deletes for hours, and no run writes
there whose work it could undo. One document, so that a run can read all of it before each deletion.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from voiceform.kinds.retention.parts import ADDED
from voiceform.kinds.retention.policy import HOLDS, KIND, Hold, address, split
from voiceform.model.address import Address
from voiceform.model.errors import BlockedError, StateConflictError, StateError, UsageError
from voiceform.model.instants import instant_from_text, instant_to_text
from voiceform.model.names import identity
from voiceform.model.numbers import normal_number
from voiceform.model.store import Document, DocumentReader, DocumentStore, StoredDocument
from voiceform.twilio.sids import normal_sid

PREFIX = "holds/"
KEY = ADDED

RECORDED = f"resources/{KIND}.{HOLDS}."
"""Where holds are recorded that were declared."""

FRESH_SECONDS = 0.05
"""A run that deletes lets no request leave that relies on a look at the holds which began longer ago."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", re.ASCII)
_LONGEST_REASON = 500
_MATCHES = {"recordings": "recording_sid", "calls": "call_sid", "numbers": "number"}

Events = tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class AddedHold:
    """One hold: it keeps what any of its `recordings`, `calls` (with all their legs) and `numbers` match.

    `by` and `at` are of its addition, `released_by` and `released_at` of its end, None while it stands.
    """

    name: str
    reason: str
    by: str
    at: datetime
    recordings: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    released_by: str | None = None
    released_at: datetime | None = None

    @property
    def stands(self) -> bool:
        """Whether it keeps anything."""
        return self.released_at is None

    @property
    def address(self) -> Address:
        """As that of a hold that is declared: they share one space of names."""
        return address(HOLDS, self.name)

    def attributes(self) -> dict[str, Any]:
        """What it keeps and why, as plans show it."""
        asked = {criterion: list(getattr(self, part)) for part, criterion in _MATCHES.items()}
        return {"reason": self.reason, "any_of": {key: value for key, value in asked.items() if value}}

    def holds(self) -> tuple[Hold, ...]:
        """A hold under its name for each sort of thing: meeting one of them is enough."""
        asked = self.attributes()["any_of"]
        return tuple(Hold.read(self.name, {"match": {key: value}}) for key, value in asked.items())


@dataclass(frozen=True, slots=True)
class HoldRequest:
    """What a person wants to be kept, checked: at least one thing, each in its one spelling."""

    name: str
    reason: str
    recordings: tuple[str, ...]
    calls: tuple[str, ...]
    numbers: tuple[str, ...]

    @classmethod
    def of(
        cls,
        name: str,
        reason: str,
        recordings: Iterable[str] = (),
        calls: Iterable[str] = (),
        numbers: Iterable[str] = (),
    ) -> HoldRequest:
        """UsageError for what cannot be read: it would keep nothing, and nobody would know."""
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name[:80]!r} cannot be the name of a hold",
                hint="letters, digits, - and _, at most 64, as in case-4711",
            )
        reason = " ".join(reason.split())
        if not 0 < len(reason) <= _LONGEST_REASON:
            raise UsageError(
                f"the reason has {len(reason)} characters",
                hint=f"say in at most {_LONGEST_REASON} why nothing of it may be deleted",
            )
        request = cls(
            name,
            reason,
            _read(recordings, lambda text: _sid(text, "RE", "recording")),
            _read(calls, lambda text: _sid(text, "CA", "call")),
            _read(numbers, _number),
        )
        if not (request.recordings or request.calls or request.numbers):
            raise UsageError(
                f"the hold {name} would keep nothing",
                hint="name what it keeps: --recording RE..., --call CA... or --number +1...",
            )
        return request


def read_added(reader: DocumentReader) -> tuple[AddedHold, ...]:
    """Every hold that was ever added, as it is now, by name. StateError when that cannot be read."""
    stored = reader.get(KEY)
    return () if stored is None else added_of(stored)


def added_of(stored: StoredDocument) -> tuple[AddedHold, ...]:
    """As `read_added`, of a document that is there."""
    return tuple(_last(name, events) for name, events in sorted(_journal(stored).items()))


def standing(reader: DocumentReader) -> tuple[AddedHold, ...]:
    """The holds that were added and not released. StateError."""
    return tuple(hold for hold in read_added(reader) if hold.stands)


def same_name(name: str, names: Iterable[str]) -> str | None:
    """The one of `names` that is `name`, also where only the case differs."""
    return next((other for other in names if identity(other) == identity(name)), None)


def add(store: DocumentStore, request: HoldRequest, *, who: str, now: datetime) -> AddedHold:
    """Let the hold stand from now on. UsageError when there is a hold of that name.

    Ends when no run relies any more on what it saw before (FRESH_SECONDS), also where an answer of the state
    takes its time: what the hold keeps is deleted by no request that leaves from then on.
    """
    begun = store.runtime.uptime()
    declared = [split(Address.parse(entry.document["address"]))[1] for entry in store.list(RECORDED)]
    taken = same_name(request.name, declared)
    if taken is not None:
        raise UsageError(
            f"there is a hold {taken} already, which is declared in the configuration",
            hint="choose another name, or widen that one where it is declared, and apply",
        )

    def step(journal: dict[str, Events]) -> dict[str, Events]:
        held = [name for name, events in journal.items() if _last(name, events).stands]
        if (other := same_name(request.name, held)) is not None:
            raise UsageError(
                f"there is a hold {other} already, which was added by command",
                hint="choose another name: holds add up; `voiceform hold list` shows them",
            )
        event = _event("added", now, who, reason=request.reason)
        event.update({part: list(getattr(request, part)) for part in _MATCHES if getattr(request, part)})
        return {**journal, request.name: (*journal.get(request.name, ()), event)}

    hold = _last(request.name, _changed(store, step)[request.name])
    # Three requests and more were made here: the answer to one of a run's is not under way for longer.
    store.runtime.sleep(max(2 * FRESH_SECONDS, store.runtime.uptime() - begun))
    return hold


def release(
    store: DocumentStore, name: str, *, approvals: Iterable[str], who: str, now: datetime
) -> AddedHold:
    """End a hold, if one of `approvals` says so. UsageError when there is none, BlockedError without
    approval."""
    scope = f"release-hold={name}"
    approved = scope in tuple(approvals)

    def step(journal: dict[str, Events]) -> dict[str, Events]:
        known = {other: _last(other, events) for other, events in journal.items()}
        hold = known.get(name)
        if hold is None or not hold.stands:
            raise _nothing_to_release(store, name, [other for other, found in known.items() if found.stands])
        if not approved:
            raise BlockedError(
                f"the hold {name} would be released, and what only it keeps would be deleted when it is due",
                hint=f"if the hold may end, approve it: --approve {scope}",
            )
        return {**journal, name: (*journal[name], _event("released", now, who))}

    return _last(name, _changed(store, step)[name])


def kept_when_pushed(stored: StoredDocument, pushed: Document | None) -> Document:
    """What becomes of the holds when a state is pushed over them: every name stays as it is stored."""
    theirs = _journal(StoredDocument(KEY, pushed, "")) if pushed is not None else {}
    return _document({**theirs, **_journal(stored)})


def _nothing_to_release(store: DocumentReader, name: str, there: list[str]) -> UsageError:
    if store.get(RECORDED + name) is not None:
        return UsageError(
            f"the hold {name} is declared in the configuration",
            hint=f"take it out there, and apply with --approve release-hold={name}",
        )
    near = same_name(name, there)
    hint = f"did you mean {near}?" if near is not None else "`voiceform hold list` shows what there is"
    return UsageError(f"no hold {name} was added by command", hint=hint)


def _changed(
    store: DocumentStore, step: Callable[[dict[str, Events]], dict[str, Events]]
) -> dict[str, Events]:
    while True:
        stored = store.get(KEY)
        journal = step({} if stored is None else _journal(stored))
        try:
            store.put(KEY, _document(journal), None if stored is None else stored.version)
        except StateConflictError:
            continue
        return journal


def _journal(stored: StoredDocument) -> dict[str, Events]:
    """The events by name, each of them read; StateError."""
    try:
        journal = {name: tuple(events) for name, events in stored.document["holds"].items()}
        for name, events in journal.items():
            _last(name, events)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise StateError(
            f"the holds in {stored.key} cannot be read: {error}",
            hint="nothing is deleted while a hold is unreadable; look with `voiceform state pull`",
        ) from error
    return journal


def _last(name: str, events: Events) -> AddedHold:
    """The hold as its events leave it. KeyError, TypeError, ValueError or IndexError."""
    added = [event for event in events if event["event"] == "added"][-1]
    hold = AddedHold(
        name,
        added["reason"],
        added["by"],
        instant_from_text(added["at"]),
        tuple(added.get("recordings", ())),
        tuple(added.get("calls", ())),
        tuple(added.get("numbers", ())),
    )
    hold.holds()
    if (last := events[-1]) is added:
        return hold
    if last["event"] != "released":
        raise ValueError(f"{last['event']!r} is no event of a hold")
    return replace(hold, released_by=last["by"], released_at=instant_from_text(last["at"]))


def _event(what: str, now: datetime, who: str, **more: str) -> dict[str, Any]:
    return {"event": what, "at": instant_to_text(now), "by": who, **more}


def _document(journal: Mapping[str, Events]) -> Document:
    return {"holds": {name: [dict(event) for event in events] for name, events in sorted(journal.items())}}


def _read(texts: Iterable[str], reader: Callable[[str], str]) -> tuple[str, ...]:
    return tuple(sorted({reader(text) for text in texts}))


def _sid(text: str, prefix: str, what: str) -> str:
    found = normal_sid(text.strip(), prefix)
    if found is None:
        raise UsageError(
            f"{text[:80]!r} is not the SID of a {what}",
            hint=f"it is {prefix} and 32 hexadecimal digits; nothing is held yet",
        )
    return found


def _number(text: str) -> str:
    try:
        return normal_number(text)
    except ValueError as error:
        raise UsageError(
            f"{text[:80]!r}: {error}",
            hint="it would match nothing; write a number as +15558675310, or sip:anna@example.com, or"
            " client:anna; nothing is held yet",
        ) from error

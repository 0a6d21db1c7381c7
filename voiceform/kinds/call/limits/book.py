"""The counters in the state: reading them for a judgement, and taking a place in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from zoneinfo import ZoneInfo

from voiceform.kinds.call.limits.counting import Contact, Refusal, refusal
from voiceform.kinds.call.limits.in_force import KEY as LIMITS
from voiceform.kinds.call.limits.in_force import limits_in_force
from voiceform.kinds.call.limits.marks import (
    PREFIX,
    Mark,
    Marks,
    document_of,
    marks_in,
    name_of,
)
from voiceform.kinds.call.limits.outcomes import Outcomes, at_worst, settled
from voiceform.kinds.pseudonyms import Pseudonyms
from voiceform.model.store import DocumentReader, DocumentStore, StoredDocument, Write

if TYPE_CHECKING:
    from voiceform.kinds.call.spec import CallSpec

_MANY = 256
"""More documents than this are read in one go."""


class Contacts(Protocol):
    """Says of people whether a limit allows one more call."""

    def refusal(self, spec: CallSpec, to: str, now: datetime) -> Refusal | None:
        """The limit of the schedule that allows no call to `to` now, if one does not.
        DamagedDocumentsError when nobody can tell."""


class ContactReader:
    """The counters as they stand at one moment, for judging many people."""

    def __init__(self, reader: DocumentReader) -> None:
        self._reader = reader
        self._outcomes = Outcomes(reader, snapshot=True)
        self._pseudonyms: Pseudonyms | None = None
        self._known: dict[str, StoredDocument | None] = {}
        self._whole = False

    def refusal(self, spec: CallSpec, to: str, now: datetime) -> Refusal | None:
        """See Contacts."""
        if not spec.limits_of(to):
            return None
        return _refusal(spec, to, self.marks(spec, to, now), self._outcomes, now, {})

    def marks(self, spec: CallSpec, to: str, now: datetime) -> dict[str, Mark]:
        """The marks of one person; those of a long list of people are read together."""
        if self._pseudonyms is None:
            if next(iter(self._reader.list(PREFIX)), None) is None:
                return {}
            self._pseudonyms = Pseudonyms.of_state(self._reader)
        name = name_of(to, self._pseudonyms)
        if name not in self._known and not self._whole:
            self._read(spec, name, self._pseudonyms)
        return marks_in(self._known.get(name), now)

    def _read(self, spec: CallSpec, name: str, pseudonyms: Pseudonyms) -> None:
        """Read the counter of that name, and those of everybody else whom the schedule calls."""
        if len(spec.to) > _MANY:
            self._known = {stored.key: stored for stored in self._reader.list(PREFIX)}
            self._whole = True
            return
        wanted = {name, *(name_of(person, pseudonyms) for person in spec.to)} - self._known.keys()
        self._known.update({**dict.fromkeys(wanted), **self._reader.get_all(sorted(wanted))})


class ContactBook:
    """The counters, to take places in. Safe for several threads and any number of processes."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store
        self._outcomes = Outcomes(store, snapshot=False)
        self._pseudonyms: Pseudonyms | None = None

    def documents(self, to: str) -> tuple[str, ...]:
        """The documents that `bound` and `page` read for whoever is called at `to`."""
        return LIMITS, self._name(to)

    def bound(self, spec: CallSpec, reader: DocumentReader | None = None) -> CallSpec:
        """The schedule with the limits that bind it at this moment, or when `reader` saw them."""
        limits = limits_in_force(reader or self._store, spec.purpose, spec.limits)
        return spec if limits == spec.limits else replace(spec, limits=limits)

    def page(self, to: str, claim: str, now: datetime, reader: DocumentReader | None = None) -> Page:
        """The counter of whoever is called at `to` as it is now, or when `reader` saw it, for the call that
        is reserved under `claim`."""
        name = self._name(to)
        stored = (reader or self._store).get(name)
        return Page(name, claim, stored, marks_in(stored, now), self._outcomes)

    def put(self, write: Write) -> None:
        """Store a changed counter alone. StateConflictError when it was changed meanwhile."""
        self._store.write((write,))

    def _name(self, to: str) -> str:
        if self._pseudonyms is None:
            self._pseudonyms = Pseudonyms.of_state(self._store)
        return name_of(to, self._pseudonyms)


@dataclass(slots=True)
class Page:
    """The counter of a person as it was read, for the call under one claim, whose own mark does not count."""

    name: str
    claim: str
    stored: StoredDocument | None
    marks: dict[str, Mark]
    outcomes: Outcomes
    learnt: dict[str, Contact] = field(default_factory=dict)

    def refusal(self, spec: CallSpec, to: str, now: datetime) -> Refusal | None:
        """See Contacts."""
        if not spec.limits_of(to):
            return None
        others = {claim: mark for claim, mark in self.marks.items() if claim != self.claim}
        return _refusal(spec, to, others, self.outcomes, now, self.learnt)

    def taken(self, mark: Mark) -> Write:
        """The write that counts the call. It fails when anybody counted or freed another meanwhile. What was
        learnt of others is noted with it, and those that were never sent are taken out."""
        known = {claim: settled(self.marks[claim], contact) for claim, contact in self.learnt.items()}
        return self._write({**self.marks, **known, self.claim: mark})

    def freed(self) -> Write | None:
        """The write that takes the mark of the call out again; None where there is none."""
        return self._write({**self.marks, self.claim: None}) if self.claim in self.marks else None

    def _write(self, marks: Mapping[str, Mark | None]) -> Write:
        kept = {claim: mark for claim, mark in marks.items() if mark is not None}
        return Write(self.name, document_of(kept), None if self.stored is None else self.stored.version)


def _refusal(
    spec: CallSpec,
    to: str,
    marks: Marks,
    outcomes: Outcomes,
    now: datetime,
    learnt: dict[str, Contact],
) -> Refusal | None:
    """As Contacts.refusal. The ledger is asked only where it matters what became of calls, which is `learnt`
    then."""
    limits = spec.limits_of(to)

    def zones() -> Sequence[ZoneInfo]:
        return spec.zones_of(to)

    if refusal(limits, [at_worst(mark) for mark in marks.values()], now, zones) is None:
        return None
    learnt.update(outcomes.of(marks, now))
    return refusal(limits, [learnt[claim] for claim in marks], now, zones)

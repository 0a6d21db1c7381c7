"""Contacts as they are known at one moment, and those that are foreseen: plans and previews judge by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from voiceform.kinds.call.limits.counting import Answered, Contact, Refusal, Sent, refusal
from voiceform.kinds.call.limits.marks import PREFIX, marks_in, name_of
from voiceform.kinds.call.limits.outcomes import Outcomes
from voiceform.kinds.call.limits.period import Rolling
from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.pseudonyms import Pseudonyms
from voiceform.model.numbers import is_phone_number, person
from voiceform.model.store import DocumentReader, StoredDocument

Known = Mapping[str, Sequence[Contact]]
"""The contacts of people, by who they are."""

_MANY = 256
"""Counters of more people than this are read in one go."""
_CALENDAR = timedelta(days=32)
_ANSWERED_WITHIN = timedelta(hours=52)


class Foresight:
    """Judges by what is known, and by calls that are said to be placed before."""

    def __init__(self, known: Known) -> None:
        self._contacts = {who: list(contacts) for who, contacts in known.items()}

    def refusal(self, spec: CallSpec, to: str, now: datetime) -> Refusal | None:
        """See Contacts."""
        limits = spec.limits_of(to)
        contacts = self._contacts.get(_who(to)) if limits else None
        return refusal(limits, contacts, now, lambda: spec.zones_of(to)) if contacts else None

    def foresee(self, spec: CallSpec, to: str, at: datetime) -> None:
        """Count a call that will be placed. That it is answered nobody can foresee."""
        found = Contact(at, spec.purpose, Sent.YES, Answered.NO, at)
        self._contacts.setdefault(_who(to), []).append(found)


def known_contacts(
    reader: DocumentReader, specs: Sequence[CallSpec], people: Iterable[str], now: datetime
) -> dict[str, Sequence[Contact]]:
    """What is known of calls to these people, as far as it matters for the limits of these schedules.
    DamagedDocumentsError when that cannot be read."""
    wanted = dict.fromkeys(people) if any(spec.every_limit for spec in specs) else {}
    if not wanted or next(iter(reader.list(PREFIX)), None) is None:
        return {}
    since = now - reach(specs) - _ANSWERED_WITHIN
    pseudonyms, outcomes = Pseudonyms.of_state(reader), Outcomes(reader, snapshot=True)
    names = {to: name_of(to, pseudonyms) for to in wanted}
    stored = _stored(reader, names.values())
    found: dict[str, Sequence[Contact]] = {}
    for to, name in names.items():
        marks = marks_in(stored.get(name), now)
        of_late = {claim: mark for claim, mark in marks.items() if mark.at > since}
        contacts = [*outcomes.of(of_late, now).values()]
        if contacts:
            found[_who(to)] = contacts
    return found


def reach(specs: Iterable[CallSpec]) -> timedelta:
    """How far back calls count for the limits of these schedules; nothing where there are none."""
    limits = [limit for spec in specs for limit in spec.every_limit]
    spans = [limit.per.span if isinstance(limit.per, Rolling) else _CALENDAR for limit in limits]
    return max(spans, default=timedelta(0))


def _stored(reader: DocumentReader, names: Iterable[str]) -> dict[str, StoredDocument]:
    wanted = frozenset(names)
    if len(wanted) > _MANY:
        return {stored.key: stored for stored in reader.list(PREFIX) if stored.key in wanted}
    return reader.get_all(sorted(wanted))


def _who(to: str) -> str:
    return to if is_phone_number(to) else person(to) or to

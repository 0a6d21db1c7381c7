"""What the ledger says of the call that a mark stands for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from voiceform.kinds.call.ledger.entries import GONE, CallStatus, LedgerEntry
from voiceform.kinds.call.limits.counting import Answered, Contact, Sent
from voiceform.kinds.call.limits.marks import Mark, Marks
from voiceform.model.errors import DamagedDocumentsError
from voiceform.model.store import DocumentReader, StoredDocument

_LEDGER = "ledger/"
_UNDER_WAY = timedelta(minutes=4)
"""How long after its mark a reservation may still be stored: as long as a request may be under way."""
_LEARNT_WITHIN = timedelta(hours=52)
"""A call waits a day for its turn at most (error 22005), rings, and lasts a day at most."""
_FOUND_WITHIN = timedelta(minutes=15)
"""What is not found by then stays unknown until a person decides."""
_NEVER_SENT = frozenset({CallStatus.DEFERRED, CallStatus.MISSED, CallStatus.SUPPRESSED})

Calls = Mapping[str, dict[str, Any]]
"""Entries as they are stored, by the claims under which they were reserved."""


class Outcomes:
    """Looks calls up. `snapshot` reads each document of the ledger once, for judging many people at one
    moment; otherwise each question is asked anew."""

    def __init__(self, reader: DocumentReader, *, snapshot: bool) -> None:
        self._reader = reader
        self._snapshot = snapshot
        self._read: dict[str, Calls] = {}

    def of(self, marks: Marks, now: datetime) -> dict[str, Contact]:
        """What is known of the calls that were reserved under these claims, which are read together.
        DamagedDocumentsError when that cannot be read."""
        open_ = {claim: mark for claim, mark in marks.items() if mark.answered is None and not mark.over}
        calls = self._calls({mark.place for mark in open_.values()})
        return {
            claim: _looked_up(claim, mark, calls[mark.place], now) if claim in open_ else _noted(mark)
            for claim, mark in marks.items()
        }

    def _calls(self, places: Iterable[str]) -> dict[str, Calls]:
        """The calls in documents of the ledger, by claim."""
        known = {place: self._read[place] for place in places if place in self._read}
        keys = {place: _LEDGER + place for place in places if place not in known}
        stored = self._reader.get_all(sorted(keys.values()))
        known.update({place: _claimed(place, stored.get(key)) for place, key in keys.items()})
        if self._snapshot:
            self._read.update(known)
        return known


def settled(mark: Mark, contact: Contact) -> Mark | None:
    """The mark with what is known for good, None when it counts nowhere."""
    if contact.sent is Sent.NO:
        return None
    if contact.answered is Answered.MAYBE or contact.sent is Sent.MAYBE:
        return mark
    return replace(mark, answered=contact.talked if contact.answered else None, over=not contact.answered)


def at_worst(mark: Mark) -> Contact:
    """The call as if it had been answered, where nobody has looked yet."""
    answered = Answered.NO if mark.over else Answered.YES
    return Contact(mark.at, mark.purpose, Sent.YES, answered, mark.answered or _latest(mark))


def _claimed(place: str, stored: StoredDocument | None) -> Calls:
    try:
        entries = [] if stored is None else stored.document["calls"].values()
        return {call["claim"]: call for call in entries if "claim" in call}
    except (KeyError, TypeError, AttributeError) as error:
        raise _damaged(place, error) from error


def _damaged(place: str, error: Exception) -> DamagedDocumentsError:
    return DamagedDocumentsError(
        f"the ledger document {_LEDGER + place!r} is damaged: {error}",
        hint="nobody is called before it is known who was called; restore it from a backup",
    )


def _noted(mark: Mark) -> Contact:
    """What the mark itself knows for good."""
    if mark.answered is not None:
        return Contact(mark.at, mark.purpose, Sent.YES, Answered.YES, mark.answered)
    return Contact(mark.at, mark.purpose, Sent.YES, Answered.NO, mark.at)


def _looked_up(claim: str, mark: Mark, calls: Calls, now: datetime) -> Contact:
    found = calls.get(claim)
    if found is not None:
        try:
            return _known(mark, LedgerEntry.of_document(found), now)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise _damaged(mark.place, error) from error
    # Not there yet, or never: its call was put off, or the process died between the two.
    young = abs(now - mark.at) < _UNDER_WAY
    return _contact(mark, Sent.MAYBE if young else Sent.NO, Answered.MAYBE if young else Answered.NO)


def _latest(mark: Mark) -> datetime:
    """When a call may have been answered at the latest."""
    return mark.at + _LEARNT_WITHIN


def _known(mark: Mark, entry: LedgerEntry, now: datetime) -> Contact:
    status = entry.status
    if status in _NEVER_SENT or (entry.sid is None and status in (CallStatus.FAILED, CallStatus.CANCELED)):
        return _contact(mark, Sent.NO, Answered.NO)
    if status is CallStatus.RESERVED:
        return _contact(mark, Sent.MAYBE, Answered.MAYBE)
    if status is CallStatus.ANSWERED:
        return Contact(mark.at, mark.purpose, Sent.YES, Answered.YES, entry.ended_at or entry.at)
    age = abs(now - mark.at)
    if status is CallStatus.UNKNOWN:
        return _contact(mark, Sent.YES, Answered.MAYBE if age < _FOUND_WITHIN else Answered.YES)
    if status is CallStatus.PLACED:
        lost = entry.call == GONE or age >= _LEARNT_WITHIN
        return _contact(mark, Sent.YES, Answered.YES if lost else Answered.MAYBE)
    return _contact(mark, Sent.YES, Answered.NO)


def _contact(mark: Mark, sent: Sent, answered: Answered) -> Contact:
    return Contact(mark.at, mark.purpose, sent, answered, mark.at)

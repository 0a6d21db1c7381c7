"""What the ledger says of the call that a mark stands for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from voiceform.kinds.call.ledger.entries import GONE, CallStatus, LedgerEntry
from voiceform.kinds.call.limits.counting import Answered, Contact, Sent
from voiceform.kinds.call.limits.marks import Mark
from voiceform.model.errors import DamagedDocumentsError
from voiceform.model.store import DocumentReader

_LEDGER = "ledger/"
_UNDER_WAY = timedelta(minutes=4)
"""How long after its mark a reservation may still be stored: as long as a request may be under way."""
_LEARNT_WITHIN = timedelta(hours=52)
"""A call waits a day for its turn at most (error 22005), rings, and lasts a day at most."""
_FOUND_WITHIN = timedelta(minutes=15)
"""What is not found by then stays unknown until a person decides."""
_NEVER_SENT = frozenset({CallStatus.DEFERRED, CallStatus.MISSED, CallStatus.SUPPRESSED})


class Outcomes:
    """Looks calls up. `snapshot` reads each document of the ledger once, for judging many people at one
    moment; otherwise each question is asked anew."""

    def __init__(self, reader: DocumentReader, *, snapshot: bool) -> None:
        self._reader = reader
        self._snapshot = snapshot
        self._read: dict[str, Mapping[str, dict[str, Any]]] = {}

    def of(self, claim: str, mark: Mark, now: datetime) -> Contact:
        """What is known of the call that was reserved under a claim. DamagedDocumentsError when that cannot
        be read."""
        if mark.answered is not None:
            return Contact(mark.at, mark.purpose, Sent.YES, Answered.YES, mark.answered)
        if mark.over:
            return Contact(mark.at, mark.purpose, Sent.YES, Answered.NO, mark.at)
        entry = self._entry(claim, mark)
        if entry is None:
            # Not there yet, or never: its call was put off, or the process died between the two.
            young = abs(now - mark.at) < _UNDER_WAY
            return _contact(mark, Sent.MAYBE if young else Sent.NO, Answered.MAYBE if young else Answered.NO)
        return _known(mark, entry, now)

    def _entry(self, claim: str, mark: Mark) -> LedgerEntry | None:
        calls = self._read.get(mark.place)
        try:
            if calls is None:
                stored = self._reader.get(_LEDGER + mark.place)
                entries = [] if stored is None else stored.document["calls"].values()
                calls = {call["claim"]: call for call in entries if "claim" in call}
            found = calls.get(claim)
            entry = None if found is None else LedgerEntry.of_document(found)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DamagedDocumentsError(
                f"the ledger document {_LEDGER + mark.place!r} is damaged: {error}",
                hint="nobody is called before it is known who was called; restore it from a backup",
            ) from error
        if self._snapshot:
            self._read[mark.place] = calls
        return entry


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

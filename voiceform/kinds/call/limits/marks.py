"""The counter of one person: a document with a mark for each call that was reserved, whoever reserved it.

    contacts/PSEUDONYM     {marks: {CLAIM: {at, in, purpose, answered, over}}}

A mark says where in the ledger its call stands (`in`, `claim`) and not what became of it: that is looked up
there, where it is learnt anyway. So a call that turns out never to have been sent stops counting by itself,
and one that nobody knows about goes on to count. No number and no spelling of one stands here in clear.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from voiceform.kinds.call.limits.period import LONGEST
from voiceform.kinds.pseudonyms import Pseudonyms
from voiceform.model.errors import DamagedDocumentsError
from voiceform.model.instants import instant_from_text, instant_to_text
from voiceform.model.store import Document, DocumentReader, StoredDocument

PREFIX = "contacts/"
_DIGITS = 32
_KEPT = LONGEST + timedelta(days=3)
"""A call may be answered, and end, days after it was placed."""
_ABSURD = timedelta(days=31)
_HINT = "nobody is called before that is known; look with `voiceform state pull`"


@dataclass(frozen=True, slots=True)
class Mark:
    """One call to the person, which left, or was about to, at `at`.

    `place` is the document of the ledger that knows what became of it, under the claim of the mark.
    `answered` is when it was answered, where that was looked up before; `over` that it is known to have ended
    otherwise.
    """

    at: datetime
    place: str
    purpose: str | None = None
    answered: datetime | None = None
    over: bool = False

    def document(self) -> Document:
        """The mark as it is stored."""
        document: Document = {"at": instant_to_text(self.at), "in": self.place}
        if self.purpose is not None:
            document["purpose"] = self.purpose
        if self.answered is not None:
            document["answered"] = instant_to_text(self.answered)
        if self.over:
            document["over"] = True
        return document

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Mark:
        """The mark that `document` wrote; KeyError, TypeError or ValueError for anything else."""
        answered = document.get("answered")
        return cls(
            instant_from_text(document["at"]),
            document["in"],
            document.get("purpose"),
            None if answered is None else instant_from_text(answered),
            document.get("over", False),
        )


Marks = Mapping[str, Mark]
"""By the claims under which their calls were reserved."""


def name_of(to: str, pseudonyms: Pseudonyms) -> str:
    """The document of whoever is called at `to`, which is a number as it is recorded."""
    return PREFIX + pseudonyms.of_recorded(to)[:_DIGITS]


def marks_in(stored: StoredDocument | None, now: datetime) -> dict[str, Mark]:
    """The marks of a person, without those that count nowhere any more. DamagedDocumentsError when they
    cannot be read: then the person is not called."""
    found = {} if stored is None else _read(stored)
    return {claim: _believed(mark, now) for claim, mark in found.items() if mark.at > now - _KEPT}


def document_of(marks: Marks) -> Document:
    """The marks as they are stored."""
    return {"marks": {name: mark.document() for name, mark in marks.items()}}


def marks_kept(stored: StoredDocument, pushed: Document | None) -> Document:
    """What becomes of a counter when a state is pushed over it: every mark stays, as it is stored."""
    return {"marks": {**(pushed or {}).get("marks", {}), **stored.document.get("marks", {})}}


def check_counters(reader: DocumentReader) -> None:
    """Read every counter; DamagedDocumentsError for one that is damaged."""
    for stored in reader.list(PREFIX):
        _read(stored)


def _read(stored: StoredDocument) -> dict[str, Mark]:
    try:
        return {claim: Mark.of_document(mark) for claim, mark in stored.document["marks"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedDocumentsError(
            f"the counter {stored.key} cannot be read: {error}", hint=_HINT
        ) from error


def _believed(mark: Mark, now: datetime) -> Mark:
    """A mark of a clock that was ahead by more than a month is taken for one of now: it would keep the person
    from being called until then."""
    if mark.at - now <= _ABSURD:
        return mark
    return replace(mark, at=now)

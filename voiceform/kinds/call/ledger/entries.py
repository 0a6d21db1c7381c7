"""What the ledger says: keys and entries as plain data. A key without an entry has had nothing yet.

reserved                         about to be sent, or sent by a process that has not said more
deferred                         reserved, and certainly not processed (429, no connection, a refusal that is
                                 not about the person called): may be sent
placed -> answered | machine | busy | no-answer | failed | canceled    the API accepted it; how it ended
unknown                          sent, and nobody knows whether it was processed: never sent again
missed | suppressed              never sent: too late, or not allowed
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from voiceform.kinds.details import number_in, text_in
from voiceform.model.instants import instant_from_text, instant_to_text
from voiceform.model.store import Document


class CallStatus(StrEnum):
    """What became of one key of the ledger."""

    RESERVED = "reserved"
    DEFERRED = "deferred"
    PLACED = "placed"
    ANSWERED = "answered"
    MACHINE = "machine"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    FAILED = "failed"
    CANCELED = "canceled"
    UNKNOWN = "unknown"
    MISSED = "missed"
    SUPPRESSED = "suppressed"


IN_DOUBT = frozenset({CallStatus.RESERVED, CallStatus.UNKNOWN})
"""Statuses of what may have been placed without anybody knowing."""

_TEXTS = ("sid", "reason", "claim", "from_", "call", "answer", "answered_by")
_INSTANTS = ("reserved_at", "ended_at")

OF_CALL = {
    "completed": CallStatus.ANSWERED,
    "busy": CallStatus.BUSY,
    "no-answer": CallStatus.NO_ANSWER,
    "failed": CallStatus.FAILED,
    "canceled": CallStatus.CANCELED,
}
"""The API's final statuses; a call that has another one is live."""

_ANSWERED_BY = re.compile(r"[a-z][a-z0-9_-]{0,39}", re.ASCII)


def outcome_of(status: str, answered_by: str | None) -> CallStatus:
    """How a call ended, or PLACED while it is live. Machine detection says who answered (None: it is not on);
    what it does not know, and words of it that are new, are nobody's machine."""
    outcome = OF_CALL.get(status, CallStatus.PLACED)
    if outcome is CallStatus.ANSWERED and answered_by is not None:
        is_machine = answered_by.startswith("machine") or answered_by == "fax"
        return CallStatus.MACHINE if is_machine else outcome
    return outcome


def answerer(text: str | None) -> str | None:
    """The API's `answered_by` (human, machine_start, machine_end_beep, machine_end_silence,
    machine_end_other, fax, unknown; more may come), None for what is no such word."""
    word = (text or "").strip().lower()
    return word if _ANSWERED_BY.fullmatch(word) else None


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What there may be one request for: an occurrence, a number, an attempt (from 1) of one schedule."""

    occurrence: datetime
    to: str
    attempt: int = 1

    def __str__(self) -> str:
        return f"{instant_to_text(self.occurrence)}|{self.attempt}|{self.to}"

    @classmethod
    def parse(cls, text: str) -> Key:
        """The key that `str` wrote; ValueError for any other text."""
        occurrence, attempt, to = text.split("|", 2)
        return cls(instant_from_text(occurrence), to, int(attempt))

    def document(self) -> Document:
        """The key as a plan carries it."""
        return {"occurrence": instant_to_text(self.occurrence), "to": self.to, "attempt": self.attempt}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Key:
        """The key that `document` wrote; KeyError, TypeError or ValueError for any other document."""
        occurrence = instant_from_text(text_in(document, "occurrence"))
        return cls(occurrence, text_in(document, "to"), number_in(document, "attempt"))


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """What is known about a key. `at` is when it became so.

    `reserved_at` is when the request was about to leave, `claim` who had reserved it, `from_` the number that
    calls, `recorded` and `answer` (a digest) what the call is placed with. `call` is the last status of the
    call that the API told, `answered_by` who or what answered (`answerer`), `ended_at` when the call was
    over, `duration` for how many seconds it was answered, as the API counts them.
    """

    status: CallStatus
    at: datetime
    sid: str | None = None
    reason: str | None = None
    reserved_at: datetime | None = None
    claim: str | None = None
    from_: str | None = None
    call: str | None = None
    ended_at: datetime | None = None
    recorded: bool = False
    answer: str | None = None
    answered_by: str | None = None
    duration: int | None = None

    @property
    def live(self) -> bool:
        """Whether the call may still be going on."""
        return self.status is CallStatus.PLACED and self.call != GONE

    def document(self) -> Document:
        """The entry as it is stored; what is empty is left out."""
        document: Document = {"status": str(self.status), "at": instant_to_text(self.at)}
        for name in _TEXTS:
            value = getattr(self, name)
            if value is not None:
                document[name] = value
        for name in _INSTANTS:
            value = getattr(self, name)
            if value is not None:
                document[name] = instant_to_text(value)
        if self.recorded:
            document["recorded"] = True
        if self.duration is not None:
            document["duration"] = self.duration
        return document

    @classmethod
    def of_document(cls, document: dict[str, Any]) -> LedgerEntry:
        """The entry that `document` wrote."""
        instants = {name: instant_from_text(document[name]) for name in _INSTANTS if name in document}
        texts = {name: document.get(name) for name in _TEXTS}
        return cls(
            CallStatus(document["status"]),
            instant_from_text(document["at"]),
            recorded=document.get("recorded", False),
            duration=document.get("duration"),
            reserved_at=instants.get("reserved_at"),
            ended_at=instants.get("ended_at"),
            **texts,
        )


GONE = "gone"
"""Stands for the status of a call whose record was deleted from the account."""

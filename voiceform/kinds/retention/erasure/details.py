"""What one change of an erasure is to do, beside the objects that its order names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from voiceform.kinds.details import number_in, object_in, text_in, texts_in
from voiceform.kinds.retention.parts import CALL_RECORDS as CALL_RECORDS
from voiceform.kinds.retention.parts import COPIES as COPIES
from voiceform.kinds.retention.parts import RECORDINGS as RECORDINGS
from voiceform.model.instants import instant_from_text, instant_to_text

STATE = "state"
PARTS = (RECORDINGS, COPIES, CALL_RECORDS, STATE)
"""In the order in which they go: a call's record tells whose its recordings are, so it outlives them."""

_LISTS = ("calls", "copies", "documents")


@dataclass(frozen=True, slots=True)
class Erasing:
    """`person` is the keyed hash; `left` counts, by its words, what the plan already knows to stay.

    `calls` are SIDs that the ledger alone knows to be of the person; `copies` are the archived copies,
    `URL KEY` without suffix; `documents` are what of the state is to lose the person, `PART NAME`.
    """

    person: str
    planned_at: datetime
    evidence: str
    left: Mapping[str, int] = field(default_factory=dict)
    calls: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """As a part of `Change.details`; what is empty is left out."""
        found: dict[str, Any] = {"person": self.person, "planned_at": instant_to_text(self.planned_at)}
        if self.left:
            found["left"] = dict(self.left)
        found |= {name: list(getattr(self, name)) for name in _LISTS if getattr(self, name)}
        return found

    @classmethod
    def of_document(cls, document: Mapping[str, Any], evidence: str) -> Erasing:
        """What `to_document` wrote."""
        left = object_in(document, "left")
        lists = {name: texts_in(document, name) for name in _LISTS if name in document}
        return cls(
            text_in(document, "person"),
            instant_from_text(text_in(document, "planned_at")),
            evidence,
            {words: number_in(left, words) for words in left},
            **lists,
        )

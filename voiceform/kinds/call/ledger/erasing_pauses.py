"""Forget a person in the journal of pauses, where somebody gave their number as the reason."""

from __future__ import annotations

from voiceform.kinds.call.ledger.pauses import KEY
from voiceform.kinds.forgetting import Erased, Knowledge, Sought, may_hold_number
from voiceform.model.errors import StateConflictError
from voiceform.model.store import DocumentReader, DocumentStore

_REASON = "erased"


class PauseKeeper:
    """The document of pauses, standing ones and those that have ended; a name is that of a ledger."""

    name = "pauses"
    thing = "reasons of pauses"
    prefix = KEY

    def knows(self, reader: DocumentReader, whom: Sought) -> Knowledge:
        """The ledgers with a pause whose reason has the number."""
        stored = reader.get(KEY)
        pauses = {} if stored is None else stored.document["pauses"]
        return Knowledge({name: 1 for name, events in pauses.items() if whom.is_in(events)})

    def remembers(self, reader: DocumentReader, name: str, whom: Erased) -> bool:
        """Whether a reason may hold a number still: which one, only its digits could tell."""
        stored = reader.get(KEY)
        events = () if stored is None else stored.document["pauses"].get(name, ())
        return any(may_hold_number(event.get("reason") or "") for event in events)

    def forget(self, store: DocumentStore, name: str, whom: Erased) -> int:
        """Take the reasons out that may hold a number; pauses stand, or have ended, as before."""
        while True:
            stored = store.get(KEY)
            pauses = {} if stored is None else dict(stored.document["pauses"])
            if stored is None or name not in pauses:
                return 0
            pauses[name] = [
                {**event, "reason": _REASON} if may_hold_number(event.get("reason") or "") else event
                for event in pauses[name]
            ]
            try:
                store.put(KEY, {**stored.document, "pauses": pauses}, stored.version)
            except StateConflictError:
                continue
            return 1

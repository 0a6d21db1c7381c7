"""Forget a person in the holds of commands: one that stands keeps them, one that was released need not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voiceform.kinds.forgetting import Erased, Knowledge, Sought, may_hold_number
from voiceform.kinds.retention.added import KEY, added_of
from voiceform.model.errors import StateConflictError
from voiceform.model.store import Document, DocumentReader, DocumentStore

_REASON = "erased"


class HoldKeeper:
    """The document of holds that were added by command; a name is that of a hold."""

    name = "holds"
    thing = "released holds"
    prefix = KEY

    def knows(self, reader: DocumentReader, whom: Sought) -> Knowledge:
        """Those that name the person; what a standing one keeps is told where it is kept."""
        stored = reader.get(KEY)
        if stored is None:
            return Knowledge()
        standing = {hold.name for hold in added_of(stored) if hold.stands}
        named = [name for name, events in stored.document["holds"].items() if whom.is_in(events)]
        left = {f"the hold {name}, which names the person": 1 for name in named if name in standing}
        return Knowledge({name: 1 for name in named if name not in standing}, left)

    def remembers(self, reader: DocumentReader, name: str, whom: Erased) -> bool:
        """Whether the number is in one of its events."""
        stored = reader.get(KEY)
        events = () if stored is None else stored.document["holds"].get(name, ())
        return any(number in whom for event in events for number in event.get("numbers", ()))

    def forget(self, store: DocumentStore, name: str, whom: Erased) -> int:
        """Put a pseudonym in the place of the number in a hold that was released."""
        while True:
            stored = store.get(KEY)
            if stored is None or name in {hold.name for hold in added_of(stored) if hold.stands}:
                return 0
            holds = dict(stored.document["holds"])
            if name not in holds:
                return 0
            holds[name] = [_without(event, whom) for event in holds[name]]
            try:
                store.put(KEY, {"holds": holds}, stored.version)
            except StateConflictError:
                continue
            return 1


def _without(event: Mapping[str, Any], whom: Erased) -> Document:
    found = dict(event)
    if "numbers" in event:
        found["numbers"] = [
            f"client:erased-{whom.pseudonyms.of(number)[:32]}" if number in whom else number
            for number in event["numbers"]
        ]
    if may_hold_number(event.get("reason", "")):
        found["reason"] = _REASON
    return found

"""Forget a person in the ledgers: what was done stays known, and of whom no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from voiceform.kinds.call.ledger.entries import IN_DOUBT, CallStatus, Key
from voiceform.kinds.call.ledger.erased import is_mark, mark_of
from voiceform.kinds.call.ledger.store import PREFIX, calls_of
from voiceform.kinds.forgetting import Erased, Knowledge, Sought, may_hold_number
from voiceform.model.errors import StateConflictError
from voiceform.model.store import Document, DocumentReader, DocumentStore

_UNRESOLVED = "calls of which nobody knows whether they were placed (voiceform calls resolve)"


class LedgerKeeper:
    """The ledgers, also of schedules that were removed; a name is the key of a document."""

    name = "ledger"
    thing = "entries of the ledger"
    prefix = PREFIX

    def knows(self, reader: DocumentReader, whom: Sought) -> Knowledge:
        """Entries by the documents that hold them; what is in doubt is left until somebody resolves it."""
        found: Counter[str] = Counter()
        left: Counter[str] = Counter()
        calls: dict[str, datetime] = {}
        for stored in reader.list(PREFIX):
            for key, entry in calls_of(stored).items():
                forgotten = is_mark(key.to) and whom.digest.startswith(key.to.rpartition(":")[2])
                known = not is_mark(key.to) and whom.is_in([key.to, entry.from_, entry.reason])
                if (forgotten or known) and entry.sid is not None:
                    calls[entry.sid] = entry.reserved_at or entry.at
                if known and entry.status in IN_DOUBT:  # what became of it is found out by the number
                    left[_UNRESOLVED] += 1
                elif known:
                    found[stored.key] += 1
        return Knowledge(found, left, calls)

    def remembers(self, reader: DocumentReader, name: str, whom: Erased) -> bool:
        """Whether an entry is of the person that could be marked."""
        stored = reader.get(name)
        entries = {} if stored is None else calls_of(stored)
        return any(
            (key.to in whom or entry.from_ in whom) and entry.status not in IN_DOUBT
            for key, entry in entries.items()
        )

    def forget(self, store: DocumentStore, name: str, whom: Erased) -> int:
        """Put marks in the place of the number, by compare-and-swap: dispatchers write there, too."""
        while True:
            stored = store.get(name)
            if stored is None:
                return 0
            shard = name.rpartition("/")[2]
            calls: dict[str, Document] = {}
            count = 0
            calls_of(stored)  # StateError for what nobody can read
            for text, entry in stored.document["calls"].items():
                key = Key.parse(text)
                meant = key.to in whom or entry.get("from_") in whom
                if not meant or CallStatus(entry["status"]) in IN_DOUBT:
                    calls.setdefault(text, entry)
                    continue
                count += 1
                if key.to in whom:
                    text = str(replace(key, to=mark_of(key.to, shard, whom.pseudonyms)))
                calls.setdefault(text, _without(entry, whom))
            if not count:
                return 0
            try:
                store.put(name, {"calls": calls}, stored.version)
            except StateConflictError:
                continue
            return count


def _without(entry: Mapping[str, Any], whom: Erased) -> Document:
    """An entry of the person's own without what may tell the number, or what was said to them."""
    return {
        name: value
        for name, value in entry.items()
        if name != "answer"
        and not (name == "from_" and value in whom)
        and not (name == "reason" and may_hold_number(value))
    }

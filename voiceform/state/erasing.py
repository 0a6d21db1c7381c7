"""Forget a person in the journal: a run whose journal names them keeps who, when, and how many changes ended
how, and can be undone no more."""

from __future__ import annotations

from voiceform.kinds.forgetting import Erased, Knowledge, Sought
from voiceform.model.store import DocumentReader, DocumentStore
from voiceform.state.folding import fold_run
from voiceform.state.journal_codec import run_from_entry, run_key
from voiceform.state.meta import read_meta

_PREFIX = "journal/"
_OVERLAP = 200
"""A change that is too long is cut anywhere, also through a number."""


class JournalKeeper:
    """The journals of all runs; a name is the id of a run."""

    name = "journal"
    thing = "runs"
    prefix = _PREFIX

    def knows(self, reader: DocumentReader, whom: Sought) -> Knowledge:
        """The runs that name the person. One that has not ended is left: it has to be settled first."""
        meta = read_meta(reader)
        unfinished = () if meta is None else meta.unfinished
        found: dict[str, int] = {}
        left: dict[str, int] = {}
        tail = ""
        for stored in reader.list(_PREFIX):
            run, _, part = stored.key.removeprefix(_PREFIX).partition("/")
            text = stored.document.get("text")
            if part.startswith("chunks/") and isinstance(text, str):
                named = whom.is_in(tail + text)
                tail = text[-_OVERLAP:]
            else:
                named, tail = whom.is_in(stored.document), ""
            if named and run in unfinished:
                left[f"the journal of run {run}, which has not ended"] = 1
            elif named:
                found[run] = 1
        return Knowledge(found, left)

    def remembers(self, reader: DocumentReader, name: str, whom: Erased) -> bool:
        """Whether the run is not folded yet."""
        stored = reader.get(run_key(name))
        return stored is not None and not run_from_entry(stored).folded

    def forget(self, store: DocumentStore, name: str, whom: Erased) -> int:
        """Fold the run."""
        stored = store.get(run_key(name))
        if stored is None:
            return 0
        fold_run(store, run_from_entry(stored))
        return 1

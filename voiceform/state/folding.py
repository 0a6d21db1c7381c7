"""Old journals are folded: of each run its document stays, which says who, when, and how many changes ended
how. So its plan stays used, and the run is listed for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from voiceform.model.store import DocumentStore, Write
from voiceform.state.journal import list_runs
from voiceform.state.journal_codec import RunRecord, journal_prefix, run_key, run_to_document
from voiceform.state.meta import read_meta

_BATCH = 100


def fold_runs(store: DocumentStore, before: datetime) -> int:
    """Fold the runs that ended before an instant, and say how many. Hold the lease.

    A run is marked before the first document of its journal goes: whoever reads it in between, or after a
    crash, is told that it was folded; and what a crash left over goes the next time.
    """
    meta = read_meta(store)
    unfinished = () if meta is None else meta.unfinished
    count = 0
    for run in list_runs(store):
        if run.finished_at is None or run.finished_at >= before or run.run_id in unfinished:
            continue
        count += not run.folded
        fold_run(store, run)
    return count


def fold_run(store: DocumentStore, run: RunRecord) -> None:
    """Fold one run that has ended. Hold the lease."""
    if not run.folded:
        folded = run_to_document(replace(run, folded=True))
        store.write((Write(run_key(run.run_id), folded, run.version),))
    _drop_journal(store, run.run_id)


def _drop_journal(store: DocumentStore, run_id: str) -> None:
    for part in ("outcomes", "intents", "chunks"):
        entries = [(entry.key, entry.version) for entry in store.list(journal_prefix(run_id, part))]
        for start in range(0, len(entries), _BATCH):
            store.write([Write(key, None, version) for key, version in entries[start : start + _BATCH]])

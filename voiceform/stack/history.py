"""The runs that are recorded: who did what, when, and how it ended."""

from __future__ import annotations

from voiceform.model.errors import UsageError
from voiceform.model.store import DocumentReader
from voiceform.stack.parts import Parts
from voiceform.state.journal import RunDetail, find_run, list_runs, read_run
from voiceform.state.journal_codec import RunRecord


def runs(parts: Parts) -> tuple[RunRecord, ...]:
    """Every run, the newest first."""
    with parts.recorded_state() as store:
        return tuple(list_runs(store)[::-1])


def run(parts: Parts, text: str) -> RunDetail:
    """One run with all that it meant to do and all that came of it."""
    with parts.recorded_state() as store:
        parts.resources(store)  # what of them is hidden may stand in what is told of the run
        return run_of(store, text)


def run_of(store: DocumentReader, text: str) -> RunDetail:
    """The run that `text` names, by its id or the beginning of it. UsageError."""
    record = find_run(store, text)
    found = read_run(store, record.run_id)
    if found is None:
        raise UsageError(f"run {record.run_id} was withdrawn meanwhile", hint="nothing of it was begun")
    return found

"""The documents of the run journal.

    runs/ID                        that the plan was applied, by whom, when, and how it ended
    journal/ID/intents/N           what the run was about to do, before it did any of it
    journal/ID/chunks/ADDRESS/N    the text of a change that is too long for one document
    journal/ID/outcomes/N          how changes ended, written with the resources that they changed

Only the first stands under `runs/`, so that listing the runs reads one small document each.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from voiceform.model.address import Address
from voiceform.model.errors import StateError, UsageError
from voiceform.model.instants import instant_from_text, instant_to_text
from voiceform.model.plan import Action, Change, Mode
from voiceform.model.plan_codec import change_from_document, change_to_document
from voiceform.model.run import Outcome, Status
from voiceform.model.store import Document, DocumentReader, StoredDocument, Write
from voiceform.state.backend import damaged
from voiceform.state.documents import check_document, problem_of

RUNS = "runs/"
_PART = 500_000
"""Characters of JSON in one document; escaping may double them, which stays under a megabyte."""


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run, as `runs/ID` has it. `finished_at` is None while it runs, or when it was killed; `outcomes`
    says how many changes ended how, once it has finished. One that has not `begun` died, or is still,
    between the use of its plan and its first request. Of one that is `folded` nothing else is kept.
    `version` is for compare-and-swap."""

    run_id: str
    mode: Mode
    who: str
    plan_created_at: datetime
    began_at: datetime
    changes: int
    finished_at: datetime | None = None
    outcomes: dict[Status, int] = field(default_factory=dict)
    begun: bool = True
    folded: bool = False
    version: str | None = None


def run_key(run_id: str) -> str:
    """Where a run is stored. StateError for an id that could reach another document."""
    if "/" in run_id:
        raise StateError("the id of a run may not hold a slash", where=repr(run_id))
    return f"{RUNS}{run_id}"


def journal_prefix(run_id: str, part: str) -> str:
    """Where the `intents`, `chunks` or `outcomes` of a run begin."""
    return f"journal/{run_id}/{part}/"


def run_to_document(record: RunRecord) -> Document:
    """The document of a run."""
    document: Document = {
        "run": record.run_id,
        "mode": str(record.mode),
        "who": record.who,
        "plan_created_at": instant_to_text(record.plan_created_at),
        "began_at": instant_to_text(record.began_at),
        "finished_at": None if record.finished_at is None else instant_to_text(record.finished_at),
        "changes": record.changes,
    }
    if record.outcomes:
        document["outcomes"] = {str(status): count for status, count in record.outcomes.items()}
    if record.folded:
        document["folded"] = True
    return document


def run_from_entry(entry: StoredDocument) -> RunRecord:
    """The run that a document describes; StateError when it is damaged."""
    document = entry.document
    check_document("run", entry.key, document)
    if entry.key != RUNS + document["run"]:
        raise damaged(entry.key, "the state", f"says that it is run {document['run']!r}")
    finished = document["finished_at"]
    try:
        return RunRecord(
            run_id=document["run"],
            mode=Mode(document["mode"]),
            who=document["who"],
            plan_created_at=instant_from_text(document["plan_created_at"]),
            began_at=instant_from_text(document["began_at"]),
            changes=document["changes"],
            finished_at=None if finished is None else instant_from_text(finished),
            outcomes={Status(name): count for name, count in document.get("outcomes", {}).items()},
            folded=document.get("folded", False),
            version=entry.version,
        )
    except ValueError as error:
        raise damaged(entry.key, "the state", f"cannot be read: {error}") from error


def intent_writes(run_id: str, changes: Iterable[Change]) -> Iterator[Write]:
    """The writes that store `changes`, none of them over a megabyte; a change's chunks come before it."""
    number, size = 1, 0
    batch: list[Document] = []
    for change in changes:
        document = change_to_document(change)
        text = json.dumps(document, separators=(",", ":"))
        if len(text) > _PART:
            chunks = [text[start : start + _PART] for start in range(0, len(text), _PART)]
            yield from _chunk_writes(run_id, document["address"], chunks)
            document = {"address": document["address"], "chunks": len(chunks)}
            text = ""
        if batch and size + len(text) > _PART:
            yield _intents(run_id, number, batch)
            number, batch, size = number + 1, [], 0
        batch.append(document)
        size += len(text)
    if batch:
        yield _intents(run_id, number, batch)


def read_intents(reader: DocumentReader, run_id: str) -> Iterator[Change]:
    """The changes that `intent_writes` stored, in their order."""
    for entry in reader.list(journal_prefix(run_id, "intents")):
        _check_part("intents", entry, run_id)
        for document in entry.document["changes"]:
            whole = _join(reader, run_id, document) if "chunks" in document else document
            problem = problem_of("change", whole, "plan")
            if problem is not None:
                raise damaged(entry.key, "the state", f"holds a change that no plan has: {problem}")
            try:
                yield change_from_document(whole)
            except UsageError as error:  # the schema leaves no other
                raise damaged(entry.key, "the state", f"holds a bad address: {error.what}") from error


def segment_write(run_id: str, number: int, outcomes: Sequence[Outcome]) -> Write:
    """The write that stores some outcomes as segment `number`."""
    document = {"run": run_id, "outcomes": [_outcome_to_document(outcome) for outcome in outcomes]}
    return Write(f"{journal_prefix(run_id, 'outcomes')}{number:06}", document, None)


def read_segments(reader: DocumentReader, run_id: str) -> Iterator[tuple[int, list[Outcome]]]:
    """The outcomes of a run, segment by segment, with the segments' numbers."""
    prefix = journal_prefix(run_id, "outcomes")
    for entry in reader.list(prefix):
        _check_part("segment", entry, run_id)
        outcomes = [_outcome_from_document(item) for item in entry.document["outcomes"]]
        yield int(entry.key.removeprefix(prefix)), outcomes


def _intents(run_id: str, number: int, batch: list[Document]) -> Write:
    document = {"run": run_id, "changes": batch}
    return Write(f"{journal_prefix(run_id, 'intents')}{number:06}", document, None)


def _chunk_writes(run_id: str, address: str, chunks: Sequence[str]) -> Iterator[Write]:
    prefix = f"{journal_prefix(run_id, 'chunks')}{address}/"
    for number, text in enumerate(chunks, start=1):
        yield Write(f"{prefix}{number:06}", {"run": run_id, "text": text}, None)


def _check_part(definition: str, entry: StoredDocument, run_id: str) -> None:
    """StateError for a document of the journal that is damaged, or of another run."""
    check_document(definition, entry.key, entry.document)
    if entry.document["run"] != run_id:
        raise damaged(entry.key, "the state", f"is of run {entry.document['run']!r}")


def _join(reader: DocumentReader, run_id: str, document: Document) -> Document:
    prefix = f"{journal_prefix(run_id, 'chunks')}{document['address']}/"
    entries = list(reader.list(prefix))
    for entry in entries:
        _check_part("chunk", entry, run_id)
    try:
        if len(entries) != document["chunks"]:
            raise ValueError(f"{len(entries)} of {document['chunks']} chunks are there")
        whole: Document = json.loads("".join(entry.document["text"] for entry in entries))
    except ValueError as error:
        raise damaged(prefix, "the state", f"does not hold a whole change: {error}") from error
    return whole


def _outcome_to_document(outcome: Outcome) -> Document:
    document: Document = {
        "address": str(outcome.address),
        "action": str(outcome.action),
        "status": str(outcome.status),
    }
    for name in ("sid", "message", "hint", "request_id"):
        value = getattr(outcome, name)
        if value is not None:
            document[name] = value
    return document


def _outcome_from_document(document: dict[str, Any]) -> Outcome:
    return Outcome(
        **{
            **document,
            "address": Address.parse(document["address"]),
            "action": Action(document["action"]),
            "status": Status(document["status"]),
        }
    )

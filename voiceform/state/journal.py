"""The run journal: intent before, outcome after, so that after a crash the next run can settle what is open.

A run's id is its plan's id. Creating `runs/ID` is what consumes the plan: it can be created only once, and
it is created before the first request that writes. The order of all writes is such that a crash between any
two of them leaves either a run that has changed nothing, or one that `unfinished_runs` finds with every open
intent.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from voiceform.model.errors import StalePlanError, StateConflictError, StateError, UsageError
from voiceform.model.instants import instant_to_text
from voiceform.model.plan import Change, Plan
from voiceform.model.run import Outcome, Status
from voiceform.model.store import DocumentReader, DocumentStore, Write
from voiceform.state.home import Home
from voiceform.state.journal_codec import (
    RUNS,
    RunRecord,
    intent_writes,
    journal_prefix,
    read_intents,
    read_segments,
    run_from_entry,
    run_key,
    run_to_document,
    segment_write,
)
from voiceform.state.lease import show_lease
from voiceform.state.meta import KEY as META
from voiceform.state.meta import Meta, new_meta, read_meta, required_meta

_NAME = re.compile(r"[0-9A-Za-z-]+", re.ASCII)
_NAMED = 5
_BATCH = 16
"""Journal documents in one batch: up to 16 MB in memory, however long the plan is."""


@dataclass(frozen=True, slots=True)
class RunDetail:
    """A run with all that it meant to do and all that came of it."""

    record: RunRecord
    intents: tuple[Change, ...]
    outcomes: tuple[Outcome, ...]

    @property
    def unsettled(self) -> tuple[Change, ...]:
        """The intents without an outcome: whether they happened, only the account can tell."""
        settled = {outcome.address for outcome in self.outcomes}
        return tuple(change for change in self.intents if change.address not in settled)


class Run:
    """A run that has begun. Safe to use from several threads."""

    def __init__(
        self,
        store: DocumentStore,
        record: RunRecord,
        *,
        segments: int = 0,
        counts: Iterable[Status] = (),
        before: Meta | None = None,
    ) -> None:
        self._store = store
        self._before = before
        self._record = record
        self._lock = store.runtime.lock()
        self._segments = segments
        self._counts = Counter(counts)

    @property
    def run_id(self) -> str:
        """The id of the run and of its plan."""
        return self._record.run_id

    @property
    def began_at(self) -> datetime:
        """When the plan was consumed."""
        return self._record.began_at

    def record(self, outcomes: Sequence[Outcome], writes: Sequence[Write] = ()) -> None:
        """Store outcomes together with the documents that they changed, in one batch.

        The outcomes come last in it: where a batch can be torn (object stores), a change is settled again
        rather than taken for recorded. The cost per call is constant, so give many outcomes at once.
        """
        with self._lock:
            self._segments += 1
            number = self._segments
        self._store.write((*writes, segment_write(self.run_id, number, outcomes)))
        with self._lock:
            self._counts.update(outcome.status for outcome in outcomes)

    def finish(self, now: datetime) -> RunRecord:
        """Say that nothing is left to do, and make the state's serial one more."""
        ended = self._record.finished_at or now
        record = replace(self._record, finished_at=ended, outcomes=dict(self._counts))
        meta = required_meta(self._store)
        closed = replace(meta, unfinished=tuple(name for name in meta.unfinished if name != self.run_id))
        versions = self._store.write(
            (Write(run_key(self.run_id), run_to_document(record), record.version), closed.bumped())
        )
        return replace(record, version=versions[0])

    def withdraw(self) -> None:
        """Take back a run in which nothing was begun: its plan is as unused as before it, and the state as
        it was. Only for runs of begin_run, under the lease that they began under."""
        prefixes = [journal_prefix(self.run_id, part) for part in ("intents", "chunks", "outcomes")]
        entries = [entry for prefix in prefixes for entry in self._store.list(prefix)]
        for batch in _batches(Write(entry.key, None, entry.version) for entry in entries):
            self._store.write(batch)
        meta = required_meta(self._store)
        before = self._before
        # plans that were made meanwhile carry the serial of the run: it is not used again
        restored = None if before is None else replace(before, given=meta.serial).document()
        self._store.write(
            (
                Write(run_key(self.run_id), None, self._record.version),
                Write(META, restored, meta.version),
            )
        )


def begin_run(
    store: DocumentStore,
    plan: Plan,
    *,
    who: str,
    now: datetime,
    home: Home | None = None,
    make_lineage: Callable[[], str] | None = None,
) -> Run:
    """Consume `plan` and store every pending change before anything is sent.

    StalePlanError, saying who applied it and when, when the plan was consumed before. The state's serial
    becomes one more; an empty state gets its lineage from `make_lineage`, where there is one.
    The first run records account and `home`.
    """
    record = RunRecord(plan.plan_id, plan.mode, who, plan.created_at, now, len(plan.pending))
    key = run_key(plan.plan_id)
    before = read_meta(store)
    meta = before or new_meta(store.runtime, make_lineage)
    account = meta.account_sid or plan.account_sid
    opened = replace(
        meta, unfinished=(*meta.unfinished, plan.plan_id), account_sid=account, home=meta.home or home
    )
    header = Write(key, run_to_document(record), None)
    version = None
    writes = chain((header,), intent_writes(plan.plan_id, plan.pending), (opened.bumped(),))
    for batch in _batches(writes):
        try:
            versions = store.write(batch)
        except StateConflictError:
            if version is None and not _lost_meta(store, header, before):
                refuse_used_plan(store, plan.plan_id)
            raise
        version = version or versions[0]
    return Run(store, replace(record, version=version), before=before)


def _lost_meta(reader: DocumentReader, header: Write, before: Meta | None) -> bool:
    """Whether the run is there as it was to be written, and `meta` is not as it was: where a batch can be
    torn (object stores), a plan may be consumed by a run that could not begin."""
    entry, now = reader.get(header.key), read_meta(reader)
    moved = (None if now is None else now.version) != (None if before is None else before.version)
    return entry is not None and entry.document == header.document and moved


def resume_run(store: DocumentStore, run_id: str) -> Run:
    """Go on recording a run that a crash interrupted, so that it can be settled and finished."""
    record = _required_run(store, run_id)
    segments, statuses = 0, []
    for number, outcomes in read_segments(store, run_id):
        segments = number
        statuses += [outcome.status for outcome in outcomes]
    return Run(store, record, segments=segments, counts=statuses)


def any_unfinished(reader: DocumentReader) -> bool:
    """Whether a run is named as unfinished, be it there or not: one reading, where mostly there is none."""
    meta = read_meta(reader)
    return meta is not None and bool(meta.unfinished)


def unfinished_runs(reader: DocumentReader) -> tuple[RunDetail, ...]:
    """Runs that began and did not wholly finish, oldest first, with their intents and outcomes.

    Settle what is `unsettled` in each with `resume_run`, then finish it; that goes, too, for one in which
    nothing is open any more.
    """
    meta = read_meta(reader)
    names = () if meta is None else meta.unfinished
    details = (read_run(reader, name) for name in names)
    return tuple(detail for detail in details if detail is not None)


def forget_withdrawn(store: DocumentStore) -> None:
    """Name no run as unfinished any more that is not there: who withdrew it died in the midst of that, which
    object stores let happen. Under the lease."""
    meta = read_meta(store)
    names = () if meta is None else meta.unfinished
    there = tuple(name for name in names if store.version(run_key(name)) is not None)
    if meta is not None and there != names:
        store.write((replace(meta, unfinished=there).bumped(),))


def dead_runs(reader: DocumentReader, now: datetime) -> tuple[RunDetail, ...]:
    """The unfinished runs that nobody is at work on: no lease is held."""
    lease = show_lease(reader)
    at_work = lease is not None and lease.holder is not None and lease.expires_at > now
    return () if at_work else unfinished_runs(reader)


def read_run(reader: DocumentReader, run_id: str) -> RunDetail | None:
    """One run with its intents and outcomes, or None."""
    entry = reader.get(run_key(run_id))
    if entry is None:
        return None
    (record,) = _with_beginnings(reader, [run_from_entry(entry)])
    outcomes = [outcome for _, segment in read_segments(reader, run_id) for outcome in segment]
    return RunDetail(record, tuple(read_intents(reader, run_id)), tuple(outcomes))


def find_run(reader: DocumentReader, text: str) -> RunRecord:
    """The run whose id is `text`, or the only one whose id begins so. UsageError."""
    text = text.strip()
    entries = list(reader.list(run_key(text))) if _NAME.fullmatch(text) else []
    found = [run_from_entry(entry) for entry in entries]
    exact = [record for record in found if record.run_id == text]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if not found:
        raise UsageError(f"there is no run {text[:80]!r}", hint="`voiceform runs` lists them")
    some = ", ".join(record.run_id for record in found[:_NAMED])
    raise UsageError(
        f"{len(found)} runs begin with {text!r}",
        hint=f"say more of the one that is meant: {some}{', ...' if len(found) > _NAMED else ''}",
    )


def list_runs(reader: DocumentReader) -> tuple[RunRecord, ...]:
    """Every run, oldest first."""
    records = _with_beginnings(reader, [run_from_entry(entry) for entry in reader.list(RUNS)])
    return tuple(sorted(records, key=lambda record: record.began_at))


def _with_beginnings(reader: DocumentReader, records: Sequence[RunRecord]) -> Sequence[RunRecord]:
    """With whether each has begun: a run that sends is named by `meta` before, and until it has finished."""
    if all(record.finished_at is not None for record in records):
        return records
    meta = read_meta(reader)
    named = () if meta is None else meta.unfinished
    return [
        record if record.finished_at is not None else replace(record, begun=record.run_id in named)
        for record in records
    ]


def _batches(writes: Iterable[Write]) -> Iterator[list[Write]]:
    batch: list[Write] = []
    for write in writes:
        batch.append(write)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def refuse_used_plan(reader: DocumentReader, plan_id: str) -> None:
    """Raise StalePlanError, saying who applied it and when, when the plan was consumed before."""
    entry = reader.get(run_key(plan_id))
    if entry is None:
        return
    record = run_from_entry(entry)
    raise StalePlanError(
        f"plan {plan_id} was applied at {instant_to_text(record.began_at)} by {record.who}",
        hint="a plan is applied once; plan again",
    )


def _required_run(reader: DocumentReader, run_id: str) -> RunRecord:
    entry = reader.get(run_key(run_id))
    if entry is None:
        raise StateError(
            f"there is no run {run_id} in this state", hint="see the runs with `voiceform state list`"
        )
    return run_from_entry(entry)

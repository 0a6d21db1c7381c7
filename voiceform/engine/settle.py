"""After a crash: find out what became of the changes that a dead run had begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from voiceform.engine.applier import ApplyContext, new_session, outcome_of, writes_of
from voiceform.engine.understanding import require_settleable
from voiceform.kinds.base import Done, HalfSettledError, Session
from voiceform.kinds.kind import Kind
from voiceform.model.errors import VoiceformError
from voiceform.model.plan import Change
from voiceform.model.run import Outcome, Status
from voiceform.state.journal import (
    RunDetail,
    any_unfinished,
    forget_withdrawn,
    resume_run,
    unfinished_runs,
)
from voiceform.state.resources import Resources, load_resources

_NO_EFFECT = Done(Status.FAILED, message="the run died before this had an effect", hint="plan again")


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of the changes of runs that died, oldest run first. `failure` is why that is not all:
    nothing may be begun then, and the next run goes on with it."""

    outcomes: tuple[Outcome, ...]
    failure: VoiceformError | None


def settle_unfinished(context: ApplyContext) -> Settled:
    """Settle every run that began and never finished.

    Only reads from the account: what happened is recorded, what did not is left for the next plan. What one
    kind cannot find out keeps no other kind's outcomes back: somebody may have been phoned.
    """
    outcomes: list[Outcome] = []
    failure: VoiceformError | None = None
    store = context.lease.store
    if not any_unfinished(store):
        return Settled((), None)
    for dead in unfinished_runs(store):
        run = resume_run(store, dead.record.run_id)
        resources = load_resources(store)
        pairs, failed = _settle(context, dead, resources)
        ended = [(change, done) for change, done in pairs if not done.is_open]
        told = [outcome_of(change, done) for change, done in ended]
        if told:
            run.record(
                told, [write for change, done in ended for write in writes_of(change, done, resources)]
            )
        if failed is None:
            run.finish(now=context.clock.now())
        failure = failure or failed
        outcomes.extend(outcome_of(change, done) for change, done in pairs)
    if failure is None:
        forget_withdrawn(store)
    return Settled(tuple(outcomes), failure)


def _settle(
    context: ApplyContext, dead: RunDetail, resources: Resources
) -> tuple[list[tuple[Change, Done]], VoiceformError | None]:
    """How changes of a dead run ended, as far as that can be found out, and the first thing in the way."""
    pairs: list[tuple[Change, Done]] = []
    failure: VoiceformError | None = None
    session = new_session(context, resources.recorded, dead.record.run_id)
    for kind in context.kinds:
        changes = [change for change in dead.unsettled if change.kind == kind.name]
        try:
            pairs.extend(_settle_kind(kind, changes, session, resources))
        except HalfSettledError as half:
            told = half.found
            pairs.extend((change, told[change.address]) for change in changes if change.address in told)
            failure = failure or half.cause
        except VoiceformError as error:
            failure = failure or error
    return pairs, failure


def _settle_kind(
    kind: Kind[Any], changes: Sequence[Change], session: Session, resources: Resources
) -> list[tuple[Change, Done]]:
    require_settleable(kind, changes, session.run_id)
    renamed = {change.address: done for change in changes if (done := _renamed(change, resources))}
    others = [change for change in changes if change.address not in renamed]
    settled = {**renamed, **(kind.settle(others, session) if others else {})}
    return [(change, settled.get(change.address, _NO_EFFECT)) for change in changes]


def _renamed(change: Change, resources: Resources) -> Done | None:
    """What a rename has left that died between the record under the new address and the end of that under
    the old one: it was applied, and is to be ended."""
    before = resources.recorded.get(change.previous_address) if change.previous_address is not None else None
    record = resources.recorded.get(change.address)
    if before is None or record is None or before.attributes != change.before:
        return None
    return Done(Status.APPLIED, recorded=record, sid=record.sid)

"""After a crash: find out what became of the changes that a dead run had begun."""

from __future__ import annotations

from voiceform.engine.applier import ApplyContext, new_session, outcome_of, writes_of
from voiceform.engine.understanding import require_settleable
from voiceform.kinds.base import Done
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


def settle_unfinished(context: ApplyContext) -> list[Outcome]:
    """Settle every run that began and never finished; its outcomes, oldest run first.

    Only reads from the account: what happened is recorded, what did not is left for the next plan.
    """
    outcomes: list[Outcome] = []
    store = context.lease.store
    if not any_unfinished(store):
        return outcomes
    for dead in unfinished_runs(store):
        run = resume_run(store, dead.record.run_id)
        resources = load_resources(store)
        pairs = _settle(context, dead, resources)
        ended = [outcome_of(change, done) for change, done in pairs]
        run.record(ended, [write for change, done in pairs for write in writes_of(change, done, resources)])
        run.finish(now=context.clock.now())
        outcomes.extend(ended)
    forget_withdrawn(store)
    return outcomes


def _settle(context: ApplyContext, dead: RunDetail, resources: Resources) -> list[tuple[Change, Done]]:
    pairs: list[tuple[Change, Done]] = []
    session = new_session(context, resources, dead.record.run_id)
    for kind in context.kinds:
        changes = [change for change in dead.unsettled if change.kind == kind.name]
        require_settleable(kind, changes, dead.record.run_id)
        renamed = {change.address: done for change in changes if (done := _renamed(change, resources))}
        others = [change for change in changes if change.address not in renamed]
        if changes:
            settled = {**renamed, **(kind.settle(others, session) if others else {})}
            pairs.extend((change, settled.get(change.address, _NO_EFFECT)) for change in changes)
    return pairs


def _renamed(change: Change, resources: Resources) -> Done | None:
    """What a rename has left that died between the record under the new address and the end of that under
    the old one: it was applied, and is to be ended."""
    before = resources.recorded.get(change.previous_address) if change.previous_address is not None else None
    record = resources.recorded.get(change.address)
    if before is None or record is None or before.attributes != change.before:
        return None
    return Done(Status.APPLIED, recorded=record, sid=record.sid)

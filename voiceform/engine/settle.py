"""After a crash: find out what became of the changes that a dead run had begun."""

from __future__ import annotations

from collections.abc import Sequence

from voiceform.engine.applier import ApplyContext, new_session, outcome_of, writes_of
from voiceform.kinds.base import Done
from voiceform.model.address import Address
from voiceform.model.plan import Change
from voiceform.model.run import Outcome, Status
from voiceform.state.journal import UnfinishedRun, unfinished_runs
from voiceform.state.meta import bump_serial
from voiceform.state.resources import StateResources, read_resources

_NO_EFFECT = Done(Status.FAILED, message="the run died before this had an effect", hint="plan again")


def settle_unfinished(context: ApplyContext) -> list[Outcome]:
    """Settle every run that began and never finished; its outcomes, oldest run first.

    Only reads from the account: what happened is recorded, what did not is left for the next plan.
    """
    outcomes: list[Outcome] = []
    for dead in unfinished_runs(context.lease.store):
        resources = read_resources(context.lease.store)
        pairs = _settle(context, dead, resources)
        ended = [outcome_of(change, done) for change, done in pairs]
        dead.run.record(
            ended, [write for change, done in pairs for write in writes_of(change, done, resources)]
        )
        dead.run.finish(now=context.clock.now())
        bump_serial(context.lease.store)
        outcomes.extend(ended)
    return outcomes


def _settle(
    context: ApplyContext, dead: UnfinishedRun, resources: StateResources
) -> list[tuple[Change, Done]]:
    pairs: list[tuple[Change, Done]] = []
    session = new_session(context, resources, dead.run.run_id)
    for kind in context.kinds:
        changes = [change for change in dead.open_changes if change.kind == kind.name]
        if changes:
            settled = kind.settle(changes, session)
            pairs.extend((change, settled.get(change.address, _NO_EFFECT)) for change in changes)
    return pairs


def unknown_addresses(outcomes: Sequence[Outcome]) -> tuple[Address, ...]:
    """The addresses among `outcomes` that a person has to look at."""
    return tuple(outcome.address for outcome in outcomes if outcome.status is Status.UNKNOWN)

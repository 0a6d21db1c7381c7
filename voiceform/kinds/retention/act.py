"""Carry out one planned change of a rule or hold, and settle those that a dead run began."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager

from voiceform.kinds.base import Done, Session
from voiceform.kinds.forgetting import Keeper
from voiceform.kinds.retention.added import same_name, standing
from voiceform.kinds.retention.deletion.call_records import CallRecordDeletion
from voiceform.kinds.retention.deletion.connecting import connecting
from voiceform.kinds.retention.deletion.outcomes import DeletionOutcomes
from voiceform.kinds.retention.deletion.recheck import RowsAgain, rule_of
from voiceform.kinds.retention.deletion.recordings import RecordingDeletion
from voiceform.kinds.retention.deletion.settling import CallRecordSettling, RecordingSettling
from voiceform.kinds.retention.details import RuleDetails
from voiceform.kinds.retention.erasure import act as erasing
from voiceform.kinds.retention.policy import ERASURE, HOLDS, RECORDINGS, split
from voiceform.model.address import Address
from voiceform.model.plan import Action, Change
from voiceform.model.resource import Recorded
from voiceform.model.run import Status


@contextmanager
def foreseeing(changes: Sequence[Change], session: Session) -> Iterator[None]:
    """While this is open, recordings of the first rule that deletes any are listed again, and connections are
    opened for their deletions: nobody has to wait for either once all is recorded. Others, which act beside
    it, and what a pace may put off for hours, are listed when it is their turn.

    Where anything is deleted and nothing copied, all of it runs on one processor."""
    with ExitStack() as opened:
        if any(change.counts for change in changes) and not any(map(_copies, changes)):
            opened.enter_context(session.clock.runtime.on_one_processor())
        for change in changes:
            order = RuleDetails.of(change).order if split(change.address)[0] == RECORDINGS else None
            if order is not None and order.pacing is None:
                opened.enter_context(RowsAgain.foreseen(change, order, session))
                opened.enter_context(connecting(session.client, order.total.count))
                break
        yield


def _copies(change: Change) -> bool:
    """Whether each recording is copied before it is deleted."""
    return rule_of(change).get("archive") is not None


def act(change: Change, session: Session, keepers: Sequence[Keeper] = ()) -> Done:
    """Record a rule or hold as declared; delete what a rule was planned to delete, or what is of a person."""
    if split(change.address)[0] == ERASURE:
        return erasing.act(change, session, keepers)
    order = RuleDetails.of(change).order
    if order is not None:
        deletion = RecordingDeletion if split(change.address)[0] == RECORDINGS else CallRecordDeletion
        return deletion(change, order, session).run()
    record = "hold" if split(change.address)[0] == HOLDS else DeletionOutcomes.record
    if change.action is Action.DELETE:
        return Done(Status.APPLIED, record=record)
    if change.action is Action.CREATE and record == "hold":
        taken = same_name(split(change.address)[1], (hold.name for hold in standing(session.store)))
        if taken is not None:
            return Done(
                Status.FAILED,
                message=f"a hold {taken} was added by command since the plan was made",
                hint="declare this one under another name",
            )
    return Done(Status.APPLIED, Recorded(change.address, None, change.after or {}), record=record)


def settle(
    changes: Sequence[Change], session: Session, keepers: Sequence[Keeper] = ()
) -> Mapping[Address, Done]:
    """Find out what a dead run had deleted and take down what it had no time to.

    Rules and holds without deletions are recorded together with their outcome, so nothing of those happened.
    The next plan has whatever is left.
    """
    settled: dict[Address, Done] = {}
    for change in changes:
        order = RuleDetails.of(change).order
        if split(change.address)[0] == ERASURE:
            settled[change.address] = erasing.settle(change, session, keepers)
        elif order is not None:
            of_recordings = split(change.address)[0] == RECORDINGS
            settling = RecordingSettling if of_recordings else CallRecordSettling
            settled[change.address] = settling(change, order, session).run()
    return settled

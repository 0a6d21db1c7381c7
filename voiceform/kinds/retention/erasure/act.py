"""Carry out one change of an erasure, and settle those that a dead run began."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from voiceform.kinds.base import Done, Session
from voiceform.kinds.forgetting import Keeper
from voiceform.kinds.retention.deletion.settling import CallRecordSettling, RecordingSettling
from voiceform.kinds.retention.details import RuleDetails
from voiceform.kinds.retention.erasure.deleting import PersonsCallRecords, PersonsRecordings
from voiceform.kinds.retention.erasure.details import COPIES, RECORDINGS, Erasing
from voiceform.kinds.retention.erasure.things import CopyDeletion, Forgetting, Things
from voiceform.kinds.retention.policy import split
from voiceform.model.plan import Change
from voiceform.model.run import Status


def act(change: Change, session: Session, keepers: Sequence[Keeper]) -> Done:
    """Delete what the change names; incomplete where anything of the person stays."""
    details = RuleDetails.of(change)
    erasing, order = _erasing(details), details.order
    if order is not None:
        of_recordings = split(change.address)[1] == RECORDINGS
        deletion = PersonsRecordings if of_recordings else PersonsCallRecords
        done = replace(deletion(change, order, session, erasing).run(), record=None)
    else:
        done = _things(change, erasing, session, keepers).run()
    return _ended(change, done, erasing, session)


def settle(change: Change, session: Session, keepers: Sequence[Keeper]) -> Done:
    """Find out what a dead run had destroyed, and take down what it had no time to; the rest is planned
    anew."""
    details = RuleDetails.of(change)
    erasing, order = _erasing(details), details.order
    if order is None:
        return _things(change, erasing, session, keepers).settle()
    of_recordings = split(change.address)[1] == RECORDINGS
    settling = RecordingSettling if of_recordings else CallRecordSettling
    return settling(change, order, session).run()


def _things(change: Change, erasing: Erasing, session: Session, keepers: Sequence[Keeper]) -> Things:
    if split(change.address)[1] == COPIES:
        return CopyDeletion(change, erasing, session)
    return Forgetting(change, erasing, session, keepers)


def _ended(change: Change, done: Done, erasing: Erasing, session: Session) -> Done:
    """What is left of the person makes the change incomplete; what comes after it goes on all the same,
    unless the run is to end, or a copy stays that the plan did not see: by its call's record it is found."""
    goes_on = session.may_go_on() and not done.is_open
    if split(change.address)[1] == COPIES:
        goes_on = goes_on and done.status is Status.APPLIED
    if not erasing.left or done.status is Status.FAILED:
        return replace(done, recorded=None, lets_go=goes_on)
    left = ", ".join(f"{words}: {count:,}" for words, count in erasing.left.items())
    told = f"{done.message}; " if done.message else ""
    return replace(
        done,
        status=Status.FAILED,
        recorded=None,
        message=f"{told}left for now: {left}",
        hint="this person is not erased whole: erase again once nothing keeps what is left",
        lets_go=goes_on,
    )


def _erasing(details: RuleDetails) -> Erasing:
    assert details.erasing is not None  # noqa: S101 - its address is that of an erasure
    return details.erasing

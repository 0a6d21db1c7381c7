"""Carry out one planned change of a rule or hold, and settle those that a dead run began."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import ClassVar

from voiceform.kinds.base import Done, Session
from voiceform.kinds.retention.deletion.call_records import CallRecordDeletion
from voiceform.kinds.retention.deletion.outcomes import DeletionOutcomes, Ending
from voiceform.kinds.retention.deletion.recheck import present
from voiceform.kinds.retention.deletion.recordings import RecordingDeletion
from voiceform.kinds.retention.details import DeletionOrder, RuleDetails
from voiceform.kinds.retention.evidence.writer import Remarks, Scribe
from voiceform.kinds.retention.policy import HOLDS, RECORDINGS, split
from voiceform.kinds.retention.sid_chunks import Chunk
from voiceform.model.address import Address
from voiceform.model.plan import Action, Change
from voiceform.model.resource import Recorded
from voiceform.model.run import Status
from voiceform.model.wording import counted
from voiceform.twilio.errors import NotFoundError, ProtocolError
from voiceform.twilio.paging import Unreadable

_FOUND = "found deleted after a run that died"
_DAY = timedelta(days=1)
"""A call that waits in a queue is dialled within a day."""


def act(change: Change, session: Session) -> Done:
    """Record a rule or hold as declared; delete what a rule was planned to delete."""
    order = RuleDetails.of(change).order
    if order is not None:
        deletion = RecordingDeletion if split(change.address)[0] == RECORDINGS else CallRecordDeletion
        return deletion(change, order, session).run()
    record = "hold" if split(change.address)[0] == HOLDS else DeletionOutcomes.record
    if change.action is Action.DELETE:
        return Done(Status.APPLIED, record=record)
    return Done(Status.APPLIED, Recorded(change.address, None, change.after or {}), record=record)


def settle(changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
    """Find out what a dead run had deleted and take down what it had no time to.

    Rules and holds without deletions are recorded together with their outcome, so nothing of those happened.
    The next plan has whatever is left.
    """
    settled: dict[Address, Done] = {}
    for change in changes:
        order = RuleDetails.of(change).order
        if order is not None:
            of_recordings = split(change.address)[0] == RECORDINGS
            settling = _SettlingRecordings if of_recordings else _SettlingCalls
            settled[change.address] = settling(change, order, session).run()
    return settled


class _Settling(ABC):
    """Looks for each planned object: listed, it was not deleted; gone, it was, or somebody else did it."""

    prefix: ClassVar[str]
    thing: ClassVar[str]

    def __init__(self, change: Change, order: DeletionOrder, session: Session) -> None:
        self.order = order
        self.session = session
        self.client = session.client
        self.scribe = Scribe(change, order, session)
        self.known = self.scribe.evidence.taken_down(session.run_id)
        self.gone = 0

    def run(self) -> Done:
        for chunk in self.order.chunks:
            there, planned = self.listed(chunk), chunk.sids(self.prefix)
            missing = [sid for sid in planned if sid not in there and sid not in self.known]
            self.gone += sum(sid in self.known for sid in planned)
            self.gone += sum(self.session.run_all(self.settle, missing))
        self.scribe.evidence.flush()
        of = counted(self.order.total.count, self.thing)
        return Done(
            Status.FAILED,
            message=f"the run died after {self.gone:,} of {of} were gone",
            hint="what is left is planned anew",
        )

    @abstractmethod
    def listed(self, chunk: Chunk) -> Container[str]:
        """Those of a chunk that the account lists."""

    @abstractmethod
    def settle(self, sid: str) -> bool:
        """Whether an object that no list shows is gone; taken down if so."""


class _SettlingRecordings(_Settling):
    prefix, thing = "RE", "recording"

    def listed(self, chunk: Chunk) -> Container[str]:
        return present(self.client, chunk)

    def settle(self, sid: str) -> bool:
        if self.client.has_recording(sid):
            return False
        row = None
        with suppress(NotFoundError, ProtocolError):
            row = self.client.fetch_recording(sid, include_soft_deleted=True)
        reason = _FOUND
        if row is not None and row.date_updated is not None:
            reason += f"; the service says since {row.date_updated:%Y-%m-%d %H:%M:%S} UTC"
        self.scribe.recording(sid, row, Ending.FOUND_GONE, Remarks(reason))
        return True


class _SettlingCalls(_Settling):
    prefix, thing = "CA", "call record"

    def listed(self, chunk: Chunk) -> Container[str]:
        # What is passed over here is asked for one by one.
        calls = self.client.list_calls(
            started_from=chunk.first, started_before=chunk.last + _DAY, unreadable=Unreadable()
        )
        wanted = frozenset(chunk.sids(self.prefix))
        return {call.sid for call in calls if call.sid in wanted}

    def settle(self, sid: str) -> bool:
        if self.client.has_call(sid):
            return False
        self.scribe.call(sid, Ending.FOUND_GONE, Remarks(_FOUND))
        return True

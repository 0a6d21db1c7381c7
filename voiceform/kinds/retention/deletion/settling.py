"""After a crash: which of the planned objects are gone, found out by looking, and taken down now."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Container
from contextlib import suppress
from datetime import timedelta
from typing import ClassVar

from voiceform.kinds.base import Done, Session
from voiceform.kinds.retention.deletion.outcomes import Ending
from voiceform.kinds.retention.deletion.recheck import present
from voiceform.kinds.retention.details import DeletionOrder
from voiceform.kinds.retention.evidence.writer import Remarks, Scribe
from voiceform.kinds.retention.sid_chunks import Chunk
from voiceform.model.plan import Change
from voiceform.model.run import Status
from voiceform.model.wording import counted
from voiceform.twilio.errors import NotFoundError, ProtocolError
from voiceform.twilio.paging import Unreadable

_FOUND = "found deleted after a run that died"
_DAY = timedelta(days=1)
"""A call that waits in a queue is dialled within a day."""


class Settling(ABC):
    """Looks for each planned object: listed, it was not deleted; gone, it was, or somebody else did it."""

    prefix: ClassVar[str]
    """Of its SIDs."""
    thing: ClassVar[str]
    """What an object is called."""

    def __init__(self, change: Change, order: DeletionOrder, session: Session) -> None:
        self.order = order
        self.session = session
        self.client = session.client
        self.scribe = Scribe(change, order.evidence, session)
        self.known = self.scribe.evidence.taken_down(session.run_id)
        self.gone = 0

    def run(self) -> Done:
        """Look for everything that was planned, and say how far the run had come."""
        for chunk in self.order.chunks:
            there, planned = self.listed(chunk), chunk.sids(self.prefix)
            missing = [sid for sid in planned if sid not in there and sid not in self.known]
            self.gone += sum(sid in self.known for sid in planned)
            self.gone += sum(self.session.run_all(self.settle, missing))
        self.scribe.evidence.flush()
        every = counted(self.order.total.count, self.thing)
        return Done(
            Status.FAILED,
            message=f"the run died after {self.gone:,} of {every} were gone",
            hint="what is left is planned anew",
        )

    @abstractmethod
    def listed(self, chunk: Chunk) -> Container[str]:
        """Those of a chunk that the account lists."""

    @abstractmethod
    def settle(self, sid: str) -> bool:
        """Whether an object that no list shows is gone; taken down if so."""


class RecordingSettling(Settling):
    """Of a recording that is gone the service may still say when it was deleted."""

    prefix, thing = "RE", "recording"

    def listed(self, chunk: Chunk) -> Container[str]:
        """See recheck.present."""
        return present(self.client, chunk)

    def settle(self, sid: str) -> bool:
        """Asked for by itself."""
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


class CallRecordSettling(Settling):
    """Calls are listed by the day on which they began."""

    prefix, thing = "CA", "call record"

    def listed(self, chunk: Chunk) -> Container[str]:
        """By the span in which they were created, and a day more."""
        # What is passed over here is asked for one by one.
        calls = self.client.list_calls(
            started_from=chunk.first, started_before=chunk.last + _DAY, unreadable=Unreadable()
        )
        wanted = frozenset(chunk.sids(self.prefix))
        return {call.sid for call in calls if call.sid in wanted}

    def settle(self, sid: str) -> bool:
        """Asked for by itself."""
        if self.client.has_call(sid):
            return False
        self.scribe.call(sid, Ending.FOUND_GONE, Remarks(_FOUND))
        return True

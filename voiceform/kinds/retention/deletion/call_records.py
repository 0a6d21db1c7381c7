"""Delete the call records that a plan names: patiently, and never past recordings that have to stay."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from voiceform.kinds.base import Session
from voiceform.kinds.retention.call_lookup import CallRow, FetchingCalls
from voiceform.kinds.retention.deletion.base import NOT_BEGUN, Deletion, Ready, Setback, kept_by
from voiceform.kinds.retention.deletion.outcomes import Ending
from voiceform.kinds.retention.deletion.recheck import Planned
from voiceform.kinds.retention.details import DeletionOrder
from voiceform.kinds.retention.evidence.writer import Remarks
from voiceform.kinds.retention.policy import Policy, Ruling
from voiceform.model.errors import TwilioError
from voiceform.model.plan import Change
from voiceform.twilio.errors import (
    ConnectionFailedError,
    ForeignAnswerError,
    NotFinishedError,
    NotFoundError,
    ProtocolError,
    ServerError,
    StoppedError,
)
from voiceform.twilio.operations import Asks, Ended
from voiceform.twilio.sids import normal_sid

if TYPE_CHECKING:
    from voiceform.twilio.resources import Recording

LOST = (ServerError, ConnectionFailedError, ForeignAnswerError, ProtocolError)
"""Errors after which a deletion may have happened."""

PAUSE_SECONDS = 60.0
"""Twilio: a call may not be deletable for a minute after its end."""


class CallRecordDeletion(Deletion[str]):
    """Deletes call records, except those whose recordings have to stay; what stands for one is its SID."""

    thing = "call record"

    def __init__(self, change: Change, order: DeletionOrder, session: Session) -> None:
        super().__init__(change, order, session)
        self.recordings = Policy(order.rules())

    def planned(self) -> Iterable[Planned]:
        """Nothing is read again in lists: what keeps a record is asked of the record itself."""
        return (Planned(sid, None) for chunk in self.order.chunks for sid in chunk.sids("CA"))

    def pause(self, number: int) -> float:
        """See PAUSE_SECONDS."""
        return PAUSE_SECONDS

    def look(self, planned: Planned) -> str | None:
        """Its SID; whether it is there, its deletion will tell, unless one was sent already."""
        return None if planned.sent and not self.client.has_call(planned.sid) else planned.sid

    def ready(self, found: str) -> Ready | None:
        """See _reason_to_keep."""
        reason, holds = self._reason_to_keep(found)
        if reason is None:
            return Ready()
        self.spare(found, found, reason, holds)
        return None

    def stands(self, found: str, ready: Ready) -> bool:
        """All of it again."""
        return self.ready(found) is not None

    def request(self, sid: str, asks: Asks) -> Ended:
        """deleteCall."""
        return self.client.delete_call(sid, asks)

    def setback(self, setback: Setback, found: str | None) -> Setback | None:
        """What the API calls incomplete is tried again; what was sent without an answer may be gone."""
        sid, error = setback.sid, setback.error
        if isinstance(error, NotFinishedError):
            return Setback(sid, error, sent=False)
        if setback.sent and isinstance(error, LOST):
            try:
                gone = not self.client.has_call(sid)
            except TwilioError:
                self.outcomes.count(Ending.OPEN)
                return None
            if gone:
                self.gone(sid)
                return None
        if isinstance(error, StoppedError):
            return NOT_BEGUN
        self.fail(sid, found, error)
        return None

    def give_up(self, setback: Setback) -> bool:
        """It is left to a later run."""
        self.outcomes.count(Ending.LATER)
        reason = "Twilio error 20009: it is not complete"
        self.take_down(setback.sid, None, Ending.LATER, Remarks(reason))
        return True

    def take_down(self, sid: str, found: str | None, ending: Ending, remarks: Remarks) -> None:
        """See evidence.writer."""
        self.scribe.call(sid, ending, remarks)

    def _reason_to_keep(self, sid: str) -> tuple[str | None, tuple[str, ...]]:
        """Why the record has to stay, None if it has not, and the holds that say so: of itself, or of a
        recording that stays.

        The call's recordings are asked for even if no list showed any when the plan was made: an empty list
        proves nothing. Raises TwilioError.
        """
        holds = self._own_holds(sid)
        if holds:
            return kept_by(holds), holds
        return self.reason_of_recordings(sid)

    def reason_of_recordings(self, sid: str) -> tuple[str | None, tuple[str, ...]]:
        """As `_reason_to_keep`, of the recordings alone."""
        if not self.recordings.rules and not self.holds.any:
            return None, ()
        for recording in self.recordings_of(sid):
            reason, holds = self._reason_of(recording)
            if reason is not None:
                return reason, holds
        return None, ()

    def recordings_of(self, sid: str) -> list[Recording]:
        """The recordings of one call. Raises ProtocolError for an answer about other calls, and where Twilio
        knows of none for a call that is there."""
        try:
            listed = list(self.client.list_call_recordings(sid))
        except NotFoundError:
            if not self.client.has_call(sid):
                return []
            raise _doubtful("its recordings cannot be listed") from None
        if any(normal_sid(row.call_sid, "CA") != normal_sid(sid, "CA") for row in listed):
            raise _doubtful("the answer holds recordings of other calls")
        return listed

    def _own_holds(self, sid: str) -> tuple[str, ...]:
        """The holds that keep the call's own record; none keeps one that is gone."""
        call = self.book.read(sid) if self.holds.any_of_calls else None
        return () if call is None else self.holds.keeping_call(CallRow(call))

    def _reason_of(self, recording: Recording) -> tuple[str | None, tuple[str, ...]]:
        holds = self.holds.keeping(recording)
        if holds:
            return f"its recording {recording.sid} is {kept_by(holds)}", holds
        decision = self.recordings.decide(recording, FetchingCalls(self.book))
        if decision.ruling is Ruling.NO_RULE:
            return None, ()
        return f"its recording {recording.sid} is still there ({decision.ruling})", ()


def _doubtful(what: str) -> ProtocolError:
    return ProtocolError(
        what,
        operation="listCallRecordings",
        hint="the call record stays, because nobody can tell which recordings it has",
    )

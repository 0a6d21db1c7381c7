"""Delete what is of one person in the account: whose it is, is asked again of each object."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from voiceform.kinds.base import Session
from voiceform.kinds.pseudonyms import Pseudonyms
from voiceform.kinds.retention.call_lookup import FetchingCalls
from voiceform.kinds.retention.deletion.base import Ready, kept_by
from voiceform.kinds.retention.deletion.call_records import CallRecordDeletion
from voiceform.kinds.retention.deletion.outcomes import Ending
from voiceform.kinds.retention.deletion.recordings import RecordingDeletion
from voiceform.kinds.retention.details import DeletionOrder
from voiceform.kinds.retention.erasure.details import Erasing
from voiceform.kinds.retention.erasure.whom import HashedPerson
from voiceform.kinds.retention.evidence.writer import Remarks
from voiceform.kinds.retention.matching.legs import leg_of
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.kinds.retention.policy import FINISHED_CALL, FINISHED_RECORDING
from voiceform.model.plan import Change
from voiceform.twilio.sids import normal_sid

if TYPE_CHECKING:
    from voiceform.twilio.resources import Recording


class PersonsRecordings(RecordingDeletion):
    """Deletes recordings in which the person is heard, without a copy."""

    def __init__(self, change: Change, order: DeletionOrder, session: Session, erasing: Erasing) -> None:
        self.erasing = erasing
        self.whom = HashedPerson(erasing.person, Pseudonyms.of_state(session.store))
        self.known = frozenset(erasing.calls)
        super().__init__(change, order, session)
        self.judges_ahead = False  # the account is asked about calls

    def begin(self) -> None:
        """See Scribe.erasure."""
        self.scribe.erasure(self.erasing.person, self.order.total.count, self.erasing.left)

    def check(self) -> Callable[[Recording], str | None]:
        """See _complaint."""
        return self._complaint

    def _complaint(self, row: Recording) -> str | None:
        """Why a recording may not be deleted; whose it is, its call tells, or the ledger did."""
        if row.status not in FINISHED_RECORDING:
            return f"it is {row.status or 'of unknown status'} now"
        call_sid = normal_sid(row.call_sid, "CA")
        if call_sid is None:
            return "nobody can tell whose it is"
        if call_sid in self.known:
            return None
        facts = FetchingCalls(self.book).facts(call_sid)
        if isinstance(facts, Truth):
            return "nobody can tell whose it is any more: the call's record is gone"
        return None if self.whom.any_of(facts.legs) else "it is not of this person any more"


class PersonsCallRecords(CallRecordDeletion):
    """Deletes the records of the person's own legs, once their recordings are gone."""

    def __init__(self, change: Change, order: DeletionOrder, session: Session, erasing: Erasing) -> None:
        super().__init__(change, order, session)
        self.erasing = erasing
        self.whom = HashedPerson(erasing.person, Pseudonyms.of_state(session.store))

    def begin(self) -> None:
        """See Scribe.erasure."""
        self.scribe.erasure(self.erasing.person, self.order.total.count, self.erasing.left)

    def ready(self, found: str) -> Ready | None:
        """Kept where it is of somebody else now, or goes on; then as any other."""
        call = self.book.read(found)
        if call is not None:
            complaint = None
            if not self.whom.any_of((leg_of(call),)):
                complaint = "it is not of this person any more"
            elif call.status not in FINISHED_CALL:
                complaint = f"the call is {call.status or 'of unknown status'} now"
            if complaint is not None:
                self.outcomes.count(Ending.MOVED)
                self.take_down(found, found, Ending.MOVED, Remarks(complaint))
                return None
        return super().ready(found)

    def reason_of_recordings(self, sid: str) -> tuple[str | None, tuple[str, ...]]:
        """Whatever recording is left, of the call or of the one that dialled it, keeps the record, by which
        it can be told whose it is."""
        call = self.book.read(sid)
        parent = None if call is None else normal_sid(call.parent_call_sid, "CA")
        for row in (*self.recordings_of(sid), *(self.recordings_of(parent) if parent else ())):
            holds = self.holds.keeping(row)
            if holds:
                return f"its recording {row.sid} is {kept_by(holds)}", holds
            if self.client.has_recording(row.sid):
                return f"its recording {row.sid} is still there", ()
        return None, ()

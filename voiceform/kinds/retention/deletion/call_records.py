"""Delete the call records that a plan names: patiently, and never past recordings that have to stay."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import takewhile
from typing import TYPE_CHECKING

from voiceform.kinds.base import Done, Session
from voiceform.kinds.retention.call_lookup import CallBook, CallRow, FetchingCalls
from voiceform.kinds.retention.deletion.outcomes import DeletionOutcomes, Ending
from voiceform.kinds.retention.evidence.writer import Scribe
from voiceform.kinds.retention.holds import HoldBook
from voiceform.kinds.retention.policy import Policy, Rule, Ruling
from voiceform.kinds.retention.sid_chunks import read_chunks
from voiceform.model.errors import EvidenceLostError, TwilioError
from voiceform.model.instants import instant_from_text
from voiceform.model.plan import Change
from voiceform.twilio.errors import (
    AuthenticationError,
    ConnectionFailedError,
    NotFinishedError,
    NotFoundError,
    ProtocolError,
    ServerError,
    StoppedError,
)
from voiceform.twilio.operations import Ended
from voiceform.twilio.sids import normal_sid

if TYPE_CHECKING:
    from voiceform.twilio.resources import Recording

_NOT_BEGUN = ""
LOST = (ServerError, ConnectionFailedError)
"""Errors after which a deletion may have happened."""

ROUNDS = 4
"""How often a call record is tried that the API calls incomplete (20009)."""
PAUSE_SECONDS = 60.0
"""Twilio: a call may not be deletable for a minute after its end."""


def delete_call_records(change: Change, session: Session) -> Done:
    """Delete exactly the planned call records, except those whose recordings have to stay."""
    return _Deletion(change, session).run()


class _Deletion:
    def __init__(self, change: Change, session: Session) -> None:
        details = change.details
        self.change = change
        self.session = session
        self.client = session.client
        self.book = CallBook(session.client)
        self.holds = HoldBook(session.store, self.book)
        now = instant_from_text(details["as_of"]["planned_at"])
        self.recordings = Policy(
            tuple(Rule.read(item["name"], item["rule"], now) for item in details["recording_rules"])
        )
        self.outcomes = DeletionOutcomes("call record")
        self.scribe = Scribe(change, session)
        self.task = f"deleting ({change.address.name})"

    def run(self) -> Done:
        try:
            return self._run()
        except EvidenceLostError as error:
            raise self.outcomes.lost(error) from error

    def _run(self) -> Done:
        progress = self.session.progress
        self.scribe.begin()
        progress.start(self.task, self.change.details["count"])
        planned = (sid for chunk in read_chunks(self.change.details["chunks"], "CA") for sid in chunk.sids)
        later = self._round(planned)
        for _ in range(ROUNDS - 1):
            if not later or not self._goes_on():
                break
            if self.session.clock.wait(self.session.stop, PAUSE_SECONDS):
                break
            later = self._round(later)
        for sid in later:
            self.outcomes.count(Ending.LATER)
            self.scribe.call(sid, Ending.LATER, reason="Twilio error 20009: it is not complete")
            progress.advance(self.task)
        self.scribe.evidence.flush()
        progress.finish(self.task)
        return self.outcomes.done(self.change, stopped=not self.session.may_go_on())

    def _round(self, sids: Iterable[str]) -> list[str]:
        """Try each until the run is to end; what the API calls incomplete comes back."""
        later = []
        for sid in self.session.run_all(self._one, takewhile(self._goes_on, sids)):
            if sid is None:
                self.session.progress.advance(self.task)
            elif sid != _NOT_BEGUN:
                later.append(sid)
        return later

    def _goes_on(self, _: object = None) -> bool:
        return not self.outcomes.given_up and self.session.may_go_on()

    def _one(self, sid: str) -> str | None:
        if not self._goes_on():
            return _NOT_BEGUN
        self.scribe.evidence.ensure_open()
        requests: list[str] = []
        sent = False
        try:
            reason, holds = self._reason_to_keep(sid)
            if reason is not None:
                self.outcomes.held(holds)
                self.scribe.call(sid, Ending.HELD, reason=reason)
                return None
            sent = True
            answer = self.client.delete_call(sid, note_request=requests.append)
        except NotFinishedError:
            return sid
        except TwilioError as error:
            return self._setback(sid, error, sent=sent)
        ending = Ending.DELETED if answer is Ended.NOW else Ending.GONE
        self.outcomes.count(ending)
        self.scribe.call(sid, ending, request_id=requests[-1] if requests else None)
        return None

    def _setback(self, sid: str, error: TwilioError, *, sent: bool) -> str | None:
        """What an error makes of one record: a deletion whose answer was lost may have happened."""
        if sent and isinstance(error, LOST):
            try:
                gone = not self.client.has_call(sid)
            except TwilioError:
                self.outcomes.count(Ending.OPEN)
                return None
            if gone:
                self.outcomes.count(Ending.GONE)
                self.scribe.call(sid, Ending.GONE)
                return None
        if isinstance(error, StoppedError):
            return _NOT_BEGUN
        self.outcomes.failed(error.what, error.hint, fatal=isinstance(error, AuthenticationError))
        self.scribe.call(sid, Ending.FAILED, reason=error.what, error=error)
        return None

    def _reason_to_keep(self, sid: str) -> tuple[str | None, tuple[str, ...]]:
        """Why the record has to stay, None if it has not, and the holds that say so: of itself, or of a
        recording that stays.

        The call's recordings are asked for even if no list showed any when the plan was made: an empty list
        proves nothing. Raises TwilioError.
        """
        holds = self._own_holds(sid)
        if holds:
            return f"kept by the hold {', '.join(holds)}", holds
        if not self.recordings.rules and not self.holds.any:
            return None, ()
        for recording in self._recordings_of(sid):
            reason, holds = self._reason_of(recording)
            if reason is not None:
                return reason, holds
        return None, ()

    def _recordings_of(self, sid: str) -> list[Recording]:
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
            return f"its recording {recording.sid} is kept by the hold {', '.join(holds)}", holds
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

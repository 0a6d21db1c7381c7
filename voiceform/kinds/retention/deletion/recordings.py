"""Delete the recordings that a plan names: each one looked at again, archived, deleted, taken down."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from voiceform.kinds.base import Done, Session
from voiceform.kinds.retention.call_lookup import CallBook
from voiceform.kinds.retention.deletion.outcomes import DeletionOutcomes, Ending
from voiceform.kinds.retention.deletion.recheck import Check, Planned, rows_again, rule_of
from voiceform.kinds.retention.evidence.writer import Scribe
from voiceform.kinds.retention.holds import HoldBook
from voiceform.kinds.retention.storage.archive import Archive, ArchiveError, Copy, ObjectArchive
from voiceform.model.errors import EvidenceLostError, TwilioError, VoiceformError
from voiceform.model.plan import Change
from voiceform.twilio.errors import (
    AuthenticationError,
    ConnectionFailedError,
    NotFoundError,
    RateLimitedError,
    ServerError,
    StoppedError,
)
from voiceform.twilio.operations import Ended

if TYPE_CHECKING:
    from voiceform.twilio.resources import Recording


ROUNDS = 4
"""How often a recording is tried that the service was not able to delete for the moment."""
PAUSE_SECONDS = 20.0
"""The pause before the second round; each later one is that much longer."""

PASSING = (RateLimitedError, ServerError, ConnectionFailedError)


@dataclass(frozen=True, slots=True)
class Setback:
    """A recording that is to be tried again, and what stood in the way.

    `sent` says that its deletion was, so that it may be gone.
    """

    sid: str
    error: TwilioError
    sent: bool


_NOT_BEGUN = Setback("", TwilioError("not begun: the run is to end"), sent=False)


def delete_recordings(change: Change, session: Session) -> Done:
    """Delete exactly the planned recordings, except those that a hold keeps or that are not as planned.

    EvidenceLostError and StateError end the run; whatever else fails leaves that one recording where it is.
    """
    return _Deletion(change, session).run()


class _Deletion:
    def __init__(self, change: Change, session: Session) -> None:
        self.change = change
        self.session = session
        self.client = session.client
        self.check = Check.of(change)
        self.holds = HoldBook(session.store, CallBook(session.client))
        self.archive = _archive(rule_of(change).get("archive"))
        self.outcomes = DeletionOutcomes("recording")
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
        again = self._round(rows_again(self.client, self.change.details["chunks"]))
        for number in range(1, ROUNDS):
            if not again or self.outcomes.given_up or not self.session.may_go_on():
                break
            if self.session.clock.wait(self.session.stop, PAUSE_SECONDS * number):
                break
            again = self._round(Planned(setback.sid, None, setback.sent) for setback in again)
        for ended in self.session.run_all(self._end, again):
            progress.advance(self.task, ended)
        self.scribe.evidence.flush()
        progress.finish(self.task)
        return self.outcomes.done(self.change, stopped=not self.session.may_go_on())

    def _round(self, items: Iterable[Planned]) -> list[Setback]:
        """Try each until the run is to end; what the service was not able to do just now comes back."""
        setbacks = []
        for setback in self.session.run_all(self._one, takewhile(self._goes_on, items)):
            if setback is None:
                self.session.progress.advance(self.task)
            elif setback is not _NOT_BEGUN:
                setbacks.append(setback)
        return setbacks

    def _goes_on(self, _: object = None) -> bool:
        return not self.outcomes.given_up and self.session.may_go_on()

    def _one(self, planned: Planned) -> Setback | None:
        """One recording, on a worker's thread; None when it has ended."""
        if not self._goes_on():
            return _NOT_BEGUN
        self.scribe.evidence.ensure_open()
        row, sent = planned.row, planned.sent
        try:
            row = row or self._fetched(planned.sid)
            if row is None:
                self._gone(planned.sid)
                return None
            kept, copy = self._judged(row)
            if not kept:
                sent = True
                self._delete(row, copy)
        except StoppedError as error:
            return Setback(planned.sid, error, sent=True) if sent else _NOT_BEGUN
        except PASSING as error:
            self.outcomes.setback()
            return Setback(planned.sid, error, sent)
        except (TwilioError, ArchiveError) as error:
            if sent and row is None and isinstance(error, TwilioError):
                return Setback(planned.sid, error, sent)
            self._fail(planned.sid, row, error)
        return None

    def _end(self, setback: Setback) -> bool:
        """The last word on what failed in every round: what was sent last may have happened all the same.

        False when it has not ended: it was not begun, or nobody knows yet what became of it.
        """
        row = None
        if setback.sent:
            try:
                row = self._fetched(setback.sid)
            except TwilioError:
                self.outcomes.count(Ending.OPEN)
                return False
            if row is None:
                self._gone(setback.sid)
                return True
        if isinstance(setback.error, StoppedError):
            return False
        self._fail(setback.sid, row, setback.error)
        return True

    def _gone(self, sid: str) -> None:
        self.outcomes.count(Ending.GONE)
        self.scribe.recording(sid, None, Ending.GONE)

    def _fetched(self, sid: str) -> Recording | None:
        """The recording as it is now; None only where Twilio itself says that there is none."""
        try:
            return self.client.fetch_recording(sid)
        except NotFoundError:
            return None

    def _fail(self, sid: str, row: Recording | None, error: VoiceformError) -> None:
        self.outcomes.failed(error.what, error.hint, fatal=isinstance(error, AuthenticationError))
        self.scribe.recording(sid, row, Ending.FAILED, reason=error.what, error=error)

    def _judged(self, row: Recording) -> tuple[bool, Copy | None]:
        """Whether it is kept, and the copy that was made of it."""
        if self._spared(row):
            return True, None
        if self.archive is None:
            return False, None
        copy = self.archive.store(row, self.client)
        return self._spared(row, copy), copy

    def _delete(self, row: Recording, copy: Copy | None) -> None:
        requests: list[str] = []
        answer = self.client.delete_recording(row.sid, note_request=requests.append)
        if answer is Ended.NOW:
            ending = Ending.DELETED
            self.outcomes.deleted(row.duration)
        else:
            ending = Ending.GONE
            self.outcomes.count(ending)
        self.scribe.recording(row.sid, row, ending, copy=copy, request_id=requests[-1] or None)

    def _spared(self, row: Recording, copy: Copy | None = None) -> bool:
        """Whether a hold or a change of the row keeps it; taken down if so."""
        holds = self.holds.keeping(row)
        if holds:
            reason, ending = f"kept by the hold {', '.join(holds)}", Ending.HELD
            self.outcomes.held(holds)
        else:
            complaint = self.check.complaint(row)
            if complaint is None:
                return False
            reason, ending = complaint, Ending.MOVED
            self.outcomes.count(ending)
        self.scribe.recording(row.sid, row, ending, reason=reason, copy=copy)
        return True


def _archive(settings: dict[str, Any] | None) -> Archive | None:
    return None if settings is None else ObjectArchive(settings["to"], settings["format"])

"""Delete recordings: each one is copied first where its rule says so, and tried again while errors pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from voiceform.kinds.base import Session
from voiceform.kinds.retention.deletion.base import NOT_BEGUN, Deletion, Judged, Ready, Setback, kept_by
from voiceform.kinds.retention.deletion.outcomes import Ending
from voiceform.kinds.retention.deletion.recheck import Check, Planned, RowsAgain, rule_of
from voiceform.kinds.retention.details import DeletionOrder
from voiceform.kinds.retention.evidence.writer import Remarks
from voiceform.kinds.retention.storage.archive import Archive, Copy, ObjectArchive
from voiceform.model.errors import TwilioError
from voiceform.model.plan import Change
from voiceform.twilio.errors import (
    ConnectionFailedError,
    ForeignAnswerError,
    NotFoundError,
    ProtocolError,
    RateLimitedError,
    ServerError,
    StoppedError,
)
from voiceform.twilio.operations import Asks, Ended

if TYPE_CHECKING:
    from voiceform.twilio.resources import Recording

PAUSE_SECONDS = 20.0
"""The pause before the second round; each later one is that much longer."""

PASSING = (RateLimitedError, ServerError, ConnectionFailedError)
"""What the service was not able to do just now."""


class RecordingDeletion(Deletion["Recording"]):
    """Looks at each recording again as a list or its own page shows it, and asks twice where it is copied."""

    thing = "recording"

    def __init__(self, change: Change, order: DeletionOrder, session: Session) -> None:
        super().__init__(change, order, session)
        self.complaint = self.check()
        self.archive = _archive(rule_of(change).get("archive"))
        self.judges_ahead = self.archive is None and self.pace is None  # else it takes long

    def check(self) -> Callable[[Recording], str | None]:
        """What tells why a row may not be deleted any more, None where it may."""
        return Check.of(self.change, self.order).complaint

    def planned(self) -> Iterator[Planned]:
        """See recheck.RowsAgain."""
        with RowsAgain.of(self.change, self.order, self.session) as rows:
            yield from rows

    def judged(self, batch: Sequence[Planned]) -> Iterator[Planned | Judged[Recording]]:
        """Those that a list has shown, and that neither a hold nor a change of the row keeps, without a look
        at calls."""
        leaves = [self.holds.leave() for _ in batch]
        rows = [planned.row for planned in batch if planned.row is not None]
        free = dict(zip((row.sid for row in rows), self.holds.free(rows), strict=True))
        for planned, may_leave in zip(batch, leaves, strict=True):
            row = planned.row
            if row is None or not free[row.sid] or self.complaint(row) is not None:
                yield planned
            else:
                yield Judged(planned.sid, row, Ready(), may_leave)

    def pause(self, number: int) -> float:
        """Longer each time."""
        return PAUSE_SECONDS * number

    def look(self, planned: Planned) -> Recording | None:
        """The row that a list has shown again, or the recording's own page."""
        return planned.row or self._fetched(planned.sid)

    def ready(self, found: Recording) -> Ready | None:
        """Copied and proven where the rule says so; holds and the row are asked again after that, because it
        takes time in which a hold can land."""
        if self._spared(found):
            return None
        if self.archive is None:
            return Ready()
        copy = self.archive.store(found, self.client)
        return None if self._spared(found, copy) else Ready(copy)

    def stands(self, found: Recording, ready: Ready) -> bool:
        """Without a second copy."""
        return not self._spared(found, ready.copy)

    def request(self, sid: str, asks: Asks) -> Ended:
        """deleteRecording."""
        return self.client.delete_recording(sid, asks)

    def count(self, found: Recording, ending: Ending) -> None:
        """With its minutes, if this run deleted it."""
        if ending is Ending.DELETED:
            self.outcomes.deleted(found.duration)
        else:
            super().count(found, ending)

    def setback(self, setback: Setback, found: Recording | None) -> Setback | None:
        """What passes, and what may have happened although nobody could look, is tried again."""
        error = setback.error
        if isinstance(error, StoppedError):
            return setback if setback.sent else NOT_BEGUN
        if isinstance(error, PASSING):
            self.outcomes.setback()
            return setback
        if setback.sent and isinstance(error, ForeignAnswerError | ProtocolError):
            self.give_up(setback)  # not Twilio's word: it may be gone
            return None
        if setback.sent and found is None and isinstance(error, TwilioError):
            return setback
        self.fail(setback.sid, found, error)
        return None

    def give_up(self, setback: Setback) -> bool:
        """What was sent last may have happened all the same."""
        row = None
        if setback.sent:
            try:
                row = self._fetched(setback.sid)
            except TwilioError:
                self.outcomes.count(Ending.OPEN)
                return False
            if row is None:
                self.gone(setback.sid)
                return True
        if isinstance(setback.error, StoppedError):
            return False
        if setback.sent:
            self.outcomes.doubt()
        self.fail(setback.sid, row, setback.error)
        return True

    def take_down(self, sid: str, found: Recording | None, ending: Ending, remarks: Remarks) -> None:
        """See evidence.writer."""
        self.scribe.recording(sid, found, ending, remarks)

    def _fetched(self, sid: str) -> Recording | None:
        """The recording as it is now; None only where Twilio itself says that there is none."""
        try:
            return self.client.fetch_recording(sid)
        except NotFoundError:
            return None

    def _spared(self, row: Recording, copy: Copy | None = None) -> bool:
        """Whether a hold or a change of the row keeps it; taken down if so."""
        holds = self.holds.keeping(row)
        reason = kept_by(holds) if holds else self.complaint(row)
        if reason is None:
            return False
        self.spare(row.sid, row, reason, holds, copy)
        return True


def _archive(settings: dict[str, Any] | None) -> Archive | None:
    return None if settings is None else ObjectArchive(settings["to"], settings["format"])

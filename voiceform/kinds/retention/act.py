"""Carry out one planned change of a rule or hold, and settle those that a dead run began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress

from voiceform.kinds.base import Done, Session
from voiceform.kinds.retention.again import present
from voiceform.kinds.retention.compact import Chunk, read_chunks
from voiceform.kinds.retention.deleting import delete_recordings
from voiceform.kinds.retention.deleting_calls import delete_call_records
from voiceform.kinds.retention.events import Scribe
from voiceform.kinds.retention.policy import CALL_RECORDS, RECORDINGS, split
from voiceform.kinds.retention.tally import noun
from voiceform.kinds.retention.toll import Ending
from voiceform.model.address import Address
from voiceform.model.plan import Action, Change
from voiceform.model.resource import Recorded
from voiceform.model.run import Status
from voiceform.twilio.errors import NotFoundError


def act(change: Change, session: Session) -> Done:
    """Record a rule or hold as declared; delete what a rule was planned to delete."""
    if change.counts:
        if split(change.address)[0] == RECORDINGS:
            return delete_recordings(change, session)
        return delete_call_records(change, session)
    if change.action is Action.DELETE:
        return Done(Status.APPLIED)
    return Done(Status.APPLIED, Recorded(change.address, None, change.after or {}))


def settle(changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
    """Find out what a dead run had deleted and take down what it had no time to.

    Rules and holds without deletions are recorded together with their outcome, so nothing of those happened.
    The next plan has whatever is left.
    """
    settled = {}
    for change in changes:
        if change.counts and split(change.address)[0] == RECORDINGS:
            settled[change.address] = _Settling(change, session).run()
        elif change.counts and split(change.address)[0] == CALL_RECORDS:
            settled[change.address] = Done(
                Status.FAILED,
                message="the run died while it deleted call records; those that are left are planned anew",
            )
    return settled


class _Settling:
    """Looks for each planned recording: listed, it was not deleted; gone, it was, or somebody else did it."""

    def __init__(self, change: Change, session: Session) -> None:
        self.change = change
        self.session = session
        self.known = session.evidence.taken_down(session.run_id)
        self.scribe = Scribe(change, session)
        self.gone = 0

    def run(self) -> Done:
        for chunk in read_chunks(self.change.details["chunks"], "RE"):
            self._chunk(chunk)
        planned = self.change.details["count"]
        return Done(
            Status.FAILED,
            message=f"the run died after {self.gone:,} of {noun(planned, 'recording')} were gone",
            hint="what is left is planned anew",
        )

    def _chunk(self, chunk: Chunk) -> None:
        there = present(self.session.client, chunk)
        missing = [sid for sid in chunk.sids if sid not in there]
        for _ in self.session.run_all(self._missing, missing):
            pass

    def _missing(self, sid: str) -> None:
        """A recording that no list shows: gone, unless fetching it says otherwise."""
        client = self.session.client
        with suppress(NotFoundError):
            client.fetch_recording(sid)
            return
        row = None
        with suppress(NotFoundError):
            row = client.fetch_recording(sid, include_soft_deleted=True)
        self.gone += 1
        if sid not in self.known:
            reason = "found deleted after a run that died"
            if row is not None and row.date_updated is not None:
                reason += f"; the service says since {row.date_updated:%Y-%m-%d %H:%M:%S} UTC"
            self.scribe.recording(sid, row, Ending.FOUND_GONE, reason=reason)

"""Participants of conferences: creating one phones a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from voiceform.twilio.fields import MalformedAnswerError
from voiceform.twilio.operations import PAGE_SIZE, Ended, Operations
from voiceform.twilio.paging import Listing, only, read_listing
from voiceform.twilio.parameters import CreateParticipant, Form, encode, form_of
from voiceform.twilio.resources import Participant
from voiceform.twilio.retry import Operation, Repeat
from voiceform.twilio.sids import checked_sid, is_sid, quoted_conference, quoted_participant

_LIST = Operation("listParticipants", "GET")
_CREATE = Operation("createParticipant", "POST", Repeat.NEVER)
_FETCH = Operation("fetchParticipant", "GET")
_SET = Operation("updateParticipant", "POST", Repeat.SAFE)
_ANNOUNCE = Operation("updateParticipant", "POST", Repeat.ASK)
_DELETE = Operation("deleteParticipant", "DELETE")


class ParticipantOperations(Operations):
    """The operations on participants."""

    def list_participants(
        self,
        conference_sid: str,
        *,
        muted: bool | None = None,
        hold: bool | None = None,
        coaching: bool | None = None,
        page_size: int = PAGE_SIZE,
    ) -> Iterator[Participant]:
        """Who is, or is being called, in a conference that is not over; empty once it is."""
        filters: Form = encode({"muted": muted, "hold": hold, "coaching": coaching})

        def keep(participant: Participant) -> bool:
            return (
                muted in (None, participant.muted)
                and hold in (None, participant.hold)
                and coaching in (None, participant.coaching)
            )

        listing = Listing(
            _LIST,
            self._path("Conferences", checked_sid(conference_sid, "CF"), "Participants"),
            "participants",
            Participant.parse,
            query=(*filters, ("PageSize", str(page_size))),
            keep=only(keep),
        )
        return read_listing(self._transport, listing)

    def create_participant(self, conference: str, parameters: CreateParticipant) -> Participant:
        """Phone somebody into a conference, by its SID or its name.

        A name without a live conference opens one. Sent at most once unless it was provably not processed.
        Raises ConnectionFailedError when nothing was sent, ApiError when it was refused (16026: the label is
        in use), TwilioOutcomeUnknownError when nobody knows; fetch_participant by label can then tell.
        """
        path = self._path("Conferences", quoted_conference(conference), "Participants")
        with self._transport.secrets.filled(form_of(parameters)) as form:
            return self._transport.call(_CREATE, path, form=form, read=Participant.made)

    def fetch_participant(self, conference_sid: str, participant: str) -> Participant:
        """One participant, by call SID or label; raises NotFoundError."""
        path = self._participant(conference_sid, participant)
        return self._transport.call(_FETCH, path, read=_in(conference_sid, participant))

    def update_participant(
        self,
        conference_sid: str,
        participant: str,
        *,
        muted: bool | None = None,
        hold: bool | None = None,
        hold_url: str | None = None,
        hold_method: Literal["GET", "POST"] | None = None,
        announce_url: str | None = None,
        announce_method: Literal["GET", "POST"] | None = None,
        wait_url: str | None = None,
        wait_method: Literal["GET", "POST"] | None = None,
        beep_on_exit: bool | None = None,
        end_conference_on_exit: bool | None = None,
        coaching: bool | None = None,
        call_sid_to_coach: str | None = None,
    ) -> Participant:
        """Set what is given. Repeated after a lost answer unless it announces something (AmbiguousError)."""
        form = encode(
            {
                "muted": muted,
                "hold": hold,
                "hold_url": hold_url,
                "hold_method": hold_method,
                "announce_url": announce_url,
                "announce_method": announce_method,
                "wait_url": wait_url,
                "wait_method": wait_method,
                "beep_on_exit": beep_on_exit,
                "end_conference_on_exit": end_conference_on_exit,
                "coaching": coaching,
                "call_sid_to_coach": call_sid_to_coach and checked_sid(call_sid_to_coach, "CA"),
            }
        )
        operation = _SET if announce_url is None else _ANNOUNCE
        path = self._participant(conference_sid, participant)
        return self._transport.call(operation, path, form=form, read=_in(conference_sid, participant))

    def delete_participant(self, conference_sid: str, participant: str) -> Ended:
        """Remove somebody from a conference, which hangs up on them; ALREADY if they had left."""
        return self._delete(_DELETE, self._participant(conference_sid, participant))

    def _participant(self, conference_sid: str, participant: str) -> str:
        return self._path(
            "Conferences", checked_sid(conference_sid, "CF"), "Participants", quoted_participant(participant)
        )


def _in(conference_sid: str, participant: str) -> Callable[[object], Participant]:
    """A reader that refuses an answer about somebody else."""

    def read(value: object) -> Participant:
        found = Participant.parse(value)
        # The published description of the API has no label: an answer without one cannot contradict.
        name = found.call_sid if is_sid(participant, "CA") else found.label or participant
        room = found.conference_sid or conference_sid
        if (name.lower(), room.lower()) != (participant.lower(), conference_sid.lower()):
            raise MalformedAnswerError("it is about another participant")
        return found

    return read

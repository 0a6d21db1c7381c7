"""Conferences: they appear when somebody joins, and can be ended or spoken to."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Literal

from voiceform.twilio.errors import ApiError, InvalidArgumentError, ProtocolError
from voiceform.twilio.filters import Span
from voiceform.twilio.operations import PAGE_SIZE, Ended, Operations, about
from voiceform.twilio.paging import Listing, Unreadable, only, read_listing
from voiceform.twilio.parameters import Form, encode
from voiceform.twilio.resources import Conference
from voiceform.twilio.retry import Operation, Repeat
from voiceform.twilio.sids import checked_sid

_LIST = Operation("listConferences", "GET")
_FETCH = Operation("fetchConference", "GET")
_END = Operation("updateConference", "POST", Repeat.SAFE)
_ANNOUNCE = Operation("updateConference", "POST", Repeat.ASK)

_GOING_ON = frozenset({"init", "in-progress"})
_OVER = 16022
"""Twilio's error for a conference that does not exist or is completed."""


class ConferenceOperations(Operations):
    """The operations on conferences."""

    def list_conferences(
        self,
        *,
        friendly_name: str | None = None,
        status: str | None = None,
        created_from: date | None = None,
        created_before: date | None = None,
        updated_from: date | None = None,
        updated_before: date | None = None,
        unreadable: Unreadable | None = None,
        page_size: int = PAGE_SIZE,
    ) -> Iterator[Conference]:
        """Conferences of that very name and status, created in [created_from, created_before) and last
        changed in [updated_from, updated_before).

        Dates are in UTC, or aware instants. Rows that do not fit are dropped here, should the service ignore
        a filter: what is listed may be ended.

        `unreadable` takes entries that cannot be read; without it they are a ProtocolError.
        """
        created = Span.of(created_from, created_before)
        updated = Span.of(updated_from, updated_before)
        filters: Form = encode({"friendly_name": friendly_name, "status": status})

        def keep(conference: Conference) -> bool:
            return (
                created.contains(conference.date_created)
                and updated.contains(conference.date_updated)
                and friendly_name in (None, conference.friendly_name)
                and status in (None, conference.status)
            )

        spans = (
            *created.query("DateCreated", days_only=True),
            *updated.query("DateUpdated", days_only=True),
        )
        listing = Listing(
            _LIST,
            self._path("Conferences"),
            "conferences",
            Conference.parse,
            query=(*filters, *spans, ("PageSize", str(page_size))),
            keep=only(keep),
            unreadable=unreadable,
        )
        return read_listing(self._transport, listing)

    def fetch_conference(self, sid: str) -> Conference:
        """One conference; raises NotFoundError."""
        return self._transport.call(_FETCH, self._conference(sid), read=about(Conference.parse, sid))

    def update_conference(
        self,
        sid: str,
        *,
        status: Literal["completed"] | None = None,
        announce_url: str | None = None,
        announce_method: Literal["GET", "POST"] | None = None,
    ) -> Conference:
        """End a conference, or play the TwiML of a URL to everybody in it.

        Ending is repeated after a lost answer; an announcement is not (AmbiguousError): nobody wants it
        twice.
        """
        if (status is None) == (announce_url is None):
            raise InvalidArgumentError(
                "a conference is updated with either status or announce_url", hint="nothing was sent"
            )
        form = encode({"status": status, "announce_url": announce_url, "announce_method": announce_method})
        operation = _END if status is not None else _ANNOUNCE
        read = about(Conference.parse, sid)
        return self._transport.call(operation, self._conference(sid), form=form, read=read)

    def end_conference(self, sid: str) -> Ended:
        """End a conference for everybody in it; ALREADY if the service says that it is over (16022).

        ProtocolError where the service accepts it and answers with a conference that goes on.
        """
        try:
            answered = self.update_conference(sid, status="completed")
        except ApiError as error:
            if error.code != _OVER:
                raise
            return Ended.ALREADY
        if answered.status in _GOING_ON:
            raise ProtocolError(
                f"the API accepted the end of the conference and answered that it is {answered.status}",
                operation=_END.name,
                where=self._conference(sid),
                hint="plan again to see whether it goes on",
            )
        return Ended.NOW

    def _conference(self, sid: str) -> str:
        return self._path("Conferences", checked_sid(sid, "CF"))

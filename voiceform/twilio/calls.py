"""Calls: each creation phones a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Literal

from voiceform.twilio.errors import CallNotLiveError, InvalidArgumentError
from voiceform.twilio.filters import Span
from voiceform.twilio.operations import NOTHING_ASKED, PAGE_SIZE, Asks, Ended, Operations, about
from voiceform.twilio.paging import Listing, Unreadable, only, read_listing
from voiceform.twilio.parameters import CreateCall, Form, encode, form_of
from voiceform.twilio.resources import Call
from voiceform.twilio.retry import Operation, Repeat
from voiceform.twilio.rows import PageReader
from voiceform.twilio.sids import checked_sid, normal_sid
from voiceform.twilio.slices import Scan, inside, scan_side_by_side

_LIST = Operation("listCalls", "GET")
_CREATE = Operation("createCall", "POST", Repeat.NEVER)
_FETCH = Operation("fetchCall", "GET")
_END = Operation("updateCall", "POST", Repeat.SAFE)
_REDIRECT = Operation("updateCall", "POST", Repeat.ASK)
_DELETE = Operation("deleteCall", "DELETE")
_PAGES = PageReader(Call, "calls")


class CallOperations(Operations):
    """The operations on calls."""

    def list_calls(
        self,
        *,
        to: str | None = None,
        from_: str | None = None,
        status: str | None = None,
        parent_call_sid: str | None = None,
        started_from: date | None = None,
        started_before: date | None = None,
        ended_from: date | None = None,
        ended_before: date | None = None,
        unreadable: Unreadable | None = None,
        page_size: int = PAGE_SIZE,
    ) -> Iterator[Call]:
        """Calls started and ended in half-open spans: dates in UTC or aware instants.

        Rows of another status, parent or span are dropped here, should the service ignore a filter; `to` and
        `from_` are not compared again, because the service may write a number differently. A call that was
        not dialled yet has no start: a span of starts leaves it out. There is no filter by creation.

        `unreadable` takes entries that cannot be read; without it they are a ProtocolError.
        """
        started = Span.of(started_from, started_before)
        ended = Span.of(ended_from, ended_before)
        filters: Form = encode(
            {
                "to": to,
                "from_": from_,
                "status": status,
                "parent_call_sid": parent_call_sid and checked_sid(parent_call_sid, "CA"),
            }
        )
        parent = normal_sid(parent_call_sid, "CA")

        def keep(call: Call) -> bool:
            return (
                started.contains(call.start_time)
                and ended.contains(call.end_time)
                and status in (None, call.status)
                and (parent is None or parent == normal_sid(call.parent_call_sid, "CA"))
            )

        spans = (*started.query("StartTime"), *ended.query("EndTime"))
        listing = Listing(
            _LIST,
            self._path("Calls"),
            "calls",
            Call.parse,
            quick=_PAGES.read,
            query=(*filters, *spans, ("PageSize", str(page_size))),
            keep=only(keep),
            unreadable=unreadable,
        )
        return read_listing(self._transport, listing)

    def child_calls(self, sid: str) -> list[Call] | None:
        """The calls that a call made (`<Dial>`), each row checked; None when nobody can tell.

        A service that shows a page's worth of other parents' rows ignores the filter, and would show all that
        there is; a row that cannot be read may be of a child.
        """
        parent = checked_sid(sid, "CA")
        normal = normal_sid(parent, "CA")
        query = (("ParentCallSid", parent), ("PageSize", str(PAGE_SIZE)))
        unreadable = Unreadable()
        path = self._path("Calls")
        listing = Listing(
            _LIST,
            path,
            "calls",
            Call.parse,
            query=query,
            quick=_PAGES.read,
            unreadable=unreadable,
        )
        found: list[Call] = []
        strays = 0
        for call in read_listing(self._transport, listing):
            if normal_sid(call.parent_call_sid, "CA") == normal:
                found.append(call)
                continue
            strays += 1
            if strays >= PAGE_SIZE:
                return None
        return None if unreadable.count else found

    def scan_calls(
        self,
        *,
        started_from: date | None = None,
        started_before: date | None = None,
        status: str | None = None,
        workers: int = 8,
        unreadable: Unreadable | None = None,
        page_size: int = PAGE_SIZE,
    ) -> Iterator[Sequence[Call]]:
        """As list_calls, page by page, in no order, with `workers` slices of a long list side by side.

        Slices go by start: of a list that is long enough to be cut, calls that were never dialled are left
        out.

        `unreadable` takes entries that cannot be read; without it they are a ProtocolError.
        """
        extra: Form = encode({"status": status})
        path = self._path("Calls")

        def of_status(call: Call) -> bool:
            return status in (None, call.status)

        def listing(span: Span) -> Listing[Call]:
            of_span = inside(span, "start_time", undated=span.unbounded)
            return Listing(
                _LIST,
                path,
                "calls",
                Call.parse,
                quick=_PAGES.read,
                query=(*extra, *span.query("StartTime"), ("PageSize", str(page_size))),
                keep=lambda rows: list(filter(of_status, of_span(rows))),
                unreadable=unreadable,
            )

        scan = Scan(listing, "start_time")
        return scan_side_by_side(self._transport, scan, Span.of(started_from, started_before), workers)

    def create_call(self, parameters: CreateCall, may_send: Callable[[], None] | None = None) -> Call:
        """Phone somebody. The answer means `queued`: it is dialled at the account's pace.

        `may_send` is asked right before each attempt leaves; what it raises ends the operation, unsent.

        Sent at most once unless it was provably not processed (429, no connection). Raises
        ConnectionFailedError when nothing was sent, ApiError when it was refused, TwilioOutcomeUnknownError
        when nobody knows.
        """
        with self._transport.secrets.filled(form_of(parameters)) as form:
            return self._transport.call(
                _CREATE, self._path("Calls"), form=form, read=Call.made, may_send=may_send
            )

    def fetch_call(self, sid: str) -> Call:
        """One call; raises NotFoundError, also 13 months after the call."""
        return self._transport.call(_FETCH, self._call(sid), read=about(Call.parse, sid))

    def has_call(self, sid: str) -> bool:
        """Whether the account has the record of a call, readable or not; only Twilio's own 404 says no."""
        return self._is_there(_FETCH, self._call(sid), sid)

    def update_call(
        self,
        sid: str,
        *,
        status: Literal["completed", "canceled"] | None = None,
        url: str | None = None,
        method: str | None = None,
        twiml: str | None = None,
        fallback_url: str | None = None,
        fallback_method: str | None = None,
        status_callback: str | None = None,
        status_callback_method: str | None = None,
        time_limit: int | None = None,
    ) -> Call:
        """End a call (`completed` in any state, `canceled` only before it is answered), or redirect it. What
        else is given goes with a redirection: `time_limit` is in seconds of the whole call.

        Ending is repeated after a lost answer; a redirection is not (AmbiguousError). Raises CallNotLiveError
        (21220) for a call that is over.
        """
        if (status is None) == (url is None and twiml is None) or (url is not None and twiml is not None):
            raise InvalidArgumentError(
                "a call is updated with exactly one of status, url and twiml", hint="nothing was sent"
            )
        form = encode(
            {
                "status": status,
                "url": url,
                "method": method,
                "twiml": twiml,
                "fallback_url": fallback_url,
                "fallback_method": fallback_method,
                "status_callback": status_callback,
                "status_callback_method": status_callback_method,
                "time_limit": time_limit,
            }
        )
        operation = _END if status is not None else _REDIRECT
        return self._transport.call(operation, self._call(sid), form=form, read=about(Call.parse, sid))

    def end_call(self, sid: str) -> Ended:
        """Hang up, or take back a call that is still queued; ALREADY if it was over (21220)."""
        try:
            self.update_call(sid, status="completed")
        except CallNotLiveError:
            return Ended.ALREADY
        return Ended.NOW

    def delete_call(self, sid: str, asks: Asks = NOTHING_ASKED) -> Ended:
        """Delete the record of a finished call; this hangs nothing up, and its recordings stay.

        Raises NotFinishedError (20009) for a live call, and for a minute or more after its end: be patient.
        """
        return self._delete(_DELETE, self._call(sid), asks)

    def _call(self, sid: str) -> str:
        return self._path("Calls", checked_sid(sid, "CA"))

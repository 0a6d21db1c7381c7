"""Recordings: they can be listed, read, downloaded, and destroyed for good."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Literal

from voiceform.twilio.filters import Span
from voiceform.twilio.operations import NOTHING_ASKED, PAGE_SIZE, Asks, Ended, Operations, about
from voiceform.twilio.paging import Listing, Unreadable, only, read_listing
from voiceform.twilio.parameters import Form, encode
from voiceform.twilio.resources import Recording
from voiceform.twilio.retry import Operation, Repeat
from voiceform.twilio.rows import PageReader
from voiceform.twilio.sids import checked_sid, normal_sid
from voiceform.twilio.slices import Scan, inside, scan_side_by_side

if TYPE_CHECKING:
    from voiceform.twilio.media import Media

_LIST_OF_CALL = Operation("listCallRecordings", "GET")
_CREATE = Operation("createCallRecording", "POST", Repeat.NEVER)
_LIST = Operation("listRecordings", "GET")
_FETCH = Operation("fetchRecording", "GET")
_DELETE = Operation("deleteRecording", "DELETE")
_DOWNLOAD = Operation("downloadRecordingMedia", "GET")
PAGES = PageReader(Recording, "recordings")
"""Reads pages of recordings on which nothing is out of the way."""

LONGEST_AUDIO = 3 * 1024**3
"""Bytes of two channels of 16 bit at 8 kHz in the 24 hours that a call lasts at most, and some more."""


class RecordingOperations(Operations):
    """The operations on recordings."""

    def list_recordings(
        self,
        *,
        created_from: date | None = None,
        created_before: date | None = None,
        call_sid: str | None = None,
        conference_sid: str | None = None,
        include_soft_deleted: bool = False,
        unreadable: Unreadable | None = None,
        page_size: int = PAGE_SIZE,
    ) -> Iterator[Recording]:
        """The account's recordings created in [created_from, created_before): dates in UTC or aware instants.

        Rows that do not fit the filters are dropped here, should the service ignore one.
        `include_soft_deleted` adds the descriptions (status deleted) of those deleted in the last 40 days.

        `unreadable` takes entries that cannot be read; without it they are a ProtocolError.
        """
        span = Span.of(created_from, created_before)
        call, room = normal_sid(call_sid, "CA"), normal_sid(conference_sid, "CF")
        filters: Form = encode(
            {
                "call_sid": call_sid and checked_sid(call_sid, "CA"),
                "conference_sid": conference_sid and checked_sid(conference_sid, "CF"),
                "include_soft_deleted": include_soft_deleted or None,
            }
        )

        within = inside(span, "date_created", undated=span.unbounded)

        def keep(rows: Sequence[Recording]) -> Sequence[Recording]:
            return [
                row
                for row in within(rows)
                if (call is None or call == normal_sid(row.call_sid, "CA"))
                and (room is None or room == normal_sid(row.conference_sid, "CF"))
            ]

        listing = Listing(
            _LIST,
            self._path("Recordings"),
            "recordings",
            Recording.parse,
            quick=PAGES.read,
            query=(*filters, *span.query("DateCreated"), ("PageSize", str(page_size))),
            keep=keep,
            unreadable=unreadable,
        )
        return read_listing(self._transport, listing)

    def scan_recordings(
        self,
        *,
        created_from: date | None = None,
        created_before: date | None = None,
        include_soft_deleted: bool = False,
        workers: int = 8,
        unreadable: Unreadable | None = None,
        page_size: int = PAGE_SIZE,
    ) -> Iterator[Sequence[Recording]]:
        """As list_recordings, page by page, in no order, with `workers` date slices of a long list side by
        side.

        Rows without a readable date are kept as long as no `created_from` is asked for.

        `unreadable` takes entries that cannot be read; without it they are a ProtocolError.
        """
        extra: Form = encode({"include_soft_deleted": include_soft_deleted or None})
        path = self._path("Recordings")

        def listing(span: Span) -> Listing[Recording]:
            query = (*extra, *span.query("DateCreated"), ("PageSize", str(page_size)))
            return Listing(
                _LIST,
                path,
                "recordings",
                Recording.parse,
                quick=PAGES.read,
                query=query,
                keep=inside(span, "date_created", undated=span.start is None),
                unreadable=unreadable,
            )

        scan = Scan(listing, "date_created")
        return scan_side_by_side(self._transport, scan, Span.of(created_from, created_before), workers)

    def list_call_recordings(
        self,
        call_sid: str,
        *,
        created_from: date | None = None,
        created_before: date | None = None,
        page_size: int = PAGE_SIZE,
    ) -> Iterator[Recording]:
        """The recordings of one call; they outlive the call's own record."""
        span = Span.of(created_from, created_before)
        listing = Listing(
            _LIST_OF_CALL,
            self._path("Calls", checked_sid(call_sid, "CA"), "Recordings"),
            "recordings",
            Recording.parse,
            quick=PAGES.read,
            query=(*span.query("DateCreated", days_only=True), ("PageSize", str(page_size))),
            keep=only(lambda recording: span.contains(recording.date_created)),
        )
        return read_listing(self._transport, listing)

    def create_call_recording(
        self,
        call_sid: str,
        *,
        recording_channels: Literal["mono", "dual"] | None = None,
        recording_track: Literal["inbound", "outbound", "both"] | None = None,
        recording_status_callback: str | None = None,
        recording_status_callback_method: str | None = None,
        recording_status_callback_event: tuple[str, ...] = (),
        recording_configuration_id: str | None = None,
        trim: Literal["trim-silence", "do-not-trim"] | None = None,
    ) -> Recording:
        """Start to record a call that is in progress.

        Raises CallNotLiveError (21220); TwilioOutcomeUnknownError after a lost answer: list the call's
        recordings.
        """
        form = encode(
            {
                "recording_channels": recording_channels,
                "recording_track": recording_track,
                "recording_status_callback": recording_status_callback,
                "recording_status_callback_method": recording_status_callback_method,
                "recording_status_callback_event": recording_status_callback_event,
                "recording_configuration_id": recording_configuration_id,
                "trim": trim,
            }
        )
        path = self._path("Calls", checked_sid(call_sid, "CA"), "Recordings")
        return self._transport.call(_CREATE, path, form=form, read=Recording.made)

    def fetch_recording(self, sid: str, *, include_soft_deleted: bool = False) -> Recording:
        """One recording's description; raises NotFoundError, for a deleted one unless included."""
        query: Form = encode({"include_soft_deleted": include_soft_deleted or None})
        return self._transport.call(
            _FETCH, self._recording(sid), query=query, read=about(Recording.parse, sid)
        )

    def has_recording(self, sid: str) -> bool:
        """Whether the account has a recording, readable or not; only Twilio's own 404 says no."""
        return self._is_there(_FETCH, self._recording(sid), sid)

    def delete_recording(self, sid: str, asks: Asks = NOTHING_ASKED) -> Ended:
        """Destroy a recording at once and for good. Raises NotFinishedError (20009) while it runs."""
        return self._delete(_DELETE, self._recording(sid), asks)

    def download_recording_media(
        self,
        sid: str,
        *,
        kind: Literal["wav", "mp3"] = "wav",
        channels: Literal[1, 2] | None = None,
        limit: int = LONGEST_AUDIO,
    ) -> Media:
        """The audio as a stream; close it, or write `with client.download_recording_media(sid) as media`.

        `limit` bytes are the most that may come: say what the recording's duration allows. The time that the
        stream may take follows from it.

        Raises NotFoundError (also for some seconds after the recording's end), ApiError 16109 (an encrypted
        one exists as wav only), 16113 (a mono one has no two channels).
        """
        path = f"{self._root}/Recordings/{checked_sid(sid, 'RE')}.{kind}"
        query = encode({"requested_channels": channels})
        return self._transport.open(_DOWNLOAD, path, query=query, limit=limit)

    def _recording(self, sid: str) -> str:
        return self._path("Recordings", checked_sid(sid, "RE"))

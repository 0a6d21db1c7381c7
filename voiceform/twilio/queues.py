"""Queues, the only objects of the API that are created, updated and deleted, and who waits in them."""

from __future__ import annotations

from collections.abc import Iterator

from voiceform.twilio.operations import PAGE_SIZE, Ended, Operations, about
from voiceform.twilio.paging import Listing, Unreadable, read_listing
from voiceform.twilio.resources import Queue, QueueMember
from voiceform.twilio.retry import Operation, Repeat
from voiceform.twilio.rows import PageReader
from voiceform.twilio.sids import checked_sid

_LIST = Operation("listQueues", "GET")
_CREATE = Operation("createQueue", "POST", Repeat.ASK)
_FETCH = Operation("fetchQueue", "GET")
_UPDATE = Operation("updateQueue", "POST", Repeat.SAFE)
_DELETE = Operation("deleteQueue", "DELETE")
_LIST_MEMBERS = Operation("listMembers", "GET")
_FETCH_MEMBER = Operation("fetchMember", "GET")
_PAGES = PageReader(Queue, "queues")


class QueueOperations(Operations):
    """The operations on queues."""

    def list_queues(
        self, *, unreadable: Unreadable | None = None, page_size: int = PAGE_SIZE
    ) -> Iterator[Queue]:
        """All queues of the account; the API has no filter.

        `unreadable` takes entries that cannot be read; without it they are a ProtocolError.
        """
        listing = Listing(
            _LIST,
            self._path("Queues"),
            "queues",
            Queue.parse,
            quick=_PAGES.read,
            query=(("PageSize", str(page_size)),),
            unreadable=unreadable,
        )
        return read_listing(self._transport, listing)

    def create_queue(self, *, friendly_name: str, max_size: int) -> Queue:
        """Create a queue. `max_size` is always sent: the service's default has changed over the years.

        Raises NameTakenError (22003), and AmbiguousError after a lost answer: list the queues, the name is
        unique.
        """
        form = (("FriendlyName", friendly_name), ("MaxSize", str(max_size)))
        return self._transport.call(_CREATE, self._path("Queues"), form=form, read=Queue.parse)

    def fetch_queue(self, sid: str) -> Queue:
        """One queue; raises NotFoundError."""
        return self._transport.call(_FETCH, self._queue(sid), read=about(Queue.parse, sid))

    def update_queue(
        self, sid: str, *, friendly_name: str | None = None, max_size: int | None = None
    ) -> Queue:
        """Set what is given, keep the rest. Repeated after a lost answer: setting twice is setting once.

        Raises NameTakenError, NotFoundError.
        """
        given = (
            ("FriendlyName", friendly_name),
            ("MaxSize", None if max_size is None else str(max_size)),
        )
        form = tuple((name, value) for name, value in given if value is not None)
        updated = self._transport.call(_UPDATE, self._queue(sid), form=form, read=_queue_or_nothing)
        return updated if updated is not None else self.fetch_queue(sid)

    def delete_queue(self, sid: str) -> Ended:
        """Delete an empty queue. A queue with callers in it is refused with an ApiError."""
        return self._delete(_DELETE, self._queue(sid))

    def list_members(self, queue_sid: str, *, page_size: int = PAGE_SIZE) -> Iterator[QueueMember]:
        """Who waits in a queue (www.twilio.com/docs/voice/api/member-resource), the front first; raises
        NotFoundError. The list moves while it is read: a call may be missing, or come twice."""
        listing = Listing(
            _LIST_MEMBERS,
            self._path("Queues", checked_sid(queue_sid, "QU"), "Members"),
            "queue_members",
            QueueMember.parse,
            query=(("PageSize", str(page_size)),),
        )
        return read_listing(self._transport, listing)

    def fetch_member(self, queue_sid: str, call_sid: str) -> QueueMember:
        """One call that waits; raises NotFoundError when it does not (any more)."""
        path = self._path("Queues", checked_sid(queue_sid, "QU"), "Members", checked_sid(call_sid, "CA"))
        return self._transport.call(_FETCH_MEMBER, path, read=about(QueueMember.parse, call_sid))

    def _queue(self, sid: str) -> str:
        return self._path("Queues", checked_sid(sid, "QU"))


def _queue_or_nothing(value: object) -> Queue | None:
    """The API's description promises no body for an update, the service sends the queue."""
    if value is None:
        return None
    return Queue.parse(value)

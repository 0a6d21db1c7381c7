"""What all groups of operations share."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from voiceform.twilio.errors import NotFoundError
from voiceform.twilio.fields import MalformedAnswerError, as_object
from voiceform.twilio.paging import Row

if TYPE_CHECKING:
    from voiceform.twilio.retry import Operation
    from voiceform.twilio.transport import Transport

R = TypeVar("R", bound=Row)

PAGE_SIZE = 1000
"""The largest page that lists allow (error 20007 above it)."""


class Ended(Enum):
    """How a deletion or a hang-up found its object."""

    NOW = "now"
    ALREADY = "already"
    """It was gone or over: by somebody else, or by an earlier attempt whose answer was lost."""


class Asks(NamedTuple):
    """Who is asked and told on a deletion's way: `before_repeating` it, and right before each attempt leaves
    (`may_send`), as Transport.call says; `note_request` hears Twilio's id of each answered request."""

    note_request: Callable[[str], None] | None = None
    before_repeating: Callable[[], None] | None = None
    may_send: Callable[[], None] | None = None


NOTHING_ASKED = Asks()


class Operations:
    """The base of the groups of operations."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self._root = f"/2010-04-01/Accounts/{transport.account_sid}"

    def _path(self, *parts: str) -> str:
        """The path of a resource from quoted parts."""
        return f"{self._root}/{'/'.join(parts)}.json"

    def _is_there(self, operation: Operation, path: str, sid: str) -> bool:
        try:
            self._transport.call(operation, path, read=of_sid(sid))
        except NotFoundError:
            return False
        return True

    def _delete(
        self,
        operation: Operation,
        path: str,
        asks: Asks = NOTHING_ASKED,
    ) -> Ended:
        try:
            self._transport.call(
                operation,
                path,
                read=_nothing,
                note_request=asks.note_request,
                before_repeating=asks.before_repeating,
                may_send=asks.may_send,
            )
        except NotFoundError:
            return Ended.ALREADY
        return Ended.NOW


def of_sid(sid: str) -> Callable[[object], None]:
    """A reader for whether an object is there: of the answer about `sid`, it reads nothing but that."""

    def read(value: object) -> None:
        found = as_object(value).get("sid")
        if not isinstance(found, str) or found.lower() != sid.lower():
            raise MalformedAnswerError("it is about another object")

    return read


def _nothing(_: object) -> None:
    """A deletion says nothing."""


def about(parse: Callable[[object], R], sid: str) -> Callable[[object], R]:
    """`parse`, refusing an answer about another object than the one that was asked for."""

    def read(value: object) -> R:
        found = parse(value)
        if found.sid.lower() != sid.lower():
            raise MalformedAnswerError("it is about another object")
        return found

    return read

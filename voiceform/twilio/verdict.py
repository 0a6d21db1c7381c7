"""What an answer, or the lack of one, means for the operation that asked."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from voiceform.twilio.answers import Answer, Body
from voiceform.twilio.errors import (
    AmbiguousError,
    ConnectionFailedError,
    ProtocolError,
    TwilioError,
    TwilioOutcomeUnknownError,
    api_error,
    whole_number,
)
from voiceform.twilio.fields import MalformedAnswerError
from voiceform.twilio.retry import Operation, Repeat, parse_retry_after

T = TypeVar("T")
REQUEST_ID = "twilio-request-id"
_REQUEST_ID_FORM = re.compile(r"RQ[0-9a-fA-F]{32}", re.ASCII)
_XML_ERROR = re.compile(rb"<TwilioResponse>\s*<RestException>")
_XML_HEAD = 1000
_DELETED = 204
"""The only success of a deletion in the OpenAPI description; whatever else says 2xx may be a page."""
_SENT_NO_FURTHER = (407, 429)
"""What anybody says only of a request that was not let through. With any other refusal something on the way
may as well withhold the answer, as filters of what comes in do, after the service did what was asked."""
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request went, for messages: no query and no credentials."""

    operation: Operation
    where: str
    credentials_hint: str


class SetbackError(Exception):
    """An attempt that failed and may perhaps be repeated; `error` is what to raise if it is not.

    `effect_possible` says that the service may have done what was asked.
    """

    def __init__(
        self,
        error: TwilioError,
        *,
        effect_possible: bool,
        throttled: bool = False,
        final: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(str(error))
        self.error = error
        self.effect_possible = effect_possible
        self.throttled = throttled
        self.final = final
        self.retry_after = retry_after

    def allows(self, repeat: Repeat) -> bool:
        """Whether an operation of that nature may be sent again after this."""
        return not self.final and (repeat is Repeat.SAFE or not self.effect_possible)


def judge(
    answer: Answer,
    place: Place,
    read: Callable[[object], T],
    now: datetime,
    quick: Callable[[Body], T | None] | None = None,
) -> T:
    """What `quick` makes of the bytes of a good answer, or else `read` of its JSON (None: an empty body).

    Raises SetbackError for what may pass, an ApiError for a refusal.
    """
    if 200 <= answer.status < 300:
        if place.operation.method == "DELETE" and answer.status != _DELETED:
            raise _unreadable(place, f"HTTP {answer.status}, and not {_DELETED} as for a deletion", answer)
        try:
            found = None if quick is None else quick(answer.body)
            return read(_decoded(answer)) if found is None else found
        except MalformedAnswerError as error:
            raise _unreadable(place, str(error), answer) from None
    raise refusal(answer, place, now)


def refusal(answer: Answer, place: Place, now: datetime) -> SetbackError | TwilioError:
    """What an answer outside 2xx means."""
    request_id = answer.headers.get(REQUEST_ID)
    if answer.status < 200:
        return _unreadable(place, f"HTTP {answer.status}, which answers nothing", answer, final=True)
    if answer.status < 400:
        return _unreadable(
            place, f"a redirect (HTTP {answer.status}), which is never followed", answer, final=True
        )
    try:
        body = _decoded(answer)
    except MalformedAnswerError:
        body = None
    foreign = not _is_twilios(answer, body)
    withheld = foreign and answer.status < 500 and answer.status not in _SENT_NO_FURTHER
    if withheld and not _may_raise_plainly(place.operation):
        reason = f"something that is not Twilio answered with HTTP {answer.status}"
        return SetbackError(lost_answer(place, reason, None), effect_possible=True, final=True)
    error = api_error(
        status=answer.status,
        operation=place.operation.name,
        body=body,
        request_id=request_id,
        where=place.where,
        credentials_hint=place.credentials_hint,
        foreign=foreign,
    )
    retry_after = parse_retry_after(answer.headers.get("retry-after"), now)
    if answer.status == 429:
        return SetbackError(error, effect_possible=False, throttled=True, retry_after=retry_after)
    if answer.status >= 500 or answer.status == 408:
        if _may_raise_plainly(place.operation):
            return SetbackError(error, effect_possible=True, retry_after=retry_after)
        lost = lost_answer(place, f"the service answered with HTTP {answer.status}", request_id)
        return SetbackError(lost, effect_possible=True, retry_after=retry_after)
    return error


def broken_off(place: Place, reason: str, *, sent: bool) -> SetbackError:
    """An exchange without an answer."""
    if sent and not _may_raise_plainly(place.operation):
        return SetbackError(lost_answer(place, reason, None), effect_possible=True)
    hint = (
        "check the network and run again"
        if sent
        else "nothing was sent; check the network, the proxy settings and the base URL"
    )
    error = ConnectionFailedError(reason, operation=place.operation.name, where=place.where, hint=hint)
    return SetbackError(error, effect_possible=sent)


def lost_answer(place: Place, reason: str, request_id: str | None) -> TwilioError:
    """The error for a write that may have happened."""
    operation = place.operation
    if operation.repeat is Repeat.NEVER:
        return TwilioOutcomeUnknownError(
            f"it may have happened or not: {reason}",
            operation=operation.name,
            where=place.where,
            request_id=request_id,
            hint="it is not sent again, because somebody could be phoned or recorded twice: look in the "
            "Twilio console whether it happened",
        )
    return AmbiguousError(
        f"it may have happened or not: {reason}",
        operation=operation.name,
        where=place.where,
        request_id=request_id,
        hint="run again: the live state is read first",
    )


def _may_raise_plainly(operation: Operation) -> bool:
    """Whether giving up leaves nothing in doubt that matters: nothing was written, or only deleted."""
    return operation.method in ("GET", "DELETE")


def _unreadable(place: Place, reason: str, answer: Answer, *, final: bool = False) -> SetbackError:
    request_id = answer.headers.get(REQUEST_ID)
    if not _may_raise_plainly(place.operation):
        error = lost_answer(place, f"the answer cannot be read ({reason})", request_id)
        return SetbackError(error, effect_possible=True, final=final)
    protocol_error = ProtocolError(
        f"the answer cannot be read: {reason}",
        operation=place.operation.name,
        where=place.where,
        request_id=request_id,
        hint="something between here and Twilio may have answered instead: check the base URL and proxies",
    )
    return SetbackError(protocol_error, effect_possible=True, final=final)


def _is_twilios(answer: Answer, body: object) -> bool:
    """Whether a refusal is Twilio's own: it carries Twilio's request id, or an error document as
    https://www.twilio.com/docs/usage/twilios-response describes it, in JSON or XML.

    Proxies answer 404 and 403 with pages and with JSON of their own; what they say proves nothing.
    """
    if _REQUEST_ID_FORM.fullmatch(answer.headers.get(REQUEST_ID, "")):
        return True
    if isinstance(body, dict):
        # Some of Twilio's 404s have no code; SDKs read `{status, message}` as an error of the API.
        code, message = body.get("code"), body.get("message")
        told = code if code is not None else body.get("status")
        return whole_number(told) is not None and isinstance(message, str)
    return _XML_ERROR.search(answer.body[:_XML_HEAD]) is not None


def _decoded(answer: Answer) -> object:
    if not answer.body:
        return None
    try:
        decoded = json.loads(answer.body)
        # Halves of surrogate pairs can be neither stored nor printed; they come as escapes only.
        return _whole(decoded) if _SURROGATE.search(answer.body) else decoded
    except (ValueError, RecursionError):
        raise MalformedAnswerError(_looks_like(answer.body)) from None


def _whole(value: object) -> object:
    """`value` with each half of a surrogate pair in its texts replaced."""
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_whole(item) for item in value]
    if isinstance(value, dict):
        return {_whole(key): _whole(item) for key, item in value.items()}
    return value


def _looks_like(body: Body) -> str:
    start = body[:200].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "an HTML page instead of JSON"
    if start.startswith(b"<"):
        return "XML instead of JSON"
    return "incomplete JSON" if start.startswith((b"{", b"[")) else "no JSON"

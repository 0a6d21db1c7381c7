"""Everything that can go wrong between us and the Twilio API.

    TwilioError                           exit 1
    |-- InvalidArgumentError              refused here, before anything was sent: a malformed SID, for example
    |   `-- MissingSecretError            the variable that holds a password is not set here
    |-- ReadOnlyError                     a write was asked of a client that may only read; nothing was sent
    |-- ConnectionFailedError             nothing was processed, or a request that may be repeated gave up
    |   `-- StoppedError                  the same, because this program is being stopped
    |-- ProtocolError                     an answer that cannot be read: garbage, a link that leads astray
    |-- AmbiguousError                    a write was sent, the answer was lost: reading again can settle it
    |-- TwilioOutcomeUnknownError         8   the same where somebody may have been phoned: a person must look
    `-- ApiError                          the API said no, with status and mostly with a code
        |-- ForeignAnswerError            a refusal that is not Twilio's: the page of a proxy
        |-- AuthenticationError           401, 403
        |-- NotFoundError                 404, and Twilio's own: a proof of absence
        |-- RateLimitedError              429; never processed
        |-- ServerError                   5xx, after all repetitions of a request that may be repeated
        |-- NameTakenError                22003; a queue of that name exists
        |-- NotFinishedError              20009; cannot be deleted before it is complete
        `-- CallNotLiveError              21220; the call is not in progress (any more)

`AmbiguousError` and `TwilioOutcomeUnknownError` are siblings on purpose: code that repeats a write after the
first must never catch the second.
"""

from __future__ import annotations

import re

from voiceform.model.errors import OutcomeUnknownError, TwilioError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.secret_patterns import redact_secrets

__all__ = [
    "AmbiguousError",
    "ApiError",
    "AuthenticationError",
    "CallNotLiveError",
    "ConnectionFailedError",
    "ForeignAnswerError",
    "InvalidArgumentError",
    "MissingSecretError",
    "NameTakenError",
    "NotFinishedError",
    "NotFoundError",
    "ProtocolError",
    "RateLimitedError",
    "ReadOnlyError",
    "ServerError",
    "StoppedError",
    "TwilioError",
    "TwilioOutcomeUnknownError",
    "api_error",
    "printable",
]

_LONGEST_MESSAGE = 400
_HALF_A_NUMBER = re.compile(r"[\d\W]{1,40}\Z")
"""What a cut may have left of a number: its digits and the marks between them."""


class InvalidArgumentError(TwilioError):
    """An argument that must not reach the API; nothing was sent."""


class MissingSecretError(InvalidArgumentError):
    """A variable that a request needs is not set where it is to be sent; nothing was sent."""


class ReadOnlyError(TwilioError):
    """A write was asked of a client that may only read; nothing was sent."""


class _ExchangeError(TwilioError):
    """A request that did not end with a readable answer. `request_id` is Twilio's, if an answer came."""

    def __init__(
        self,
        what: str,
        *,
        operation: str,
        where: str | None = None,
        hint: str | None = None,
        request_id: str | None = None,
    ) -> None:
        self.operation = operation
        self.request_id = request_id
        super().__init__(f"{what}{_request(request_id)}", where=where, hint=hint)


class ConnectionFailedError(_ExchangeError):
    """Nothing was processed, or a request that may be repeated (GET, DELETE) gave up."""

    server = "api"


class StoppedError(ConnectionFailedError):
    """The client was stopped: nothing was sent, or a request that may be repeated was given up."""

    server = ""

    @property
    def may_have_happened(self) -> bool:
        """Whether what was given up is a write that had left."""
        return self.hint is not None


class ProtocolError(_ExchangeError):
    """The answer to a harmless request cannot be read or must not be followed."""


class AmbiguousError(_ExchangeError):
    """A write was sent and its answer was lost: it may have happened or not; read again to find out."""


class TwilioOutcomeUnknownError(_ExchangeError, OutcomeUnknownError):
    """A request that phones or records somebody was sent and its answer was lost. Never to be repeated."""

    exit_code = ExitCode.UNKNOWN


class ApiError(TwilioError):
    """The API refused. `code` is Twilio's error code, None where the answer carries none; `where` has method
    and URL.

    `message` is Twilio's text with control characters removed.
    """

    def __init__(
        self,
        *,
        status: int,
        operation: str,
        code: int | None = None,
        message: str = "",
        more_info: str | None = None,
        request_id: str | None = None,
        where: str | None = None,
        hint: str | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.message = printable(message)
        self.more_info = more_info
        self.request_id = request_id
        self.operation = operation
        words = [f"Twilio {code}" if code is not None else f"HTTP {status}", self.message]
        facts = [operation, *([f"HTTP {status}"] if code is not None else [])]
        facts += [printable(request_id)] if request_id else []
        text = f"{': '.join(filter(None, words))} ({', '.join(facts)})"
        super().__init__(text, where=where, hint=hint)

    def __str__(self) -> str:
        """The API's words first, and what to do; where it was asked is told beside them."""
        return f"{self.what}\n  {self.hint}" if self.hint else self.what


class ForeignAnswerError(ApiError):
    """HTTP 4xx from something that is not Twilio: neither an error document of its own nor its request id.

    It says nothing about the object that was asked for; a 404 of this sort is no proof of absence.
    """


class AuthenticationError(ApiError):
    """HTTP 401 or 403: the credentials are wrong, or not allowed to do this."""


class NotFoundError(ApiError):
    """HTTP 404 from Twilio itself: there is no such object in this account (any more)."""


class RateLimitedError(ApiError):
    """HTTP 429 until attempts or time ran out: too many requests in flight. Nothing was processed."""


class ServerError(ApiError):
    """HTTP 5xx on a request that may be repeated, until the attempts ran out."""


class NameTakenError(ApiError):
    """Twilio error 22003: a queue of that name exists. The code is missing from Twilio's error dictionary."""


class NotFinishedError(ApiError):
    """Twilio error 20009: it cannot be deleted before it is complete; try again after a minute or more."""


class CallNotLiveError(ApiError):
    """Twilio error 21220: the call is not in progress."""


_BY_CODE: dict[int, type[ApiError]] = {
    20009: NotFinishedError,
    21220: CallNotLiveError,
    22003: NameTakenError,
}
_BY_STATUS: dict[int, type[ApiError]] = {
    401: AuthenticationError,
    403: AuthenticationError,
    404: NotFoundError,
    429: RateLimitedError,
}
_HINTS: dict[type[ApiError], str] = {
    ForeignAnswerError: "this is not Twilio's answer: check the base URL, proxies and gateways on the way",
    RateLimitedError: "nothing was done; the account has too many requests in flight: lower --parallelism",
    ServerError: "the service has trouble; see https://status.twilio.com and run again later",
    NotFinishedError: "wait until it has ended; Twilio may need a minute or more after that",
}
_UNEXPLAINED: dict[type[ApiError], str] = {
    NotFoundError: "it may be gone, or not in this account: check the SID, the credentials and TWILIO_REGION",
}
"""Where the answer does not say where to read about it."""
_ANY_CODE = "look for the code at https://www.twilio.com/docs/api/errors"


def api_error(
    *,
    status: int,
    operation: str,
    body: object,
    request_id: str | None,
    where: str,
    credentials_hint: str,
    foreign: bool = False,
) -> ApiError:
    """The error for an answer that is not 2xx. `body` is the decoded JSON, or None otherwise; `foreign` says
    that the answer does not come from Twilio."""
    fields = body if isinstance(body, dict) else {}
    code = whole_number(fields.get("code"))
    kind = _kind(status, code, foreign)
    message = fields.get("message")
    more_info = fields.get("more_info")
    info = printable(more_info) if isinstance(more_info, str) else None
    explained = f"see {info}" if info else _UNEXPLAINED.get(kind, _ANY_CODE)
    hint = credentials_hint if kind is AuthenticationError else _HINTS.get(kind, explained)
    return kind(
        status=status,
        code=code,
        message=message if isinstance(message, str) else "",
        more_info=info,
        request_id=request_id,
        operation=operation,
        where=where,
        hint=hint,
    )


def _kind(status: int, code: int | None, foreign: bool) -> type[ApiError]:
    if status >= 500:
        return ServerError
    if foreign and status != 429:
        return ForeignAnswerError
    return _BY_CODE.get(code or 0) or _BY_STATUS.get(status, ApiError)


def whole_number(value: object) -> int | None:
    """The number in a field of an answer, also where it is text (`"20009"`); None for what is no number."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 10:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def printable(text: str) -> str:
    """`text` without secrets and without what moves a cursor, and not endless.

    Numbers stay, each whole or not at all: outputs mask them, and would not know half a number for one.
    """
    shown = redact_secrets(text[: 10 * _LONGEST_MESSAGE])
    if len(shown) > _LONGEST_MESSAGE:
        shown = _HALF_A_NUMBER.sub("", shown[:_LONGEST_MESSAGE]) + "..."
    return "".join(character if character.isprintable() else " " for character in shown)


def _request(request_id: str | None) -> str:
    return f" (request {printable(request_id)})" if request_id else ""

"""Requests with throttling, repetition, and one meaning for every failure. The only way to the network."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import TypeVar
from urllib.parse import urlencode

from voiceform.model.clock import Clock
from voiceform.model.runtime import Runtime
from voiceform.twilio.answers import Answer, Body
from voiceform.twilio.credentials import Credentials
from voiceform.twilio.errors import ConnectionFailedError, ReadOnlyError, StoppedError, TwilioError
from voiceform.twilio.failures import ExchangeFailedError
from voiceform.twilio.media import Media, open_stream
from voiceform.twilio.retry import Operation, Repeat, RetryPolicy
from voiceform.twilio.secrets import Secrets, cover, sign_in
from voiceform.twilio.throttle import Throttle
from voiceform.twilio.verdict import REQUEST_ID, Place, SetbackError, broken_off, judge, refusal
from voiceform.twilio.wire import Timeouts, Wire

T = TypeVar("T")
Parameters = Sequence[tuple[str, str]]

logger = logging.getLogger(__name__)

_CONCURRENT = "twilio-concurrent-requests"
_TOO_MANY = 429
_SLOWEST_MEDIA = 16 * 1024
"""Bytes per second: audio that comes more slowly than it is heard (128 kbit/s) does not come."""


@dataclass(slots=True)
class _Budget:
    """The seconds that one operation has left for its attempts and the pauses between them. What it waits for
    its turn (Throttle) is not counted: that is our own doing, and those whose turn it is have budgets.

    `spent` says that an attempt may have had its effect."""

    left: float
    spent: bool = False


class Transport:
    """Sends operations of the API for one account. Safe for many threads; `close` it in the end.

    A `read_only` transport refuses everything but GET before anything is sent. At most `max_in_flight`
    requests are under way at a time, fewer while the account is busy (see Throttle; `account_ceiling`
    is the number of requests of the whole account above which it is). `random` spreads repetitions.
    `may_send` is whoever holds the right to write: it is asked right before each attempt of each write
    leaves, after every pause, and what it raises ends the operation; then no byte of that attempt was sent.
    `environ` has the secrets that requests name (secrets.py). `uptime` counts seconds and never jumps (that
    of the clock's runtime). Raises ConnectionFailedError when the proxy or certificate settings cannot be
    used.
    """

    def __init__(
        self,
        credentials: Credentials,
        base_url: str,
        *,
        read_only: bool,
        clock: Clock,
        max_in_flight: int = 8,
        account_ceiling: int | None = None,
        random: Random | None = None,
        timeouts: Timeouts | None = None,
        retry: RetryPolicy | None = None,
        may_send: Callable[[], None] | None = None,
        environ: Mapping[str, str] | None = None,
        uptime: Callable[[], float] | None = None,
    ) -> None:
        self.account_sid = credentials.account_sid
        self.origin = base_url
        self.read_only = read_only
        self.secrets = Secrets({} if environ is None else environ)
        self.throttle = Throttle(max_in_flight, account_ceiling=account_ceiling, runtime=clock.runtime)
        self._sign_in = sign_in(credentials)
        self._credentials_hint = (
            f"check {credentials.source}, and whether they may do this; regions have credentials of their own"
        )
        self._clock = clock
        self._random = random or clock.runtime.random()
        self._retry = retry or RetryPolicy()
        self._closed = False
        self._stop = clock.runtime.event()
        self._timeouts = timeouts or Timeouts()
        self._uptime = uptime or clock.runtime.uptime
        try:
            self._wire = Wire(
                credentials,
                base_url,
                connections=max_in_flight,
                timeouts=self._timeouts,
                may_send=may_send,
                uptime=self._uptime,
                runtime=clock.runtime,
            )
        except ExchangeFailedError as error:
            raise ConnectionFailedError(
                error.reason,
                operation="connect",
                where=base_url,
                hint="nothing was sent; check HTTPS_PROXY, NO_PROXY and REQUESTS_CA_BUNDLE",
            ) from None

    @property
    def clock(self) -> Clock:
        """The clock that repetitions wait by."""
        return self._clock

    @property
    def runtime(self) -> Runtime:
        """Where its threads run."""
        return self._clock.runtime

    def call(
        self,
        operation: Operation,
        path: str,
        *,
        read: Callable[[object], T],
        quick: Callable[[Body], T | None] | None = None,
        query: Parameters = (),
        form: Parameters = (),
        note_request: Callable[[str], None] | None = None,
        before_repeating: Callable[[], None] | None = None,
        may_send: Callable[[], None] | None = None,
    ) -> T:
        """Send one operation and return what `read` makes of the decoded JSON (None for an empty body).

        `path` begins with a slash and is quoted already; it may hold a query itself. `read` raises
        MalformedAnswerError for an answer that is of no use; `quick` is asked before it, with the bytes of
        the answer, and says None for what it leaves to `read`. `note_request` hears Twilio's id of each
        request that was answered. `before_repeating` is asked after each pause, before a repetition waits for
        its turn, and may send requests itself; `may_send` beside that of the transport. What they raise ends
        the operation. Raises the errors of `voiceform.twilio.errors`.
        """
        place = self.place(operation, path)
        target = f"{path}?{urlencode(query)}" if query else path
        body = urlencode(form) if operation.method == "POST" else None
        alone = operation.repeat is Repeat.NEVER

        def attempt(budget: _Budget) -> T:
            answer = self._exchange(place, target, body, budget, alone=alone, may_send=may_send)
            if note_request is not None:
                note_request(answer.headers.get(REQUEST_ID, ""))
            return judge(answer, place, read, self._clock.now(), quick)

        return self._repeat(place, attempt, before_repeating)

    def open(self, operation: Operation, path: str, *, limit: int, query: Parameters = ()) -> Media:
        """Send a GET whose answer is not JSON and too large to hold; the caller closes it.

        `limit` bytes are the most that may come, and the time for them follows from it. Redirects are
        followed, without the sign-in where they leave the origin. The request counts as in flight until it is
        closed.
        """
        place = self.place(operation, path)
        target = f"{path}?{urlencode(query)}" if query else path
        return self._repeat(place, lambda budget: self._open(place, target, limit, budget))

    def place(self, operation: Operation, path: str) -> Place:
        """Where a request goes, for messages. Raises ReadOnlyError for a write on a read-only transport."""
        where = f"{operation.name} ({operation.method} {self.origin}{path.partition('?')[0]})"
        if self.read_only and operation.method != "GET":
            raise ReadOnlyError(
                "this client may only read", where=where, hint="nothing was sent; only `apply` writes"
            )
        return Place(operation, where, self._credentials_hint)

    def connect_ahead(self) -> None:
        """Open one of the connections that many requests will need; see Wire. Nothing is raised."""
        if not self._closed and not self._stop.is_set():
            self._wire.connect_ahead()

    def stop(self) -> None:
        """Let nothing more begin and end all waiting; what is under way goes on. From any thread.

        Whoever asks for more gets a StoppedError.
        """
        self._stop.set()
        self.throttle.stop()

    def cancel(self) -> None:
        """As `stop`, and close the connections of what is under way too.

        A write whose answer is lost by it keeps its own error (AmbiguousError, TwilioOutcomeUnknownError).
        """
        self.stop()
        self._wire.stop()

    def close(self) -> None:
        """Close idle connections and let nothing more be sent; what is under way is not repeated."""
        self._closed = True
        self._wire.close()

    def __repr__(self) -> str:
        return f"Transport({self.origin!r}, {self.account_sid!r}, read_only={self.read_only})"

    def _repeat(
        self, place: Place, attempt: Callable[[_Budget], T], before: Callable[[], None] | None = None
    ) -> T:
        """Run `attempt` until it succeeds, its failure may not be repeated, or attempts or time run out."""
        failed = throttled = 0
        budget = _Budget(self._timeouts.total)
        while True:
            self._require_open(place, budget)
            try:
                return attempt(budget)
            except TwilioError as refused:
                cover(refused, self._sign_in)
                raise
            except SetbackError as setback:
                error, retry_after = setback.error, setback.retry_after
                cover(error, self._sign_in)
                budget.spent |= setback.effect_possible
                throttled += setback.throttled
                failed += not setback.throttled
                allowed = setback.allows(place.operation.repeat)
            error.nothing_done = not budget.spent
            # Out here: an error keeps what it is raised from, and that its answer, which may be megabytes.
            if not allowed:
                raise error from None
            if self._stop.is_set():
                raise _stopped(place, sent=budget.spent) from None
            if failed >= self._retry.attempts or throttled >= self._retry.throttled_attempts:
                raise error from None
            pause = self._retry.pause(failed + throttled - 1, self._random, retry_after)
            budget.left -= pause
            if budget.left <= 0:
                raise error
            logger.debug("%s: again in %.2f s: %s", place.operation.name, pause, error.what)
            self._clock.wait(self._stop, pause)
            if before is not None and not self._stop.is_set():
                before()

    def _require_open(self, place: Place, budget: _Budget) -> None:
        if self._stop.is_set():
            raise _stopped(place, sent=budget.spent)
        if self._closed:
            raise ConnectionFailedError(
                "the client is closed", operation=place.operation.name, where=place.where
            )

    def _exchange(
        self,
        place: Place,
        target: str,
        body: str | None,
        budget: _Budget,
        *,
        alone: bool,
        may_send: Callable[[], None] | None,
    ) -> Answer:
        ticket = self.throttle.acquire()
        began = self._uptime()
        answer: Answer | None = None
        try:
            self._require_open(place, budget)
            answer = self._wire.exchange(
                place.operation.method, target, body, alone=alone, within=budget.left, may_send=may_send
            )
        except ExchangeFailedError as error:
            raise broken_off(place, error.reason, sent=error.sent) from None
        finally:
            budget.left -= self._uptime() - began
            if answer is None:
                self.throttle.release(ticket)
            else:
                self.throttle.release(
                    ticket, throttled=answer.status == _TOO_MANY, reported=_concurrent(answer)
                )
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug(
                "%s: HTTP %d %s", place.operation.name, answer.status, answer.headers.get(REQUEST_ID, "")
            )
        return answer

    def _open(self, place: Place, target: str, limit: int, budget: _Budget) -> Media:
        ticket = self.throttle.acquire()
        began = self._uptime()
        handed_over = False
        answer: Answer | None = None
        try:
            self._require_open(place, budget)
            within = budget.left + limit / _SLOWEST_MEDIA
            stream = open_stream(self._wire, place, target, limit=limit, within=within)
            if 200 <= stream.status < 300:
                handed_over = True
                return Media(stream, place, limit, lambda: self.throttle.release(ticket))
            answer = stream.whole()
            raise refusal(answer, place, self._clock.now())
        except ExchangeFailedError as error:
            raise broken_off(place, error.reason, sent=error.sent) from None
        finally:
            budget.left -= self._uptime() - began
            if not handed_over:
                throttled = answer is not None and answer.status == _TOO_MANY
                self.throttle.release(ticket, throttled=throttled)


def _stopped(place: Place, *, sent: bool) -> StoppedError:
    deleting = sent and place.operation.method != "GET"
    return StoppedError(
        "given up: this program is being stopped",
        operation=place.operation.name,
        where=place.where,
        hint="it may have happened; run again: the live state is read first" if deleting else None,
    )


def _concurrent(answer: Answer) -> int | None:
    value = answer.headers.get(_CONCURRENT)
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else None

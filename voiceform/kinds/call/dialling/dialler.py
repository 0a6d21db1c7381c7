"""Placing one call: reserve, send once, record. The only code that dials.

Between any two lines the process may be killed; what the ledger then says is always the truth or "nobody
knows", never "not sent" for something that was sent:

    killed before the reservation is stored     nothing was sent; the key is free
    killed after it, before the answer          it stays `reserved`; settling makes it placed or unknown
    killed after the answer, before recording   the same
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from voiceform.kinds.call.dialling.donotcall import NotCalled
from voiceform.kinds.call.dialling.refusals import is_about_the_callee
from voiceform.kinds.call.dialling.verdicts import Judge, Verdict
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.pauses import Pause
from voiceform.kinds.call.ledger.store import Ledger, if_undecided
from voiceform.kinds.call.spec import CallSpec
from voiceform.model.clock import Clock
from voiceform.model.errors import LeaseLostError, StateError, VoiceformError
from voiceform.twilio.errors import (
    ApiError,
    ConnectionFailedError,
    InvalidArgumentError,
    ReadOnlyError,
    ServerError,
    TwilioError,
)
from voiceform.twilio.parameters import CreateCall

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

_VERDICTS = {Verdict.MISS: CallStatus.MISSED, Verdict.SUPPRESS: CallStatus.SUPPRESSED}
_IN_DOUBT = frozenset({CallStatus.RESERVED, CallStatus.UNKNOWN})


class _NotNowError(VoiceformError):
    """The call may not be placed any more; nothing was sent."""


@dataclass(frozen=True, slots=True)
class Placer:
    """Places the calls of one schedule. `may_send` is asked right before each request.

    `by_hand`: a person places one call, also of a schedule that the configuration pauses.
    """

    spec: CallSpec
    ledger: Ledger
    client: Client
    clock: Clock
    do_not_call: NotCalled | None
    may_send: Callable[[], None] = lambda: None
    by_hand: bool = False

    def pause(self) -> Pause | None:
        """Why nobody is to be called at this moment, if so; read anew each time."""
        off = not self.spec.enabled or self.ledger.head().disabled
        return Pause() if off and not self.by_hand else self.ledger.pause()

    def place(self, key: Key, since: datetime) -> LedgerEntry | None:
        """Bring `key` as far as it can be brought now and return its entry; None when it has to wait.

        Raises StateError when the ledger cannot be written: then nothing is sent that is not reserved.
        """
        head = self.ledger.head()
        now = self.clock.now()
        judged = Judge(self.spec, now, head.high_water, self.do_not_call).verdict(key, since)
        if judged.verdict in _VERDICTS:
            entry = LedgerEntry(_VERDICTS[judged.verdict], now, reason=judged.reason)
            return self.ledger.change(key, if_undecided(entry))[0]
        if judged.verdict is not Verdict.PLACE or head.closed or self.pause() is not None:
            return None
        self.may_send()
        claim = secrets.token_hex(8)
        reserved, _ = self.ledger.change(key, if_undecided(self._reservation(claim, now)))
        if reserved is None or reserved.claim != claim:
            return (
                reserved  # somebody else was faster; a claim of ours may be stored though the answer was lost
            )
        return self._send(key, since, claim)

    def _send(self, key: Key, since: datetime, claim: str) -> LedgerEntry | None:
        """The key is ours. Look once more (storing may have taken long, the schedule may have been removed
        meanwhile: whoever closes the ledger reads the reservations afterwards), then dial."""
        if self.ledger.head().closed:
            return self._record(key, claim, CallStatus.CANCELED, reason="the schedule was removed")
        try:
            self._require_right(key, since)
            self.may_send()
            call = self.client.create_call(
                CreateCall(**self.spec.request(key.to)), lambda: self._require_right(key, since)
            )
        except _NotNowError as error:
            return self._record(key, claim, CallStatus.DEFERRED, reason=error.what)
        except StateError as error:
            # A lease that is lost, or a pause that cannot be read. The client asks for both again before each
            # attempt: no byte of a request that may have been processed has left.
            lost = isinstance(error, LeaseLostError)
            reason = "the run had to stop before the request" if lost else error.what
            self._record(key, claim, CallStatus.DEFERRED, reason=reason)
            raise
        except TwilioError as error:
            return self._record(key, claim, _outcome_of(error), reason=error.what)
        return self._record(key, claim, CallStatus.PLACED, sid=call.sid, call=call.status)

    def _reservation(self, claim: str, now: datetime) -> LedgerEntry:
        spec = self.spec
        return LedgerEntry(
            CallStatus.RESERVED,
            now,
            reserved_at=now,
            claim=claim,
            from_=spec.from_,
            recorded=spec.record,
            answer=spec.answer_digest,
        )

    def _require_right(self, key: Key, since: datetime) -> None:
        """Asked right before each attempt leaves: waiting for a turn, a connection or the end of a 429 may
        have taken until the grace or the calling hours were over, or somebody paused the schedule."""
        pause = self.pause()
        if pause is not None:
            raise _NotNowError(str(pause))
        judge = Judge(self.spec, self.clock.now(), None, self.do_not_call)
        if judge.verdict(key, since).verdict is not Verdict.PLACE:
            raise _NotNowError("it became too late to call")

    def _record(
        self,
        key: Key,
        claim: str,
        status: CallStatus,
        *,
        sid: str | None = None,
        call: str | None = None,
        reason: str | None = None,
    ) -> LedgerEntry | None:
        now = self.clock.now()

        def step(entry: LedgerEntry | None) -> LedgerEntry | None:
            """Only our own reservation, or what somebody made of it in the meantime, becomes the outcome."""
            if entry is None or entry.claim != claim or entry.status not in _IN_DOUBT:
                return None
            return replace(entry, status=status, at=now, sid=sid, reason=reason, call=call)

        return self.ledger.change(key, step)[0]


def _outcome_of(error: TwilioError) -> CallStatus:
    """What a request that did not end with a call leaves behind; what is not known to be unsent or refused is
    unknown."""
    if isinstance(error, ServerError):
        return CallStatus.UNKNOWN
    if isinstance(error, ApiError):
        return CallStatus.FAILED if is_about_the_callee(error) else CallStatus.DEFERRED
    never_sent = isinstance(error, ConnectionFailedError | InvalidArgumentError | ReadOnlyError)
    return CallStatus.DEFERRED if never_sent else CallStatus.UNKNOWN

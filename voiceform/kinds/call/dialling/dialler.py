"""Placing one call: reserve, send once, record. The only code that dials.

Between any two lines the process may be killed; what the ledger then says is always the truth or "nobody
knows", never "not sent" for something that was sent:

    killed before the reservation is stored     nothing was sent; the key is free
    killed after it, before the answer          it stays `reserved`; settling makes it placed or unknown
    killed after the answer, before recording   the same
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from voiceform.kinds.call.dialling.donotcall import NotCalled
from voiceform.kinds.call.dialling.refusals import is_about_the_callee
from voiceform.kinds.call.dialling.verdicts import Judge, Verdict
from voiceform.kinds.call.ledger.entries import IN_DOUBT, CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.pauses import Pause
from voiceform.kinds.call.ledger.store import Head, Ledger, LedgerReader, Version, if_undecided
from voiceform.kinds.call.limits.book import ContactBook
from voiceform.kinds.call.limits.marks import Mark
from voiceform.kinds.call.spec import CallSpec
from voiceform.model.clock import Clock
from voiceform.model.errors import LeaseLostError, StateConflictError, StateError, VoiceformError
from voiceform.model.store import Glance, Write
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
_COUNTED_FOR = timedelta(seconds=1)
"""How long after it was counted a call may leave without being looked for and counted again."""


class _NotNowError(VoiceformError):
    """The call may not be placed any more, and is `status` then; nothing was sent."""

    def __init__(self, what: str, status: CallStatus = CallStatus.DEFERRED) -> None:
        super().__init__(what)
        self.status = status


@dataclass(slots=True)
class _Turn:
    """One attempt to place one call: under which claim it is reserved, at which instant it was counted, and
    whether it may be counted without being reserved: where documents are written one by one."""

    key: Key
    since: datetime
    claim: str
    counted_at: datetime
    disputed: bool = False


@dataclass(frozen=True, slots=True)
class Placer:
    """Places the calls of one schedule, and counts them. `may_send` is asked right before each request.

    `by_hand`: a person places one call, also of a schedule that the configuration pauses. `version` is which
    version of the schedule was in force when its people were chosen, as the head of the ledger says; nobody
    is called once it is another one, nor where it was another one meanwhile.
    """

    spec: CallSpec
    ledger: Ledger
    contacts: ContactBook
    client: Client
    clock: Clock
    do_not_call: NotCalled | None
    may_send: Callable[[], None] = lambda: None
    by_hand: bool = False
    version: Version = Head().version

    def is_replaced(self) -> bool:
        """Whether another version of the schedule is in force by now, or is about to be; read anew."""
        return self.ledger.head().version != self.version

    def pause(self) -> Pause | None:
        """Why nobody is to be called at this moment, if so; read anew each time."""
        return self._standing(self.ledger.glance())[1]

    def _standing(self, seen: Glance) -> tuple[Head, Pause | None]:
        """The head of the ledger and the pause that stands, at the moment that was seen."""
        ledger = LedgerReader(seen, self.ledger.name)
        head = ledger.head()
        off = not self.spec.enabled or head.disabled
        return head, Pause() if off and not self.by_hand else ledger.pause()

    def place(self, key: Key, since: datetime) -> LedgerEntry | None:
        """Bring `key` as far as it can be brought now and return its entry; None when it has to wait.

        Raises StateError when the ledger cannot be written: then nothing is sent that is not reserved.
        """
        turn = _Turn(key, since, self.clock.runtime.token(8), since)
        entry = self._reserve(turn)
        # A claim of ours may be stored though the answer was lost; anybody else's was faster.
        if entry is not None and entry.claim == turn.claim:
            return self._send(turn)
        if turn.disputed:
            self._uncount(turn)
        return entry

    def _reserve(self, turn: _Turn) -> LedgerEntry | None:
        """Judge, count the call and reserve it, in one step: what is counted is what was judged. The entry of
        the key then; None when it has to wait."""
        key = turn.key
        while True:
            seen = self.ledger.glance(*self.contacts.documents(key.to))
            now = self.clock.now()
            head, pause = self._standing(seen)
            spec = self.contacts.bound(self.spec, seen)
            page = self.contacts.page(key.to, turn.claim, now, seen)
            judged = Judge(spec, now, head.high_water, self.do_not_call, page).verdict(key, turn.since)
            if judged.verdict in _VERDICTS:
                entry = LedgerEntry(_VERDICTS[judged.verdict], now, reason=judged.told)
                return self.ledger.change(key, if_undecided(entry))[0]
            if judged.verdict is not Verdict.PLACE or self._is_over(head) or pause is not None:
                return None
            self.may_send()
            turn.counted_at = now
            mark = Mark(now, self.ledger.document_of(key), spec.purpose)
            try:
                step = if_undecided(self._reservation(key, turn.claim, now))
                return self.ledger.change(key, step, first=page.taken(mark))[0]
            except StateConflictError:
                # Somebody counted, or reserved, another call meanwhile, or this one.
                turn.disputed = True
                found, _ = self.ledger.change(key, lambda _: None)
                if found is not None and found.status is not CallStatus.DEFERRED:
                    return found

    def _send(self, turn: _Turn) -> LedgerEntry | None:
        """The key is ours: dial, if a last look says so."""
        try:
            self.may_send()
            call = self.client.create_call(
                CreateCall(**self.spec.request(turn.key)), lambda: self._require_right(turn)
            )
        except _NotNowError as error:
            return self._unsent(turn, error.status, error.what)
        except StateError as error:
            # A lease that is lost, or a pause that cannot be read. The client asks for both again before each
            # attempt: no byte of a request that may have been processed has left.
            lost = isinstance(error, LeaseLostError)
            self._unsent(
                turn,
                CallStatus.DEFERRED,
                "the run had to stop before the request" if lost else error.what,
            )
            raise
        except TwilioError as error:
            status = _outcome_of(error)
            if status is CallStatus.UNKNOWN:
                return self._record(turn, status, reason=error.what)
            return self._unsent(turn, status, error.told)
        return self._record(turn, CallStatus.PLACED, sid=call.sid, call=call.status)

    def _is_over(self, head: Head) -> bool:
        """Whether the schedule was removed, or is not as it was when these calls were chosen. (Who changes it
        reads the reservations afterwards.)"""
        return head.closed or head.version != self.version

    def _reservation(self, key: Key, claim: str, now: datetime) -> LedgerEntry:
        spec = self.spec
        return LedgerEntry(
            CallStatus.RESERVED,
            now,
            reserved_at=now,
            claim=claim,
            from_=spec.from_,
            recorded=spec.record,
            answer=spec.answer_digest(key),
        )

    def _require_right(self, turn: _Turn) -> None:
        """Asked right before each attempt leaves: storing the reservation, waiting for a turn, a connection
        or the end of a 429 may have taken until the grace or the calling hours were over, or somebody paused
        or removed the schedule. (Whoever closes the ledger reads the reservations afterwards.)"""
        head, pause = self._standing(self.ledger.glance())
        if head.closed:
            raise _NotNowError("the schedule was removed", CallStatus.CANCELED)
        if pause is not None:
            raise _NotNowError(str(pause))
        if self._is_over(head):
            raise _NotNowError("the schedule was changed")
        now = self.clock.now()
        if Judge(self.spec, now, None, self.do_not_call).verdict(turn.key, turn.since).verdict is not (
            Verdict.PLACE
        ):
            raise _NotNowError("it became too late to call")
        if abs(now - turn.counted_at) > _COUNTED_FOR:
            self._require_reserved(turn)
            self._count_again(turn)

    def _require_reserved(self, turn: _Turn) -> None:
        """Whoever was asleep for long may have been given up: then a person may be told that the call was not
        made, and may make it."""
        entry = self.ledger.entry(turn.key)
        if entry is None or entry.claim != turn.claim or entry.status is not CallStatus.RESERVED:
            raise _NotNowError("it was given up, or decided, before the request left")

    def _count_again(self, turn: _Turn) -> None:
        """Count the call for the moment at which it leaves: it may belong to another day by now, and who was
        asleep for long may find that it does not count any more."""
        while True:
            seen = self.ledger.glance(*self.contacts.documents(turn.key.to))
            now = self.clock.now()
            spec = self.contacts.bound(self.spec, seen)
            page = self.contacts.page(turn.key.to, turn.claim, now, seen)
            found = page.refusal(spec, turn.key.to, now)
            if found is not None:
                raise _NotNowError(f"contact limit {found.limit}")
            mark = Mark(now, self.ledger.document_of(turn.key), spec.purpose)
            try:
                self.contacts.put(page.taken(mark))
            except StateConflictError:
                continue
            turn.counted_at = now
            return

    def _record(
        self,
        turn: _Turn,
        status: CallStatus,
        *,
        sid: str | None = None,
        call: str | None = None,
        reason: str | None = None,
        then: Write | None = None,
    ) -> LedgerEntry | None:
        now = self.clock.now()

        def step(entry: LedgerEntry | None) -> LedgerEntry | None:
            """Only our own reservation, or what somebody made of it in the meantime, becomes the outcome."""
            if entry is None or entry.claim != turn.claim or entry.status not in IN_DOUBT:
                return None
            return replace(entry, status=status, at=now, sid=sid, reason=reason, call=call)

        return self.ledger.change(turn.key, step, then=then)[0]

    def _unsent(self, turn: _Turn, status: CallStatus, reason: str) -> LedgerEntry | None:
        """Record that certainly nobody was phoned, and take the call out of the counter with it."""
        while True:
            page = self.contacts.page(turn.key.to, turn.claim, self.clock.now())
            try:
                return self._record(turn, status, reason=reason, then=page.freed())
            except StateConflictError:
                continue

    def _uncount(self, turn: _Turn) -> None:
        """Take a call that is not reserved out of the counter, where it is in it."""
        while True:
            write = self.contacts.page(turn.key.to, turn.claim, self.clock.now()).freed()
            if write is None:
                return
            try:
                self.contacts.put(write)
            except StateConflictError:
                continue
            return


def _outcome_of(error: TwilioError) -> CallStatus:
    """What a request that did not end with a call leaves behind; what is not known to be unsent or refused is
    unknown."""
    if isinstance(error, ServerError):
        return CallStatus.UNKNOWN
    if isinstance(error, ApiError):
        return CallStatus.FAILED if is_about_the_callee(error) else CallStatus.DEFERRED
    never_sent = isinstance(error, ConnectionFailedError | InvalidArgumentError | ReadOnlyError)
    return CallStatus.DEFERRED if never_sent else CallStatus.UNKNOWN

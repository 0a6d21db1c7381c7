"""Taking back the calls of an occurrence: those that are to come, and as asked those that were placed.

What is to come is written into the ledger as canceled, by compare-and-swap and under no lock that a
dispatcher holds: whoever is first at a key has it, so a call that was canceled is placed by nobody, and one
whose request is on its way is waited for. Who ends calls at Twilio holds a lock of its own, for seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import TYPE_CHECKING

from voiceform.kinds.call.dialling.due import lookback, pending_keys, retries, unfolded
from voiceform.kinds.call.dialling.in_progress import refresh, take_back
from voiceform.kinds.call.dialling.verdicts import Judge, Verdict
from voiceform.kinds.call.ledger.entries import IN_DOUBT, CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.recovery import is_over
from voiceform.kinds.call.ledger.store import Ledger, days_before, if_undecided
from voiceform.kinds.call.spec import CallSpec
from voiceform.model.errors import NotApprovedError, UsageError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.instants import instant_to_text
from voiceform.stack.parts import Parts
from voiceform.stack.pausing import recorded_schedule
from voiceform.state.meta import require_home
from voiceform.state.side_lease import HAND_LEASE, SideLease

if TYPE_CHECKING:
    from voiceform.model.store import DocumentStore
    from voiceform.twilio.client import Client

_IN_FLIGHT = timedelta(seconds=35)
_STILL_TO_COME = (Verdict.PLACE, Verdict.WAIT, Verdict.BLOCK)
_POLL_SECONDS = 1.0
_LONGEST_CALL = timedelta(hours=4)
"""Unless TimeLimit says more: https://www.twilio.com/docs/voice/api/call-resource."""


class Extent(IntEnum):
    """How far a cancellation goes: calls that nobody has asked Twilio for yet, those that nobody has answered
    yet, or all of them."""

    TO_COME = 0
    QUEUED = 1
    LIVE = 2


@dataclass(frozen=True, slots=True)
class Cancellation:
    """What is, or was, taken back of these occurrences: how many calls `to_come`, `queued` or ringing ones,
    `live` ones; `left` go on, and of `doubtful` ones nobody knows. `problems` are why some could not be
    ended."""

    occurrences: tuple[datetime, ...]
    to_come: int = 0
    queued: int = 0
    live: int = 0
    left: int = 0
    doubtful: int = 0
    problems: Mapping[str, int] = field(default_factory=dict)

    @property
    def anything(self) -> bool:
        """Whether there is anything to take back."""
        return bool(self.to_come or self.queued or self.live)

    @property
    def exit_code(self) -> ExitCode:
        """8 where nobody knows of a call, else 5 where one could not be ended, else 0."""
        if self.doubtful:
            return ExitCode.UNKNOWN
        return ExitCode.INCOMPLETE if self.problems else ExitCode.DONE


def canceled(
    parts: Parts,
    address: str,
    occurrence: datetime | None,
    extent: Extent,
    confirm: Callable[[Cancellation], bool],
) -> Cancellation:
    """Count, ask, and take back."""
    with parts.recorded_state() as store:
        record = recorded_schedule(store, address)
        parts.listener.known([record])
        spec = CallSpec.of(record.address, record.attributes)
        canceling = _Canceling(parts, store, spec, occurrence)
        if extent is Extent.TO_COME:
            return canceling.run(extent, None, confirm)
        account = parts.account_for(None)
        require_home(store, account.sid, account.origin)
        with (
            parts.locked(SideLease(store, HAND_LEASE), "calls cancel") as lease,
            parts.writer(account, lease.ensure_held) as client,
        ):
            return canceling.run(extent, client, confirm)


class _Canceling:
    def __init__(
        self, parts: Parts, store: DocumentStore, spec: CallSpec, occurrence: datetime | None
    ) -> None:
        self.parts = parts
        self.spec = spec
        self.ledger = Ledger(store, spec.ledger)
        self.occurrences = self._under_way() if occurrence is None else (self._known(occurrence),)

    def run(
        self, extent: Extent, client: Client | None, confirm: Callable[[Cancellation], bool]
    ) -> Cancellation:
        foreseen = self._foreseen(extent, client)
        if not foreseen.anything:
            return foreseen
        if confirm(foreseen) is not True:
            raise NotApprovedError("not approved, nothing was done")
        with self.parts.signals.working():
            to_come = self._cancel_to_come()
            self._wait_for_flights()
            counts: Counter[str] = Counter()
            problems: Mapping[str, int] = {}
            if client is not None:
                counts, problems = take_back(
                    client, self.ledger, self._entries(), self._now(), answered_too=extent is Extent.LIVE
                )
            to_come += self._cancel_to_come()  # what was on its way, and was put off or would be tried again
            return self._ended(to_come, counts, problems)

    def _foreseen(self, extent: Extent, client: Client | None) -> Cancellation:
        if client is not None:
            refresh(self.ledger, client, self._live(), self._now(), map)
        queued, live = self._going_on()
        doubtful = sum(entry.status in IN_DOUBT for entry in self._entries().values())
        taken = (queued if extent >= Extent.QUEUED else 0, live if extent is Extent.LIVE else 0)
        left = queued + live - sum(taken)
        return Cancellation(self.occurrences, len(self._to_come()), *taken, left, doubtful)

    def _ended(self, to_come: int, counts: Counter[str], problems: Mapping[str, int]) -> Cancellation:
        entries = self._entries().values()
        return Cancellation(
            self.occurrences,
            to_come,
            counts["queued"],
            counts["live"],
            sum(self._going_on()),
            sum(entry.status in IN_DOUBT for entry in entries),
            problems,
        )

    def _cancel_to_come(self) -> int:
        now = self._now()
        entry = LedgerEntry(CallStatus.CANCELED, now, reason=f"canceled by {self.parts.who}")
        changed = self.ledger.change_all({key: if_undecided(entry) for key in self._to_come()})
        return sum(done for _, done in changed.values())

    def _to_come(self) -> list[Key]:
        """Every key of these occurrences that may still be placed: first attempts, and those that would
        follow a call that was made, or may have been."""
        entries = self._entries()
        first = [Key(moment, to) for moment in self._scheduled() for to in self.spec.called_at(moment)]
        again = [
            Key(key.occurrence, key.to, key.attempt + 1)
            for key, entry in entries.items()
            if key.attempt < self.spec.retry.attempts
            and (entry.live or entry.status in IN_DOUBT or entry.status in self.spec.retry.on)
        ]
        return [
            key
            for key in dict.fromkeys([*first, *again])
            if (entry := entries.get(key)) is None or entry.status is CallStatus.DEFERRED
        ]

    def _scheduled(self) -> list[datetime]:
        return [
            moment
            for moment in self.occurrences
            if any(found.instant == moment for found in self.spec.schedule.within(moment, moment))
        ]

    def _entries(self) -> dict[Key, LedgerEntry]:
        return {
            key: entry
            for key, entry in self._every().items()
            if key.occurrence in self.occurrences and key.attempt > 0
        }

    def _every(self) -> dict[Key, LedgerEntry]:
        return self.ledger.entries(days_before(self._now(), lookback(self.spec)), self.spec.to)

    def _live(self) -> dict[Key, LedgerEntry]:
        return {key: entry for key, entry in self._entries().items() if entry.live}

    def _going_on(self) -> tuple[int, int]:
        """How many are queued or ring, and how many go on, as far as was heard last."""
        live = self._live().values()
        queued = sum(entry.call != "in-progress" for entry in live)
        return queued, len(live) - queued

    def _wait_for_flights(self) -> None:
        """Until the requests that others had begun have ended, or cannot be under way any more."""
        deadline = self._now() + _IN_FLIGHT
        while self._now() < deadline and not self.parts.stop.is_set():
            flying = [entry for entry in self._entries().values() if entry.status is CallStatus.RESERVED]
            if all(is_over(entry, self._now()) for entry in flying):
                return
            self.parts.clock.sleep(_POLL_SECONDS)

    def _now(self) -> datetime:
        return self.parts.clock.now()

    def _under_way(self) -> tuple[datetime, ...]:
        """The occurrences of which something is due, will be tried again, or goes on; else the next one."""
        now, entries = self._now(), self._every()
        head, halts = self.ledger.head(), self.ledger.halts()
        pending = pending_keys(self.spec, entries, head, now, halts)
        judge = Judge(self.spec, now, head.high_water, None)
        moments = {
            key.occurrence
            for key, since in pending
            if now <= since + self.spec.grace or judge.verdict(key, since).verdict in _STILL_TO_COME
        }
        moments |= {
            found.occurrence for found in unfolded(self.spec, entries, head, now, halts) if found.held
        }
        moments |= {key.occurrence for key, _ in retries(self.spec, entries)}
        moments |= {
            key.occurrence
            for key, entry in entries.items()
            if key.attempt > 0 and (entry.live or (entry.status in IN_DOUBT and self._is_recent(entry)))
        }
        if not moments:
            moments = {found.instant for found in self.spec.schedule.following(now, 1)}
        if not moments:
            raise UsageError(f"no call of {self.spec.address} is to come or goes on")
        return tuple(sorted(moments))

    def _is_recent(self, entry: LedgerEntry) -> bool:
        return abs(self._now() - (entry.reserved_at or entry.at)) < _LONGEST_CALL

    def _known(self, moment: datetime) -> datetime:
        known = any(key.occurrence == moment for key in self._every())
        if known or any(found.instant == moment for found in self.spec.schedule.within(moment, moment)):
            return moment
        following = self.spec.schedule.following(self._now(), 3)
        there = ", ".join(instant_to_text(found.instant) for found in following)
        raise UsageError(
            f"{self.spec.address} has no occurrence at {instant_to_text(moment)}",
            hint=f"the next are {there}" if there else "see `voiceform calls list`",
        )

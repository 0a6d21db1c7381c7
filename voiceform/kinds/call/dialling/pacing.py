"""Working through what is due of one schedule: what dispatch and apply have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from voiceform.kinds.call.dialling.dialler import Placer
from voiceform.kinds.call.dialling.losses import Losses, tell_of_losses
from voiceform.kinds.call.dialling.verdicts import Due, Verdict
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.store import Ledger, Step, if_undecided
from voiceform.kinds.lost import LostAnswers, too_many_lost
from voiceform.kinds.turns import Turns
from voiceform.model.clock import Clock
from voiceform.twilio.errors import TwilioError

if TYPE_CHECKING:
    from voiceform.kinds.call.spec import CallSpec

_RECORDED = {Verdict.MISS: CallStatus.MISSED, Verdict.SUPPRESS: CallStatus.SUPPRESSED}
_SLICE = 0.25
_CHANGED = "the schedule was changed meanwhile: who is left is called as it is now, by the next dispatch"


@dataclass(slots=True)
class PassCounts:
    """What became of keys: how many of each status, how many had to wait, how many are due of a schedule that
    is paused, and why calls failed or could not be placed."""

    statuses: Counter[CallStatus] = field(default_factory=Counter)
    waiting: int = 0
    paused: int = 0
    problems: dict[str, int] = field(default_factory=dict)

    def add(self, entry: LedgerEntry | None) -> None:
        """Count one key that was dealt with; None is one that has to wait."""
        if entry is None:
            self.waiting += 1
            return
        self.statuses[entry.status] += 1
        if entry.status in (CallStatus.FAILED, CallStatus.UNKNOWN, CallStatus.DEFERRED):
            self.problem(entry.reason or str(entry.status))

    def problem(self, text: str) -> None:
        """Count one reason for trouble."""
        self.problems[text] = self.problems.get(text, 0) + 1

    def merge(self, other: PassCounts) -> None:
        """Add what another tally counted."""
        self.statuses.update(other.statuses)
        self.waiting += other.waiting
        self.paused += other.paused
        for text, count in other.problems.items():
            self.problems[text] = self.problems.get(text, 0) + count

    def __str__(self) -> str:
        parts = [f"{count} {status}" for status, count in sorted(self.statuses.items()) if count]
        if self.waiting:
            parts.append(f"{self.waiting} waiting")
        if self.paused:
            parts.append(f"{self.paused} due but paused")
        return ", ".join(parts) or "nothing was due"


def record_undialled(ledger: Ledger, found: Iterable[Due], now: datetime) -> PassCounts:
    """Store what is never going to be called, with the reason, in as few writes as possible."""
    tally = PassCounts()
    steps: dict[Key, Step] = {
        due.key: if_undecided(LedgerEntry(_RECORDED[due.verdict], now, reason=due.told))
        for due in found
        if due.verdict in _RECORDED
    }
    for entry, changed in ledger.change_all(steps).values():
        if changed:
            tally.add(entry)
    return tally


@dataclass(frozen=True, slots=True)
class Pace:
    """Calls per second, kept between the requests of one schedule by `clock`, and between those of all by
    `turns`; `lost` are the answers of all that were lost; `stopping` ends the waiting."""

    spec: CallSpec
    clock: Clock
    turns: Turns
    lost: LostAnswers
    stopping: Callable[[], bool]

    def place_all(
        self,
        placer: Placer,
        found: Sequence[Due],
        tell: Callable[[Key, LedgerEntry | None], None],
        losses: Losses,
    ) -> PassCounts:
        """Place one after the other, no faster than the pace. What is left when stopping, when the service
        cannot take calls now, or when the schedule is paused, is not touched.

        Once an answer was lost, also in a pass before this one, nobody else is called before the account's
        calls could be read: what takes the answers away would take those of the whole list. It may take those
        to POST alone; so after some in a row, of this schedule or of all, nobody else is called for a while
        (losses.py, kinds/lost.py).
        """
        tally = PassCounts()
        gap = timedelta(seconds=1 / self.spec.pace)
        free: datetime | None = None
        for index, due in enumerate(found):
            why = self._why_nobody(placer, losses)
            if why is not None:
                tally.problem(why)
                break
            if free is not None:
                self._wait_until(free, gap)
            self.turns.take(self.spec.max_cps, self.clock, self.stopping)
            if self.stopping():
                break
            free = self.clock.now() + gap
            entry = placer.place(due.key, due.since)
            if entry is None and placer.pause() is not None:
                tally.paused += len(found) - index
                break
            if entry is None and placer.is_replaced():
                tally.waiting += len(found) - index
                tally.problem(_CHANGED)
                break
            tally.add(entry)
            tell(due.key, entry)
            if entry is None or entry.status in _RECORDED.values():
                free = None  # nothing was sent
            elif entry.status is CallStatus.DEFERRED:
                break  # the service cannot be reached or is busy: the others would fare no better
            losses.note(entry)
            if entry is not None:
                tell_of_losses(self.lost, self.spec.ledger, {due.key: entry})
        return tally

    def _why_nobody(self, placer: Placer, losses: Losses) -> str | None:
        """Why nobody else is called: too many answers were lost, or Twilio does not answer what asks for no
        more than that."""
        now = self.clock.now()
        until = losses.pause_until(now)
        if until is not None:
            return too_many_lost(losses.in_a_row, until)
        if not losses.in_doubt:
            return self.lost.why_nobody(now)
        try:
            next(iter(placer.client.list_calls(page_size=1)), None)
        except TwilioError as error:
            return f"nobody else is called until Twilio's answers arrive: {error.told}"
        return self.lost.why_nobody(now)

    def _wait_until(self, free: datetime, gap: timedelta) -> None:
        """Sleep in slices. Never longer than one gap, also when the clock was turned back meanwhile."""
        left = min(free - self.clock.now(), gap).total_seconds()
        while left > 0 and not self.stopping():
            self.clock.sleep(min(left, _SLICE))
            left -= _SLICE

"""How the single deletions of one change ended, and what that makes of the change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum

from voiceform.kinds.base import Done
from voiceform.kinds.retention.figures import begun_minutes
from voiceform.kinds.retention.policy import ERASURE, split
from voiceform.kinds.retention.scopes import HOLD
from voiceform.model.errors import EvidenceLostError
from voiceform.model.plan import Change, Kept
from voiceform.model.resource import Recorded
from voiceform.model.run import Destruction, Status
from voiceform.model.runtime import MACHINE, Runtime
from voiceform.model.wording import counted

_MOST_FAILURES = 50
"""So many failures in a row are an outage, not bad luck: nothing more is tried."""


class Ending(StrEnum):
    """How one deletion ended; evidence uses the same words."""

    DELETED = "deleted"
    GONE = "already-gone"
    FOUND_GONE = "found-gone"
    HELD = "kept-by-hold"
    MOVED = "kept-as-changed"
    FAILED = "failed"
    LATER = "not-yet"
    OPEN = "open"
    """Sent, and the answer was lost: no line of evidence yet, the next run finds out and takes it down."""


_WORDS = {
    Ending.GONE: "gone already",
    Ending.MOVED: "kept because changed after the plan",
    Ending.LATER: "not deletable yet",
    Ending.FAILED: "failed",
    Ending.OPEN: "sent without an answer (the next run finds out)",
}
_NOT_BEGUN = "not begun"


class DeletionOutcomes:
    """Counts endings; remembers the first failure; says when to give up. Safe for many threads.

    `record` is what a rule is called when it is told of. Whatever was planned and did not end was not begun.
    """

    record = "rule"

    def __init__(self, thing: str, runtime: Runtime = MACHINE) -> None:
        self._thing = thing
        self._lock = runtime.lock()
        self._counts: Counter[Ending] = Counter()
        self._minutes: int | None = None
        self._holds: set[str] = set()
        self._in_a_row = 0
        self._failure: str | None = None
        self._hint: str | None = None
        self._given_up = False
        self._waits_for: str | None = None
        self._doubtful = False

    @property
    def given_up(self) -> bool:
        """Whether so much failed that going on would be pointless."""
        return self._given_up

    def count(self, ending: Ending) -> None:
        """One more ended so."""
        with self._lock:
            self._counts[ending] += 1
            self._in_a_row = 0

    def deleted(self, seconds: int | None) -> None:
        """One that lasted so long was deleted by this run."""
        with self._lock:
            self._counts[Ending.DELETED] += 1
            self._in_a_row = 0
            self._minutes = (self._minutes or 0) + begun_minutes(seconds)

    def held(self, holds: Iterable[str]) -> None:
        """One is kept by these holds."""
        self.count(Ending.HELD)
        with self._lock:
            self._holds.update(holds)

    def failed(self, reason: str, hint: str | None, *, fatal: bool) -> None:
        """One failed for this reason; `fatal` when all others would, too."""
        with self._lock:
            self._counts[Ending.FAILED] += 1
            self._in_a_row += 1
            if self._failure is None:
                self._failure, self._hint = reason, hint
            if fatal or self._in_a_row >= _MOST_FAILURES:
                self._given_up = True

    def wait(self, obstacle: str | None) -> None:
        """Say what keeps the rest from being begun, where that is no failure but the pace."""
        self._waits_for = obstacle

    def setback(self) -> None:
        """One failed for now and is tried again later; so many in a row are an outage all the same."""
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row >= _MOST_FAILURES:
                self._given_up = True

    def doubt(self) -> None:
        """One was left where it is after its deletion had been sent without an answer: that may be carried
        out later, so the next run looks."""
        self._doubtful = True

    def lost(self, error: EvidenceLostError) -> EvidenceLostError:
        """The error with how far the deletions had come."""
        deleted = counted(self._counts[Ending.DELETED], self._thing)
        return EvidenceLostError(
            f"{error.what}; stopped after {deleted} deleted",
            where=error.where,
            hint="nothing more is deleted without evidence; mend the place and run again: what was deleted"
            " and not told is taken down then",
        )

    def done(self, change: Change, planned: int, *, stopped: bool) -> Done:
        """The end of the whole change: applied only when nothing is left that was planned.

        `planned` is how many there were, `stopped` says that the run was told to end.

        What is gone is gone in any case; the rest is in the next plan.
        """
        left = max(0, planned - self._counts.total())
        destroyed = self._destruction(left, stopped=stopped and left > 0)
        status = self._status(left)
        recorded = Recorded(change.address, None, change.after or {}) if status is Status.APPLIED else None
        return Done(
            status,
            recorded,
            message=self._message(destroyed),
            hint=self._advice(status, change),
            record=self.record,
            destroyed=destroyed,
            is_open=self._doubtful or self._counts[Ending.OPEN] > 0,
        )

    def _destruction(self, left: int, *, stopped: bool) -> Destruction:
        rest = {words: self._counts[ending] for ending, words in _WORDS.items() if self._counts[ending]}
        held = self._counts[Ending.HELD]
        return Destruction(
            self._thing,
            self._counts[Ending.DELETED],
            self._minutes,
            Kept(held, tuple(sorted(self._holds)), HOLD) if held else None,
            {**rest, **({_NOT_BEGUN: left} if left else {})},
            stopped,
        )

    def _status(self, left: int) -> Status:
        counts = self._counts
        if counts[Ending.FAILED] or counts[Ending.LATER] or counts[Ending.OPEN] or left:
            return Status.FAILED
        if counts[Ending.HELD]:
            return Status.REFUSED
        return Status.STALE if counts[Ending.MOVED] else Status.APPLIED

    def _message(self, destroyed: Destruction) -> str:
        """`789 recordings deleted (946 minutes), 3 gone already`, `stopped: 385 deleted, 2 not begun`."""
        length = f" ({counted(destroyed.minutes, 'minute')})" if destroyed.minutes else ""
        if destroyed.stopped:
            parts = [f"stopped: {destroyed.deleted:,} deleted{length}"]
        else:
            parts = [f"{counted(destroyed.deleted, self._thing)} deleted{length}"]
        if destroyed.kept:
            parts.append(f"{destroyed.kept.count:,} kept by a {HOLD} that the plan did not see")
        parts += [f"{count:,} {words}" for words, count in destroyed.rest.items()]
        first = f"; the first failure: {self._failure}" if self._failure else ""
        waits = f"; {self._waits_for}" if self._waits_for and _NOT_BEGUN in destroyed.rest else ""
        return ", ".join(parts) + first + waits

    def _advice(self, status: Status, change: Change) -> str | None:
        if self._hint is not None or status is Status.APPLIED:
            return self._hint
        command = "erase" if split(change.address)[0] == ERASURE else "run prune"
        return f"{command} again: what is still due is planned anew"

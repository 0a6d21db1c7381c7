"""Whether a call that is due may be made now: one key -> its verdict. Which are due: due.py.

Pure but for the do-not-call list, which is asked again each time. The same code judges for the plan, for
apply, for dispatch, and once more at the moment of dialling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from voiceform.kinds.call.dialling.donotcall import DoNotCallError, NotCalled
from voiceform.kinds.call.ledger.entries import Key
from voiceform.kinds.call.ledger.store import ABSURD
from voiceform.kinds.call.limits.book import Contacts
from voiceform.kinds.call.limits.counting import Refusal
from voiceform.kinds.call.rules.book import Memo, RulesOfNumber
from voiceform.kinds.call.rules.faults import RuleError
from voiceform.kinds.call.rules.hours import Outside
from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.call.timing.localtime import Occurrence
from voiceform.model.instants import moment_in_utc
from voiceform.model.wording import span

_LEARNT_SOON = timedelta(seconds=30)
"""How soon it is asked again what became of a call."""


class Verdict(StrEnum):
    """What is to become of a key now."""

    PLACE = "place"
    WAIT = "wait"
    """It may be placed before the grace ends: the rules allow it, or a limit of contacts ends; or it waits
    for the next window."""
    HOLD = "hold"
    """Its wave has not begun, or the schedule has stopped."""
    BLOCK = "block"
    """A do-not-call list or a rule cannot be relied on."""
    MISS = "missed"
    SUPPRESS = "suppressed"


@dataclass(frozen=True, slots=True)
class Due:
    """One key and its verdict. `since` is when it became due; `until` when a waiting one may be called, and
    `ends` when what suppresses a call no longer would, where it is a limit of contacts. `rules` are those
    that keep it from being called now (None: the calling hours), `wave` the one it belongs to, where that is
    foreseen."""

    key: Key
    verdict: Verdict
    since: datetime
    reason: str | None = None
    until: datetime | None = None
    ends: datetime | None = None
    rules: tuple[str | None, ...] = ()
    wave: int | None = None

    @property
    def told(self) -> str | None:
        """The reason, and when it ends."""
        return self.reason if self.ends is None else _with_end(self.reason or "", (self.ends,))


def reasons_of(items: Sequence[Due]) -> list[tuple[str, int]]:
    """Why, and of how many that is so, the most frequent reason first; with when it is over for all."""
    counts = Counter(item.reason or "" for item in items)
    ends: dict[str, set[datetime]] = {}
    for item in items:
        if item.ends is not None:
            ends.setdefault(item.reason or "", set()).add(item.ends)
    return [(_with_end(reason, ends.get(reason, ())), count) for reason, count in counts.most_common()]


def _with_end(reason: str, ends: Collection[datetime]) -> str:
    if not ends:
        return reason
    return f"{reason}, until {moment_in_utc(max(ends))}" + (" at the latest" if len(ends) > 1 else "")


@dataclass(slots=True)
class Judge:
    """Judges the keys of one schedule at one instant. `high_water` is the latest instant ever seen: being
    late is measured from it, so that a clock that jumps back brings nothing back."""

    spec: CallSpec
    now: datetime
    high_water: datetime | None
    do_not_call: NotCalled | None
    contacts: Contacts | None = None
    _memo: Memo = field(default_factory=dict)

    def verdict(self, key: Key, since: datetime) -> Due:
        """What is to become of `key`, which became due at `since` (not later than now)."""
        rules = self.spec.rules_of(key.to)
        opening = self._next_window(rules, since)
        begins = opening or since
        deadline = begins + self.spec.grace
        present = latest_known(self.now, self.high_water)
        if present > deadline:
            reason = f"{span(present - begins)} late, the misfire grace is {span(self.spec.grace)}"
            return Due(key, Verdict.MISS, since, reason)
        if self.spec.misfire_latest and self._followed(key, present):
            return Due(key, Verdict.MISS, since, "a later occurrence is due, and misfire is latest")
        if self.do_not_call is not None:
            try:
                refusal = self.do_not_call.refusal(key.to, self.now)
                if refusal is not None:
                    return Due(key, Verdict.SUPPRESS, since, refusal)
            except DoNotCallError as error:
                return Due(key, Verdict.BLOCK, since, error.what)
        if begins > since and self._followed(key, begins):
            return Due(key, Verdict.SUPPRESS, since, "the next occurrence is due before the hours begin")
        return self._limited(key, since, deadline) or self._within_rules(rules, key, since, deadline)

    def _limited(self, key: Key, since: datetime, deadline: datetime) -> Due | None:
        """What a limit of contacts makes of it; None where none keeps the person from being called."""
        found = None if self.contacts is None else self.contacts.refusal(self.spec, key.to, self.now)
        return None if found is None else limited(key, found, since, self.now, deadline)

    def _within_rules(self, rules: RulesOfNumber, key: Key, since: datetime, deadline: datetime) -> Due:
        try:
            ruling = rules.ruling(self.now, deadline, self._memo)
        except RuleError as error:
            return Due(key, Verdict.BLOCK, since, error.what)
        if ruling.allows:
            return Due(key, Verdict.PLACE, since)
        waits = ruling.opens is not None and rules.outside is not Outside.SUPPRESS
        return Due(
            key,
            Verdict.WAIT if waits else Verdict.SUPPRESS,
            since,
            ruling.reason(waits=waits),
            ruling.opens if waits else None,
            rules=ruling.against,
        )

    def _next_window(self, rules: RulesOfNumber, since: datetime) -> datetime | None:
        """When the window opens that the call waits for, however late that is; then lateness counts from
        there."""
        try:
            return rules.counts_from(since, self._memo)
        except RuleError:
            return None

    def _followed(self, key: Key, then: datetime) -> bool:
        """Whether another occurrence of the same people is due by then: one call is enough."""
        if key.attempt < 1 or not self.spec.schedule.repeats:  # placed by hand; others have the other times
            return False
        if key.occurrence not in self._memo:
            self._memo[key.occurrence] = self.spec.schedule.following(key.occurrence, 1)
        following: list[Occurrence] = self._memo[key.occurrence]
        return bool(following) and following[0].instant <= then


def latest_known(now: datetime, high_water: datetime | None) -> datetime:
    """The instant from which being late is measured. A mark of a clock that was wrong by more than a month
    is not believed: it would keep everybody from being called until then."""
    if high_water is None or high_water - now > ABSURD:
        return now
    return max(now, high_water)


def limited(key: Key, found: Refusal, since: datetime, now: datetime, deadline: datetime) -> Due:
    """What becomes of a key that a limit allows no call for. It is waited for what ends within the grace, and
    to know what became of an earlier call."""
    reason = f"contact limit {found.limit}"
    if found.until is None:
        reason += ": what became of an earlier call is not known yet"
        return Due(key, Verdict.WAIT, since, reason, min(now + _LEARNT_SOON, deadline))
    if found.until <= deadline:
        return Due(key, Verdict.WAIT, since, reason, found.until)
    return Due(key, Verdict.SUPPRESS, since, reason, ends=found.until)

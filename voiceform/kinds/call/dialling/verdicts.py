"""What is due: a schedule, its ledger and an instant -> one verdict for each key that has no outcome yet.

Pure but for the do-not-call list, which is asked again each time. The same code judges for the plan, for
apply, for dispatch, and once more at the moment of dialling.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from voiceform.kinds.call.dialling.donotcall import DoNotCallError, NotCalled
from voiceform.kinds.call.dialling.waves import (
    GOES_ON,
    Attempts,
    Moment,
    Resumption,
    Unfolded,
    Unfolding,
    begun,
    is_recent,
)
from voiceform.kinds.call.ledger.entries import IN_DOUBT, CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.pauses import Halt
from voiceform.kinds.call.ledger.store import ABSURD, Head
from voiceform.kinds.call.limits.book import Contacts
from voiceform.kinds.call.limits.counting import Refusal
from voiceform.kinds.call.rules.book import LATEST, Memo, RulesOfNumber
from voiceform.kinds.call.rules.faults import RuleError
from voiceform.kinds.call.rules.hours import Outside
from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.call.timing.localtime import Occurrence
from voiceform.model.instants import moment_in_utc
from voiceform.model.numbers import person
from voiceform.model.resource import Attributes
from voiceform.model.wording import span

CATCH_UP = timedelta(days=31)
"""How far back occurrences that nobody looked at are recorded as missed."""


_SETTLED_FOR_ALL = IN_DOUBT | {CallStatus.CANCELED}
"""Statuses without a call that count for every address of a person: a call may have been made, or nobody is
to make one."""
_LONGEST_CALL = timedelta(days=1)
"""https://www.twilio.com/docs/voice/api/call-resource, TimeLimit."""
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


def due_keys(
    spec: CallSpec,
    entries: Mapping[Key, LedgerEntry],
    head: Head,
    now: datetime,
    do_not_call: NotCalled | None,
    contacts: Contacts | None = None,
    halts: Sequence[Halt] = (),
) -> list[Due]:
    """A verdict for every key that has become due, or that nobody has looked at since the last pass.

    What was deferred comes last: a number whose refusal nobody can classify must not keep the others waiting.
    What was deferred by somebody so slow that others had looked further by then is missed.
    `halts` are the stops of the schedule; whoever does not know them has nobody called who waits for one.
    """
    judge = Judge(spec, now, head.high_water, do_not_call, contacts)
    pending = sorted(pending_keys(spec, entries, head, now, halts), key=lambda item: item[0] in entries)
    found = [judge.verdict(key, since) for key, since in pending]
    found += (
        Due(key, Verdict.HOLD, key.occurrence, reason, wave.until)
        for wave in unfolded(spec, entries, head, now, halts)
        for key, reason in wave.held
    )
    put_off = _put_off(spec, entries)
    if put_off:
        known = {item.key for item in found}
        late = [judge.verdict(key, key.occurrence) for key in put_off if key not in known]
        found += (item for item in late if item.verdict is Verdict.MISS)
    return found


def _put_off(spec: CallSpec, entries: Mapping[Key, LedgerEntry]) -> list[Key]:
    """First attempts that were deferred, of people who are still to be called and were not since."""
    keys = [
        key
        for key, entry in entries.items()
        if entry.status is CallStatus.DEFERRED and key.attempt == 1 and spec.is_wanted(key)
    ]
    if not keys:
        return []
    before = _under_other_spellings(spec, entries)
    return [key for key in keys if (key.occurrence, person(key.to) or key.to) not in before]


def pending_keys(
    spec: CallSpec,
    entries: Mapping[Key, LedgerEntry],
    head: Head,
    now: datetime,
    halts: Sequence[Halt] = (),
) -> Iterator[tuple[Key, datetime]]:
    """Keys that are due and have no outcome, with the instant since when: occurrences first, then retries.

    What repeats begins when it is first applied: nobody is phoned for times that were over before. A single
    instant was meant as it stands, and is placed within its grace; so is the time of a person. Times of
    people that were over before a table was first applied are no calls that were missed.
    """
    if spec.waves is None:
        yield from _first_attempts(spec, entries, head, now)
    for found in unfolded(spec, entries, head, now, halts):
        yield from found.ready
    for key, since in retries(spec, entries):
        resumption = Resumption.of(halts, key.occurrence, now)
        if since <= now and not resumption.standing:
            yield key, resumption.later(since)


def unfolded(
    spec: CallSpec,
    entries: Mapping[Key, LedgerEntry],
    head: Head,
    now: datetime,
    halts: Sequence[Halt] = (),
) -> Iterator[Unfolded]:
    """What there is to do about each occurrence that goes in waves: those that have become due, and those of
    which anybody was called."""
    if spec.waves is None:
        return
    begin = _begin(spec, head, now)
    grace = spec.grace + (LATEST if spec.rules.may_be_late else timedelta(0))
    moment = Moment(now, latest_known(now, head.high_water), begin)
    called = begun(entries)
    before = _under_other_spellings(spec, entries)
    instants = {occurrence.instant for occurrence in spec.schedule.between(begin, now)}
    instants |= {
        known
        for known in called
        if known <= now and is_recent(spec.waves, called[known], moment, grace) and _is_of(spec, known)
    }
    stopped = {halt.occurrence for halt in halts}
    instants |= {known for known in stopped if known in called and _is_of(spec, known)}
    for instant in sorted(instants):
        elsewhere = {who for at, who in before if at == instant}
        people, own = _concerned(spec.called_at(instant), called.get(instant, {}), elsewhere)
        resumption = Resumption.of(halts, instant, now)
        yield Unfolding(spec.waves, grace, instant, people, own, resumption, moment).run()


def _concerned(
    wanted: Iterable[str], called: Mapping[str, Attempts], elsewhere: Collection[str]
) -> tuple[list[str], dict[str, Attempts]]:
    """Whom an occurrence is to call, and the calls that count for it. `elsewhere` was called under another
    address. Whose call was put off was not called: that keeps nobody who is not declared any more, or was
    called elsewhere since."""
    people = [to for to in wanted if (person(to) or to) not in elsewhere]
    concerned = frozenset(people)
    counts = {
        to: attempts for to, attempts in called.items() if to in concerned or not _undecided(attempts.get(1))
    }
    return people, counts


def _is_of(spec: CallSpec, instant: datetime) -> bool:
    """Whether an occurrence that was called is one of the schedule as it is now."""
    return any(found.instant == instant for found in spec.schedule.within(instant, instant))


def _begin(spec: CallSpec, head: Head, now: datetime) -> datetime:
    """Since when what is due was not judged before."""
    begin = _with_late_one(spec, _looked_until(spec, head, now) - spec.grace)
    if spec.schedule.repeats:
        return max(begin, head.since or now)
    if spec.schedule.column is not None:
        return max(begin, (head.since or now) - spec.grace)
    return begin


def _first_attempts(
    spec: CallSpec, entries: Mapping[Key, LedgerEntry], head: Head, now: datetime
) -> Iterator[tuple[Key, datetime]]:
    before = _under_other_spellings(spec, entries)
    for occurrence in spec.schedule.between(_begin(spec, head, now), now):
        for to in spec.called_at(occurrence.instant):
            key = Key(occurrence.instant, to)
            if not _undecided(entries.get(key)):
                continue
            if not before or (occurrence.instant, person(to) or to) not in before:
                yield key, occurrence.instant


def _with_late_one(spec: CallSpec, begin: datetime) -> datetime:
    """`begin`, or the last occurrence before, which may still wait for its next window. An earlier one may
    not: either it was followed by that one, or its window opened before and it was judged then."""
    if spec.rules.may_be_late and spec.schedule.column is not None:
        return begin - LATEST  # those before are others', who may wait as well
    if spec.rules.may_be_late:
        for back in (timedelta(hours=1), timedelta(days=1), LATEST):
            found = spec.schedule.between(begin - back, begin)
            if found:
                return found[-1].instant
    return begin


def _under_other_spellings(spec: CallSpec, entries: Mapping[Key, LedgerEntry]) -> set[tuple[datetime, str]]:
    """Who was called, or may have been, at which occurrence under an address that is not declared any more,
    and whose call was taken back: the same person under another one (`sip:+12125550101@...`) is not called
    for it."""
    return {
        (key.occurrence, person(key.to) or key.to)
        for key, entry in entries.items()
        if not spec.is_wanted(key) and (entry.sid is not None or entry.status in _SETTLED_FOR_ALL)
    }


def new_times(before: Attributes | None, after: Attributes | None, head: Head) -> bool:
    """Whether a schedule from `before` to `after` begins anew: declared, declared again, or other times."""
    times = None if before is None else before.get("schedule")
    return head.closed or head.since is None or times != (after or {}).get("schedule")


def retries(spec: CallSpec, entries: Mapping[Key, LedgerEntry]) -> Iterator[tuple[Key, datetime]]:
    """Attempts that follow a call that ended as `retry.on` says, with the instant at which they become due.

    What the API refused, and what a person wrote off, was no call and is not tried again.
    """
    if spec.retry.attempts < 2:
        return
    for key, entry in entries.items():
        if (
            entry.sid is None
            or key.attempt < 1  # placed by hand
            or entry.status not in spec.retry.on
            or key.attempt >= spec.retry.attempts
            or not spec.is_wanted(key)
        ):
            continue
        following = Key(key.occurrence, key.to, key.attempt + 1)
        if _undecided(entries.get(following)):
            yield following, (entry.ended_at or entry.at) + spec.retry.delay(key.attempt)


def lookback(spec: CallSpec) -> timedelta:
    """How far back the ledger matters for what is due: grace, every retry, the next window of each, waves
    that follow one another, a stop that ends late, and a week for open outcomes."""
    late = LATEST if spec.rules.may_be_late else timedelta(0)
    retrying = late + spec.retry.longest(spec.grace + late) + _LONGEST_CALL * spec.retry.attempts
    if spec.waves is not None:
        waves = sum(1 for _ in spec.waves.sizes(len(spec.to)))
        retrying += (spec.grace + spec.waves.settle) * waves + GOES_ON
    return max(spec.grace + retrying + timedelta(days=1), timedelta(days=7))


def _looked_until(spec: CallSpec, head: Head, now: datetime) -> datetime:
    """Up to when occurrences were judged before. A schedule that nobody has looked at yet has missed nothing
    that repeats; a single instant that is over by now was missed."""
    if head.high_water is None or head.high_water - now > ABSURD:
        return now - CATCH_UP if spec.schedule.at is not None else now
    return max(min(head.high_water, now), now - CATCH_UP)


def _undecided(entry: LedgerEntry | None) -> bool:
    return entry is None or entry.status is CallStatus.DEFERRED

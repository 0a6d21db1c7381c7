"""What is due: a schedule, its ledger and an instant -> each key that has no outcome yet, and its verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from voiceform.kinds.call.dialling.donotcall import NotCalled
from voiceform.kinds.call.dialling.verdicts import Due, Judge, Verdict, latest_known
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
from voiceform.kinds.call.rules.book import LATEST
from voiceform.kinds.call.spec import CallSpec
from voiceform.model.numbers import person
from voiceform.model.resource import Attributes

CATCH_UP = timedelta(days=31)
"""How far back occurrences that nobody looked at are recorded as missed."""

_SETTLED_FOR_ALL = IN_DOUBT | {CallStatus.CANCELED}
"""Statuses without a call that count for every address of a person: a call may have been made, or nobody is
to make one."""
_LONGEST_CALL = timedelta(days=1)
"""https://www.twilio.com/docs/voice/api/call-resource, TimeLimit."""


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

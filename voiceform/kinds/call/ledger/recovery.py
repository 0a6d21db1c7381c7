"""Finding out what became of requests whose answer was lost, by reading only.

The API lets nobody mark a call, so a lost one is looked for among the calls from the same number to the same
number that the API made in the minutes around the request. One call that fits one key, and no other, is proof
enough to adopt it. None is no proof of absence (lists are eventually consistent), and several are no proof of
anything: both stay `unknown` until a person decides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry, answerer, outcome_of
from voiceform.kinds.call.ledger.store import Ledger
from voiceform.model.numbers import are_one_person, person

if TYPE_CHECKING:
    from voiceform.twilio.client import Client
    from voiceform.twilio.resources import Call

Numbers = tuple[str, str]
"""Who is called, and from which number; each as the person who is meant, where that can be known."""

SETTLE_DELAY = timedelta(seconds=60)
"""How long after a request its outcome is looked for: longer than a request may take, and than lists lag."""
_BEFORE = timedelta(seconds=30)
_AFTER = timedelta(minutes=4)
"""Clocks differ; and the client may wait two minutes for a place (429) before the request that counts."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A key whose request may have been processed, in the ledger that holds it."""

    ledger: Ledger
    key: Key
    entry: LedgerEntry

    def fits(self, call: Call) -> bool:
        """Whether `call` may be what the request made."""
        reserved = self.entry.reserved_at or self.entry.at
        return (
            are_one_person(call.to, self.key.to)
            and are_one_person(call.from_, self.entry.from_ or "")
            and call.direction == "outbound-api"
            and call.date_created is not None
            and reserved - _BEFORE <= call.date_created <= reserved + _AFTER
        )


def doubts(ledger: Ledger, entries: Mapping[Key, LedgerEntry], now: datetime) -> list[Doubt]:
    """What must be settled."""
    return [Doubt(ledger, key, entry) for key, entry in entries.items() if in_doubt(entry, now)]


def in_doubt(entry: LedgerEntry, now: datetime) -> bool:
    """Whether nobody knows what became of the request: everything unknown, and reservations that are too old
    to be under way."""
    return entry.status is CallStatus.UNKNOWN or (entry.status is CallStatus.RESERVED and is_over(entry, now))


def settle(
    found: Sequence[Doubt],
    client: Client,
    now: datetime,
    known_sids: Collection[str],
    under_way: Collection[Numbers],
) -> list[tuple[Doubt, LedgerEntry]]:
    """Settle what can be settled and say what each doubt became. `known_sids` belong to other keys already;
    between the numbers `under_way` a request may just be answered, whose call is not known yet: they wait.

    Raises TwilioError when the calls cannot be listed; then nothing is changed.
    """
    settled: list[tuple[Doubt, LedgerEntry]] = []
    for numbers, group in _by_numbers(found).items():
        if numbers in under_way:
            continue
        ready = [doubt for doubt in group if is_over(doubt.entry, now)]
        calls = [call for call in _calls_to(group, client) if call.sid not in known_sids] if ready else []
        for doubt in ready:
            adopted = _only_match(doubt, group, calls)
            entry = _adopt(doubt, adopted, now) if adopted is not None else _give_up(doubt, now)
            if entry is not None:
                settled.append((doubt, entry))
    return settled


def flights(entries: Mapping[Key, LedgerEntry], now: datetime) -> set[Numbers]:
    """Between which numbers a request may be under way."""
    return {
        _numbers(key, entry)
        for key, entry in entries.items()
        if entry.status is CallStatus.RESERVED and not is_over(entry, now)
    }


def _by_numbers(found: Iterable[Doubt]) -> dict[Numbers, list[Doubt]]:
    groups: dict[Numbers, list[Doubt]] = {}
    for doubt in found:
        groups.setdefault(_numbers(doubt.key, doubt.entry), []).append(doubt)
    return groups


def _numbers(key: Key, entry: LedgerEntry) -> Numbers:
    from_ = entry.from_ or ""
    return person(key.to) or key.to, person(from_) or from_


def _calls_to(group: Iterable[Doubt], client: Client) -> Iterable[Call]:
    """The calls between the same numbers, in each spelling in which the group has them."""
    spellings = dict.fromkeys((doubt.key.to, doubt.entry.from_) for doubt in group)
    listed = (client.list_calls(to=to, from_=from_) for to, from_ in spellings)
    return {call.sid: call for calls in listed for call in calls}.values()


def _only_match(doubt: Doubt, group: Sequence[Doubt], calls: Sequence[Call]) -> Call | None:
    """The one call that fits this doubt, if it fits no other doubt."""
    fitting = [call for call in calls if doubt.fits(call)]
    if len(fitting) != 1:
        return None
    rivals = [other for other in group if other.fits(fitting[0])]
    return fitting[0] if len(rivals) == 1 else None


def _adopt(doubt: Doubt, call: Call, now: datetime) -> LedgerEntry | None:
    def step(entry: LedgerEntry | None) -> LedgerEntry | None:
        if entry is None or entry.claim != doubt.entry.claim or entry.sid is not None:
            return None
        adopted = replace(
            entry,
            status=CallStatus.PLACED,
            at=now,
            sid=call.sid,
            reason="found by listing calls after the answer was lost",
        )
        return with_call(adopted, call, now)

    return doubt.ledger.change(doubt.key, step)[0]


def _give_up(doubt: Doubt, now: datetime) -> LedgerEntry | None:
    def step(entry: LedgerEntry | None) -> LedgerEntry | None:
        if entry is None or entry.status is not CallStatus.RESERVED or entry.claim != doubt.entry.claim:
            return None
        reason = "the process ended, or waits, between reserving the call and recording the answer"
        return replace(entry, status=CallStatus.UNKNOWN, at=now, reason=reason)

    return doubt.ledger.change(doubt.key, step)[0]


def is_over(entry: LedgerEntry, now: datetime) -> bool:
    """Whether the request cannot be under way any more and lists had time to catch up.

    A reservation of the future was made by a clock that has jumped back since; it is as old as can be.
    """
    reserved = entry.reserved_at or entry.at
    limit = SETTLE_DELAY if entry.status is CallStatus.UNKNOWN else _AFTER
    return now - reserved >= limit or reserved - now > limit


def decided_at(entry: LedgerEntry) -> datetime:
    """From when on `is_over` holds of a reservation."""
    return (entry.reserved_at or entry.at) + _AFTER


def with_call(entry: LedgerEntry, call: Call, now: datetime) -> LedgerEntry:
    """`entry` after the API told how its call is; unchanged when that is nothing new."""
    answered_by = answerer(call.answered_by) or entry.answered_by
    status = outcome_of(call.status, answered_by)
    if (entry.call, entry.status, entry.answered_by) == (call.status, status, answered_by):
        return entry
    over = status is not CallStatus.PLACED
    return replace(
        entry,
        status=status,
        at=now,
        call=call.status,
        answered_by=answered_by,
        ended_at=(call.end_time or call.date_updated or now) if over else None,
        duration=call.duration if call.status == "completed" else None,
    )

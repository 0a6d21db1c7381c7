"""What the account and the ledger say about schedules: the call kind's live state."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from voiceform.kinds.base import PlanContext
from voiceform.kinds.call.dialling.in_progress import seen_now
from voiceform.kinds.call.dialling.verdicts import lookback
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.store import Head, LedgerReader, days_before
from voiceform.kinds.call.spec import CallSpec
from voiceform.model.address import Address
from voiceform.model.resource import Attributes

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

_AT_ONCE = 8
_LIVE_FOR = timedelta(hours=52)
"""A call waits a day for its turn at most (error 22005), rings, and lasts a day at most."""


@dataclass(frozen=True, slots=True)
class LiveSchedule:
    """The ledger of one schedule, its live calls as they are now, and which of these are not being recorded
    although they could be."""

    head: Head
    entries: Mapping[Key, LedgerEntry]
    unrecorded: frozenset[Key] = frozenset()


@dataclass(frozen=True, slots=True)
class LiveCalls:
    """By ledger name."""

    schedules: Mapping[str, LiveSchedule] = field(default_factory=dict)

    def of(self, name: str) -> LiveSchedule:
        """One schedule's; an empty one when it never was applied."""
        return self.schedules.get(name) or LiveSchedule(Head(), {})


def read_live(context: PlanContext, specs: Iterable[CallSpec]) -> LiveCalls:
    """Read ledgers, and how the calls are that were placed lately; of schedules that record their calls, also
    which of these go on without being recorded."""
    found = {}
    for spec in specs:
        reader = LedgerReader(context.store, spec.ledger)
        entries = reader.entries(days_before(context.now, lookback(spec)))
        entries = {**entries, **_lately(context, entries)}
        unrecorded = _unrecorded(context.client, entries) if spec.record else frozenset()
        found[spec.ledger] = LiveSchedule(reader.head(), entries, unrecorded)
    return LiveCalls(found)


def ledger_of(address: Address, recorded: Attributes | None, taken: Collection[str] = ()) -> str:
    """The ledger of a schedule: that which it was recorded with, else its own.

    `taken` are the ledgers of other schedules: one that was renamed keeps that of its first address, and who
    is declared under that address later must not share it.
    """
    name = recorded.get("ledger") if recorded is not None else None
    if name or recorded is not None:
        return str(name or address)
    own = str(address)
    names = (own, *(f"{own}.{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _lately(context: PlanContext, entries: Mapping[Key, LedgerEntry]) -> dict[Key, LedgerEntry]:
    recent = {
        key: entry
        for key, entry in entries.items()
        if entry.live and context.now - (entry.reserved_at or entry.at) < _LIVE_FOR
    }
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return seen_now(context.client, recent, context.now, pool.map)


def _unrecorded(client: Client, entries: Mapping[Key, LedgerEntry]) -> frozenset[Key]:
    """Calls in progress that were placed without recording and have no recording now."""
    talking = [
        (key, entry)
        for key, entry in entries.items()
        if entry.status is CallStatus.PLACED and entry.call == "in-progress" and not entry.recorded
    ]
    return frozenset(
        key for key, entry in talking if not any(True for _ in client.list_call_recordings(entry.sid or ""))
    )

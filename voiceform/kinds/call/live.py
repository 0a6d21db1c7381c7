"""What the account and the ledger say about schedules: the call kind's live state."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from voiceform.kinds.base import RefreshContext
from voiceform.kinds.call.dialling.donotcall import FileSpec, ReadList, ReadLists
from voiceform.kinds.call.dialling.due import lookback
from voiceform.kinds.call.dialling.in_progress import seen_now
from voiceform.kinds.call.dialling.list_files import read_list
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.pauses import ALL, Halt, Pause, read_pauses
from voiceform.kinds.call.ledger.store import Head, LedgerReader, days_before
from voiceform.kinds.call.limits.foresight import Known, known_contacts
from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.records import match_records
from voiceform.kinds.userfiles import Places
from voiceform.model.address import Address
from voiceform.model.resource import Attributes, Desired, Recorded

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

_AT_ONCE = 8
_LIVE_FOR = timedelta(hours=52)
"""A call waits a day for its turn at most (error 22005), rings, and lasts a day at most."""


@dataclass(frozen=True, slots=True)
class LiveSchedule:
    """The ledger of one schedule, its live calls as they are now, which of these are not being recorded
    although they could be, the pause by command that keeps others from being placed, and how often it stopped
    by itself."""

    head: Head
    entries: Mapping[Key, LedgerEntry]
    unrecorded: frozenset[Key] = frozenset()
    pause: Pause | None = None
    halts: tuple[Halt, ...] = ()


@dataclass(frozen=True, slots=True)
class LiveCalls:
    """Schedules by the names of their ledgers, do-not-call lists, the pause of everything, and what is known
    of calls to the people who are declared."""

    schedules: Mapping[str, LiveSchedule] = field(default_factory=dict)
    lists: Mapping[FileSpec, ReadList] = field(default_factory=dict)
    pause: Pause | None = None
    contacts: Known = field(default_factory=dict)

    def of(self, name: str) -> LiveSchedule:
        """One schedule's; an empty one when it never was applied."""
        return self.schedules.get(name) or LiveSchedule(Head(), {}, pause=self.pause)

    def lists_of(self, spec: CallSpec, seen_at: datetime | None = None) -> ReadLists | None:
        """What the lists of a schedule say, if it has any; nobody can rely on one that was not read.
        `seen_at` as in ReadLists."""
        if not spec.lists:
            return None
        return ReadLists(tuple(self.lists.get(item) or ReadList(item) for item in spec.lists), seen_at)


def read_live(context: RefreshContext, places: Places) -> LiveCalls:
    """Read ledgers, and how the calls are that were placed lately; of schedules that record their calls, also
    which of these go on without being recorded. Read the do-not-call lists of those that are declared."""
    records = match_records(context.desired, context.recorded).records
    wanted = as_recorded(context.desired, context.recorded, records)
    declared = [CallSpec.of(address, attributes) for address, attributes in wanted.items()]
    ended = [CallSpec.ended(record.address, record.attributes) for record in context.recorded.values()]
    found = {}
    pauses = read_pauses(context.store)
    for spec in {spec.ledger: spec for spec in (*ended, *declared)}.values():
        reader = LedgerReader(context.store, spec.ledger)
        entries = reader.entries(days_before(context.now, lookback(spec)), spec.to)
        entries = {**entries, **_lately(context, entries)}
        unrecorded = _unrecorded(context.client, entries) if spec.record else frozenset()
        found[spec.ledger] = LiveSchedule(
            reader.head(), entries, unrecorded, pauses.get(ALL) or pauses.get(spec.ledger), reader.halts()
        )
    people = (to for spec in declared for to in spec.to)
    contacts = known_contacts(context.store, declared, people, context.now)
    return LiveCalls(found, read_lists(declared, places), pauses.get(ALL), contacts)


def read_lists(specs: Iterable[CallSpec], places: Places) -> dict[FileSpec, ReadList]:
    """The do-not-call lists of these schedules, each read once."""
    wanted = dict.fromkeys(item for spec in specs for item in spec.lists)
    return {item: read_list(item, places) for item in wanted}


def as_recorded(
    desired: Mapping[Address, Desired],
    recorded: Mapping[Address, Recorded],
    records: Mapping[Address, Recorded],
) -> dict[Address, dict[str, Any]]:
    """What is to be recorded of each declared schedule: what is declared, and the name of its ledger, which
    is that of no other. `records` are those of the declared ones (kinds/records.py)."""
    known = {ledger_of(item.address, item.attributes) for item in recorded.values()}
    declared = {str(address) for address in desired}
    found = {}
    for address, item in desired.items():
        if address in records:
            name = ledger_of(address, records[address].attributes)
        else:
            name = ledger_of(address, None, known | (declared - {str(address)}))
        found[address] = {**item.attributes, "ledger": name}
    return found


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


def _lately(context: RefreshContext, entries: Mapping[Key, LedgerEntry]) -> dict[Key, LedgerEntry]:
    recent = {
        key: entry
        for key, entry in entries.items()
        if entry.live and context.now - (entry.reserved_at or entry.at) < _LIVE_FOR
    }
    with context.client.runtime.pool(_AT_ONCE) as pool:
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

"""The ledgers of scheduled calls, read as one list."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from voiceform.dispatch.service import call_records
from voiceform.kinds.call.dialling.donotcall import DoNotCallError
from voiceform.kinds.call.dialling.due import due_keys, lookback
from voiceform.kinds.call.dialling.list_files import list_of
from voiceform.kinds.call.dialling.verdicts import Verdict
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.pauses import ALL, Pause, read_pauses
from voiceform.kinds.call.ledger.recovery import in_doubt
from voiceform.kinds.call.ledger.store import LedgerReader, days_before, ledger_names
from voiceform.kinds.call.limits.book import ContactReader
from voiceform.kinds.call.limits.in_force import limits_in_force
from voiceform.kinds.call.live import ledger_of
from voiceform.kinds.call.rules.faults import RuleError
from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.call.timing.faults import ScheduleError
from voiceform.model.address import Address
from voiceform.model.errors import UsageError
from voiceform.model.store import DocumentReader
from voiceform.stack.parts import Parts

_OPEN = (Verdict.PLACE, Verdict.WAIT, Verdict.HOLD, Verdict.BLOCK)
PLANNED, DUE = "planned", "due"
STATUSES = (PLANNED, DUE, *map(str, CallStatus))
"""What is said of a call."""


@dataclass(frozen=True, slots=True)
class ListedCall:
    """What became of one occurrence, number and attempt. `entry` is that of the ledger; None of one that is
    planned, or `due`: dispatch would place it now, were it not for `pause` or for `obstacle` (calling hours
    that are waited for, a list that cannot be relied on)."""

    address: str
    key: Key
    entry: LedgerEntry | None
    pause: Pause | None = None
    due: bool = False
    obstacle: str | None = None

    @property
    def status(self) -> str:
        """One of STATUSES."""
        if self.entry is not None:
            return str(self.entry.status)
        return DUE if self.due else PLANNED


@dataclass(frozen=True, slots=True)
class ListedCalls:
    """The calls, by occurrence; of `unknown` of them nobody knows whether they took place.

    `troubles` are sentences on whom nobody would call now, and why; `declared` are all who are to be called
    by the schedules that are recorded.
    """

    calls: tuple[ListedCall, ...]
    troubles: tuple[str, ...]
    declared: frozenset[str]
    unknown: int


def listed(
    parts: Parts, addresses: Iterable[str], statuses: Collection[str], since: datetime | None
) -> ListedCalls:
    """The calls of these schedules (all when none is named), of these statuses, since then."""
    wanted = {str(Address.parse(text)) for text in addresses}
    with parts.recorded_state() as store:
        records = parts.resources(store).values()
        now = parts.clock.now()
        every = [*listed_in(store, now), *_due_in(parts, store, now)]
        _check_addresses(wanted, store, every)
        chosen = [
            found
            for found in every
            if (not wanted or found.address in wanted)
            and (not statuses or found.status in statuses)
            and (since is None or found.key.occurrence >= since)
        ]
        chosen.sort(key=lambda found: (found.key.occurrence, found.address, found.key))
        troubles = tuple(_troubles(parts, store, chosen))
    declared = frozenset(
        to for record in records if record.address.kind == "call" for to in record.attributes.get("to", ())
    )
    unknown = sum(found.entry is not None and in_doubt(found.entry, now) for found in chosen)
    return ListedCalls(tuple(chosen), troubles, declared, unknown)


def listed_in(reader: DocumentReader, now: datetime) -> Iterator[ListedCall]:
    """Every key of every ledger, and the next occurrence of each schedule."""
    records = call_records(reader)
    owners = {ledger_of(record.address, record.attributes): str(record.address) for record in records}
    entries: set[tuple[str, Key]] = set()
    for name in ledger_names(reader):
        for key, entry in LedgerReader(reader, name).entries().items():
            entries.add((name, key))
            yield ListedCall(owners.get(name, name), key, entry)
    for spec, pause in _schedules(reader):
        for occurrence in spec.schedule.following(now, 1):
            for to in spec.called_at(occurrence.instant):
                key = Key(occurrence.instant, to)
                if (spec.ledger, key) not in entries:
                    yield ListedCall(str(spec.address), key, None, pause)


def _due_in(parts: Parts, reader: DocumentReader, now: datetime) -> Iterator[ListedCall]:
    """What is due and not in the ledger yet: of nobody who is late, or may not be called."""
    counted = ContactReader(reader)
    for spec, pause in _schedules(reader):
        ledger = LedgerReader(reader, spec.ledger)
        entries, head = ledger.entries(days_before(now, lookback(spec)), spec.to), ledger.head()
        if head.closed:
            continue
        for item in due_keys(spec, entries, head, now, list_of(spec, parts.places), counted, ledger.halts()):
            if item.verdict in _OPEN and item.key not in entries:
                yield ListedCall(str(spec.address), item.key, None, pause, True, item.reason)


def _schedules(reader: DocumentReader) -> Iterator[tuple[CallSpec, Pause | None]]:
    """The schedules that were applied, and why nobody is called by them; without those that cannot be read
    here, of which `_troubles` tells."""
    pauses = read_pauses(reader)
    for record in call_records(reader):
        try:
            spec = CallSpec.of(record.address, record.attributes)
        except ScheduleError:
            continue
        limits = limits_in_force(reader, spec.purpose, spec.limits)
        spec = replace(spec, limits=limits)
        yield spec, (pauses.get(ALL) or pauses.get(spec.ledger)) if spec.enabled else Pause()


def _check_addresses(wanted: Collection[str], reader: DocumentReader, rows: Iterable[ListedCall]) -> None:
    """UsageError for an address that has no schedule and no ledger: no calls would look like none placed."""
    known = {str(record.address) for record in call_records(reader)} | {row.address for row in rows}
    for address in sorted(set(wanted) - known):
        near = difflib.get_close_matches(address, sorted(known), n=3)
        raise UsageError(
            f"{address} is no recorded schedule, and no call of it is known",
            hint=f"did you mean {' or '.join(near)}?"
            if near
            else "`voiceform state list` shows what is recorded",
        )


def _troubles(parts: Parts, reader: DocumentReader, rows: Iterable[ListedCall]) -> Iterator[str]:
    """Of whom nobody would be called now: schedules that cannot be read here, and do-not-call lists and rules
    that cannot be relied on."""
    planned = Counter(row.address for row in rows if row.entry is None)
    for record in call_records(reader):
        address = str(record.address)
        try:
            spec = CallSpec.of(record.address, record.attributes)
            lists = list_of(spec, parts.places)
            if lists is not None and planned[address]:
                lists.require(parts.clock.now())
            if planned[address]:
                spec.rules.require(parts.clock.now())
        except ScheduleError as error:
            yield f"{address}: nobody is called: {error.what}"
        except RuleError as error:
            yield f"{address}: nobody is called whom the rule is about: {error.what}"
        except DoNotCallError as error:
            yield f"{address}: {planned[address]} not called: {error.what}"

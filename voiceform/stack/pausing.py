"""Pausing schedules by command, at once and under no lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import TYPE_CHECKING

from voiceform.dispatch.service import call_records
from voiceform.kinds.call.ledger import pauses
from voiceform.kinds.call.ledger.pauses import ALL, Pause
from voiceform.kinds.call.live import ledger_of
from voiceform.model.address import Address
from voiceform.model.errors import StateError, UsageError
from voiceform.stack.parts import Parts
from voiceform.state.meta import read_meta

if TYPE_CHECKING:
    from voiceform.model.resource import Desired, Recorded
    from voiceform.model.store import DocumentReader
    from voiceform.state.backend import Backend

_LONGEST_REASON = 500


def paused(parts: Parts, address: str | None, reason: str | None) -> Pause | None:
    """Pause one schedule, or all of them; the pause that stood before."""
    why = " ".join((reason or "").split())
    if len(why) > _LONGEST_REASON:
        raise UsageError(f"the reason has {len(why)} characters", hint=f"{_LONGEST_REASON} are enough")
    with _state(parts) as store:
        name = _ledger(store, address)
        return pauses.pause(store, name, reason=why or None, who=parts.who, now=parts.clock.now())


def resumed(parts: Parts, address: str | None) -> tuple[Pause | None, Pause | None]:
    """End that pause: what was ended, and what stands still."""
    with _state(parts) as store:
        name = _ledger(store, address)
        ended = pauses.resume(store, name, who=parts.who, now=parts.clock.now())
        if address is not None:
            record = recorded_schedule(store, address)
            off = Pause() if not record.attributes["enabled"] else None
            return ended, off or pauses.pause_of(store, name)
        left = pauses.read_pauses(store)
        return ended, next(iter(left.values()), None)


def pauses_of(parts: Parts, declared: Iterable[Desired]) -> dict[Address, Pause]:
    """Why the calls of declared schedules would not be placed, of those of which that is so."""
    with parts.opened_store() as store:
        standing = pauses.read_pauses(store)
        records = {record.address: record for record in call_records(store)} if standing else {}
    found: dict[Address, Pause] = {}
    for item in declared:
        record = records.get(item.address)
        ledger = ledger_of(item.address, record.attributes if record is not None else None)
        pause = Pause() if not item.attributes["enabled"] else standing.get(ALL) or standing.get(ledger)
        if pause is not None:
            found[item.address] = pause
    return found


def recorded_schedule(reader: DocumentReader, address: str) -> Recorded:
    """The schedule that is applied under an address; UsageError when there is none."""
    wanted = str(Address.parse(address))
    records = {str(record.address): record for record in call_records(reader)}
    if wanted not in records:
        near = get_close_matches(wanted, records, n=3)
        raise UsageError(
            f"{wanted} is no schedule that was applied",
            hint=f"did you mean {' or '.join(near)}?"
            if near
            else "`voiceform state list` shows what is recorded",
        )
    return records[wanted]


def _ledger(reader: DocumentReader, address: str | None) -> str:
    if address is None:
        return ALL
    record = recorded_schedule(reader, address)
    return ledger_of(record.address, record.attributes)


@contextmanager
def _state(parts: Parts) -> Iterator[Backend]:
    """A state that is there: a pause at a mistyped place would be a false comfort."""
    with parts.opened_store() as store:
        if read_meta(store) is None:
            raise StateError(
                f"there is no state in {store.label} yet, so no dispatch would hear of it",
                hint="correct --state, or apply first",
            )
        yield store

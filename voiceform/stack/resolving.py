"""A person says what became of a request whose outcome nobody can find out."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from voiceform.dispatch.service import call_records
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.recovery import is_over, with_call
from voiceform.kinds.call.ledger.store import Ledger
from voiceform.kinds.call.live import ledger_of
from voiceform.kinds.conference import resolving
from voiceform.kinds.conference.memory import Notebook
from voiceform.model.address import Address
from voiceform.model.errors import UsageError
from voiceform.model.instants import instant_to_text
from voiceform.model.numbers import are_one_person
from voiceform.stack.calls import listed_in
from voiceform.stack.parts import Parts
from voiceform.state.resources import load_resources
from voiceform.twilio.sids import normal_sid

if TYPE_CHECKING:
    from voiceform.model.store import DocumentReader, DocumentStore
    from voiceform.twilio.resources import Call


def resolve_participant(parts: Parts, address: Address, key: str, sid: str | None) -> None:
    """Remember what became of the attempt to phone a participant; UsageError when it cannot be so."""
    with parts.recorded_state() as store:
        call = None if sid is None else _fetch(parts, sid)
        with parts.locked(store, "calls resolve") as lease:
            record = load_resources(store).recorded.get(address)
            parts.listener.known([] if record is None else [record])
            participants = {} if record is None else record.attributes.get("participants", {})
            number = participants.get(key, {}).get("to")
            resolving.resolve_participant(
                Notebook(lease.store, address), address, key, number, call, parts.clock.now()
            )


def resolve_call(
    parts: Parts,
    address: Address,
    moment: datetime,
    sid: str | None,
    *,
    to: str | None,
    attempt: int | None,
) -> Key:
    """Write into the ledger what became of the one call that these words choose, and return its key.

    UsageError when they choose none or several, or when it cannot be so.
    """
    with parts.recorded_state() as store:
        ledger, key, entry = _one_unknown(store, str(address), moment, to, attempt)
        if sid is not None:
            _adopt(parts, store, ledger, key, entry, sid)
        else:
            _write_off(parts, ledger, key, entry)
        return key


def _fetch(parts: Parts, sid: str) -> Call:
    with parts.reader(parts.account_for(None)) as client:
        return client.fetch_call(normal_sid(sid, "CA") or sid)


def _one_unknown(
    store: DocumentStore,
    address: str,
    moment: datetime,
    to: str | None,
    attempt: int | None,
) -> tuple[Ledger, Key, LedgerEntry]:
    record = next((item for item in call_records(store) if str(item.address) == address), None)
    ledger = Ledger(
        store, ledger_of(Address.parse(address), record.attributes if record is not None else None)
    )
    every = ledger.entries(moment.date())
    exact = any(key.occurrence == moment for key in every)  # else it may be a time that was shown in minutes
    found = [
        (key, entry)
        for key, entry in every.items()
        if (key.occurrence if exact else key.occurrence.replace(second=0, microsecond=0)) == moment
        and entry.status in (CallStatus.UNKNOWN, CallStatus.RESERVED)
        and (to is None or _is_meant(to, key.to))
        and attempt in (None, key.attempt)
    ]
    if len(found) == 1:
        return ledger, *found[0]
    where = f"{address} at {instant_to_text(moment)}"
    if not found:
        raise UsageError(
            f"no call of {where} is in doubt", hint="`voiceform calls list --status unknown` shows them"
        )
    raise UsageError(f"{len(found)} calls of {where} are in doubt", hint="choose one with --to and --attempt")


def _is_meant(text: str, number: str) -> bool:
    """Whether `text` is the number in any spelling, or its last digits."""
    digits = re.sub(r"[\s().+/-]", "", text)
    return are_one_person(text, number) or (bool(digits) and number.endswith(digits))


def _adopt(
    parts: Parts, store: DocumentReader, ledger: Ledger, key: Key, entry: LedgerEntry, sid: str
) -> None:
    """The call must exist, fit the key, and belong to no other key."""
    call = _fetch(parts, sid)
    sid = call.sid  # as the API writes it, however the person did
    for row in listed_in(store, parts.clock.now()):
        if row.entry is not None and row.entry.sid == sid:
            raise UsageError(
                f"{sid} is the call of {row.address} at {instant_to_text(row.key.occurrence)} already"
            )
    same_caller = entry.from_ is None or are_one_person(call.from_, entry.from_)
    if not same_caller or not are_one_person(call.to, key.to):
        raise UsageError(
            f"{sid} is a call between other numbers",
            hint="compare it with `voiceform calls list --show-numbers`",
        )
    now = parts.clock.now()
    reason = f"resolved by {parts.who}"
    placed = replace(entry, status=CallStatus.PLACED, at=now, sid=sid, reason=reason)
    _store(ledger, key, entry, with_call(placed, call, now))


def _write_off(parts: Parts, ledger: Ledger, key: Key, entry: LedgerEntry) -> None:
    now = parts.clock.now()
    if not is_over(entry, now):
        raise UsageError(
            "the request may still be under way", hint="wait some minutes, or run `voiceform dispatch --once`"
        )
    reason = f"resolved by {parts.who}: not placed"
    _store(ledger, key, entry, replace(entry, status=CallStatus.FAILED, at=now, reason=reason, ended_at=None))


def _store(ledger: Ledger, key: Key, before: LedgerEntry, after: LedgerEntry) -> None:
    _, changed = ledger.change(key, lambda entry: after if entry == before else None)
    if not changed:
        raise UsageError("the call was settled meanwhile", hint="see `voiceform calls list`")

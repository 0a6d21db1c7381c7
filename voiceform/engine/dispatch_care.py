"""Looking after what was placed: settle doubts, and learn how calls have ended."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from voiceform.kinds.call.entries import CallStatus, Entry, Key
from voiceform.kinds.call.ledger import Ledger, days_before, ledger_names
from voiceform.kinds.call.refreshing import refresh
from voiceform.kinds.call.settling import Doubt, doubts, flights, settle
from voiceform.model.errors import DamagedLedgerError, VoiceformError
from voiceform.model.store import DocumentStore
from voiceform.twilio.errors import TwilioError

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

LOOKBACK = timedelta(days=7)
_AT_ONCE = 8
_SETTLES_WITHIN = timedelta(minutes=15)
_LIVE_FOR = timedelta(hours=52)


@dataclass(slots=True)
class Care:
    """What was found: outcomes that are unknown, those in doubt that may be settled before long, calls that
    go on, and whether any entry changed."""

    unknown: int = 0
    in_doubt: int = 0
    live: int = 0
    changed: bool = False
    problems: dict[str, int] = field(default_factory=dict)


def look_after(store: DocumentStore, client: Client, now: datetime) -> Care:
    """Do this for every ledger, also of schedules that were removed. Trouble with the API is counted, not
    raised: what is due has to be placed all the same."""
    care = Care()
    ledgers = [Ledger(store, name) for name in ledger_names(store)]
    known = {ledger.name: _entries(ledger, now, care) for ledger in ledgers}
    found = [doubt for ledger in ledgers for doubt in doubts(ledger, known[ledger.name], now)]
    if (
        found and not care.problems
    ):  # a call that only an unreadable ledger knows must not be taken for another
        _settle(found, client, now, known, care)
    for ledger in ledgers:
        _refresh(ledger, client, known[ledger.name], now, care)
        _count(known[ledger.name], now, care)
    return care


def _entries(ledger: Ledger, now: datetime, care: Care) -> dict[Key, Entry]:
    """What is known of late; of a ledger that cannot be read nothing, which is told."""
    try:
        return ledger.entries(days_before(now, LOOKBACK))
    except DamagedLedgerError as error:
        _problem(care, error)
        return {}


def _settle(
    found: list[Doubt], client: Client, now: datetime, known: dict[str, dict[Key, Entry]], care: Care
) -> None:
    sids = {entry.sid for entries in known.values() for entry in entries.values() if entry.sid is not None}
    try:
        under_way = {pair for entries in known.values() for pair in flights(entries, now)}
        for doubt, entry in settle(found, client, now, sids, under_way):
            care.changed = care.changed or entry != doubt.entry
            known[doubt.ledger.name][doubt.key] = entry
    except TwilioError as error:
        _problem(care, error)


def _refresh(ledger: Ledger, client: Client, entries: dict[Key, Entry], now: datetime, care: Care) -> None:
    recent = {
        key: entry
        for key, entry in entries.items()
        if entry.live and now - (entry.reserved_at or entry.at) < _LIVE_FOR
    }
    try:
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            changed = refresh(ledger, client, recent, now, pool.map)
    except TwilioError as error:
        _problem(care, error)
        return
    entries.update(changed)
    care.changed = care.changed or bool(changed)


def _count(entries: dict[Key, Entry], now: datetime, care: Care) -> None:
    for entry in entries.values():
        unknown = entry.status is CallStatus.UNKNOWN
        care.unknown += unknown
        care.in_doubt += entry.status is CallStatus.RESERVED or (unknown and now - entry.at < _SETTLES_WITHIN)
        care.live += entry.live


def _problem(care: Care, error: VoiceformError) -> None:
    text = error.what
    care.problems[text] = care.problems.get(text, 0) + 1

"""Looking after what was placed: settle doubts, and learn how calls have ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from voiceform.kinds.call.dialling.in_progress import refresh
from voiceform.kinds.call.dialling.losses import tell_of_losses
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.recovery import Doubt, decided_at, doubts, flights, settle
from voiceform.kinds.call.ledger.store import Ledger, days_before, ledger_names
from voiceform.kinds.lost import LostAnswers
from voiceform.model.errors import DamagedDocumentsError, VoiceformError
from voiceform.model.store import DocumentStore
from voiceform.twilio.errors import TwilioError

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

LOOKBACK = timedelta(days=7)
_AT_ONCE = 8
_SETTLES_WITHIN = timedelta(minutes=15)
_LIVE_FOR = timedelta(hours=52)


@dataclass(slots=True)
class Reconciled:
    """What was found: outcomes that are unknown, whether any may be settled before long, calls that go on,
    whether any entry changed, and of how many calls was learnt how they ended, by ledger and outcome.

    `reserved` are calls that another process had reserved and said no more of: from when on each of them can
    be looked for.
    """

    unknown: int = 0
    in_doubt: bool = False
    reserved: list[datetime] = field(default_factory=list)
    live: int = 0
    changed: bool = False
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    problems: dict[str, int] = field(default_factory=dict)


def reconcile(
    store: DocumentStore,
    client: Client,
    now: datetime,
    *,
    began: datetime | None = None,
    lost: LostAnswers | None = None,
) -> Reconciled:
    """Settle what is in doubt and ask how calls are, for every ledger, also of schedules that were removed.

    What was reserved from `began` on is under way in this process; `lost` hears of the answers of all.
    Trouble with the API is counted, not raised: what is due has to be placed all the same.
    """
    seen = Reconciled()
    ledgers = [Ledger(store, name) for name in ledger_names(store)]
    known = {ledger.name: _entries(ledger, now, seen) for ledger in ledgers}
    found = [doubt for ledger in ledgers for doubt in doubts(ledger, known[ledger.name], now)]
    # A call that only an unreadable ledger knows must not be taken for another.
    if found and not seen.problems:
        _settle(found, client, now, known, seen)
    for ledger in ledgers:
        _refresh(ledger, client, known[ledger.name], now, seen)
        _count(known[ledger.name], now, seen, began)
        if lost is not None:
            tell_of_losses(lost, ledger.name, known[ledger.name])
    return seen


def _entries(ledger: Ledger, now: datetime, seen: Reconciled) -> dict[Key, LedgerEntry]:
    """What is known of late; of a ledger that cannot be read nothing, which is told."""
    try:
        return ledger.entries(days_before(now, LOOKBACK))
    except DamagedDocumentsError as error:
        _problem(seen, error)
        return {}


def _settle(
    found: list[Doubt],
    client: Client,
    now: datetime,
    known: dict[str, dict[Key, LedgerEntry]],
    seen: Reconciled,
) -> None:
    sids = {entry.sid for entries in known.values() for entry in entries.values() if entry.sid is not None}
    try:
        under_way = {pair for entries in known.values() for pair in flights(entries, now)}
        for doubt, entry in settle(found, client, now, sids, under_way):
            seen.changed = seen.changed or entry != doubt.entry
            known[doubt.ledger.name][doubt.key] = entry
            seen.ended.update([(doubt.ledger.name, str(entry.status))] if entry.ended_at else [])
    except TwilioError as error:
        _problem(seen, error)


def _refresh(
    ledger: Ledger, client: Client, entries: dict[Key, LedgerEntry], now: datetime, seen: Reconciled
) -> None:
    recent = {
        key: entry
        for key, entry in entries.items()
        if entry.live and now - (entry.reserved_at or entry.at) < _LIVE_FOR
    }
    try:
        with client.runtime.pool(_AT_ONCE) as pool:
            ended: Counter[str] = Counter()
            changed = refresh(ledger, client, recent, now, pool.map, ended)
    except TwilioError as error:
        _problem(seen, error)
        return
    entries.update(changed)
    seen.ended.update({(ledger.name, status): count for status, count in ended.items()})
    seen.changed = seen.changed or bool(changed)


def _count(entries: dict[Key, LedgerEntry], now: datetime, seen: Reconciled, began: datetime | None) -> None:
    for entry in entries.values():
        unknown = entry.status is CallStatus.UNKNOWN
        reserved = entry.status is CallStatus.RESERVED
        seen.unknown += unknown
        seen.in_doubt = seen.in_doubt or reserved or (unknown and now - entry.at < _SETTLES_WITHIN)
        if reserved and (began is None or (entry.reserved_at or entry.at) < began):
            seen.reserved.append(decided_at(entry))
        seen.live += entry.live


def _problem(seen: Reconciled, error: VoiceformError) -> None:
    text = error.what
    seen.problems[text] = seen.problems.get(text, 0) + 1

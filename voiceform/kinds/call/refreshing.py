"""Reading how placed calls are, and acting on those that are still going on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from voiceform.kinds.call.entries import GONE, CallStatus, Entry, Key
from voiceform.kinds.call.ledger import Ledger, Step
from voiceform.kinds.call.settling import with_call
from voiceform.twilio.errors import NotFoundError

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

RunAll = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


def seen_now(
    client: Client, entries: Mapping[Key, Entry], now: datetime, run_all: RunAll
) -> dict[Key, Entry]:
    """What live entries have become, by asking for each call; entries that are over are left out."""

    def look(item: tuple[Key, Entry]) -> tuple[Key, Entry]:
        key, entry = item
        try:
            return key, with_call(entry, client.fetch_call(entry.sid or ""), now)
        except NotFoundError:
            return key, replace(entry, at=now, call=GONE, reason="its record was deleted from the account")

    live = [(key, entry) for key, entry in entries.items() if entry.live]
    return dict(run_all(look, live))


def refresh(
    ledger: Ledger, client: Client, entries: Mapping[Key, Entry], now: datetime, run_all: RunAll
) -> dict[Key, Entry]:
    """Ask for every live call and store what is new; the entries that changed."""
    seen = seen_now(client, entries, now, run_all)
    moved = {key: entry for key, entry in seen.items() if entry != entries[key]}
    steps: dict[Key, Step] = {key: _learn(entry) for key, entry in moved.items()}
    return {key: entry for key, (entry, _) in ledger.change_all(steps).items() if entry is not None}


def _learn(seen: Entry) -> Step:
    def step(entry: Entry | None) -> Entry | None:
        same = entry is not None and entry.sid == seen.sid and entry.status is CallStatus.PLACED
        return seen if same else None

    return step

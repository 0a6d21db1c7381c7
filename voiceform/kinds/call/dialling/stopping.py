"""Before anybody is called of a schedule with waves: learn how the last calls ended, and stop it if they went
wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from voiceform.kinds.call.dialling.due import unfolded
from voiceform.kinds.call.dialling.in_progress import RunAll, refresh
from voiceform.kinds.call.ledger.entries import Key, LedgerEntry
from voiceform.kinds.call.ledger.pauses import Halt
from voiceform.kinds.call.ledger.store import Head, Ledger
from voiceform.kinds.call.spec import CallSpec

if TYPE_CHECKING:
    from voiceform.twilio.client import Client


def learnt(
    spec: CallSpec,
    ledger: Ledger,
    client: Client,
    entries: Mapping[Key, LedgerEntry],
    head: Head,
    now: datetime,
    run_all: RunAll,
    ended: Counter[str] | None = None,
) -> dict[Key, LedgerEntry]:
    """`entries`, where a next wave is about to begin with how the calls before it are at this moment;
    `ended` as in `refresh`.

    Raises TwilioError when that cannot be asked; then nobody may be called.
    """
    waiting = unfolded(spec, entries, head, now, ledger.halts())
    asked = {key: entries[key] for occurrence in waiting for key in occurrence.learn}
    return {**entries, **(refresh(ledger, client, asked, now, run_all, ended) if asked else {})}


def stopped_if_wrong(
    spec: CallSpec, ledger: Ledger, entries: Mapping[Key, LedgerEntry], head: Head, now: datetime
) -> tuple[Halt, ...]:
    """Pause the schedule if a stop rule says so; its halts, that one included."""
    halts = ledger.halts()
    wrong = [found.stop for found in unfolded(spec, entries, head, now, halts) if found.stop is not None]
    if not wrong:
        return halts
    ledger.stop(wrong[0], seen=len(halts), now=now)
    return ledger.halts()

"""What is told of one call while calls are placed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voiceform.kinds.call.ledger.entries import Key, LedgerEntry
    from voiceform.model.address import Address


def call_line(address: Address, key: Key, entry: LedgerEntry | None) -> str | None:
    """How a call stands as a dispatcher has dealt with it, its number in clear; None where nothing is to be
    told."""
    if entry is None:
        return None
    reason = f": {entry.reason}" if entry.reason else ""
    sid = f" {entry.sid}" if entry.sid else ""
    when = f"{key.occurrence:%Y-%m-%d %H:%M:%S} UTC"
    return f"{address} {when} {key.to} #{key.attempt} {entry.status}{sid}{reason}"

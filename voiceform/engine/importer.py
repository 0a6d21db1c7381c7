"""Adopt a live object into recorded state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from voiceform.kinds.kind import Kind
from voiceform.model.address import Address
from voiceform.model.configuration import Configuration
from voiceform.model.errors import UsageError
from voiceform.model.store import DocumentStore
from voiceform.state.meta import record_home
from voiceform.state.resources import load_resources

if TYPE_CHECKING:
    from voiceform.twilio.client import Client


def import_object(
    address: Address,
    sid: str,
    configuration: Configuration,
    kinds: Sequence[Kind[Any]],
    reader: Client,
    store: DocumentStore,
) -> None:
    """Record the live object `sid` under `address`.

    Refused (UsageError) when the address is not declared, since the next plan would delete the object; when
    the address stands for something else already; and when the SID is recorded under another address.
    """
    kind = next((kind for kind in kinds if kind.name == address.kind), None)
    if kind is None:
        known = ", ".join(kind.name for kind in kinds)
        raise UsageError(f"{address}: there is no kind {address.kind!r}", hint=f"kinds: {known}")
    if address not in configuration.desired:
        raise UsageError(
            f"{address} is not declared, so the next plan would delete {sid}",
            hint=f"add {address.name} to `{kind.section}:` first; `voiceform export` writes it for you",
        )
    resources = load_resources(store)
    present = resources.recorded.get(address)
    if present is not None:
        raise UsageError(f"{address} already stands for {present.sid}", hint=f"voiceform state rm {address}")
    other = next((found for found, record in resources.recorded.items() if record.sid == sid), None)
    if other is not None:
        raise UsageError(
            f"{sid} is already recorded as {other}", hint=f"voiceform state mv {other} {address}"
        )
    record = kind.adopt(address, sid, reader)
    store.write([resources.write(record)])
    record_home(store, reader.account_sid, reader.transport.origin)

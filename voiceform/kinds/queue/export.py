"""Live queues as configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from voiceform.kinds.base import unreadable_entries
from voiceform.kinds.keys import free_key
from voiceform.kinds.queue.live import LiveQueues
from voiceform.model.address import Address
from voiceform.model.exported import Entry, Export, is_default, sourced
from voiceform.model.resource import Attributes, Live, Recorded


def export(live: LiveQueues, recorded: Mapping[Address, Recorded]) -> Export:
    """Every live queue under its recorded key, or under one made of its name; sorted by key. What is
    recorded as protected stays so, and what is recorded and gone is told."""
    entries = sorted(_entries(live, recorded), key=lambda entry: entry.address)
    unread = live.unreadable
    return Export(
        tuple(entries), (unreadable_entries("queue", unread, "queues").name,) if unread.count else ()
    )


def _entries(live: LiveQueues, recorded: Mapping[Address, Recorded]) -> Iterator[Entry]:
    records = {record.sid: record for record in recorded.values()}
    taken = {address.name for address in recorded}
    for queue in sorted(live.by_sid.values(), key=lambda item: (item.name, item.sid)):
        record = records.get(queue.sid)
        if record is not None:
            yield _recorded(queue, record)
            continue
        key = free_key(queue.name, taken, "queue")
        taken.add(key)
        value = _block(key, queue.attributes)
        yield Entry(Address("queue", key), value, key, sid=queue.sid, label=queue.name)
    for address, record in recorded.items():
        if record.sid not in live.by_sid:
            yield Entry(address, None, sid=record.sid, remark="recorded, and gone from the account")


def _recorded(queue: Live, record: Recorded) -> Entry:
    key = record.address.name
    same = queue.attributes == record.attributes
    declared = _block(key, sourced(record.attributes, record.hidden), protect=record.protect)
    return Entry(
        record.address,
        declared if same else _block(key, queue.attributes, protect=record.protect),
        key,
        sid=queue.sid,
        label=queue.name,
        otherwise=None if same else declared,
        is_recorded=True,
    )


def _block(key: str, attributes: Attributes, *, protect: bool = False) -> dict[str, Any]:
    block: dict[str, Any] = dict(attributes)
    if protect:
        block["protect"] = True
    if is_default(block["friendly_name"], key):
        del block["friendly_name"]
    return block

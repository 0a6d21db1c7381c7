"""Live queues as configuration."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from voiceform.kinds.queue.live import LiveQueues
from voiceform.model.address import Address
from voiceform.model.resource import Live, Recorded

_NOT_IN_KEYS = re.compile(r"[^a-z0-9]+")
_LONGEST_KEY = 60


def export(live: LiveQueues, recorded: Mapping[Address, Recorded]) -> dict[str, Any]:
    """Every live queue under its recorded key, or under one made of its name; sorted by key. What is
    recorded as protected stays so."""
    keys = {record.sid: address.name for address, record in recorded.items()}
    protected = {record.sid for record in recorded.values() if record.protect}
    taken = set(keys.values())
    section: dict[str, Any] = {}
    for queue in sorted(live.by_sid.values(), key=lambda item: item.name):
        key = keys.get(queue.sid) or _free_key(queue.name, taken)
        taken.add(key)
        section[key] = _block(key, queue, protect=queue.sid in protected)
    return dict(sorted(section.items()))


def _block(key: str, queue: Live, *, protect: bool) -> dict[str, Any]:
    block: dict[str, Any] = {"max_size": queue.attributes["max_size"]}
    if protect:
        block["protect"] = True
    return block if queue.name == key else {"friendly_name": queue.name, **block}


def _free_key(name: str, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = _NOT_IN_KEYS.sub("-", plain).strip("-")[:_LONGEST_KEY] or "queue"
    key, number = stem, 2
    while key in taken:
        key, number = f"{stem}-{number}", number + 1
    return key

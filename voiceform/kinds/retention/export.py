"""Recorded rules and holds as they were declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from voiceform.kinds.retention.policy import CALL_RECORDS, HOLDS, RECORDINGS, split
from voiceform.model.address import Address
from voiceform.model.exported import Entry, Export, sourced
from voiceform.model.resource import Recorded

_NOT_RECORDED = "`evidence` and `prices` are not recorded: say them again where they were said"


def export(recorded: Mapping[Address, Recorded]) -> Export:
    """Every recorded rule in its order, then the holds by name."""
    entries = tuple(_entries(recorded))
    return Export(entries, (_NOT_RECORDED,) if entries else ())


def _entries(recorded: Mapping[Address, Recorded]) -> Iterator[Entry]:
    parts: dict[str, list[Recorded]] = {RECORDINGS: [], CALL_RECORDS: [], HOLDS: []}
    for address, record in sorted(recorded.items()):
        parts[split(address)[0]].append(record)
    for part in (RECORDINGS, CALL_RECORDS):
        for record in sorted(parts[part], key=lambda item: int(item.attributes["order"])):
            value = {"name": split(record.address)[1], **_block(record)}
            del value["order"]
            yield Entry(record.address, value, group=part, is_recorded=True)
    for record in parts[HOLDS]:
        name = split(record.address)[1]
        yield Entry(record.address, _block(record), name, HOLDS, is_recorded=True)


def _block(record: Recorded) -> dict[str, Any]:
    """What was declared; a rule without criteria matches everything."""
    block: dict[str, Any] = sourced(record.attributes, record.hidden)
    if not block["match"]:
        del block["match"]
    return block

"""Running rooms as configuration."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from voiceform.kinds.conference.settings import REGIONS
from voiceform.model.address import Address
from voiceform.model.resource import Attributes, Recorded
from voiceform.twilio.resources import Conference

_NOT_IN_KEYS = re.compile(r"[^a-z0-9]+")
_LONGEST_KEY = 60
_UNSET: tuple[Any, ...] = (None, {}, [], False)


def export(live: list[Conference], recorded: Mapping[Address, Recorded]) -> dict[str, Any]:
    """Every running room by name, with what the API shows of its settings: the region.

    Rooms that are recorded keep their keys and what was declared for them. Who is in a room is not
    configuration: declared, they would be phoned.
    """
    known = {record.attributes["friendly_name"]: record for record in recorded.values()}
    taken = {address.name for address in recorded}
    section: dict[str, Any] = {}
    for room in sorted(live, key=lambda item: (item.friendly_name, item.sid)):
        record = known.get(room.friendly_name)
        if record is not None:
            section[record.address.name] = _recorded_block(record)
        elif not any(room.friendly_name == _name(key, block) for key, block in section.items()):
            key = _free_key(room.friendly_name, taken)
            taken.add(key)
            section[key] = _block(key, room)
    return dict(sorted(section.items()))


def _name(key: str, block: Mapping[str, Any]) -> str:
    name: str = block.get("friendly_name", key)
    return name


def _block(key: str, room: Conference) -> dict[str, Any]:
    block: dict[str, Any] = {} if room.friendly_name == key else {"friendly_name": room.friendly_name}
    if room.region in REGIONS:
        block["settings"] = {"region": room.region}
    return block


def _recorded_block(record: Recorded) -> dict[str, Any]:
    """What was declared, without defaults and without what is derived."""
    attributes: Attributes = record.attributes
    block = {key: value for key, value in attributes.items() if key != "twiml" and value not in _UNSET}
    if block.get("status") == "open":
        del block["status"]
    if block["friendly_name"] == record.address.name:
        del block["friendly_name"]
    return block


def _free_key(name: str, taken: set[str]) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = _NOT_IN_KEYS.sub("-", plain).strip("-")[:_LONGEST_KEY] or "conference"
    key, number = stem, 2
    while key in taken:
        key, number = f"{stem}-{number}", number + 1
    return key

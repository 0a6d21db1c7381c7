"""Rooms that run already: taken over, and as configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from voiceform.kinds.conference.live import LIVE_STATUSES
from voiceform.kinds.conference.settings import REGIONS, render_conference
from voiceform.kinds.keys import free_key
from voiceform.model.address import Address
from voiceform.model.errors import UsageError
from voiceform.model.resource import Attributes, Recorded
from voiceform.twilio.resources import Conference

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

_UNSET: tuple[Any, ...] = (None, {}, [], False)


def adopt(address: Address, sid: str, client: Client) -> Recorded:
    """What to record for a live room: its name and its region, which is all that the API shows of settings.

    Raises UsageError for a room that is over, NotFoundError for a SID that is not a conference's.
    """
    room = client.fetch_conference(sid)
    if room.status not in LIVE_STATUSES:
        raise UsageError(
            f"{address}: the conference {sid} is {room.status or 'over'}",
            hint="only a live room can be taken over; settings need no import, apply records them",
        )
    settings = {"region": room.region} if room.region in REGIONS else {}
    return Recorded(
        address,
        room.sid,
        {
            "friendly_name": room.friendly_name,
            "settings": settings,
            "twiml": render_conference(room.friendly_name, settings),
            "participants": {},
            "status": "open",
            "start": False,
            "max_duration": None,
            "announce": None,
        },
    )


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
            key = free_key(room.friendly_name, taken, "conference")
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

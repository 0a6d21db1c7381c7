"""Recorded settings and live rooms as configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from voiceform.kinds.base import unreadable_entries
from voiceform.kinds.conference.live import LIVE_STATUSES
from voiceform.kinds.conference.settings import INHERITED, REGIONS, SETTINGS
from voiceform.kinds.keys import free_key
from voiceform.kinds.outgoing.declared import as_declared
from voiceform.model.address import Address
from voiceform.model.exported import Entry, Export, is_default, sourced
from voiceform.model.resource import Recorded
from voiceform.twilio.paging import Unreadable

if TYPE_CHECKING:
    from voiceform.twilio.client import Client
    from voiceform.twilio.resources import Conference

_DEFAULTS: Mapping[str, Any] = {
    "settings": {},
    "participants": {},
    "status": "open",
    "start": False,
    "max_duration": None,
    "announce": None,
}


def export(client: Client, recorded: Mapping[Address, Recorded]) -> Export:
    """Everything that is recorded as it was declared, and every other live room with what the API shows of
    its settings: the region. Who is in a room is not configuration: declared, they would be phoned."""
    unread = Unreadable()
    live = {
        room.sid: room
        for status in LIVE_STATUSES
        for room in client.list_conferences(status=status, unreadable=unread)
    }
    entries = sorted(_entries(live.values(), recorded), key=lambda entry: entry.address)
    return Export(
        tuple(entries),
        (unreadable_entries("conference", unread, "live conferences").name,) if unread.count else (),
    )


def _entries(live: Iterable[Conference], recorded: Mapping[Address, Recorded]) -> Iterator[Entry]:
    rooms = sorted(live, key=lambda room: (room.friendly_name, room.sid))
    running = {room.friendly_name: room.sid for room in reversed(rooms)}
    for address, record in recorded.items():
        name = record.attributes["friendly_name"]
        sid = running.get(name)
        yield Entry(address, _recorded(record), address.name, sid=sid, label=name, is_recorded=True)
    known = {record.attributes["friendly_name"] for record in recorded.values()}
    taken = {address.name for address in recorded}
    for room in rooms:
        if room.friendly_name not in known:
            key = free_key(room.friendly_name, taken, "conference")
            taken.add(key)
            address = Address("conference", key)
            yield Entry(address, _block(key, room), key, sid=room.sid, label=room.friendly_name)


def _block(key: str, room: Conference) -> dict[str, Any]:
    block: dict[str, Any] = {} if room.friendly_name == key else {"friendly_name": room.friendly_name}
    if room.region in REGIONS:
        block["settings"] = {"region": room.region}
    return block


def _recorded(record: Recorded) -> dict[str, Any]:
    """What was declared, without defaults and without what is derived."""
    attributes = {key: value for key, value in record.attributes.items() if key != "twiml"}
    block: dict[str, Any] = sourced(attributes, record.hidden)
    block["participants"] = {
        who: _participant(person, block["settings"]) for who, person in block["participants"].items()
    }
    defaults = {**_DEFAULTS, "friendly_name": record.address.name}
    return {
        key: value
        for key, value in block.items()
        if key not in defaults or not is_default(value, defaults[key])
    }


def _participant(person: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """One participant without what it has of the room's settings, or of nothing."""
    given = {name: settings.get(name, SETTINGS[name].default) for name in INHERITED}
    given["hold"] = False
    kept = as_declared(person)
    return {
        key: value for key, value in kept.items() if key not in given or not is_default(value, given[key])
    }

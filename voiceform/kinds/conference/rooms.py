"""Which rooms are open at this moment, and who is in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from voiceform.kinds.conference.live import LIVE_STATUSES, Room, read_people
from voiceform.model.address import Address
from voiceform.model.resource import Recorded
from voiceform.twilio.errors import NotFoundError
from voiceform.twilio.paging import Unreadable

if TYPE_CHECKING:
    from voiceform.twilio.client import Client
    from voiceform.twilio.resources import Conference

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class RoomNow:
    """A room at one moment; `address` is that of its conference in the recorded state, None for one that is
    not managed."""

    room: Room
    address: Address | None

    @property
    def since(self) -> datetime | None:
        """When it began."""
        return self.room.created


@dataclass(frozen=True, slots=True)
class RoomsNow:
    """The rooms of an account, the oldest first; `unreadable` of its entries cannot be read."""

    rooms: tuple[RoomNow, ...]
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class ListedRoom:
    """A room as the account lists it: who is in it nobody has asked yet. `address` as in RoomNow."""

    conference: Conference
    address: Address | None


def listed_rooms(client: Client, recorded: Mapping[Address, Recorded]) -> tuple[tuple[ListedRoom, ...], int]:
    """Every live room that the account lists, and how many of its entries cannot be read. TwilioError."""
    lost = Unreadable()
    listed: dict[str, Conference] = {}
    for status in LIVE_STATUSES:
        for conference in client.list_conferences(status=status, unreadable=lost):
            if conference.status in LIVE_STATUSES:  # the service ignores filters that it does not know
                listed[conference.sid] = conference
    owners = {record.attributes.get("friendly_name"): address for address, record in recorded.items()}
    rooms = tuple(ListedRoom(room, owners.get(room.friendly_name)) for room in listed.values())
    return rooms, lost.count


def rooms_meant(rooms: Sequence[ListedRoom], text: str) -> tuple[ListedRoom, ...]:
    """The rooms that a person means by an address, a key, a SID or a friendly name."""
    return tuple(
        room
        for room in rooms
        if text in (str(room.address), room.conference.sid, room.conference.friendly_name)
        or (room.address is not None and room.address.name == text)
    )


def with_people(client: Client, rooms: Sequence[ListedRoom]) -> tuple[RoomNow, ...]:
    """These rooms, without those that are over meanwhile, with who is in each or on the way to it.
    TwilioError."""
    with client.runtime.pool(_AT_ONCE) as pool:
        found = pool.map(lambda room: _people(client, room.conference), rooms)
        now = [RoomNow(room, one.address) for one, room in zip(rooms, found, strict=True) if room is not None]
    return tuple(sorted(now, key=_age))


def _people(client: Client, conference: Conference) -> Room | None:
    try:
        return read_people(client, conference)
    except NotFoundError:  # it was over meanwhile
        return None


def _age(now: RoomNow) -> tuple[bool, str, str]:
    began = now.room.created
    return (began is None, began.isoformat() if began is not None else "", now.room.sid)

"""Which rooms are open at this moment, and who is in them."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
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


def rooms_now(client: Client, recorded: Mapping[Address, Recorded]) -> RoomsNow:
    """Every live room that the account lists, with who is in it or on the way to it. TwilioError."""
    lost = Unreadable()
    listed: dict[str, Conference] = {}
    for status in LIVE_STATUSES:
        for conference in client.list_conferences(status=status, unreadable=lost):
            if conference.status in LIVE_STATUSES:  # the service ignores filters that it does not know
                listed[conference.sid] = conference
    owners = {record.attributes.get("friendly_name"): address for address, record in recorded.items()}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        rooms = [room for room in pool.map(lambda one: _people(client, one), listed.values()) if room]
    found = [RoomNow(room, owners.get(room.name)) for room in rooms]
    return RoomsNow(tuple(sorted(found, key=_age)), lost.count)


def named(rooms: RoomsNow, text: str) -> RoomsNow:
    """The rooms that a person means by an address, a key, a SID or a friendly name."""
    found = tuple(
        now
        for now in rooms.rooms
        if text in (str(now.address), now.room.sid, now.room.name)
        or (now.address is not None and now.address.name == text)
    )
    return RoomsNow(found, rooms.unreadable)


def _people(client: Client, conference: Conference) -> Room | None:
    try:
        return read_people(client, conference)
    except NotFoundError:  # it was over meanwhile
        return None


def _age(now: RoomNow) -> tuple[bool, str, str]:
    began = now.room.created
    return (began is None, began.isoformat() if began is not None else "", now.room.sid)

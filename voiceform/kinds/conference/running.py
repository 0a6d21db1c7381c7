"""Rooms that run already are taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voiceform.kinds.conference.live import LIVE_STATUSES
from voiceform.kinds.conference.settings import REGIONS, render_conference
from voiceform.model.address import Address
from voiceform.model.errors import UsageError
from voiceform.model.resource import Recorded

if TYPE_CHECKING:
    from voiceform.twilio.client import Client


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

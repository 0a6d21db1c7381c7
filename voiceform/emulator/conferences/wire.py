"""Conferences on the wire."""

from __future__ import annotations

from voiceform.emulator.profiles import Resource
from voiceform.emulator.store import Row
from voiceform.emulator.world import World


def render(world: World, account: str, room: Row) -> Resource:
    """The JSON object of a conference."""
    base = f"/2010-04-01/Accounts/{account}/Conferences/{room['sid']}"
    return world.profile.resource(
        "conferences",
        {
            "status": room["status"],
            "reason_conference_ended": room["reason"],
            "date_updated": world.profile.date(room["updated"]),
            "region": room["region"],
            "friendly_name": room["friendly_name"],
            "uri": f"{base}.json",
            "account_sid": account,
            "call_sid_ending_conference": room["ended_by"],
            "sid": room["sid"],
            "date_created": world.profile.date(room["created"]),
            "api_version": "2010-04-01",
            "subresource_uris": {
                "participants": f"{base}/Participants.json",
                "recordings": f"{base}/Recordings.json",
            },
        },
    )

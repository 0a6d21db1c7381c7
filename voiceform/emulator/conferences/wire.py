"""Conferences on the wire."""

from __future__ import annotations

from voiceform.emulator.profiles import Fields, Resource
from voiceform.emulator.store import Columns
from voiceform.emulator.world import World


class Conference(Resource, gc=False):
    """The JSON object of a conference."""

    status: str
    reason_conference_ended: str | None
    date_updated: str
    region: str
    friendly_name: str
    uri: str
    account_sid: str
    call_sid_ending_conference: str | None
    sid: str
    date_created: str
    api_version: str
    subresource_uris: dict[str, str]


def render(world: World, account: str, room: Columns) -> Resource | Fields:
    """A conference."""
    _, sid, _, created, updated, name, status, region, reason, ended_by, _, _ = room
    base = f"/2010-04-01/Accounts/{account}/Conferences/{sid}"
    return world.profile.resource(
        "conferences",
        Conference(
            status=status,
            reason_conference_ended=reason,
            date_updated=world.profile.date(updated),
            region=region,
            friendly_name=name,
            uri=f"{base}.json",
            account_sid=account,
            call_sid_ending_conference=ended_by,
            sid=sid,
            date_created=world.profile.date(created),
            api_version="2010-04-01",
            subresource_uris={
                "participants": f"{base}/Participants.json",
                "recordings": f"{base}/Recordings.json",
            },
        ),
    )

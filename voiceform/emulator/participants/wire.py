"""Participants on the wire."""

from __future__ import annotations

from voiceform.emulator.profiles import Resource
from voiceform.emulator.store import Row
from voiceform.emulator.world import World


def render(world: World, account: str, participant: Row, queue_time: int | None = None) -> Resource:
    """The JSON object of a participant; only the answer to its creation has a queue time (milliseconds)."""
    date = world.profile.date
    room, call = participant["conference_sid"], participant["call_sid"]
    return world.profile.resource(
        "participants",
        {
            "account_sid": account,
            "call_sid": call,
            "label": participant["label"],
            "call_sid_to_coach": participant["call_sid_to_coach"],
            "coaching": bool(participant["coaching"]),
            "conference_sid": room,
            "date_created": date(participant["created"]),
            "date_updated": date(participant["updated"]),
            "end_conference_on_exit": bool(participant["end_on_exit"]),
            "muted": bool(participant["muted"]),
            "hold": bool(participant["hold"]),
            "status": participant["status"],
            "start_conference_on_enter": bool(participant["start_on_enter"]),
            "queue_time": None if queue_time is None else str(queue_time),
            "uri": f"/2010-04-01/Accounts/{account}/Conferences/{room}/Participants/{call}.json",
        },
    )

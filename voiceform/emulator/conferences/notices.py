"""Status callbacks of conferences."""

from __future__ import annotations

import json

from voiceform.emulator.profiles import TwilioProfile
from voiceform.emulator.store import Row
from voiceform.emulator.world import World

_NAMES = {
    "start": "conference-start",
    "end": "conference-end",
    "join": "participant-join",
    "leave": "participant-leave",
    "mute": "participant-mute",
    "hold": "participant-hold",
}


def tell(world: World, room: Row, event: str, call_sid: str | None = None, reason: str | None = None) -> None:
    """Post an event of a room, if the first participant's settings asked for it."""
    options = json.loads(room["options"])
    url = options.get("callback")
    if not url or event not in (options.get("callback_events") or ["start", "end"]):
        return
    params = {
        "ConferenceSid": room["sid"],
        "FriendlyName": room["friendly_name"],
        "AccountSid": room["account"],
        "StatusCallbackEvent": _NAMES[event],
        "Timestamp": TwilioProfile().date(world.now),
    }
    if call_sid is not None:
        params["CallSid"] = call_sid
    if reason is not None:
        params["ReasonConferenceEnded"] = reason
    world.post(room["account"], options.get("callback_method", "POST"), url, params)

"""Status callbacks of calls."""

from __future__ import annotations

import json

from voiceform.emulator.profiles import TwilioProfile
from voiceform.emulator.store import Row
from voiceform.emulator.world import World

_STATUS = {"initiated": "initiated", "ringing": "ringing", "answered": "in-progress"}


def tell(world: World, call: Row | None, event: str) -> None:
    """Post an event of a call, if its creator asked for it. ``completed`` stands for every way to end."""
    if call is None:
        return
    options = json.loads(call["options"])
    url = options.get("status_callback")
    if not url or event not in (options.get("status_events") or ["completed"]):
        return
    sequence = call["sequence"]
    world.store.run("UPDATE calls SET sequence = sequence + 1 WHERE sid = ?", call["sid"])
    params = {
        "CallSid": call["sid"],
        "AccountSid": call["account"],
        "From": call["from_number"],
        "To": call["to_number"],
        "CallStatus": _STATUS.get(event, call["status"]),
        "ApiVersion": "2010-04-01",
        "Direction": call["direction"],
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(sequence),
        "Timestamp": TwilioProfile().date(world.now),
    }
    if event == "completed":
        seconds = call["duration"] or 0
        params |= {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
        if call["answered_by"]:
            params["AnsweredBy"] = call["answered_by"]
    world.post(call["account"], options.get("status_method", "POST"), url, params)

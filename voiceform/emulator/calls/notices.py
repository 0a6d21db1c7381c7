"""Status callbacks of calls."""

from __future__ import annotations

from voiceform.emulator.profiles import TwilioProfile
from voiceform.emulator.store import Row, unpacked
from voiceform.emulator.world import World

_STATUS = {"initiated": "initiated", "ringing": "ringing", "answered": "in-progress"}

#: Milliseconds that finding out takes.
_DETECTED_IN = 2500


def tell(world: World, call: Row | None, event: str) -> None:
    """Post an event of a call, if its creator asked for it. ``completed`` stands for every way to end."""
    if call is None:
        return
    options = unpacked(call["options"])
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


def tell_who_answered(world: World, call: Row) -> None:
    """Post whether a person or a machine answered, where somebody asked for it beside the call.

    Fields as in https://www.twilio.com/docs/voice/answering-machine-detection.
    """
    options = unpacked(call["options"])
    url = options.get("amd_callback")
    if url and call["answered_by"]:
        params = {
            "CallSid": call["sid"],
            "AccountSid": call["account"],
            "AnsweredBy": call["answered_by"],
            "MachineDetectionDuration": str(_DETECTED_IN),
        }
        world.post(call["account"], options.get("amd_method", "POST"), url, params)


def ask_fallback(world: World, call: Row) -> bool:
    """Ask the fallback for the document that could not be had; False where there is none."""
    options = unpacked(call["options"])
    if not options.get("fallback"):
        return False
    params = {
        "CallSid": call["sid"],
        "AccountSid": call["account"],
        "From": call["from_number"],
        "To": call["to_number"],
        "CallStatus": call["status"],
        "ApiVersion": "2010-04-01",
        "Direction": call["direction"],
        "ErrorCode": "11200",
        "ErrorUrl": options["url"],
    }
    world.post(call["account"], options.get("fallback_method", "POST"), options["fallback"], params)
    return True

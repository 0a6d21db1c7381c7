"""What may be said of how a call is placed and recorded: parameters as the options that are kept."""

from __future__ import annotations

import re
from typing import Any

from voiceform.emulator.messages import Params
from voiceform.emulator.params import (
    INVALID_CALLBACK,
    boolean,
    callback_events,
    choice,
    integer,
    matching,
    url,
)
from voiceform.emulator.world import World

METHODS = ("GET", "POST")
EVENTS = ("initiated", "ringing", "answered", "completed")
RECORDING_EVENTS = ("in-progress", "completed", "absent")
_DIGITS = re.compile(r"[0-9A-Da-d#*wW]{0,32}", re.ASCII)
_BYOC = re.compile(r"BY[0-9a-fA-F]{32}", re.ASCII)
_DISPLAY_NAME = re.compile(r".{2,255}", re.DOTALL)
#: Bounds of machine detection, from https://www.twilio.com/docs/voice/api/call-resource: seconds, then
#: milliseconds.
_DETECTION = {
    "MachineDetectionTimeout": (3, 59),
    "MachineDetectionSpeechThreshold": (1000, 6000),
    "MachineDetectionSpeechEndThreshold": (500, 5000),
    "MachineDetectionSilenceTimeout": (2000, 10_000),
}


def dial_options(
    world: World, params: Params, recording_events: tuple[str, ...], detected: str, shortest: int = 1
) -> dict[str, Any]:
    """What calls and participants have in common: timeouts, callbacks, recording and machine detection.

    ``detected`` is what the parameters of the callback about machines begin with: ``AsyncAmd`` or ``Amd``.
    """
    refuse = world.switches.unknown_callback_event == "refuse"
    choice(params, "Method", METHODS, 21209)
    matching(params, "SendDigits", _DIGITS, 21206, "at most 32 of 0-9, A-D, #, *, w and W")
    matching(params, "Byoc", _BYOC, 20001, "a SID: BY and 32 hexadecimal digits")
    matching(params, "CallerDisplayName", _DISPLAY_NAME, 20001, "2 to 255 characters")
    url(params, "ClientNotificationUrl", 20001)
    options = {
        "timeout": integer(params, "Timeout", shortest, 600, 21208) or 60,
        "time_limit": integer(params, "TimeLimit", 1, 86_400),
        "send_digits": params.one("SendDigits") or None,
        "status_callback": url(params, "StatusCallback", INVALID_CALLBACK),
        "status_method": choice(params, "StatusCallbackMethod", METHODS, 21209) or "POST",
        "status_events": callback_events(params, "StatusCallbackEvent", EVENTS, refuse=refuse),
        "record": boolean(params, "Record"),
    }
    return options | _detection_options(params, detected) | recording_options(world, params, recording_events)


def _detection_options(params: Params, detected: str) -> dict[str, Any]:
    detection = choice(params, "MachineDetection", ("Enable", "DetectMessageEnd", "false"), 21234)
    for name, (low, high) in _DETECTION.items():
        integer(params, name, low, high, 21234)
    return {
        # Twilio ignores machine detection when digits are sent.
        "machine_detection": None if params.one("SendDigits") or detection == "false" else detection,
        "amd_callback": url(params, f"{detected}StatusCallback", INVALID_CALLBACK),
        "amd_method": choice(params, f"{detected}StatusCallbackMethod", METHODS, 21209) or "POST",
    }


def fallback_options(params: Params) -> dict[str, Any]:
    """Who is asked when the document at the URL cannot be had."""
    return {
        "fallback": url(params, "FallbackUrl", 20001),
        "fallback_method": choice(params, "FallbackMethod", METHODS, 21209) or "POST",
    }


def recording_options(world: World, params: Params, events: tuple[str, ...]) -> dict[str, Any]:
    """How a call is recorded, and who is told."""
    refuse = world.switches.unknown_callback_event == "refuse"
    choice(params, "Trim", ("trim-silence", "do-not-trim"))
    return {
        "channels": choice(params, "RecordingChannels", ("mono", "dual")) or "mono",
        "track": choice(params, "RecordingTrack", ("inbound", "outbound", "both")) or "both",
        "callback": url(params, "RecordingStatusCallback", INVALID_CALLBACK),
        "callback_method": choice(params, "RecordingStatusCallbackMethod", METHODS, 21209) or "POST",
        "callback_events": callback_events(params, "RecordingStatusCallbackEvent", events, refuse=refuse),
    }

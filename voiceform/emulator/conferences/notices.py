"""Status callbacks of conferences.

Events and their fields are those of https://www.twilio.com/docs/voice/twiml/conference#statuscallbackevent.
"""

from __future__ import annotations

from voiceform.emulator.profiles import TwilioProfile
from voiceform.emulator.store import Row, packed, unpacked
from voiceform.emulator.world import World

_NAMES = {
    "start": "conference-start",
    "end": "conference-end",
    "join": "participant-join",
    "leave": "participant-leave",
    "mute": "participant-mute",
    "unmute": "participant-unmute",
    "hold": "participant-hold",
    "unhold": "participant-unhold",
}
#: Which word of ``ConferenceStatusCallbackEvent`` asks for an event that has another name.
_ASKED_BY = {"unmute": "mute", "unhold": "hold"}
_REASONS = {
    "conference-ended-via-api": "Conference ended via API",
    "participant-with-end-conference-on-exit-left": "Participant with endConferenceOnExit left",
    "participant-with-end-conference-on-exit-kicked": "Participant with endConferenceOnExit was kicked",
    "last-participant-left": "Last participant left",
    "last-participant-kicked": "Last participant was kicked",
}


def tell(world: World, room: Row, event: str, participant: Row | None = None, **more: str) -> None:
    """Post an event of a room, if the first participant's settings asked for it; ``more`` are fields of this
    event alone."""
    options = unpacked(room["options"])
    url = options.get("callback")
    if not url or _ASKED_BY.get(event, event) not in (options.get("callback_events") or ["start", "end"]):
        return
    params = {
        "ConferenceSid": room["sid"],
        "FriendlyName": room["friendly_name"],
        "AccountSid": room["account"],
        "SequenceNumber": str(_next_number(world, room["sid"])),
        "StatusCallbackEvent": _NAMES[event],
        "Timestamp": TwilioProfile().date(world.now),
    }
    if participant is not None:
        params |= _about(participant)
    params |= more
    world.post(room["account"], options.get("callback_method", "POST"), url, params)


def ended(reason: str, participant: Row | None) -> dict[str, str]:
    """The fields of the end of a room: why, and by whom if somebody's leaving ended it."""
    fields = {"ReasonConferenceEnded": reason, "Reason": _REASONS.get(reason, reason)}
    if participant is not None:
        fields["CallSidEndingConference"] = participant["call_sid"]
        if participant["label"]:
            fields["ParticipantLabelEndingConference"] = participant["label"]
    return fields


def _about(participant: Row) -> dict[str, str]:
    fields = {
        "CallSid": participant["call_sid"],
        "Muted": _flag(participant["muted"]),
        "Hold": _flag(participant["hold"]),
        "Coaching": _flag(participant["coaching"]),
        "StartConferenceOnEnter": _flag(participant["start_on_enter"]),
        "EndConferenceOnExit": _flag(participant["end_on_exit"]),
    }
    if participant["label"]:
        fields["ParticipantLabel"] = participant["label"]
    return fields


def _flag(value: object) -> str:
    return "true" if value else "false"


def _next_number(world: World, sid: str) -> int:
    """Numbers count the events of a room from 1, those that are told."""
    room = world.store.one("SELECT options FROM conferences WHERE sid = ?", sid)
    options = unpacked(room["options"]) if room else {}
    options["sequence"] = options.get("sequence", 0) + 1
    world.store.run("UPDATE conferences SET options = ? WHERE sid = ?", packed(options), sid)
    number: int = options["sequence"]
    return number

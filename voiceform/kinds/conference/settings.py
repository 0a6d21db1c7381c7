"""The settings of a conference: every attribute of TwiML <Conference>, in snake case.

Source: Twilio's reference of TwiML <Conference> and its helper library for names, the parameters of POST
Participants for what the first participant can decide without TwiML.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from voiceform.kinds.twiml import document, element
from voiceform.model.resource import Attributes


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `default` is Twilio's; what is not declared is not sent, so that Twilio's default holds.

    What people dial in with says all of them. `parameter` is the keyword of createParticipant that says the
    same for participants whom voiceform adds, if there is one; `companion` the setting without which this one
    has no effect.
    """

    name: str
    default: Any
    parameter: str | None = None
    companion: str | None = None

    @property
    def attribute(self) -> str:
        """Its name in TwiML: `wait_url` is waitUrl."""
        return camel(self.name)


def _live(name: str, default: Any, parameter: str = "", companion: str | None = None) -> Setting:  # noqa: ANN401
    return Setting(name, default, parameter or name, companion)


INHERITED = ("muted", "start_conference_on_enter", "end_conference_on_exit")
"""Settings that a participant has of the room, unless it says otherwise."""
REGIONS = ("us1", "us2", "ie1", "de1", "sg1", "br1", "au1", "jp1")
"""Where audio can be mixed; the service also says `unknown`."""

_HOLD_MUSIC = "http://twimlets.com/holdmusic?Bucket=com.twilio.music.classical"

SETTINGS: Mapping[str, Setting] = {
    setting.name: setting
    for setting in (
        _live("muted", False),
        _live("beep", True),
        _live("start_conference_on_enter", True),
        _live("end_conference_on_exit", False),
        _live("wait_url", _HOLD_MUSIC),
        _live("wait_method", "POST", companion="wait_url"),
        _live("max_participants", 250),
        _live("record", "do-not-record", "conference_record"),
        Setting("recording_configuration_id", None),
        Setting("region", None, "region"),
        Setting("coach", None),
        _live("trim", "trim-silence", "conference_trim", companion="record"),
        _live("status_callback", None, "conference_status_callback"),
        _live(
            "status_callback_method", "POST", "conference_status_callback_method", companion="status_callback"
        ),
        _live(
            "status_callback_event",
            ["start", "end"],
            "conference_status_callback_event",
            companion="status_callback",
        ),
        _live("recording_status_callback", None, "conference_recording_status_callback", companion="record"),
        _live(
            "recording_status_callback_method",
            "POST",
            "conference_recording_status_callback_method",
            companion="recording_status_callback",
        ),
        _live(
            "recording_status_callback_event",
            ["completed"],
            "conference_recording_status_callback_event",
            companion="recording_status_callback",
        ),
        Setting("event_callback_url", None),
        _live("jitter_buffer_size", "large"),
        Setting("participant_label", None),
    )
}
"""By name, in the order of Twilio's reference."""


def camel(name: str) -> str:
    """`on-enter` as onEnter, `wait_url` as waitUrl."""
    first, *others = name.replace("-", "_").split("_")
    return first + "".join(word.capitalize() for word in others)


def render_conference(friendly_name: str, settings: Attributes) -> str:
    """The document that dials into the conference; settings that are not declared are left out."""
    attributes = {
        setting.attribute: _text(name, settings[name])
        for name, setting in SETTINGS.items()
        if name in settings
    }
    conference = element("Conference", text=friendly_name, attributes=attributes)
    return document(element("Dial", conference))


def participant_parameters(settings: Attributes) -> dict[str, Any]:
    """What createParticipant takes to give the room the same settings; the first participant decides."""
    return {
        setting.parameter: camel(settings[name])
        if name == "beep" and _word(settings[name])
        else settings[name]
        for name, setting in SETTINGS.items()
        if setting.parameter is not None and name in settings
    }


def _word(value: Any) -> bool:  # noqa: ANN401 - any JSON value
    return isinstance(value, str)


def _text(name: str, value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return " ".join(value)
    return camel(value) if name == "beep" else str(value)

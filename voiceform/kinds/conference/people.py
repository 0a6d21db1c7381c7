"""What keeps a participant who is in the room as declared, as far as it can be set there.

The API shows whether somebody is muted, on hold, coaching, and ends the conference: that is compared with
what is declared, whoever changed it. What it never shows (the sounds of hold and of waiting, the tone at the
exit) is sent when it is declared otherwise than it is recorded.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voiceform.kinds.conference.presence import Presence
from voiceform.kinds.conference.steps import effective_beep, hold_parameters
from voiceform.model.resource import Attributes
from voiceform.twilio.resources import Participant
from voiceform.twilio.sids import is_sid

ALWAYS = ("muted", "hold")
SHOWN = (*ALWAYS, "end_conference_on_exit")
"""What is declared of every participant under the name that the API shows it by."""
_HEARD = (("wait_url", "wait_method"), ("hold_url", "hold_method"))


def coached_by(participant: Attributes, presence: Mapping[str, Presence]) -> dict[str, Any] | None:
    """The parameters for whom a participant coaches; none when it coaches nobody, and None while the other
    is not in the room."""
    coached = participant.get("coach")
    if coached is None:
        return {}
    if coached in presence:
        person = presence[coached].person
        ready = person is not None and person.status == "connected"
        return {"coaching": True, "call_sid_to_coach": person.call_sid} if person and ready else None
    return {"coaching": True, "call_sid_to_coach": coached} if is_sid(coached, "CA") else None


def changes_of(
    person: Participant,
    wanted: Attributes,
    recorded: Attributes | None,
    coached: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """What has to be set on a person in the room. `recorded` is how the participant was declared before, None
    where it was not; `coached` as from `coached_by`."""
    found = _shown(person, wanted)
    found.update(_coaching(person, wanted, recorded, coached))
    if found.get("hold"):
        found.update(hold_parameters(wanted))
    if recorded is not None:
        found.update(_unseen(wanted, recorded))
    return found


def _shown(person: Participant, wanted: Attributes) -> dict[str, Any]:
    live = {name: getattr(person, name) for name in SHOWN}
    return {
        name: wanted[name]
        for name, value in live.items()
        if value != wanted[name] and (value is not None or name in ALWAYS)
    }


def _coaching(
    person: Participant,
    wanted: Attributes,
    recorded: Attributes | None,
    coached: Mapping[str, Any] | None,
) -> dict[str, Any]:
    if coached:
        target = coached["call_sid_to_coach"]
        same = person.coaching is True and person.call_sid_to_coach in (None, target)
        return {} if same else dict(coached)
    ends = "coach" not in wanted and "coach" in (recorded or {}) and person.coaching is True
    return {"coaching": False} if ends else {}


def _unseen(wanted: Attributes, recorded: Attributes) -> dict[str, Any]:
    found: dict[str, Any] = {}
    waits, holds = (_moved(names, wanted, recorded) for names in _HEARD)
    if waits:
        found.update({name: wanted[name] for name in _HEARD[0] if name in wanted})
    if holds and wanted["hold"]:
        found.update(hold_parameters(wanted))
    return found


def _moved(names: tuple[str, str], wanted: Attributes, recorded: Attributes) -> bool:
    """Whether another sound is declared; one that is no longer declared cannot be taken back."""
    return names[0] in wanted and any(wanted.get(name) != recorded.get(name) for name in names)


def tone_at_exit(
    wanted: Attributes, recorded: Attributes, settings: Attributes, before: Attributes
) -> dict[str, Any]:
    """Whether a tone is played when the participant leaves, where that was declared otherwise."""
    now, then = effective_beep(wanted, settings), effective_beep(recorded, before)
    return {} if now == then else {"beep_on_exit": now in (None, True, "on-exit")}

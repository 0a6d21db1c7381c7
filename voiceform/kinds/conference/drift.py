"""Where a live room is not as we left it, and what of that nobody can change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voiceform.kinds.conference.live import Room
from voiceform.kinds.conference.presence import Presence, Whereabouts
from voiceform.model.instants import instant_to_text
from voiceform.model.plan import Drift, DriftStatus
from voiceform.model.resource import Attributes, Recorded

_FIXED_AT_ENTRY = ("start_conference_on_enter",)
_CHANGEABLE = ("muted", "hold", "end_conference_on_exit")
_NO_REGION = (None, "", "unknown")


def drift_of(
    record: Recorded, wanted: Attributes, room: Room | None, presence: Mapping[str, Presence]
) -> Drift | None:
    """The drift of one conference; None when everything that the API shows is as recorded."""
    live: dict[str, Any] = {**record.attributes, "participants": dict(record.attributes["participants"])}
    reasons: list[str] = []
    for key, recorded in record.attributes["participants"].items():
        found = presence.get(key)
        if found is None:
            continue
        if found.person is not None:
            seen = {name: getattr(found.person, name) for name in (*_FIXED_AT_ENTRY, *_CHANGEABLE)}
            known = {name: value for name, value in seen.items() if value is not None}
            live["participants"][key] = {**recorded, **known}
            if found.person.coaching is False:
                live["participants"][key].pop("coach", None)
            reasons.extend(_fixed(key, name) for name in _FIXED_AT_ENTRY if _moved(known, recorded, name))
        elif found.whereabouts is Whereabouts.UNKNOWN and key in wanted["participants"]:
            del live["participants"][key]
            reasons.append(unknown_outcome(key, found))
    region = record.attributes["settings"].get("region")
    if room is not None and region is not None and room.region not in (region, *_NO_REGION):
        live["settings"] = {**record.attributes["settings"], "region": room.region}
        reasons.append(f"the first participant decided that the room {room.sid} is in {room.region}")
    if live == record.attributes:
        return None
    return Drift(
        address=record.address,
        status=DriftStatus.CHANGED,
        sid=room.sid if room is not None else None,
        before=record.attributes,
        after=live,
        explanation="; ".join(reasons) or None,
    )


def _moved(known: Mapping[str, Any], recorded: Attributes, name: str) -> bool:
    return name in known and known[name] != recorded[name]


def _fixed(key: str, name: str) -> str:
    return f"{name} of {key} was decided when {key} entered the room; it holds the next time {key} is added"


def unknown_outcome(key: str, found: Presence) -> str:
    """Why a participant who is not in the room is not phoned."""
    attempt = found.attempt
    when = f" at {instant_to_text(attempt.at)}" if attempt is not None else ""
    label = f" (label {attempt.label})" if attempt is not None else ""
    return (
        f"nobody knows whether {key} was phoned{when}{label}: look for the call in the Twilio console, and"
        " say what you found with `voiceform calls resolve`;"
        f" {key} is not phoned again until that room is over or a day has passed"
    )

"""What people in a room will feel."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from voiceform.kinds.conference.live import Room
from voiceform.kinds.conference.steps import ADD, SET, Step
from voiceform.model.resource import Attributes
from voiceform.model.wording import are, counted, span


def step_impact(step: Step, wanted: Attributes, room: Room | None, now: datetime, why: str) -> str:
    """One line for one step."""
    name = wanted["friendly_name"]
    if step.operation == ADD:
        return _phones(step, name, room)
    if step.operation == SET or room is None:
        return f"{_settings(step)} in {name!r}"
    where = f"the room {name!r} ({room.sid})"
    if "status" in step.parameters:
        return f"ends {where}: {why}; {present(room)}{_age(room, now)}"
    return f"plays {step.parameters['announce_url']} in {where}; {present(room)}"


def settings_impact(room: Room) -> str:
    """The line for settings that change while the room is live."""
    return f"the room that is live ({room.sid}) keeps the settings it began with; the next one gets the new"


def left_impact(room: Room) -> str:
    """The line for a live room of a conference that is no longer declared."""
    people = counted(len(room.people), "participant")
    return f"the room {room.name!r} ({room.sid}) goes on with {people}; nobody is hung up on"


def unread_room(name: str) -> str:
    """What is said where nobody can tell about the rooms of a name."""
    return f"a live room that may have the name {name!r}, or somebody in it, cannot be read"


def present(room: Room) -> str:
    """`3 participants are in it`."""
    count = len(room.people)
    return f"{counted(count, 'participant')} {are(count)} in it"


def _phones(step: Step, name: str, room: Room | None) -> str:
    who = f"phones {step.parameters['to']} as {step.participant}"
    if room is None:
        return f"{who}, which begins the room {name!r}"
    return f"{who} into the room {name!r} ({room.sid}); {present(room)}"


def _settings(step: Step) -> str:
    who, set_to = step.participant, step.parameters
    words: dict[tuple[str, Any], str] = {
        ("muted", True): f"mutes {who}",
        ("muted", False): f"unmutes {who}",
        ("hold", True): f"puts {who} on hold{_sound(set_to.get('hold_url'))}",
        ("hold", False): f"takes {who} off hold",
        ("coaching", True): f"lets {who} be heard by the call {set_to.get('call_sid_to_coach')} alone",
        ("coaching", False): f"lets everybody hear {who}, who coached",
        ("end_conference_on_exit", True): f"lets the conference end when {who} leaves",
        ("end_conference_on_exit", False): f"lets the conference go on when {who} leaves",
        ("beep_on_exit", True): f"plays a tone when {who} leaves",
        ("beep_on_exit", False): f"plays no tone when {who} leaves",
    }
    texts = {"announce_url": "plays {} to " + who, "wait_url": f"lets {who} wait with {{}}"}
    said = [words[item] for item in sorted(set_to.items(), key=str) if item in words]
    said += [texts[name].format(value or "silence") for name, value in set_to.items() if name in texts]
    return " and ".join(said)


def _sound(url: str | None) -> str:
    return f" with {url}" if url else ""


def _age(room: Room, now: datetime) -> str:
    return f", it has run for {span(_in_minutes(now - room.created))}" if room.created is not None else ""


def _in_minutes(age: timedelta) -> timedelta:
    return timedelta(minutes=max(timedelta(), age) // timedelta(minutes=1))

"""What people in a room will feel."""

from __future__ import annotations

from datetime import datetime, timedelta

from voiceform.kinds.conference.live import Room
from voiceform.kinds.conference.steps import ADD, SET, Step
from voiceform.model.resource import Attributes


def step_impact(step: Step, wanted: Attributes, room: Room | None, now: datetime, why: str) -> str:
    """One line for one step."""
    name = wanted["friendly_name"]
    if step.operation == ADD:
        return _phones(step, wanted, room)
    if step.operation == SET:
        return f"{_settings(step)} {step.participant} in {name!r}"
    if room is None:
        raise AssertionError("only a live room is ended or spoken to")
    if "status" in step.parameters:
        return (
            f"ends the room {name!r} ({room.sid}): {why}; {people(len(room.people))} in it{_age(room, now)}"
        )
    return f"{people(len(room.people))} in {name!r} and will hear {step.parameters['announce_url']}"


def settings_impact(room: Room) -> str:
    """The line for settings that change while the room is live."""
    return f"the room that is live ({room.sid}) keeps the settings it began with; the next one gets the new"


def left_impact(room: Room) -> str:
    """The line for a live room of a conference that is no longer declared."""
    return (
        f"the room {room.name!r} ({room.sid}) goes on with {_count(len(room.people))}; nobody is hung up on"
    )


def people(count: int) -> str:
    """`3 participants are`, for sentences."""
    return f"{_count(count)} {'is' if count == 1 else 'are'}"


def _phones(step: Step, wanted: Attributes, room: Room | None) -> str:
    who = f"phones {step.parameters['to']} as {step.participant}"
    if room is None:
        return f"{who}, which begins the room {wanted['friendly_name']!r}"
    return f"{who} into the room {room.name!r} ({room.sid}), where {people(len(room.people))}"


def _settings(step: Step) -> str:
    words = {("muted", True): "mutes", ("muted", False): "unmutes"}
    words |= {("hold", True): "puts on hold", ("hold", False): "takes off hold"}
    return " and ".join(words[name, value] for name, value in sorted(step.parameters.items()))


def _age(room: Room, now: datetime) -> str:
    return f", it has run for {_duration(now - room.created)}" if room.created is not None else ""


def _duration(age: timedelta) -> str:
    minutes = max(0, int(age.total_seconds())) // 60
    hours, rest = divmod(minutes, 60)
    return f"{hours} h {rest} min" if hours else f"{minutes} min"


def _count(count: int) -> str:
    return f"{count} participant{'' if count == 1 else 's'}"

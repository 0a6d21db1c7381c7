"""Whether a declared participant is in the room, as far as anybody can know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from voiceform.kinds.conference.live import CALL_OVER, Room
from voiceform.kinds.conference.memory import LONGEST_CALL, Attempt, Memory
from voiceform.twilio.resources import Participant

_SETTABLE = ("muted", "hold", "end_conference_on_exit", "coaching", "call_sid_to_coach")
"""What can be set on a person, and read."""


class Whereabouts(StrEnum):
    """Where a declared participant is.

    `coming`: phoned, and the call is alive, but no room shows it yet. `unknown`: perhaps phoned; nobody can
    tell. Neither is phoned again.
    """

    PRESENT = "present"
    COMING = "coming"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Presence:
    """One declared participant. `person` is there when present, `attempt` what we remember otherwise."""

    whereabouts: Whereabouts
    person: Participant | None = None
    attempt: Attempt | None = None

    @property
    def observed(self) -> Any:  # noqa: ANN401 - plain JSON
        """What must not have moved between plan and apply: whereabouts, or what can be set on a person."""
        if self.person is None:
            return str(self.whereabouts)
        return {"call_sid": self.person.call_sid, **{name: getattr(self.person, name) for name in _SETTABLE}}


def presence_of(
    labels: Sequence[str], room: Room | None, memory: Memory, calls: Mapping[str, str], now: datetime
) -> Presence:
    """Where the participant is who may have any of `labels`. `calls` is the status of remembered calls.

    Only a call that is known to be over lets somebody be phoned again.
    """
    attempt = next((memory.attempts[label] for label in labels if label in memory.attempts), None)
    person = room.person(labels, attempt.call_sid if attempt is not None else None) if room else None
    if person is not None:
        return Presence(Whereabouts.PRESENT, person)
    if attempt is None:
        return Presence(Whereabouts.ABSENT)
    if attempt.call_sid is not None:
        alive = call_matters(attempt, room) and calls.get(attempt.call_sid) not in CALL_OVER
        return Presence(Whereabouts.COMING if alive else Whereabouts.ABSENT, attempt=attempt)
    return Presence(
        Whereabouts.UNKNOWN if _may_be_alive(attempt, room, now) else Whereabouts.ABSENT, attempt=attempt
    )


def call_matters(attempt: Attempt, room: Room | None) -> bool:
    """Whether a call that we placed can still lead into this room: not if it was for another one."""
    return room is None or attempt.room == room.sid


def _may_be_alive(attempt: Attempt, room: Room | None, now: datetime) -> bool:
    """Whether a call that nobody saw may still lead into this room. A room that is over takes nobody: a call
    on its way to it is cancelled. An attempt to begin a room may lead into any that came after it.
    """
    if attempt.room is not None and (room is None or room.sid != attempt.room):
        return False
    return now - attempt.at < LONGEST_CALL

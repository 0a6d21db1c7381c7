"""The steps of one change: exactly the requests that apply sends, as plain data in `Change.details`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from voiceform.kinds.conference.settings import camel, participant_parameters
from voiceform.model.resource import Attributes, fingerprint

ADD = "createParticipant"
SET = "updateParticipant"
UPDATE = "updateConference"


@dataclass(frozen=True, slots=True)
class Step:
    """One request. `participant` is the declared key, empty for what concerns the whole room.

    `parameters` are keywords of the client's method; `digest` identifies an announcement.
    """

    operation: str
    participant: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Visit:
    """What a change does with a room. `room` None: there is none, and adding participants begins it.

    `people` is how many were in it when planned; `labels` are those under which each participant may be
    known, the one to use first; `document` names the file that the TwiML is written to.
    """

    name: str
    document: str
    room: str | None = None
    people: int = 0
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()

    @property
    def ends(self) -> bool:
        """Whether the room is ended."""
        return any(step.parameters.get("status") == "completed" for step in self.steps)

    @property
    def touched(self) -> tuple[str, ...]:
        """The participants that a step is about."""
        return tuple(dict.fromkeys(step.participant for step in self.steps if step.participant))

    def fingerprint(self, observed: Mapping[str, Any]) -> str:
        """A digest of the room and of those participants that a step is about."""
        return fingerprint({"room": self.room, "seen": {key: observed[key] for key in self.touched}})

    def to_details(self) -> dict[str, Any]:
        """As `Change.details`."""
        details: dict[str, Any] = {"document": self.document}
        if not self.steps:
            return details
        return {
            **details,
            "name": self.name,
            "room": self.room,
            "people": self.people,
            "labels": {key: list(labels) for key, labels in self.labels.items()},
            "steps": [_to_json(step) for step in self.steps],
        }

    @classmethod
    def from_details(cls, details: Mapping[str, Any]) -> Visit:
        """What `to_details` wrote; a visit without steps when there are none."""
        return cls(
            name=details.get("name", ""),
            document=details.get("document", ""),
            room=details.get("room"),
            people=details.get("people", 0),
            labels={key: tuple(labels) for key, labels in details.get("labels", {}).items()},
            steps=tuple(Step(**step) for step in details.get("steps", ())),
        )


def _to_json(step: Step) -> dict[str, Any]:
    document: dict[str, Any] = {"operation": step.operation, "parameters": dict(step.parameters)}
    if step.participant:
        document["participant"] = step.participant
    if step.digest:
        document["digest"] = step.digest
    return document


def add_step(key: str, label: str, participant: Attributes, settings: Attributes) -> Step:
    """Phone a declared participant with the settings of the room; its own come first."""
    own = {name: value for name, value in participant.items() if name not in ("from", "hold", "beep")}
    parameters = {**participant_parameters(settings), **own, "from_": participant["from"], "label": label}
    beep = participant.get("beep", settings.get("beep"))
    if beep is not None:
        parameters["beep"] = camel(beep) if isinstance(beep, str) else str(beep).lower()
    return Step(ADD, key, parameters)


def announcement_digest(announce: Attributes) -> str:
    """What makes two announcements the same: where they come from."""
    return fingerprint(dict(announce))

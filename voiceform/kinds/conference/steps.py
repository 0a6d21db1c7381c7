"""The steps of one change: exactly the requests that apply sends, as plain data in `Change.details`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from voiceform.kinds.conference.settings import INHERITED, camel, participant_parameters
from voiceform.kinds.details import Details, items_in, number_in, object_in, text_in, texts_in
from voiceform.kinds.outgoing.parameters import for_one, parameters
from voiceform.model.resource import Attributes, fingerprint
from voiceform.twilio.parameters import CreateParticipant

ADD = "createParticipant"
SET = "updateParticipant"
UPDATE = "updateConference"
_SENT = ("to", *INHERITED, "record", "early_media", "wait_url", "wait_method")
"""What of a participant is sent under its own name, beside how it is phoned."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request. `participant` is the declared key, empty for what concerns the whole room.

    `parameters` are keywords of the client's method; `digest` identifies an announcement.
    """

    operation: str
    participant: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    digest: str = ""

    def to_document(self) -> dict[str, Any]:
        """As part of `Change.details`; what is empty is left out, but for the parameters."""
        document: dict[str, Any] = {"operation": self.operation, "parameters": dict(self.parameters)}
        if self.participant:
            document["participant"] = self.participant
        if self.digest:
            document["digest"] = self.digest
        return document

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Step:
        """What `to_document` wrote. The request of a step that phones somebody is made here already, so that
        whatever is wrong with it is known before anything is sent."""
        texts = {name: text_in(document, name) for name in ("participant", "digest") if name in document}
        step = cls(text_in(document, "operation"), parameters=object_in(document, "parameters"), **texts)
        if step.operation not in (ADD, SET, UPDATE):
            raise ValueError(f"{step.operation} is no step")
        if step.operation != UPDATE and not step.participant:
            raise ValueError(f"{step.operation} is about nobody")
        if step.operation == ADD:
            text_in(step.parameters, "label")
            CreateParticipant(**step.parameters)
        return step


@dataclass(frozen=True, slots=True)
class Visit(Details):
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

    def to_document(self) -> dict[str, Any]:
        """As `Change.details`."""
        document = {"document": self.document} if self.document else {}
        if not self.steps:
            return document
        return {
            **document,
            "name": self.name,
            "room": self.room,
            "people": self.people,
            "labels": {key: list(labels) for key, labels in self.labels.items()},
            "steps": [step.to_document() for step in self.steps],
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        """What `to_document` wrote; a visit without steps when there are none."""
        name = text_in(document, "document") if "document" in document else ""
        steps = tuple(map(Step.of_document, items_in(document, "steps")))
        if not steps:
            return cls("", name)
        labels = object_in(document, "labels")
        found = cls(
            name=text_in(document, "name"),
            document=name,
            room=None if document["room"] is None else text_in(document, "room"),
            people=number_in(document, "people"),
            labels={key: texts_in(labels, key) for key in labels},
            steps=steps,
        )
        for key in found.touched:
            if not found.labels[key]:
                raise ValueError(f"{key} has no label")
        return found


def add_step(
    key: str, label: str, participant: Attributes, settings: Attributes, coached: Attributes | None = None
) -> Step:
    """Phone a declared participant with the settings of the room; its own come first. `coached` are the
    parameters of whom it coaches."""
    found = {
        **participant_parameters(settings),
        **{name: participant[name] for name in _SENT if name in participant},
        **for_one(parameters(participant, "amd"), participant["to"]),
        **(coached or {}),
        "from_": participant["from"],
        "label": label,
    }
    beep = effective_beep(participant, settings)
    if beep is not None:
        found["beep"] = camel(beep) if isinstance(beep, str) else str(beep).lower()
    return Step(ADD, key, found)


def effective_beep(participant: Attributes, settings: Attributes) -> Any:  # noqa: ANN401 - a flag or a word
    """When a tone is played for a participant; None where nobody says."""
    return participant.get("beep", settings.get("beep"))


def hold_parameters(participant: Attributes) -> dict[str, Any]:
    """Put on hold, with the sound that is declared for it."""
    kept = ("hold_url", "hold_method") if "hold_url" in participant else ()
    return {"hold": True, **{name: participant[name] for name in kept if name in participant}}


def announcement_digest(announce: Attributes) -> str:
    """What makes two announcements the same: where they come from."""
    return fingerprint(dict(announce))

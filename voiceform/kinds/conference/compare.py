"""Desired, recorded and live conferences -> changes and drift. Pure.

A room that is not live needs nothing: its settings are recorded, and rendered. A live room needs whatever
makes it as declared, in one change with exact steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voiceform.kinds.base import CompareContext, Comparison
from voiceform.kinds.conference.drift import drift_of, unknown_outcome
from voiceform.kinds.conference.impact import left_impact, settings_impact, step_impact
from voiceform.kinds.conference.labels import labels_of
from voiceform.kinds.conference.live import LiveConferences, Room
from voiceform.kinds.conference.memory import Memory
from voiceform.kinds.conference.presence import Presence, Whereabouts, presence_of
from voiceform.kinds.conference.steps import ADD, SET, UPDATE, Step, Visit, add_step, announcement_digest
from voiceform.kinds.phoning import CALL
from voiceform.kinds.records import match_records, previous_address
from voiceform.model.address import Address
from voiceform.model.durations import parse_duration
from voiceform.model.plan import Action, Blocked, Change, Drift, Mode
from voiceform.model.resource import Attributes, Desired, Recorded
from voiceform.model.scopes import deletion

ENDING = deletion("conference")
"""A live room that people are in is ended."""


def compare(context: CompareContext, live: LiveConferences) -> Comparison:
    """Changes for everything declared, deletions of records for what no longer is."""
    changes: list[Change] = []
    drift: list[Drift] = []
    matches = match_records(context.desired, context.recorded)
    blocked: list[Blocked] = []
    for desired in context.desired.values():
        record = matches.records.get(desired.address)
        rooms = live.rooms.get(desired.attributes["friendly_name"], ())
        if len(rooms) > 1:
            blocked.append(_ambiguous(desired, rooms))
        reason = live.why_unreadable(desired.attributes["friendly_name"])
        if reason is not None:
            blocked.append(_unreadable(desired, reason))
        view = _View(context, live, desired, record, rooms, blind=reason is not None)
        changes.append(view.change())
        drift.extend(view.drift())
    changes.extend(
        _removed(record, live.rooms.get(record.attributes["friendly_name"], ()))
        for record in matches.left.values()
    )
    return Comparison(changes, drift, (), [*matches.blocked, *blocked])


@dataclass(frozen=True, slots=True)
class _Need:
    """One step and why it is needed."""

    step: Step
    why: str = ""


class _View:
    """One declared conference and its room, if one is live."""

    def __init__(
        self,
        context: CompareContext,
        live: LiveConferences,
        desired: Desired,
        record: Recorded | None,
        rooms: Sequence[Room],
        *,
        blind: bool,
    ) -> None:
        self.now = context.now
        self.desired = desired
        self.wanted = desired.attributes
        self.record = record
        # Which of several rooms is meant nobody can tell, nor who is in one that cannot be read; and a review
        # knows of no room at all.
        self.blind = blind or len(rooms) > 1 or context.mode is Mode.REVIEW
        self.room = room = rooms[0] if len(rooms) == 1 and not blind else None
        self.memory = live.memories.get(desired.address, Memory())
        keys = {*self.wanted["participants"], *(record.attributes["participants"] if record else ())}
        self.labels = {key: labels_of(desired.address, desired.aliases, key) for key in sorted(keys)}
        self.presence = {
            key: presence_of(labels, room, self.memory, live.calls, self.now)
            for key, labels in self.labels.items()
        }

    def change(self) -> Change:
        """What is to be done; a no-op when everything is as declared."""
        needs = tuple(self._needs())
        visit = self._visit(needs)
        record = self.record
        before = None if record is None else self._before(record, visit)
        previous = previous_address(self.desired, record)
        same = before == self.wanted and not needs and previous is None
        action = Action.CREATE if before is None else Action.NO_OP if same else Action.UPDATE
        return Change(
            address=self.desired.address,
            action=action,
            reason=self._reason(needs, previous),
            sid=self.room.sid if self.room is not None else None,
            operations=tuple(need.step.operation for need in needs),
            before=before,
            after=self.wanted,
            impact=tuple(self._impact(needs)),
            fingerprint=visit.fingerprint(_observed(self.presence)) if needs else None,
            previous_address=previous,
            counts=self._counts(visit),
            details=visit.to_document(),
        )

    def drift(self) -> list[Drift]:
        """What is not as we left it, as far as the API shows it."""
        if self.record is None:
            return []
        found = drift_of(self.record, self.wanted, self.room, self.presence)
        return [found] if found is not None else []

    def _visit(self, needs: Sequence[_Need]) -> Visit:
        visit = Visit(
            name=self.wanted["friendly_name"],
            document=f"{self.desired.address}.xml",
            room=self.room.sid if self.room is not None else None,
            people=len(self.room.people) if self.room is not None else 0,
            steps=tuple(need.step for need in needs),
        )
        labels = {key: self.labels[key] for key in visit.touched}
        return Visit(visit.name, visit.document, visit.room, visit.people, labels, visit.steps)

    def _needs(self) -> Iterator[_Need]:
        if self.blind:
            return
        why_end = self._why_end()
        if self.room is not None and why_end is not None:
            yield _Need(Step(UPDATE, parameters={"status": "completed"}), why_end)
        elif self.wanted["status"] == "open":
            for key, participant in self.wanted["participants"].items():
                yield from self._participant_needs(key, participant)
            yield from self._announcement()

    def _why_end(self) -> str | None:
        if self.wanted["status"] == "ended":
            return "status is ended"
        longest = self.wanted["max_duration"]
        if longest is None or self.room is None or self.room.created is None:
            return None
        over = self.now - self.room.created > parse_duration(longest)
        return f"it is older than max_duration ({longest})" if over else None

    def _participant_needs(self, key: str, participant: Attributes) -> Iterator[_Need]:
        presence = self.presence[key]
        if presence.person is not None:
            live = {"muted": presence.person.muted, "hold": presence.person.hold}
            moved = {name: participant[name] for name, value in live.items() if value != participant[name]}
            if moved:
                yield _Need(Step(SET, key, moved))
        elif presence.whereabouts is Whereabouts.ABSENT and (self.room is not None or self.wanted["start"]):
            yield _Need(add_step(key, self.labels[key][0], participant, self.wanted["settings"]))
            if participant["hold"]:
                # Only a participant who exists can be put on hold: createParticipant has no such parameter.
                yield _Need(Step(SET, key, {"hold": True}))

    def _announcement(self) -> Iterator[_Need]:
        announce = self.wanted["announce"]
        room = self.room
        if announce is None or room is None or room.status != "in-progress" or not room.people:
            return
        digest = announcement_digest(announce)
        if not self.memory.has_announced(room.sid, digest):
            parameters = {"announce_url": announce["url"], "announce_method": announce["method"]}
            yield _Need(Step(UPDATE, parameters=parameters, digest=digest))

    def _before(self, record: Recorded, visit: Visit) -> Attributes:
        """What is recorded, with the live values of whatever a step is about."""
        before = {**record.attributes, "participants": dict(record.attributes["participants"])}
        people = before["participants"]
        for step in visit.steps:
            if step.operation == ADD:
                people.pop(step.participant, None)
            elif step.operation == SET and step.participant in people:
                person = self.presence[step.participant].person
                live = {} if person is None else {name: getattr(person, name) for name in step.parameters}
                people[step.participant] = {**people[step.participant], **live}
            elif step.digest:
                before["announce"] = None
            elif visit.ends and self.wanted["status"] == "ended":
                before["status"] = "open"
        return before

    def _reason(self, needs: Sequence[_Need], previous: Address | None) -> str:
        if previous is not None:
            return "renamed"
        if self.record is None:
            return "declared"
        if self.record.attributes != self.wanted:
            return "changed"
        return "live-room" if needs else "unchanged"

    def _impact(self, needs: Sequence[_Need]) -> Iterator[str]:
        for need in needs:
            yield step_impact(need.step, self.wanted, self.room, self.now, need.why)
        if self.record is None:
            yield from (
                unknown_outcome(key, found)
                for key, found in self.presence.items()
                if found.whereabouts is Whereabouts.UNKNOWN
            )
        old = self.record.attributes if self.record is not None else self.wanted
        if self.room is not None and old["twiml"] != self.wanted["twiml"]:
            yield settings_impact(self.room)

    def _counts(self, visit: Visit) -> dict[str, int]:
        calls = sum(step.operation == ADD for step in visit.steps)
        counts = {CALL.name: calls} if calls else {}
        if visit.ends and visit.people:
            counts[ENDING.name] = 1
        return counts


def _observed(presence: Mapping[str, Presence]) -> dict[str, Any]:
    return {key: found.observed for key, found in presence.items()}


def _ambiguous(desired: Desired, rooms: Sequence[Room]) -> Blocked:
    sids = ", ".join(sorted(room.sid for room in rooms))
    name = desired.attributes["friendly_name"]
    return Blocked(
        rule="ambiguous-room",
        message=f"{desired.address}: several live rooms have the name {name!r}: {sids}",
        hint="nobody can tell which is meant: wait until all but one have ended, or end them",
        addresses=(desired.address,),
    )


def _unreadable(desired: Desired, reason: str) -> Blocked:
    name = desired.attributes["friendly_name"]
    return Blocked(
        rule="unreadable-room",
        message=f"{desired.address}: a live room that may have the name {name!r}, or somebody in it,"
        f" cannot be read: {reason}",
        hint="nobody can tell who is there, so nobody is phoned: look in the Twilio console; the others go on"
        f" with --exclude {desired.address}",
        addresses=(desired.address,),
    )


def _removed(record: Recorded, rooms: Sequence[Room]) -> Change:
    """Forget the settings. A live room is left alone: nobody is hung up on for a line that was removed."""
    return Change(
        address=record.address,
        action=Action.DELETE,
        reason="removed",
        sid=record.sid,
        before=record.attributes,
        impact=tuple(map(left_impact, rooms)),
    )

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
from voiceform.kinds.conference.impact import left_impact, settings_impact, step_impact, unread_room
from voiceform.kinds.conference.labels import labels_of
from voiceform.kinds.conference.live import LiveConferences, Room
from voiceform.kinds.conference.memory import Memory
from voiceform.kinds.conference.people import SHOWN, changes_of, coached_by, tone_at_exit
from voiceform.kinds.conference.presence import Presence, Whereabouts, presence_of
from voiceform.kinds.conference.scopes import ENDING
from voiceform.kinds.conference.steps import (
    ADD,
    SET,
    UPDATE,
    Step,
    Visit,
    add_step,
    announcement_digest,
    hold_parameters,
)
from voiceform.kinds.phoning import CALL
from voiceform.kinds.records import match_records, previous_address
from voiceform.model.address import Address
from voiceform.model.durations import parse_duration
from voiceform.model.plan import Action, Blocked, Caution, Change, Drift, Mode
from voiceform.model.resource import Attributes, Desired, Recorded
from voiceform.twilio.resources import Participant


def compare(context: CompareContext, live: LiveConferences) -> Comparison:
    """Changes for everything declared, deletions of records for what no longer is."""
    changes: list[Change] = []
    drift: list[Drift] = []
    matches = match_records(context.desired, context.recorded)
    blocked: list[Blocked] = []
    warnings: list[Caution] = []
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
        warnings.extend(view.unready())
    changes.extend(_removed(record, live) for record in matches.left.values())
    return Comparison(changes, drift, (), [*matches.blocked, *blocked], warnings)


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
        self.labels = {key: labels_of(desired, record, self.memory, key) for key in sorted(keys)}
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
            moved = self._moved(key, participant, presence.person)
            if moved:
                yield _Need(Step(SET, key, moved))
            yield from self._told(key, participant, presence.person)
        elif self._is_missed(presence):
            coached = coached_by(participant, self.presence)
            if coached is None:
                return  # who cannot coach yet would be heard by everybody
            settings = self.wanted["settings"]
            yield _Need(add_step(key, self.labels[key][0], participant, settings, coached))
            if participant["hold"]:
                # Only a participant who exists can be put on hold: createParticipant has no such parameter.
                yield _Need(Step(SET, key, hold_parameters(participant)))

    def _is_missed(self, presence: Presence) -> bool:
        """Whether somebody is to be phoned."""
        return presence.whereabouts is Whereabouts.ABSENT and (self.room is not None or self.wanted["start"])

    def _moved(self, key: str, participant: Attributes, person: Participant) -> dict[str, Any]:
        """What is to be set on somebody who is in the room."""
        before = None if self.record is None else self.record.attributes
        recorded = None if before is None else before["participants"].get(key)
        moved = changes_of(person, participant, recorded, coached_by(participant, self.presence))
        if before is not None and recorded is not None:
            moved.update(tone_at_exit(participant, recorded, self.wanted["settings"], before["settings"]))
        return moved

    def _told(self, key: str, participant: Attributes, person: Participant) -> Iterator[_Need]:
        """What is announced to one person, once in each call."""
        announce, room = participant.get("announce"), self.room
        if announce is None or room is None or room.status != "in-progress" or person.status != "connected":
            return
        digest = announcement_digest({**announce, "call": person.call_sid})
        if not self.memory.has_announced(room.sid, digest):
            yield _Need(Step(SET, key, _announced(announce), digest))

    def unready(self) -> Iterator[Caution]:
        """Who is not phoned yet, because the participant to coach is not in the room."""
        if self.blind or self.wanted["status"] != "open" or (self.room is not None and self._why_end()):
            return
        for key, participant in self.wanted["participants"].items():
            if self._is_missed(self.presence[key]) and coached_by(participant, self.presence) is None:
                coached = participant["coach"]
                yield Caution(
                    self.desired.address,
                    f"{key} is not phoned yet: {coached}, whom {key} coaches, is not in the room",
                    "apply again once that call was answered",
                )

    def _announcement(self) -> Iterator[_Need]:
        announce = self.wanted["announce"]
        room = self.room
        if announce is None or room is None or room.status != "in-progress" or not room.people:
            return
        digest = announcement_digest(announce)
        if not self.memory.has_announced(room.sid, digest):
            yield _Need(Step(UPDATE, parameters=_announced(announce), digest=digest))

    def _before(self, record: Recorded, visit: Visit) -> Attributes:
        """What is recorded, with the live values of whatever a step is about."""
        before = {**record.attributes, "participants": dict(record.attributes["participants"])}
        people = before["participants"]
        for step in visit.steps:
            if step.operation == ADD:
                people.pop(step.participant, None)
            elif step.operation == SET:
                if step.participant in people:
                    people[step.participant] = self._live(step, people[step.participant])
            elif step.digest:
                before["announce"] = None
            elif visit.ends and self.wanted["status"] == "ended":
                before["status"] = "open"
        return before

    def _live(self, step: Step, recorded: Attributes) -> Attributes:
        """A recorded participant with the live values of what a step sets, as far as they are shown."""
        person = self.presence[step.participant].person
        if person is None:
            return recorded
        shown = {name: getattr(person, name) for name in SHOWN if name in step.parameters}
        gone = {"announce"} if step.digest else {"coach"} if step.parameters.get("coaching") else set()
        return {name: value for name, value in {**recorded, **shown}.items() if name not in gone}

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


def _announced(announce: Attributes) -> dict[str, Any]:
    return {"announce_url": announce["url"], "announce_method": announce["method"]}


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
        message=f"{desired.address}: {unread_room(name)}: {reason}",
        hint="nobody can tell who is there, so nobody is phoned: look in the Twilio console; the others go on"
        f" with --exclude {desired.address}",
        addresses=(desired.address,),
    )


def _removed(record: Recorded, live: LiveConferences) -> Change:
    """Forget the settings. A live room is left alone: nobody is hung up on for a line that was removed."""
    name = record.attributes["friendly_name"]
    unreadable = live.why_unreadable(name)
    impact = [left_impact(room) for room in live.rooms.get(name, ())]
    if unreadable is not None:
        impact.append(f"{unread_room(name)}: {unreadable}; it goes on, and nobody is hung up on")
    return Change(
        address=record.address,
        action=Action.DELETE,
        reason="removed",
        sid=record.sid,
        before=record.attributes,
        impact=tuple(impact),
    )

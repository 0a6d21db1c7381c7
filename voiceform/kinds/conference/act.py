"""Carry out the steps of one change in a room, in order; each with its own care.

Adding a participant phones a person, so it happens at most once: the attempt is remembered before the request
leaves, the label makes the API refuse a second one, and an answer that was lost is settled by reading the
label. What cannot be proven is UNKNOWN and is not tried again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from voiceform.kinds.base import Done, Session
from voiceform.kinds.conference.live import (
    LIVE_STATUSES,
    Room,
    call_status,
    labelled,
    read_people,
    read_rooms,
    with_missed,
)
from voiceform.kinds.conference.memory import Attempt, Notebook, forget_memory, move_memory
from voiceform.kinds.conference.presence import presence_of
from voiceform.kinds.conference.steps import ADD, SET, Step, Visit
from voiceform.kinds.phoning import CALL
from voiceform.model.errors import OutcomeUnknownError
from voiceform.model.plan import Action, Change
from voiceform.model.resource import Recorded
from voiceform.model.run import Status
from voiceform.twilio.errors import (
    AmbiguousError,
    ApiError,
    ConnectionFailedError,
    InvalidArgumentError,
    NotFoundError,
    ReadOnlyError,
    TwilioError,
)
from voiceform.twilio.operations import Ended
from voiceform.twilio.parameters import CreateParticipant
from voiceform.twilio.resources import Participant

LABEL_IN_USE = frozenset({16025, 16026})
"""Twilio's errors for a label that another active participant of the conference has."""

_ANSWERED = (
    "label",
    "muted",
    "hold",
    "coaching",
    "start_conference_on_enter",
    "end_conference_on_exit",
)
"""What the answer about a participant shows of what was asked."""

_NOT_SENT = (ConnectionFailedError, InvalidArgumentError, ReadOnlyError)
"""Errors after which certainly nobody was phoned; a lost answer is none of them."""


def act(change: Change, session: Session) -> Done:
    """Forget, record, or visit the room as planned."""
    if change.action is Action.DELETE:
        return Done(Status.APPLIED, sid=change.sid, writes=forget_memory(session.store, change.address))
    visit = Visit.of(change)
    if not visit.steps:
        return applied(change, change.sid, session)
    room = _room_as_planned(change, visit, session)
    if isinstance(room, Done):
        return room
    return _Execution(change, visit, session, room).run()


def applied(change: Change, room: str | None, session: Session, message: str | None = None) -> Done:
    """The change is done; after a renaming what was remembered moves to the new address."""
    writes = move_memory(session.store, change.previous_address, change.address)
    return Done(
        Status.APPLIED,
        recorded=Recorded(change.address, room, change.after or {}, depends_on=change.depends_on),
        sid=room,
        message=message,
        writes=writes,
    )


def _room_as_planned(change: Change, visit: Visit, session: Session) -> Room | Done | None:
    """The room as it is now (None: there is none, as planned), or how the change ends because it moved."""
    if visit.room is None:
        rooms = read_rooms(session.client, [visit.name]).get(visit.name, ())
        if rooms:
            return _stale(change, f"the room {rooms[0].sid} appeared after the plan was made")
        room = None
    else:
        conference = session.client.fetch_conference(visit.room)
        if conference.status not in LIVE_STATUSES:
            if visit.ends:
                return applied(change, visit.room, session, "the room had ended already")
            return _stale(change, f"the room {visit.room} ended after the plan was made")
        room = with_missed(session.client, read_people(session.client, conference), visit.labels.values())
        if visit.ends and room.people and not visit.people:
            return _stale(change, "people entered the room, which was empty when the plan was made")
    if visit.fingerprint(_observed(visit, room, change, session)) != change.fingerprint:
        return _stale(
            change, f"{' or '.join(visit.touched)} entered, left or changed after the plan was made"
        )
    return room


def _observed(visit: Visit, room: Room | None, change: Change, session: Session) -> dict[str, Any]:
    """Where the participants are now whom a step is about."""
    memory = notebook_of(change, session).memory
    shown = {person.call_sid for person in room.people} if room is not None else set()
    labels = {label for key in visit.touched for label in visit.labels[key]}
    placed = {memory.attempts[label].call_sid for label in labels if label in memory.attempts}
    calls = {sid: call_status(session.client, sid) for sid in sorted(filter(None, placed - shown))}
    now = session.clock.now()
    return {key: presence_of(visit.labels[key], room, memory, calls, now).observed for key in visit.touched}


def notebook_of(change: Change, session: Session) -> Notebook:
    """What is remembered of a change's conference, under its earlier address too."""
    previous = () if change.previous_address is None else (change.previous_address,)
    return Notebook(session.store, change.address, previous)


def _stale(change: Change, message: str) -> Done:
    return Done(Status.STALE, sid=change.sid, message=message, hint="plan again")


class _StepError(Exception):
    """A step did not succeed; ends the change."""

    def __init__(self, done: Done) -> None:
        self.done = done
        super().__init__(done.message)


class _Execution:
    """The steps of one change, one after another."""

    def __init__(self, change: Change, visit: Visit, session: Session, room: Room | None) -> None:
        self.change = change
        self.visit = visit
        self.session = session
        self.room = room.sid if room is not None else None
        self.notebook = notebook_of(change, session)
        self.added: dict[str, str] = {}
        self.present = {
            key: person.call_sid
            for key, labels in visit.labels.items()
            if room is not None and (person := room.person(labels, self._remembered(labels))) is not None
        }
        self.finished: list[str] = []

    def run(self) -> Done:
        """Do every step; the first that does not succeed ends the change, and the message says how far it
        got.
        """
        for step in self.visit.steps:
            try:
                self._take(step)
            except _StepError as error:
                return self._broken_off(error.done)
            except TwilioError as error:
                return self._broken_off(_failed(error))
        return applied(self.change, self.room, self.session)

    def _broken_off(self, done: Done) -> Done:
        before = f" (before that: {', '.join(self.finished)})" if self.finished else ""
        return replace(done, sid=self.room, message=f"{done.message}{before}")

    def _take(self, step: Step) -> None:
        if step.operation == ADD:
            self._add(step)
        elif step.digest:
            self._announce(step)
        elif step.operation == SET:
            self._set(step)
        else:
            self._end()

    def _add(self, step: Step) -> None:
        label, now = step.parameters["label"], self.session.clock.now()
        why = self.session.lost.why_nobody(now)
        if why is not None:
            raise _StepError(Done(Status.FAILED, message=f"{step.participant} was not phoned: {why}"))
        where = self.room or self.visit.name
        attempt = Attempt(
            label,
            self.room,
            now,
            self.session.run_id,
            participant=step.participant,
        )
        request = CreateParticipant(**step.parameters)
        self.notebook.keep(self.notebook.memory.with_attempt(attempt))
        told: Mapping[str, Any] = {}
        try:
            person = self.session.client.create_participant(where, request)
            told = _told_otherwise(step, person)
        except ApiError as error:
            self._heard(attempt, lost=False)
            person = self._refused(label, error)
        except _NOT_SENT:
            self.notebook.keep(self.notebook.memory.without_attempt(label))
            raise
        except TwilioError as error:
            person = self._look_again(step, attempt, error)
        self._heard(attempt, lost=False)
        self.room = person.conference_sid or self.room
        self.added[step.participant] = person.call_sid
        self.notebook.keep(
            self.notebook.memory.with_attempt(replace(attempt, room=self.room, call_sid=person.call_sid))
        )
        self.finished.append(f"{step.participant} was phoned")
        if told:
            raise _StepError(_answered_otherwise(step, told))

    def _look_again(self, step: Step, attempt: Attempt, error: TwilioError) -> Participant:
        """After an answer that was lost: the label proves that it happened; its absence proves nothing."""
        label = attempt.label
        person = self._find(label)
        if person is not None:
            return person
        self._heard(attempt, lost=True)
        raise _StepError(
            Done(
                Status.UNKNOWN,
                message=f"nobody knows whether {step.participant} was phoned: {error.what}",
                unknown={CALL.name: 1},
                hint=f"look in the Twilio console for the participant {label!r}, and say what you found with"
                f" `voiceform calls resolve {self.change.address} {step.participant}`; nobody phones"
                f" {step.participant} again until the room is over or a day has passed",
                request_id=getattr(error, "request_id", None),
            )
        )

    def _refused(self, label: str, error: ApiError) -> Participant:
        """The API did not phone anybody; where it says that the label is in use, that person is ours."""
        person = self._find(label) if error.code in LABEL_IN_USE else None
        if person is None:
            self.notebook.keep(self.notebook.memory.without_attempt(label))
            raise error
        return person

    def _heard(self, attempt: Attempt, *, lost: bool) -> None:
        self.session.lost.hear([((self.change.address, attempt.label), attempt.at, lost)])

    def _find(self, label: str) -> Participant | None:
        """Who has the label; None also when that cannot be read."""
        try:
            return find_by_label(self.session, self.room, self.visit.name, label)
        except TwilioError:
            return None

    def _set(self, step: Step) -> None:
        who = self.added.get(step.participant) or self.present.get(step.participant)
        if who is None or self.room is None:
            raise _StepError(_stale(self.change, f"{step.participant} left the room"))
        try:
            person = self.session.client.update_participant(self.room, who, **step.parameters)
        except NotFoundError:
            if step.participant in self.added:
                raise _StepError(_not_there_yet(step)) from None
            raise _StepError(_stale(self.change, f"{step.participant} left the room")) from None
        told = _told_otherwise(step, person)
        if told:
            raise _StepError(_answered_otherwise(step, told))
        self.finished.append(f"{step.participant} was changed")

    def _announce(self, step: Step) -> None:
        """Announce once: what may have been played is not played again."""
        room = self.room or ""
        self.notebook.keep(self.notebook.memory.with_announcement(room, step.digest))
        try:
            self._play(room, step)
        except AmbiguousError as error:
            raise _StepError(
                Done(
                    Status.UNKNOWN,
                    message=f"nobody knows whether the announcement was played: {error.what}",
                    hint="it is not played again in this room; declare it differently to have it played",
                    request_id=error.request_id,
                )
            ) from None
        except TwilioError:
            self.notebook.keep(self.notebook.memory.without_announcement(room, step.digest))
            raise
        heard = f" to {step.participant}" if step.participant else ""
        self.finished.append(f"the announcement was played{heard}")

    def _play(self, room: str, step: Step) -> None:
        """To everybody, or to one person who is in the room."""
        if not step.participant:
            self.session.client.update_conference(room, **step.parameters)
            return
        who = self.present.get(step.participant)
        try:
            if who is not None:
                self.session.client.update_participant(room, who, **step.parameters)
        except NotFoundError:
            who = None
        if who is None:
            self.notebook.keep(self.notebook.memory.without_announcement(room, step.digest))
            raise _StepError(_stale(self.change, f"{step.participant} left the room"))

    def _end(self) -> None:
        ended = self.session.client.end_conference(self.room or "")
        self.finished.append("the room was ended" if ended is Ended.NOW else "the room had ended already")

    def _remembered(self, labels: tuple[str, ...]) -> str | None:
        attempts = self.notebook.memory.attempts
        return next((attempts[label].call_sid for label in labels if label in attempts), None)


def find_by_label(session: Session, room: str | None, name: str, label: str) -> Participant | None:
    """The participant under a label, in a room or, when it is not known, in any live room of the name."""
    if room is not None:
        return labelled(session.client, room, label)
    rooms = read_rooms(session.client, [name]).get(name, ())
    return next((person for found in rooms if (person := found.person((label,))) is not None), None)


def _told_otherwise(step: Step, person: Participant) -> dict[str, Any]:
    """What the API answered of a participant that differs from what was asked, as far as it shows it."""
    told = {name: getattr(person, name) for name in _ANSWERED if name in step.parameters}
    return {name: value for name, value in told.items() if value not in (None, step.parameters[name])}


def _answered_otherwise(step: Step, told: Mapping[str, Any]) -> Done:
    differing = ", ".join(
        f"{name} {value!r} instead of {step.parameters[name]!r}" for name, value in told.items()
    )
    return Done(
        Status.FAILED,
        message=f"the API accepted {step.participant} and answered with {differing}",
        hint="plan again to see what is still to do",
    )


def _not_there_yet(step: Step) -> Done:
    return Done(
        Status.FAILED,
        message=f"{step.participant} was phoned and is not in the room yet, so it cannot be put on hold",
        hint="apply again once the call was answered",
    )


def _failed(error: TwilioError) -> Done:
    place = f"{error.where}: " if error.where else ""
    return Done(
        Status.UNKNOWN if isinstance(error, OutcomeUnknownError) else Status.FAILED,
        message=f"{place}{error.what}",
        hint=error.hint,
        request_id=getattr(error, "request_id", None),
    )

"""After a crash: what became of the steps that a dead run began in a room. Reads the account only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from voiceform.kinds.base import Done, Session
from voiceform.kinds.conference.act import applied, find_by_label, notebook_of
from voiceform.kinds.conference.steps import ADD, Visit
from voiceform.kinds.phoning import CALL
from voiceform.model.address import Address
from voiceform.model.plan import Action, Change
from voiceform.model.run import Status


def settle(changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
    """What happened to each change; those without a step that may have phoned somebody are planned anew."""
    settled = ((change.address, _settle(change, session)) for change in changes)
    return {address: done for address, done in settled if done is not None}


def _settle(change: Change, session: Session) -> Done | None:
    """An attempt is remembered before its request leaves, so what is not remembered was not sent.

    Everything but phoning is found again by the next plan: muting, holding and ending can be read, and an
    announcement that may have been played is remembered as played.
    """
    if change.action is Action.DELETE:
        return None
    visit = Visit.of(change)
    additions = [step for step in visit.steps if step.operation == ADD]
    notebook = notebook_of(change, session)
    phoned = 0
    lost: list[str] = []
    for step in additions:
        attempt = notebook.memory.attempts.get(step.parameters["label"])
        if attempt is None or attempt.run_id != session.run_id:
            continue
        if attempt.call_sid is None:
            person = find_by_label(session, attempt.room, visit.name, attempt.label)
            if person is None:
                lost.append(step.participant)
                continue
            room = person.conference_sid or attempt.room
            found = replace(attempt, room=room, call_sid=person.call_sid)
            notebook.keep(notebook.memory.with_attempt(found))
        phoned += 1
    if lost:
        return _unknown(lost, visit, change.address)
    if not phoned:
        return None
    if phoned == len(visit.steps):
        return applied(change, visit.room, session)
    return Done(
        Status.FAILED,
        sid=visit.room,
        message=f"the run died midway: {phoned} of {len(additions)} participants were phoned",
        hint="plan again to see what is left",
    )


def _unknown(lost: Sequence[str], visit: Visit, address: Address) -> Done:
    names = ", ".join(lost)
    return Done(
        Status.UNKNOWN,
        sid=visit.room,
        unknown={CALL.name: len(lost)},
        message=f"the run died while it phoned {names}, and no participant of that label is in the room",
        hint="look in the Twilio console for calls of that time, and say what you found with `voiceform calls"
        f" resolve {address} {lost[0]}`; {names} will not be phoned again until the room is over or a day has"
        " passed",
    )

"""After a crash: what became of the steps that a dead run began in a room. Reads the account only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from voiceform.kinds.base import Done, HalfSettledError, Session
from voiceform.kinds.conference.act import applied, find_by_label, notebook_of
from voiceform.kinds.conference.memory import Attempt
from voiceform.kinds.conference.steps import ADD, Visit
from voiceform.kinds.phoning import CALL
from voiceform.model.address import Address
from voiceform.model.plan import Action, Change
from voiceform.model.run import Status
from voiceform.twilio.errors import TwilioError


def settle(changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
    """What happened to each change; those without a step that may have phoned somebody are planned anew.

    HalfSettledError names whoever may have been phoned where a room, or who is in it, cannot be read.
    """
    found: dict[Address, Done] = {}
    unread: TwilioError | None = None
    for change in changes:
        if change.action is Action.DELETE:
            continue
        settling = _Settling(change, session)
        done = settling.run()
        if done is not None:
            found[change.address] = done
        unread = unread or settling.unread
    if unread is not None:
        raise HalfSettledError(unread, found)
    return found


class _Settling:
    """An attempt is remembered before its request leaves, so what is not remembered was not sent.

    Everything but phoning is found again by the next plan: muting, holding and ending can be read, and an
    announcement that may have been played is remembered as played.
    """

    def __init__(self, change: Change, session: Session) -> None:
        self.change = change
        self.session = session
        self.visit = Visit.of(change)
        self.notebook = notebook_of(change, session)
        self.unread: TwilioError | None = None
        """Why it cannot be said now of somebody."""

    def run(self) -> Done | None:
        """How the change ended; open where somebody may have been phoned and cannot be looked for."""
        visit = self.visit
        additions = [step for step in visit.steps if step.operation == ADD]
        began = [
            (step.participant, attempt)
            for step in additions
            if (attempt := self.notebook.memory.attempts.get(step.parameters["label"])) is not None
            and attempt.run_id == self.session.run_id
        ]
        lost = [participant for participant, attempt in began if not self._was_phoned(attempt)]
        if self.unread is not None:
            return _unread(lost, visit, self.change.address)
        if lost:
            return _unknown(lost, visit, self.change.address)
        if not began:
            return None
        if len(began) == len(visit.steps):
            return applied(self.change, visit.room, self.session)
        return Done(
            Status.FAILED,
            sid=visit.room,
            message=f"the run died midway: {len(began)} of {len(additions)} participants were phoned",
            hint="plan again to see what is left",
        )

    def _was_phoned(self, attempt: Attempt) -> bool:
        """Whether somebody has the label, which is remembered then."""
        if attempt.call_sid is not None:
            return True
        try:
            person = find_by_label(self.session, attempt.room, self.visit.name, attempt.label)
        except TwilioError as error:
            self.unread = self.unread or error
            return False
        if person is None:
            return False
        found = replace(attempt, room=person.conference_sid or attempt.room, call_sid=person.call_sid)
        self.notebook.keep(self.notebook.memory.with_attempt(found))
        return True


def _unread(names: Sequence[str], visit: Visit, address: Address) -> Done:
    return Done(
        Status.UNKNOWN,
        sid=visit.room,
        unknown={CALL.name: len(names)},
        message=f"the run died while it phoned {', '.join(names)}, and who is in the room cannot be read now",
        hint="the next `voiceform apply` looks again; or look in the Twilio console for calls of that time,"
        f" and say what you found with `voiceform calls resolve {address} {names[0]}`",
        is_open=True,
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

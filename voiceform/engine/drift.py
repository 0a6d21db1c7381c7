"""Accept what was changed outside: recorded state follows the account, the account is left as it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from voiceform.kinds.base import Done, Session
from voiceform.kinds.kind import Kind
from voiceform.model.address import Address
from voiceform.model.errors import VoiceformError
from voiceform.model.plan import Action, Drift, DriftStatus, Plan
from voiceform.model.run import Outcome, Status
from voiceform.model.store import Write
from voiceform.state.journal import Run
from voiceform.state.resources import Resources
from voiceform.twilio.errors import NotFoundError


def accept_drift(
    plan: Plan, run: Run, resources: Resources, kinds: Mapping[str, Kind[Any]], session: Session
) -> list[Outcome]:
    """Record the live attributes of everything that drifted and forget what is gone, in one batch.

    What is gone is asked for once more before it is forgotten.
    """
    gone = [drift for drift in plan.drift if drift.status is DriftStatus.GONE]

    def look(drift: Drift) -> tuple[Address, Done]:
        return drift.address, _forget(drift, kinds[drift.address.kind], session)

    ends = dict(session.run_all(look, gone))
    pairs = [(drift, ends.get(drift.address, _ACCEPTED)) for drift in plan.drift]
    outcomes = [
        Outcome(drift.address, Action.UPDATE, done.status, drift.sid, done.message, done.hint)
        for drift, done in pairs
    ]
    run.record(
        outcomes,
        [
            write
            for drift, done in pairs
            if done.status is Status.APPLIED
            for write in _writes(drift, resources)
        ],
    )
    return outcomes


_ACCEPTED = Done(Status.APPLIED, message="recorded as it is now")


def _forget(drift: Drift, kind: Kind[Any], session: Session) -> Done:
    """How forgetting an object ends: applied where Twilio still says that it is gone."""
    if drift.sid is None:
        return Done(Status.APPLIED, message="forgotten")
    try:
        kind.adopt(drift.address, drift.sid, session.client)
    except NotFoundError:
        return Done(Status.APPLIED, message="forgotten: it is gone")
    except VoiceformError as error:
        return Done(Status.FAILED, message=error.what, hint=error.hint)
    return Done(
        Status.STALE,
        message="it is there, although it was gone when the plan was made",
        hint="nothing was forgotten; plan again",
    )


def _writes(drift: Drift, resources: Resources) -> list[Write]:
    record = resources.recorded.get(drift.address)
    if record is None:
        return []
    if drift.status is DriftStatus.GONE or drift.after is None:
        return [resources.removal(drift.address)]
    accepted = replace(record, attributes=drift.after)
    return [resources.write(accepted)]

"""Accept what was changed outside: recorded state follows the account, the account is left as it is."""

from __future__ import annotations

from voiceform.model.plan import Action, Drift, DriftStatus, Plan
from voiceform.model.resource import Recorded
from voiceform.model.run import Outcome, Status
from voiceform.model.store import Write
from voiceform.state.journal import Run
from voiceform.state.resources import Resources


def accept_drift(plan: Plan, run: Run, resources: Resources) -> list[Outcome]:
    """Record the live attributes of everything that drifted and forget what is gone, in one batch."""
    outcomes = [
        Outcome(drift.address, Action.UPDATE, Status.APPLIED, drift.sid, "recorded as it is now")
        for drift in plan.drift
    ]
    run.record(outcomes, [write for drift in plan.drift for write in _writes(drift, resources)])
    return outcomes


def _writes(drift: Drift, resources: Resources) -> list[Write]:
    record = resources.recorded.get(drift.address)
    if record is None:
        return []
    if drift.status is DriftStatus.GONE or drift.after is None:
        return [resources.removal(drift.address)]
    accepted = Recorded(record.address, record.sid, drift.after, record.protect, record.depends_on)
    return [resources.write(accepted)]

"""Whether kinds understand what only they read in a change, asked before anything is done with it.

No schema describes the details of a change. Who carried out the part that can be read would do something else
than what was planned, and a run that is begun with what nobody can read could never be settled.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from voiceform.kinds.kind import Kind
from voiceform.model.errors import PlanFileError, StateError
from voiceform.model.plan import Change, Plan
from voiceform.model.secret_patterns import redact_secrets


def require_understood(plan: Plan, kinds: Sequence[Kind[Any]]) -> None:
    """Raise PlanFileError unless every change is of one of the kinds, which understands it whole."""
    known = {kind.name: kind for kind in kinds}
    for change in plan.changes:
        kind = known.get(change.kind)
        problem = "this program does not know its kind" if kind is None else _problem(kind, change)
        if problem is not None:
            raise PlanFileError(
                f"what is planned for {change.address} cannot be carried out: {problem}",
                hint="nothing was sent; plan again",
            )


def require_settleable(kind: Kind[Any], changes: Sequence[Change], run_id: str) -> None:
    """Raise StateError unless the kind understands each change of a run that died: what that may have done is
    not guessed."""
    for change in changes:
        problem = _problem(kind, change)
        if problem is not None:
            raise StateError(
                f"what run {run_id} was about to do to {change.address} cannot be read: {problem}",
                hint="settle it with the voiceform that began it, or restore the state from a backup",
            )


def _problem(kind: Kind[Any], change: Change) -> str | None:
    try:
        kind.details.of(change)
    except ValueError as error:
        return redact_secrets(str(error))[:200]
    return None

"""The inverse of a run, as an ordinary plan.

What a run did is set back by declaring the objects as they were before it and comparing that with the account
of now. So the plan has fingerprints, limits, protections and impact like every other, and only objects that
are still as the run left them are in it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from voiceform.engine.planner import PlanRequest, make_plan
from voiceform.kinds.kind import Kind
from voiceform.model.address import Address
from voiceform.model.errors import StateError, UsageError
from voiceform.model.plan import Action, Change, ConfigSource, Plan
from voiceform.model.resource import NOTES, Desired, Recorded, fingerprint
from voiceform.model.run import Outcome, Status
from voiceform.model.safety import Ownership
from voiceform.state.journal import RunDetail

_NEVER_SENT = (Status.FAILED, Status.REFUSED, Status.STALE, Status.SKIPPED)


@dataclass(frozen=True, slots=True)
class NotUndone:
    """A change of the run that stays, and why."""

    address: Address
    action: Action
    reason: str


@dataclass(frozen=True, slots=True)
class Undo:
    """The plan that takes a run back, and what it leaves as it is."""

    plan: Plan
    left: tuple[NotUndone, ...]


@dataclass(frozen=True, slots=True)
class _Step:
    """One change of the run with what it is to become again; `previous` is None for what is to go."""

    change: Change
    sid: str | None
    previous: Desired | None

    @property
    def address(self) -> Address:
        """Under which the inverse change stands."""
        return self.previous.address if self.previous is not None else self.change.address


def plan_undo(run: RunDetail, request: PlanRequest) -> Undo:
    """The inverse of `run`, made of the surroundings in `request`; reads only.

    The configuration of the request gives account and limits; what it declares plays no part, and neither
    does its ownership. StateError for a run that has not ended: it has to be settled first.
    """
    if not run.record.begun:
        raise StateError(
            f"run {run.record.run_id} has not begun",
            hint="nothing was sent, and there is nothing to undo; plan again",
        )
    if run.record.finished_at is None:
        raise StateError(
            f"run {run.record.run_id} has not ended",
            hint="wait for it; if it was killed, the next `voiceform apply` settles it",
        )
    if run.record.folded:
        raise StateError(
            f"run {run.record.run_id} was folded: what it changed is not kept any more",
            hint="it cannot be undone; change the configuration back, and apply",
        )
    kinds = {kind.name: kind for kind in request.kinds}
    left: list[NotUndone] = []
    steps = list(_steps(run, kinds, left))
    concerned = {step.change.kind for step in steps}
    name = f"undo of run {run.record.run_id}"
    source = ConfigSource(f"sha256:{fingerprint(name)}", (name,))
    plan = make_plan(
        replace(
            request,
            configuration=replace(
                request.configuration,
                source=lambda: source,
                ownership=Ownership.RECORDED,
                desired=_desired(steps, request),
            ),
            # A kind that is not concerned is not even read.
            kinds=[kind for kind in request.kinds if kind.name in concerned],
            selection=_StillAsLeft(steps, request.recorded, kinds, left),
        )
    )
    return Undo(replace(plan, complete=True, unmanaged=()), tuple(left))


def _steps(run: RunDetail, kinds: Mapping[str, Kind[Any]], left: list[NotUndone]) -> Iterator[_Step]:
    """The changes that can be taken back; the others go to `left`, but for those that never happened."""
    outcomes = {outcome.address: outcome for outcome in run.outcomes}
    for change in run.intents:
        outcome = outcomes.get(change.address)
        if outcome is None or outcome.status in _NEVER_SENT:
            continue
        reason = _reason(change, outcome, kinds.get(change.kind))
        if reason is not None:
            left.append(NotUndone(change.address, change.action, reason))
            continue
        try:
            previous = kinds[change.kind].previous_declaration(change)
            if previous is not None:
                previous = replace(previous, hidden=change.hidden_before, notes=change.notes_before)
        except UsageError as error:
            left.append(NotUndone(change.address, change.action, error.hint or error.what))
        else:
            yield _Step(change, outcome.sid, previous)


def _reason(change: Change, outcome: Outcome, kind: Kind[Any] | None) -> str | None:
    """Why a change of the run cannot be taken back, as far as the journal alone tells."""
    if kind is None:
        return f"this program does not know the kind {change.kind}"
    if outcome.status is Status.UNKNOWN:
        return "nobody knows whether it happened"
    if change.action is Action.DELETE and change.sid is not None and not change.operations:
        return "it was gone already: the run only forgot it"
    return kind.irreversible(change)


def _desired(steps: list[_Step], request: PlanRequest) -> dict[Address, Desired]:
    """Everything as it is recorded, but for what is to be as it was before the run."""
    touched = {step.change.address for step in steps}
    desired = {
        address: Desired(
            address,
            record.attributes,
            protect=record.protect,
            depends_on=record.depends_on,
            hidden=record.hidden,
            notes=record.notes,
        )
        for address, record in request.recorded.items()
        if address not in touched
    }
    desired.update((step.address, step.previous) for step in steps if step.previous is not None)
    return desired


class _StillAsLeft:
    """Of the proposed changes those whose objects are still as the run left them; the others go to `left`."""

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    def __init__(
        self,
        steps: Sequence[_Step],
        recorded: Mapping[Address, Recorded],
        kinds: Mapping[str, Kind[Any]],
        left: list[NotUndone],
    ) -> None:
        self._about = (steps, recorded, kinds, left)

    @property
    def everything(self) -> bool:
        """A run is never about everything."""
        return False

    def check(self, known: Iterable[Address], kinds: Collection[str]) -> None:
        """Nobody typed these addresses."""

    def leaves_out(self, kind: str) -> bool:
        """No kind is here that the run has nothing of."""
        return False

    def choose(self, changes: Sequence[Change]) -> list[Change]:
        """See above; in the order of `changes`."""
        steps, recorded, kinds, left = self._about
        proposed = {change.address: change for change in changes}
        kept = set()
        for step in steps:
            found = proposed.get(step.address)
            reason = _moved(step, found, recorded.get(step.change.address))
            if found is not None and reason is None and found.action is not Action.NO_OP:
                reason = _grave(kinds[found.kind].irreversible(found))
                kept.add(found.address)
            if reason is not None:
                left.append(NotUndone(step.change.address, step.change.action, reason))
                kept.discard(step.address)
        return [change for change in changes if change.address in kept]


def _grave(irreversible: str | None) -> str | None:
    return None if irreversible is None else f"taking it back could not be taken back itself: {irreversible}"


def _moved(step: _Step, found: Change | None, record: Recorded | None) -> str | None:
    """How the object differs from what the run left; None when it does not.

    `before` of the proposed change is the object as it is now, `after` of the run's change as it was left.
    """
    left_as, now = step.change.whole_after, found.whole_before if found is not None else None
    if left_as is None:
        return None if now is None else "there is one again since"
    if record is None or found is None or now is None:
        return "it is gone, or recorded under another address since"
    if record.sid is not None and (found.sid != record.sid or step.sid not in (None, record.sid)):
        return "another object took its place since"
    if found.action is Action.DELETE and found.sid is not None and not found.operations:
        return "it is gone since"
    left_as = {**left_as, **dict.fromkeys(NOTES), **step.change.notes_after}
    now = {**now, **record.notes}
    moved = [key for key, value in left_as.items() if now.get(key) != value]
    return f"changed since: {', '.join(moved)}" if moved else None

"""Carry out an approved plan: exactly its changes, journalled, under a lease.

1. refuse      limits that nobody lifted, a plan made from another state, a plan that was used
2. begin       the journal takes every intent; this is also what consumes the plan
3. act         independent changes side by side; what fails stops only what depends on it
4. record      outcomes and the state they leave, in batches, as they come in
5. finish      the journal is closed; a run that is killed before is settled by the next one
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from queue import Empty
from typing import TYPE_CHECKING, Any

from voiceform.engine.drift import accept_drift
from voiceform.engine.order import requirements
from voiceform.engine.safety import Approvals, require_lifted
from voiceform.engine.understanding import require_understood
from voiceform.engine.workers import run_all
from voiceform.kinds.base import Done, Evidence, Session, no_evidence
from voiceform.kinds.kind import Kind
from voiceform.kinds.lost import LostAnswers
from voiceform.kinds.turns import Turns
from voiceform.model.address import Address
from voiceform.model.clock import Clock
from voiceform.model.errors import (
    EvidenceLostError,
    InterruptedRunError,
    OtherStateError,
    OutcomeUnknownError,
    StalePlanError,
    StateError,
    VoiceformError,
)
from voiceform.model.plan import Action, Change, Mode, Plan
from voiceform.model.progress import Progress, Silent
from voiceform.model.resource import Recorded
from voiceform.model.run import CUT_OFF, NOT_BEGUN, Outcome, RunReport, Status
from voiceform.model.runtime import MACHINE, Channel
from voiceform.model.store import DocumentReader, Write
from voiceform.model.unshown import texts_in
from voiceform.state.home import Home
from voiceform.state.journal import Run, begin_run, refuse_used_plan
from voiceform.state.lease import Lease
from voiceform.state.meta import state_version
from voiceform.state.resources import Resources, load_resources
from voiceform.twilio.errors import AmbiguousError, ApiError, StoppedError

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

TASK = "applying"
_LARGEST_BATCH = 200


def _nobody_listens(outcome: Outcome) -> None:
    pass


@dataclass(frozen=True, slots=True)
class ApplyContext:
    """What an apply works with. `who` is recorded; `stop` ends it after what is in flight; `evidence`
    opens the place where what kinds destroy is taken down; `sent` says whether any write may have left so
    far."""

    kinds: Sequence[Kind[Any]]
    client: Client
    lease: Lease
    clock: Clock
    who: str
    parallelism: int = 8
    progress: Progress = field(default_factory=Silent)
    stop: threading.Event = field(default_factory=MACHINE.event)
    on_outcome: Callable[[Outcome], object] = _nobody_listens
    sent: Callable[[], bool] = lambda: True
    evidence: Callable[[str], Evidence] = no_evidence


def apply_plan(plan: Plan, context: ApplyContext, approvals: Approvals) -> RunReport:
    """Run the plan and say how each change ended.

    Raises BlockedError, PlanFileError, StalePlanError and LockedError before anything was sent;
    InterruptedRunError when `stop` was set before anything was begun, and then the plan is as unused as
    before; StateError (LeaseLostError) when state can no longer be written, after what was in flight has
    ended.
    """
    require_lifted(plan, approvals)
    store = context.lease.store
    require_understood(plan, context.kinds)
    require_fresh(plan, store)
    started = context.clock.now()
    home = Home.of(context.client.transport.origin)
    session = new_session(context, {}, plan.plan_id)
    with _foreseeing(plan, session, context.kinds):
        run = begin_run(store, plan, who=context.who, now=started, home=home)
        resources = load_resources(store)
        session = replace(session, recorded=resources.recorded)
        if plan.mode is Mode.REFRESH_ONLY:
            kinds = {kind.name: kind for kind in context.kinds}
            outcomes = accept_drift(plan, run, resources, kinds, session)
        else:
            outcomes = _Execution(plan, context, run, resources, session).outcomes()
    if context.stop.is_set() and _nothing_begun(outcomes, context):
        run.withdraw()
        raise InterruptedRunError
    finished = context.clock.now()
    if not any(outcome.is_open for outcome in outcomes):
        run.finish(now=finished)  # else the next run settles what is open
    return RunReport(plan.plan_id, started, finished, tuple(outcomes))


@contextmanager
def _foreseeing(plan: Plan, session: Session, kinds: Sequence[Kind[Any]]) -> Iterator[None]:
    """What kinds look at first is read while the run is recorded and whatever comes before is done."""
    with ExitStack() as opened:
        for kind in kinds:
            changes = [change for change in plan.pending if change.kind == kind.name]
            if changes:
                opened.enter_context(kind.foreseeing(changes, session))
        yield


def _nothing_begun(outcomes: Sequence[Outcome], context: ApplyContext) -> bool:
    """Whether the plan is as unused as before: nothing was sent, and nothing recorded."""
    return not context.sent() and all(outcome.message == NOT_BEGUN for outcome in outcomes)


def new_session(context: ApplyContext, recorded: Mapping[Address, Recorded], run_id: str) -> Session:
    """What the kinds of one run work with."""
    return Session(
        client=context.client,
        store=context.lease.store,
        clock=context.clock,
        run_id=run_id,
        recorded=recorded,
        run_all=partial(run_all, threads=_threads(context.parallelism), runtime=context.clock.runtime),
        progress=context.progress,
        may_go_on=partial(_may_go_on, context),
        stop=context.stop,
        evidence=context.evidence,
        turns=Turns(context.clock.runtime),
        lost=LostAnswers(context.clock.runtime),
    )


def _threads(in_flight: int) -> int:
    """How many threads keep so many requests in flight: while some of them judge, look and write things
    down, others wait for a place (twilio/throttle.py), which so stays empty for no longer than it must."""
    return in_flight + in_flight // 8


def _may_go_on(context: ApplyContext) -> bool:
    """False once the run is to stop; raises LeaseLostError when somebody else may write now."""
    context.lease.ensure_held()
    return not context.stop.is_set()


def outcome_of(change: Change, done: Done) -> Outcome:
    """The journal's line for a change that ended as `done`."""
    return Outcome(
        address=change.address,
        action=change.action,
        status=done.status,
        sid=done.sid,
        message=done.message,
        hint=done.hint,
        request_id=done.request_id,
        record=done.record,
        destroyed=done.destroyed,
        is_open=done.is_open,
        unknown=done.unknown,
    )


def writes_of(change: Change, done: Done, resources: Resources) -> list[Write]:
    """The documents that a change leaves behind: its record only if it was applied, or if it gives one all
    the same (a schedule is registered also when one of its calls failed). Of an object that was renamed the
    record under its old address goes last: where documents are written one by one there is never none."""
    if done.status is not Status.APPLIED and done.recorded is None:
        return list(done.writes)
    writes = list(done.writes)
    if done.recorded is not None:
        writes.append(resources.write(_as_noted(change, done, done.recorded)))
    else:
        writes.extend(forget(change.address, resources))
    if change.previous_address is not None:
        writes.extend(forget(change.previous_address, resources))
    return writes


def _as_noted(change: Change, done: Done, recorded: Recorded) -> Recorded:
    """The record with what people say of the object, and with what of it is not shown; of a change that did
    not come to its end that may be either side's."""
    ended = done.status is Status.APPLIED
    hidden = change.hidden_after if ended else {**change.hidden_before, **change.hidden_after}
    texts = texts_in({**recorded.attributes, **change.notes}) if hidden else ()
    kept = {path: hidden[path] for path, _ in texts if path in hidden}
    return replace(recorded, notes=change.notes, hidden=kept)


def forget(address: Address, resources: Resources) -> list[Write]:
    """The write that removes the record of `address`, if there is one."""
    return [resources.removal(address)] if address in resources.versions else []


def require_fresh(plan: Plan, store: DocumentReader) -> None:
    """Raise StalePlanError unless the plan is unused and the recorded state is what it was made from."""
    refuse_used_plan(store, plan.plan_id)
    now = state_version(store)
    if plan.state.lineage != now.lineage:
        kind = StalePlanError if plan.state.lineage is None else OtherStateError
        raise kind(
            "the plan was made from another state",
            hint=f"its lineage is {plan.state.lineage}, here it is {now.lineage}: plan again",
        )
    if plan.state.serial != now.serial:
        raise StalePlanError(
            f"the state moved on since the plan was made (serial {plan.state.serial}, now {now.serial})",
            hint="plan again: another apply came first",
        )


class _Execution:
    """One pass through the changes of a plan. Everything but `_act` runs on the calling thread."""

    def __init__(
        self, plan: Plan, context: ApplyContext, run: Run, resources: Resources, session: Session
    ) -> None:
        self.context = context
        self.run = run
        self.resources = resources
        self.session = session
        self.kinds = {kind.name: kind for kind in context.kinds}
        drifted = {drift.address for drift in plan.drift}
        self.waiting: dict[Address, Change] = {
            change.address: change
            for change in plan.changes
            if change.action is not Action.NO_OP or change.address in drifted
        }
        dependencies = {address: record.depends_on for address, record in resources.recorded.items()}
        self.needs = requirements(plan.changes, dependencies)
        self.ready = [address for address in self.waiting if not self.needs.get(address)]
        self.dependants: dict[Address, list[Address]] = {}
        for address, needed in self.needs.items():
            for other in needed:
                self.dependants.setdefault(other, []).append(address)
        self.ended: Channel[tuple[Change, Future[Done]]] = context.clock.runtime.channel()
        self.in_flight = 0
        self.done: list[Outcome] = []

    def outcomes(self) -> list[Outcome]:
        """Act on everything that can be acted on."""
        context = self.context
        context.progress.start(TASK, len(self.waiting))
        self.ready.reverse()
        with context.clock.runtime.pool(context.parallelism, "voiceform-changes") as pool:
            self._submit(pool)
            while self.in_flight:
                self._record(self._next_ended())
                self._submit(pool)
        left = list(self.waiting.values())
        if left:
            self._record([(change, Done(Status.SKIPPED, message=NOT_BEGUN)) for change in left])
        context.progress.finish(TASK)
        return self.done

    def _submit(self, pool: Executor) -> None:
        while self.ready and self.in_flight < 2 * self.context.parallelism and not self.context.stop.is_set():
            change = self.waiting.pop(self.ready.pop())
            future = pool.submit(self._act, change)
            future.add_done_callback(lambda ended, change=change: self.ended.put((change, ended)))  # type: ignore[misc]
            self.in_flight += 1

    def _act(self, change: Change) -> Done:
        """Runs on a worker. Errors of one change end that change; those of state and evidence end the run."""
        if self.context.stop.is_set():
            return Done(Status.SKIPPED, message=NOT_BEGUN)
        self.context.lease.ensure_held()
        try:
            return self.kinds[change.kind].act(change, self.session)
        except (StateError, EvidenceLostError):
            raise
        except (StoppedError, AmbiguousError) as error:
            if not self.context.stop.is_set():
                return failure(error)
            if isinstance(error, StoppedError) and not error.may_have_happened:
                return Done(Status.SKIPPED, message=NOT_BEGUN)
            return Done(Status.FAILED, message=CUT_OFF, is_open=True)
        except VoiceformError as error:
            return failure(error)

    def _next_ended(self) -> list[tuple[Change, Done]]:
        """Wait for one, then take what else has ended: batches grow as writing gets slow."""
        batch = [self.ended.get()]
        while len(batch) < _LARGEST_BATCH:
            try:
                batch.append(self.ended.get_nowait())
            except Empty:
                break
        self.in_flight -= len(batch)
        return [(change, future.result()) for change, future in batch]

    def _record(self, batch: Iterable[tuple[Change, Done]]) -> None:
        """Write a batch to the journal, then tell listeners and let dependants go or skip them."""
        pairs = [pair for change, done in batch for pair in [(change, done), *self._release(change, done)]]
        outcomes = [outcome_of(change, done) for change, done in pairs]
        self.run.record(
            [outcome for outcome in outcomes if not outcome.is_open],
            [write for change, done in pairs for write in writes_of(change, done, self.resources)],
        )
        for outcome in outcomes:
            self.context.on_outcome(outcome)
        acted_on = sum(outcome.status is not Status.SKIPPED for outcome in outcomes)
        self.context.progress.advance(TASK, acted_on)
        self.done.extend(outcomes)

    def _release(self, change: Change, done: Done) -> list[tuple[Change, Done]]:
        """Free what waited for `change`, or skip it and everything behind it."""
        skipped: list[tuple[Change, Done]] = []
        for address in self.dependants.get(change.address, ()):
            if address not in self.waiting:
                continue
            if done.status is Status.APPLIED or done.lets_go:
                self.needs[address].discard(change.address)
                if not self.needs[address]:
                    self.ready.append(address)
                continue
            dependant = self.waiting.pop(address)
            skip = Done(Status.SKIPPED, message=f"needs {change.address}, which was not applied")
            skipped.extend([(dependant, skip), *self._release(dependant, skip)])
        return skipped


def failure(error: VoiceformError) -> Done:
    """How a change ends that raised `error`."""
    status = Status.UNKNOWN if isinstance(error, OutcomeUnknownError) else Status.FAILED
    place = f"{error.where}: " if error.where and not isinstance(error, ApiError) else ""
    return Done(
        status,
        message=f"{place}{error.what}",
        hint=error.hint,
        request_id=getattr(error, "request_id", None),
    )

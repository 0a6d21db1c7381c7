"""One run: lock, settle what died before, plan or check what was planned, ask, act, and give the lock back.

The order is the promise. A plan is made or checked under the lock, so nothing that it was made from moves
before it ends; who is asked sees what is held then; what is blocked is refused before anybody is asked; and
nothing is sent before the evidence of it can be written.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voiceform.engine.applier import ApplyContext, apply_plan, require_fresh
from voiceform.engine.freezes import as_of
from voiceform.engine.safety import require_digest, require_lifted
from voiceform.engine.settle import settle_unfinished
from voiceform.engine.understanding import require_understood
from voiceform.model.errors import (
    CredentialsError,
    InterruptedRunError,
    NotApprovedError,
    StalePlanError,
    VoiceformError,
)
from voiceform.model.plan import Plan
from voiceform.model.plan_codec import sealed
from voiceform.model.run import Outcome, RunReport, lost_of
from voiceform.stack.account import Account
from voiceform.stack.erasing import require_secret
from voiceform.stack.evidence import Evidences, placed
from voiceform.stack.order import Order
from voiceform.stack.parts import Parts
from voiceform.stack.planning import plan_with
from voiceform.state.home import Home
from voiceform.state.meta import require_home, secret_of

if TYPE_CHECKING:
    from voiceform.model.configuration import Configuration
    from voiceform.state.backend import Backend
    from voiceform.state.lease import Lease


def run(parts: Parts, order: Order) -> RunReport:
    """Carry the order out. Raises as `Stack.apply` says."""
    with ExitStack() as opened:
        try:
            return _Run(parts, order, opened).report()
        finally:
            parts.signals.ending()


@dataclass(slots=True)
class _Fence:
    """Asked right before each attempt of a write; remembers that it was."""

    lease: Lease
    asked: bool = False

    def __call__(self) -> None:
        """LeaseLostError when nothing may be sent any more."""
        self.lease.ensure_held()
        self.asked = True


class _Run:
    """The lock is held as long as `opened` is open."""

    def __init__(self, parts: Parts, order: Order, opened: ExitStack) -> None:
        self.parts = parts
        self.order = order
        self.configuration = parts.load_and_warn() if order.plan is None else None
        self.account = self._account(self.configuration)
        self.store: Backend = opened.enter_context(parts.opened_store())
        lease = opened.enter_context(
            parts.locked(self.store, order.wanted.operation, wait=order.lock_timeout)
        )
        require_home(self.store, self.account.sid, self.account.origin)
        self.fence = _Fence(lease)
        writer = opened.enter_context(parts.writer(self.account, self.fence))
        self.evidence = opened.enter_context(
            Evidences(parts, self.account.sid, order.evidence, order.approved, order.lock_timeout)
        )
        self.context = ApplyContext(
            kinds=parts.kinds(),
            client=writer,
            lease=lease,
            clock=parts.clock,
            who=parts.who,
            parallelism=parts.parallelism,
            progress=parts.progress,
            stop=parts.stop,
            on_outcome=parts.listener.outcome,
            sent=lambda: self.fence.asked,
            evidence=self.evidence,
        )

    def report(self) -> RunReport:
        """Settle, plan, ask, act."""
        settled = settle_unfinished(self.context)
        if settled.outcomes:
            self.parts.listener.settled(settled.outcomes)
        lost = lost_of(settled.outcomes)
        try:
            if settled.failure is not None:
                raise settled.failure
            return self._report(lost)
        except InterruptedRunError:
            raise
        except VoiceformError as error:
            if lost:
                error.after(lost)
            raise

    def _report(self, earlier: tuple[Outcome, ...]) -> RunReport:
        """Plan, ask, act; `earlier` is what nobody knows of runs that died."""
        plan = self._plan()
        require_digest(plan, self.order.expect_digest)
        plan = as_of(plan, self.parts.clock.now())
        self.parts.listener.planned(plan)
        require_lifted(plan, self.order.approvals)  # nobody should approve what cannot run
        if self.order.plan is None and nothing_to_do(plan):
            now = self.parts.clock.now()
            report = RunReport(plan.plan_id, now, now, ())
        else:
            self._confirm(plan)
            self.evidence.open_for(plan)
            report = self._applied(placed(plan, self.order.evidence))
        report = replace(report, earlier=earlier)
        self.parts.listener.recorded(plan, report)
        return report

    def _account(self, configuration: Configuration | None) -> Account:
        plan = self.order.plan
        account = self.parts.account_for(configuration.account if configuration is not None else None)
        if plan is not None and plan.account_sid != account.sid:
            raise CredentialsError(
                f"the plan is for account {plan.account_sid}, the credentials are for {account.sid}",
                hint="nothing was sent; use the credentials that the plan was made with",
            )
        here = str(Home.of(account.origin))
        if plan is not None and plan.place != here:
            raise CredentialsError(
                f"the plan was made from what is at {plan.place or 'no API'}, and the API in use is {here}",
                hint="nothing was sent; correct --base-url, VOICEFORM_BASE_URL or TWILIO_REGION, or plan"
                " again",
            )
        return account

    def _plan(self) -> Plan:
        """The plan that was given, if it still fits, or one that is made now."""
        saved = self.order.plan
        if saved is not None:
            require_understood(saved, self.context.kinds)
            require_fresh(saved, self.context.lease.store)
            # A file may say anything of its digest, and an object may be an edited copy: it is made anew.
            plan = sealed(saved, secret_of(self.context.lease.store))
            if plan.review_digest != saved.review_digest:
                raise StalePlanError(
                    "the plan is not as it was made: its review digest does not fit, nothing was done",
                    hint="plan again; to leave something out, give targets or excludes to plan",
                )
            return plan
        assert self.configuration is not None  # noqa: S101 - it is read where no plan was given
        if self.order.wanted.erase is not None:
            require_secret(self.context.lease.store, self.account)
        with self.parts.reader(self.account) as reader:
            return plan_with(self.parts, self.configuration, reader, self.store, self.order.wanted)

    def _confirm(self, plan: Plan) -> None:
        if plan.pending and self.order.confirm is not None and self.order.confirm(plan) is not True:
            raise NotApprovedError("not approved, nothing was done")

    def _applied(self, plan: Plan) -> RunReport:
        self.fence.asked = False
        with self.parts.signals.working():
            return apply_plan(plan, self.context, self.order.approvals)


def nothing_to_do(plan: Plan) -> bool:
    """Whether a plan would change neither the account nor what is recorded."""
    return not plan.pending and not plan.drift

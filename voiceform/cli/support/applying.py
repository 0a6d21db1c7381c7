"""What `apply` and `destroy` have in common: lock, settle, plan, ask, run, report."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voiceform.cli.commands.twiml import planned_files, show_files, twiml_dir_option, write_after
from voiceform.cli.support import wiring
from voiceform.cli.support.console import is_terminal
from voiceform.cli.support.documents import shown_plan
from voiceform.cli.support.evidence import Evidences, placed
from voiceform.cli.support.options import (
    App,
    Command,
    approve_option,
    auto_approve_option,
    evidence_option,
    expect_digest_option,
    metrics_stack_option,
    parallelism_option,
    showing_options,
)
from voiceform.cli.support.reporting import report_options
from voiceform.cli.support.stopping import Interruption
from voiceform.model.errors import CredentialsError, InterruptedRunError, UsageError, VoiceformError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.plan import Action, Mode, Plan
from voiceform.model.run import NOT_BEGUN, Outcome, RunReport, Status

if TYPE_CHECKING:
    from voiceform.engine.applier import ApplyContext
    from voiceform.engine.safety import Approvals
    from voiceform.state.lease import Lease


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """The options of every command that acts."""

    auto_approve: bool
    approve: tuple[str, ...]
    parallelism: int
    lock_timeout: str
    expect_digest: str | None
    show_numbers: bool
    twiml_dir: Path | None
    evidence: str | None = None


def apply_options(command: Command) -> Command:
    """Add the options of ApplyOptions and pass them as one argument called `options`."""

    @functools.wraps(command)
    def collected(
        *args: Any,  # noqa: ANN401 - whatever the command takes
        auto_approve: bool,
        approve: tuple[str, ...],
        parallelism: int,
        lock_timeout: str,
        expect_digest: str | None,
        show_numbers: bool,
        twiml_dir: Path | None,
        evidence: str | None,
        **others: Any,  # noqa: ANN401 - whatever the command takes
    ) -> Any:  # noqa: ANN401 - whatever the command returns
        options = ApplyOptions(
            auto_approve,
            approve,
            parallelism,
            lock_timeout,
            expect_digest,
            show_numbers,
            twiml_dir,
            evidence,
        )
        return command(*args, options=options, **others)

    lock_timeout_option = click.option(
        "--lock-timeout",
        default="0s",
        show_default=True,
        metavar="DURATION",
        help="Wait so long for another run to release the state, as 5m.",
    )
    decorators: list[Callable[..., Any]] = [
        report_options,
        metrics_stack_option,
        twiml_dir_option,
        evidence_option,
        showing_options,
        expect_digest_option,
        lock_timeout_option,
        parallelism_option,
        approve_option,
        auto_approve_option,
    ]
    decorated: Any = collected
    for decorator in decorators:
        decorated = decorator(decorated)
    result: Command = decorated
    return result


def run(
    app: App, saved: Plan | None, planning: wiring.PlanOptions, options: ApplyOptions, format_: str
) -> int:
    """Apply `saved`, or a plan made now. Returns the exit code of the run."""
    from voiceform.engine.safety import Approvals

    approvals = Approvals.parse(options.approve)
    app.console.working = True
    with ExitStack() as stack:
        try:
            found = _planned_and_run(app, stack, saved, planning, options, format_, approvals)
        finally:
            app.stopping.over()  # from here on no signal keeps the lock from being given back
    if found is None:
        return ExitCode.DONE
    plan, report = found
    _report(app, plan, report, format_, options)
    return report.exit_code


def _planned_and_run(
    app: App,
    stack: ExitStack,
    saved: Plan | None,
    planning: wiring.PlanOptions,
    options: ApplyOptions,
    format_: str,
    approvals: Approvals,
) -> tuple[Plan, RunReport] | None:
    """The plan and what became of it; None when there was nothing to do."""
    from voiceform.engine.applier import require_fresh
    from voiceform.engine.safety import require_digest
    from voiceform.model.plan_codec import sealed
    from voiceform.state.meta import secret_of

    acting = _acting(app, stack, saved, options, operation_of(planning))
    if saved is not None:
        require_fresh(saved, acting.context.lease.store)
    # A file may say anything of its review digest: it is made anew.
    plan = sealed(saved, secret_of(acting.context.lease.store)) if saved else acting.make_plan(planning)
    require_digest(plan, options.expect_digest)
    app.hide_of(plan)
    app.reports.plan = plan
    if format_ == "text":
        _show(app, plan, options)
    files = planned_files(app, plan, options.twiml_dir)
    show_files(app, files, options.twiml_dir, err=format_ != "text")
    _check_blocked(plan, approvals)
    if saved is None and not plan.pending and not plan.drift:
        write_after(app, plan, None, options.twiml_dir)
        _nothing_to_do(app, plan, format_, options)
        return None
    _confirm(app, plan, options, planned_before=saved is not None)
    acting.evidence.open_for(plan)
    report = _applied(app, placed(plan, options.evidence), acting, approvals)
    write_after(app, plan, report, options.twiml_dir)
    return plan, report


def _applied(app: App, plan: Plan, acting: _Acting, approvals: Approvals) -> RunReport:
    """Run the plan; Interruption when a signal came before anything was begun."""
    from voiceform.engine.applier import apply_plan

    acting.fence.asked = False
    try:
        with app.stopping.working():
            return apply_plan(plan, acting.context, approvals)
    except InterruptedRunError:
        app.console.say("Nothing was begun.")
        raise Interruption from None


def operation_of(planning: wiring.PlanOptions) -> str:
    """What the run is called where it holds the lock."""
    if planning.only:
        return "prune"
    return "destroy" if planning.mode is Mode.DESTROY else "apply"


@dataclass(slots=True)
class _Fence:
    """Asked right before each attempt of a write; remembers that it was."""

    lease: Lease
    asked: bool = False

    def __call__(self) -> None:
        """LeaseLostError when nothing may be sent any more."""
        self.lease.ensure_held()
        self.asked = True


@dataclass(frozen=True, slots=True)
class _Acting:
    """The lock is held and dead runs are settled."""

    context: ApplyContext
    fence: _Fence
    make_plan: Callable[[wiring.PlanOptions], Plan]
    evidence: Evidences


def _acting(app: App, stack: ExitStack, saved: Plan | None, options: ApplyOptions, operation: str) -> _Acting:
    from voiceform.engine.applier import ApplyContext
    from voiceform.engine.settle import settle_unfinished
    from voiceform.model.durations import parse_duration
    from voiceform.state.meta import require_home

    configuration = wiring.load_and_warn(app) if saved is None else None
    who = wiring.credentials(app, configuration.account if configuration is not None else None)
    if saved is not None and saved.account_sid != who.account_sid:
        raise CredentialsError(
            f"the plan is for account {saved.account_sid}, the credentials are for {who.account_sid}",
            hint="nothing was sent; use the credentials that the plan was made with",
        )
    if saved is not None:
        _require_place(saved, wiring.origin(app))
    wait = parse_duration(options.lock_timeout) if options.lock_timeout != "0s" else timedelta(0)
    store = stack.enter_context(wiring.opened_store(app))
    lease = stack.enter_context(wiring.locked(app, store, operation, wait=wait))
    require_home(store, who.account_sid, wiring.origin(app))
    fence = _Fence(lease)
    writer = stack.enter_context(
        wiring.client(app, who, read_only=False, parallelism=options.parallelism, may_send=fence)
    )
    progress = wiring.progress(app)
    evidence = stack.enter_context(
        Evidences(app, who.account_sid, options.evidence, approvals_in_words(options))
    )
    context = ApplyContext(
        kinds=wiring.kinds(app),
        client=writer,
        lease=lease,
        clock=app.clock,
        who=wiring.who_runs(app),
        parallelism=options.parallelism,
        progress=progress,
        stop=app.stopping.event,
        on_outcome=functools.partial(_tell, app, options),
        sent=lambda: fence.asked,
        evidence=evidence,
    )
    settled = app.reports.settled = settle_unfinished(context)
    if settled:
        app.console.say(f"A run that died before was settled: {_counted(settled)}.")

    def make(planning: wiring.PlanOptions) -> Plan:
        with wiring.client(app, who, read_only=True) as reader:
            assert configuration is not None  # noqa: S101 - a plan is made only where none was saved
            return wiring.make_plan(app, configuration, reader, store, planning, progress)

    return _Acting(context, fence, make, evidence)


def _require_place(plan: Plan, base_url: str) -> None:
    """Raise CredentialsError for a plan of another API or region: the account has other objects there."""
    from voiceform.state.home import Home

    here = str(Home.of(base_url))
    if plan.place != here:
        raise CredentialsError(
            f"the plan was made from what is at {plan.place or 'no API'}, and the API in use is {here}",
            hint="nothing was sent; correct --base-url, VOICEFORM_BASE_URL or TWILIO_REGION, or plan again",
        )


def approvals_in_words(options: ApplyOptions) -> list[str]:
    """How the command line approved the run."""
    given = ["--auto-approve"] if options.auto_approve else []
    return [*given, *(f"--approve {text}" for text in options.approve)]


def _check_blocked(plan: Plan, approvals: Approvals) -> None:
    """Refuse before asking: nobody should approve what cannot run."""
    from voiceform.engine.safety import require_lifted

    require_lifted(plan, approvals)


def _confirm(app: App, plan: Plan, options: ApplyOptions, *, planned_before: bool) -> None:
    """Ask on a terminal; elsewhere only a saved plan or --auto-approve goes on."""
    if options.auto_approve or not plan.pending:
        return
    if not is_terminal(sys.stdin):
        if planned_before:
            return
        raise UsageError(
            "nobody can be asked: this is not a terminal",
            hint="apply a saved plan (voiceform plan --out FILE), or pass --auto-approve",
        )
    if app.console.ask("\nApply these changes? Only 'yes' is accepted:") != "yes":
        raise VoiceformError("not approved, nothing was done")


def _show(app: App, plan: Plan, options: ApplyOptions) -> None:
    from voiceform.cli.commands.plan import show

    show(app, plan, "text", show_numbers=options.show_numbers)


def _nothing_to_do(app: App, plan: Plan, format_: str, options: ApplyOptions) -> None:
    now = app.clock.now()
    app.reports.run = RunReport(plan.plan_id, now, now, ())
    if format_ == "json":
        _report(app, plan, app.reports.run, format_, options)


def _report(app: App, plan: Plan, report: RunReport, format_: str, options: ApplyOptions) -> None:
    app.reports.run = report
    if format_ == "json":
        from voiceform.render.json import run_json

        document = run_json(report, shown_plan(app, plan), show_numbers=options.show_numbers)
        app.console.document(document.rstrip("\n"))
        return
    from voiceform.render.text import render_run

    plan = shown_plan(app, plan)
    text = render_run(report, plan, color=app.color, width=app.width, show_numbers=options.show_numbers)
    app.console.show(text.rstrip("\n"))


def _tell(app: App, options: ApplyOptions, outcome: Outcome) -> None:
    """One line on stderr as each change ends; the report at the end has the reasons."""
    if outcome.action is not Action.NO_OP and outcome.message != NOT_BEGUN:
        from voiceform.render.text import render_outcome

        line = render_outcome(
            outcome, unshown=app.console.unshown, color=app.color, show_numbers=options.show_numbers
        )
        app.console.say(line)


def _counted(outcomes: list[Outcome]) -> str:
    happened = sum(outcome.status is Status.APPLIED for outcome in outcomes)
    return f"{happened} of its {len(outcomes)} open changes had happened"

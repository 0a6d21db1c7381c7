"""What `apply`, `destroy` and `prune` have in common: their options, what they show, and whom they ask."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voiceform.cli.commands.twiml import planned_files, show_files, twiml_dir_option, write_after
from voiceform.cli.support import wiring
from voiceform.cli.support.console import is_terminal
from voiceform.cli.support.documents import shown_plan
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import (
    Command,
    approve_option,
    auto_approve_option,
    evidence_option,
    expect_digest_option,
    metrics_stack_option,
    parallelism_option,
    reading_options,
    showing_options,
    with_options,
)
from voiceform.cli.support.reporting import report_options
from voiceform.cli.support.stopping import Interruption
from voiceform.model.errors import BlockedError, InterruptedRunError, UsageError
from voiceform.model.plan import Action, Plan
from voiceform.model.run import NOT_BEGUN, Outcome, RunReport, Status, lost_of
from voiceform.model.shown import Shown

if TYPE_CHECKING:
    from voiceform.stack.order import ApplyOptions as ApplyHow
    from voiceform.stack.stack import Stack


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
    lock_timeout_option = click.option(
        "--lock-timeout",
        default="0s",
        show_default=True,
        metavar="DURATION",
        help="Wait so long for another run to release the state or the place of the evidence, as 5m.",
    )
    decorators = (
        report_options,
        metrics_stack_option,
        twiml_dir_option,
        evidence_option,
        reading_options,
        showing_options,
        expect_digest_option,
        lock_timeout_option,
        parallelism_option,
        approve_option,
        auto_approve_option,
    )
    return with_options(command, "options", ApplyOptions, decorators)


def apply_saved(app: App, plan: Plan, options: ApplyOptions, format_: str) -> int:
    """Apply a plan that was saved. Returns the exit code of the run."""
    run = _Run(app, options, format_, saved=True)
    return run.reported(lambda stack: stack.apply(plan, **run.how()))


def apply_now(
    app: App, act: Callable[[Stack, ApplyHow], RunReport], options: ApplyOptions, format_: str
) -> int:
    """Let `act` plan and apply. Returns the exit code of the run."""
    run = _Run(app, options, format_, saved=False)
    return run.reported(lambda stack: act(stack, run.how()))


class _Run:
    """What is shown and asked before, during and after one run."""

    def __init__(self, app: App, options: ApplyOptions, format_: str, *, saved: bool) -> None:
        self.app = app
        self.options = options
        self.format = format_
        self.saved = saved

    def reported(self, act: Callable[[Stack], RunReport]) -> int:
        """Act, and show what became of it."""
        app = self.app
        app.console.working = True
        heard = replace(
            wiring.heard(app),
            settled=self._settled,
            planned=self._planned,
            outcome=self._tell,
            recorded=lambda plan, report: write_after(app, plan, report, self.options.twiml_dir),
            evidence=lambda where, head: app.console.say(
                f"Evidence: {where}\nIts last line has the hash {head}"
            ),
        )
        stack = wiring.stack(
            app, progress=wiring.progress(app), parallelism=self.options.parallelism, listener=heard
        )
        try:
            report = act(stack)
        except BlockedError as error:
            if self.format != "text" or app.reports.plan is None:
                raise
            error.what = f"the plan is blocked ({', '.join(error.rules)}), nothing was done"
            error.hint = "the plan above says why, and what would lift it"
            raise
        except InterruptedRunError:
            app.console.say("Nothing was begun.")
            raise Interruption from None
        plan = app.reports.plan
        assert plan is not None  # noqa: S101 - `planned` was called
        app.reports.run = report
        nothing = not self.saved and not plan.pending and not plan.drift and not report.earlier
        if self.format == "json" or not nothing:
            _show_report(app, plan, report, self.format, self.options)
        return report.exit_code

    def how(self) -> ApplyHow:
        """The options as the stack takes them."""
        from voiceform.model.durations import parse_duration

        options = self.options
        wait = parse_duration(options.lock_timeout) if options.lock_timeout != "0s" else timedelta(0)
        return {
            "confirm": self._confirm,
            "approve": options.approve,
            "expect_digest": options.expect_digest,
            "evidence": options.evidence,
            "lock_timeout": wait,
            "approved": approvals_in_words(options),
        }

    def _settled(self, outcomes: Sequence[Outcome]) -> None:
        self.app.reports.settled = outcomes
        self.app.console.say(f"A run that died before was settled: {_counted(outcomes)}.")
        lost = lost_of(outcomes)
        if lost:
            from voiceform.render.text import render_lost

            app, numbers = self.app, self.options.show_numbers
            app.console.say(
                render_lost(
                    lost,
                    unshown=app.console.unshown,
                    color=app.color_beside,
                    width=app.width_beside,
                    show_numbers=numbers,
                )
            )

    def _planned(self, plan: Plan) -> None:
        """Show what is about to be done."""
        app, options = self.app, self.options
        app.hide_of(plan)
        app.reports.plan = plan
        if self.format == "text":
            from voiceform.cli.commands.plan import show

            show(app, plan, "text", show_numbers=options.show_numbers)
        files = planned_files(app, plan, options.twiml_dir)
        show_files(app, files, options.twiml_dir, err=self.format != "text")

    def _confirm(self, plan: Plan) -> bool:
        """Ask on a terminal. A plan that was saved was approved by who applies it; without a terminal
        nothing else goes on but --auto-approve."""
        if self.options.auto_approve or self.saved:
            return True
        if not is_terminal(sys.stdin):
            raise UsageError(
                "nobody can be asked: this is not a terminal",
                hint="apply a saved plan (voiceform plan --out FILE), or pass --auto-approve",
            )
        return self.app.console.ask(question(self.app, plan)) == "yes"

    def _tell(self, outcome: Outcome) -> None:
        """One line on stderr as each change ends; the report at the end has the reasons."""
        if outcome.action is not Action.NO_OP and outcome.message != NOT_BEGUN:
            from voiceform.render.text import render_outcome

            app = self.app
            line = render_outcome(
                outcome,
                unshown=app.console.unshown,
                color=app.color_beside,
                show_numbers=self.options.show_numbers,
            )
            app.console.say(line)


def question(app: App, plan: Plan) -> Shown:
    """Where it will happen, and what."""
    from voiceform.render.layout import Line, lay_out
    from voiceform.render.stake import account_line, destructive, stake

    with wiring.parts(app).opened_store() as store:
        state = store.label
    files = ", ".join(plan.config.files)
    place = "" if plan.place is None else f" at {plan.place}"
    account = f"Account: {account_line(plan.account_sid, app.account_name)}{place}"
    where = (
        f"\n{lay_out([Line(account)], color=False, width=app.width - 1)}"
        f"\nStack:   {app.stack} ({files})"
        f"\nState:   {state}\n"
    )
    only = "Only 'yes' is accepted:"
    asked = textwrap.fill(f"{app.console.safe(stake(plan, app.account_name))} {only}", app.width - 1)
    if app.color_beside:
        asked = click.style(asked, fg="red" if destructive(plan) else None, bold=True)
    return Shown(f"{app.console.safe(where)}{asked}")


def approvals_in_words(options: ApplyOptions) -> list[str]:
    """How the command line approved the run."""
    given = ["--auto-approve"] if options.auto_approve else []
    return [*given, *(f"--approve {text}" for text in options.approve)]


def _show_report(app: App, plan: Plan, report: RunReport, format_: str, options: ApplyOptions) -> None:
    if format_ == "json":
        from voiceform.render.json import run_json

        document = run_json(report, shown_plan(app, plan), show_numbers=options.show_numbers)
        app.console.document(document.rstrip("\n"))
        return
    from voiceform.render.text import render_run

    plan = shown_plan(app, plan)
    text = render_run(report, plan, color=app.color, width=app.width, show_numbers=options.show_numbers)
    app.console.show(text.rstrip("\n"))


def _counted(outcomes: Sequence[Outcome]) -> str:
    happened = sum(outcome.status is Status.APPLIED for outcome in outcomes)
    lost = len(lost_of(outcomes))
    unknown = f", of {lost} nobody knows" if lost else ""
    return f"{happened} of its {len(outcomes)} open changes had happened{unknown}"

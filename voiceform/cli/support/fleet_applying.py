"""What the commands of a fleet that change accounts have in common: their options, and the one question."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voiceform.cli.support.asking import approved
from voiceform.cli.support.console import is_terminal
from voiceform.cli.support.fleet_output import show_beside, told_report
from voiceform.cli.support.fleets import FleetOptions, fleet_of
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import Command, approve_option, auto_approve_option, with_options
from voiceform.model.errors import NotApprovedError, UsageError
from voiceform.model.wording import counted

if TYPE_CHECKING:
    from voiceform.fleet.report import FleetReport


@dataclass(frozen=True, slots=True)
class ActOptions:
    """How plans are carried out."""

    auto_approve: bool
    approve: tuple[str, ...]
    lock_timeout: str

    @property
    def wait(self) -> timedelta:
        """How long to wait for another run of a stack."""
        from voiceform.model.durations import parse_duration

        return parse_duration(self.lock_timeout) if self.lock_timeout != "0s" else timedelta(0)


def act_options(command: Command) -> Command:
    """Add the options of ActOptions and pass them as one argument called `act`."""
    lock_timeout_option = click.option(
        "--lock-timeout",
        default="0s",
        show_default=True,
        metavar="DURATION",
        help="Wait so long for another run to release the state of a stack or the place of the evidence,"
        " as 5m.",
    )
    decorators = (lock_timeout_option, approve_option, auto_approve_option)
    return with_options(command, "act", ActOptions, decorators)


def apply_folder(
    app: App,
    options: FleetOptions,
    act: ActOptions,
    folder: Path,
    format_: str,
    *,
    expect_digest: str | None = None,
    again: str | None = None,
    resume: bool = False,
    in_groups: bool = True,
    kept: bool = True,
) -> int:
    """Carry out what was saved, in a folder that is `kept`. Returns the exit code."""
    app.console.working = True
    report = fleet_of(app, options).apply(
        folder,
        approve=act.approve,
        expect_digest=expect_digest,
        lock_timeout=act.wait,
        approved=_in_words(act),
        again=again,
        resume=resume,
        in_groups=in_groups,
        on_line=app.console.say,
        **options.which,
    )
    code = told_report(app, report, format_, options, each=True, warn=kept or format_ != "text")
    if kept and report.done < report.total:
        app.console.say(_how_to_go_on(folder, stuck=report.stuck))
    return code


def _how_to_go_on(folder: Path, *, stuck: bool) -> str:
    if not stuck:
        return f"Go on with: voiceform fleet apply {folder} --resume"
    return (
        "Those that failed have no plan that can be carried out. Plan again, and what is done has nothing to"
        f" do then: voiceform fleet plan --out {folder}\n"
        f"Or go on without them: voiceform fleet apply {folder} --resume --exclude NAME"
    )


def apply_now(app: App, options: FleetOptions, act: ActOptions, format_: str, *, what: str = "apply") -> int:
    """Plan, show, ask once, and carry out exactly that. `what` is `apply`, or `prune`."""
    if not act.auto_approve and not is_terminal(sys.stdin):
        saved = "apply saved plans (voiceform fleet plan --out DIR)"
        raise UsageError(
            "nobody can be asked: this is not a terminal",
            hint=f"{'look with --dry-run' if what == 'prune' else saved}, or pass --auto-approve",
        )
    with _saved_meanwhile(app) as folder:
        planned = fleet_of(app, options).plan(out=folder, prune=what == "prune", **options.which)
        pending = sum(bool(result.details.get("pending")) for result in planned.results())
        if planned.interrupted or not pending:
            return told_report(app, planned, format_, options)
        if format_ == "text":
            told_report(app, planned, format_, options)
        elif not act.auto_approve:
            show_beside(app, planned, options)
        if not approved(app, _question(planned, pending), act.auto_approve):
            raise NotApprovedError("not approved, nothing was done")
        again = what if act.auto_approve else None
        in_groups = what == "apply"
        return apply_folder(app, options, act, folder, format_, again=again, in_groups=in_groups, kept=False)


@contextmanager
def _saved_meanwhile(app: App) -> Iterator[Path]:
    """Where plans are until they are carried out. They hold phone numbers in clear: what stays is told."""
    from voiceform.model.files import own_folder

    with own_folder("voiceform-fleet-") as place:
        yield place / "plans"
    if place.exists():
        app.console.say(f"Note: {place} cannot be removed, and its plans hold phone numbers: remove it.")


def _question(planned: FleetReport, pending: int) -> str:
    """What is at stake, over all accounts."""
    grave = [
        f"{amount.verb} {amount.text}{' for good' if amount.verb == 'destroy' else ''}"
        for amount in planned.amounts
    ]
    counts = planned.counts
    words = [f"{counts[action]:,} to {action}" for action in ("create", "update", "delete") if counts[action]]
    what = ", ".join([*grave, *words]) or "nothing but records"
    also = f"; {counted(planned.failures, 'stack')} failed and will be left" if planned.failures else ""
    return f"Apply these plans in {counted(pending, 'account')}: {what}{also}?"


def _in_words(act: ActOptions) -> list[str]:
    given = ["--auto-approve"] if act.auto_approve else []
    return [*given, *(f"--approve {text}" for text in act.approve)]

"""`voiceform plan`: what apply would do; reads only."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from voiceform.cli.commands.twiml import planned_files, show_files, twiml_dir_option
from voiceform.cli.support import wiring
from voiceform.cli.support.documents import Source, plan_document
from voiceform.cli.support.invocation import App, undisturbed
from voiceform.cli.support.options import (
    comment_options,
    expect_digest_option,
    format_option,
    reading_options,
    selection_options,
    showing_options,
)
from voiceform.cli.support.reporting import report_options
from voiceform.engine.planfile import not_to_be_saved
from voiceform.engine.safety import require_digest
from voiceform.model.errors import UsageError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.instants import instant_as_shown
from voiceform.model.plan import Mode, Plan


@click.command("plan")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan for apply.")
@format_option("text", "json", "markdown", "html")
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes, 3 on drift alone.")
@selection_options
@click.option("--destroy", is_flag=True, help="Plan the deletion of everything that is recorded.")
@click.option("--refresh-only", is_flag=True, help="Only look for drift; applying it records what is live.")
@click.option("--at", "at_text", metavar="INSTANT", help="What would be due then, as 2026-12-01T09:00:00Z.")
@click.option(
    "--base",
    type=click.Path(path_type=Path),
    metavar="DIR_OR_FILE",
    help="Review offline what the configuration changes against this one; needs no credentials.",
)
@expect_digest_option
@twiml_dir_option
@reading_options
@showing_options
@comment_options
@report_options
@click.pass_obj
@undisturbed()
def command(
    app: App,
    out: Path | None,
    format_: str,
    detailed_exitcode: bool,
    target: tuple[str, ...],
    exclude: tuple[str, ...],
    destroy: bool,
    refresh_only: bool,
    at_text: str | None,
    base: Path | None,
    twiml_dir: Path | None,
    expect_digest: str | None,
    show_numbers: bool,
    stack: str | None,
    commit: str | None,
    artifact: str | None,
) -> int:
    """Show what apply would do. Nothing is written to the account."""
    source = Source(stack, commit, artifact, str(out) if out is not None else None)
    if base is not None:
        if out or destroy or refresh_only or at_text or twiml_dir:
            raise UsageError(
                "--base compares two configurations; a plan of an account is something else",
                hint="leave out --out, --destroy, --refresh-only, --at and --twiml-dir, or leave out --base",
            )
        plan = wiring.stack(app).review(base, targets=target, excludes=exclude)
        require_digest(plan, expect_digest)
        show(app, plan, format_, show_numbers=show_numbers, source=source)
        return plan.exit_code(detailed=detailed_exitcode)
    if destroy and refresh_only:
        raise UsageError("--destroy and --refresh-only exclude each other", hint="choose one of them")
    if at_text and out:
        raise not_to_be_saved()
    mode = Mode.DESTROY if destroy else Mode.REFRESH_ONLY if refresh_only else Mode.NORMAL
    at = parse_instant(at_text) if at_text else None
    planning = wiring.stack(app, progress=wiring.progress(app))
    plan = planning.plan(mode=mode, targets=target, excludes=exclude, at=at)
    require_digest(plan, expect_digest)
    if out is not None:
        from voiceform.engine.planfile import write_plan_file

        write_plan_file(plan, app.path(out))
    show(app, plan, format_, show_numbers=show_numbers, source=source)
    files = planned_files(app, plan, twiml_dir)
    show_files(app, files, twiml_dir, err=format_ != "text")
    if out is not None:
        app.console.say(f"Saved the plan to {app.path(out)}; apply exactly it: voiceform apply {out}")
    code = plan.exit_code(detailed=detailed_exitcode)
    if files and detailed_exitcode and code in (ExitCode.DONE, ExitCode.DRIFT):
        return ExitCode.CHANGES
    return code


def show(app: App, plan: Plan, format_: str, *, show_numbers: bool, source: Source | None = None) -> None:
    """Print the plan as the document of stdout, and keep it for --report-json and --metrics."""
    app.hide_of(plan)
    app.reports.plan = plan
    text = plan_document(app, plan, format_, show_numbers=show_numbers, source=source)
    (app.console.show if format_ == "text" else app.console.document)(text)


def parse_instant(text: str) -> datetime:
    """An RFC 3339 instant, or one as it is shown; UsageError without a zone, since nobody could tell which
    instant is meant."""
    try:
        instant = instant_as_shown(text)
    except (ValueError, OverflowError):
        raise UsageError(
            f"{text!r} is not an instant with a time zone", hint="write it as 2026-12-01T09:00:00Z"
        ) from None
    if not 1970 <= instant.year <= 2199:
        raise UsageError(f"the year of {text} is not from 1970 to 2199", hint="choose another instant")
    return instant

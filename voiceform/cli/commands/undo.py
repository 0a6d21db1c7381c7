"""`voiceform undo`: the inverse of a run, as a plan; without a run, the runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.completing import runs
from voiceform.cli.support.documents import Source
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import comment_options, format_option, reading_options, showing_options
from voiceform.cli.support.reporting import report_options
from voiceform.model.errors import UsageError

if TYPE_CHECKING:
    from voiceform.engine.undo import NotUndone


@click.command("undo")
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=runs)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan; apply carries it out."
)
@format_option("text", "json", "markdown", "html")
@reading_options
@showing_options
@comment_options
@report_options
@click.pass_obj
def command(
    app: App,
    run_id: str | None,
    out: Path | None,
    format_: str,
    show_numbers: bool,
    stack: str | None,
    commit: str | None,
    artifact: str | None,
) -> int:
    """Plan the inverse of RUN; without RUN, list the runs, newest first. Nothing is written to the account.

    RUN is the id of a run, or its beginning; `voiceform runs RUN` shows what it did. Queues and the settings
    of conferences can be set back. Calls that were placed and recordings that were deleted cannot; they are
    listed.
    """
    if run_id is None:
        return _list_runs(app, format_)
    from voiceform.cli.commands.plan import show
    from voiceform.engine.planfile import write_plan_file

    undo = wiring.stack(app, progress=wiring.progress(app)).undo(run_id)
    if out is not None:
        write_plan_file(undo.plan, app.path(out))
    source = Source(stack, commit, artifact, str(out) if out is not None else None)
    if undo.plan.pending or format_ != "text":
        show(app, undo.plan, format_, show_numbers=show_numbers, source=source)
    else:
        app.reports.plan = undo.plan
        app.console.show(f"No changes. There is nothing of run {run_id} to take back.")
    _show_left(app, undo.left, err=format_ != "text")
    if undo.plan.pending:
        how = f"voiceform apply {out}" if out is not None else f"voiceform undo {run_id} --out FILE"
        app.console.say(
            f"Take the run back with: {how}\nChange the configuration back as well: the next plan would do it"
            " all again."
        )
    return undo.plan.exit_code(detailed=False)


def _show_left(app: App, left: tuple[NotUndone, ...], *, err: bool) -> None:
    if not left:
        return
    app.console.write("\nNot undone:", err=err)
    for item in left:
        app.console.write(f"  {item.action} {item.address}: {item.reason}", err=err)


def _list_runs(app: App, format_: str) -> int:
    from voiceform.cli.commands.runs import show_runs

    if format_ not in ("text", "json"):
        raise UsageError(f"the list of runs has no --format {format_}", hint="text and json are possible")
    return show_runs(app, format_)

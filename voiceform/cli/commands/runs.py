"""`voiceform runs`: who did what, when, and how it ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.completing import runs
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option, showing_options
from voiceform.model.exit_codes import ExitCode
from voiceform.model.instants import instant_to_text
from voiceform.model.shown import Shown, shown_json

if TYPE_CHECKING:
    from voiceform.state.journal import RunDetail
    from voiceform.state.journal_codec import RunRecord

_SHOWN = 50
"""So many runs, and so many changes of one, are shown as text unless all are asked for."""


@click.command("runs")
@click.argument("run_id", metavar="[RUN]", required=False, shell_complete=runs)
@click.option("--all", "everything", is_flag=True, help="As text, all of them and not the first 50.")
@format_option("text", "json")
@showing_options
@click.pass_obj
def command(app: App, run_id: str | None, everything: bool, format_: str, show_numbers: bool) -> int:
    """List the runs, newest first; or show what RUN changed, and how each change ended.

    RUN is the id of a run, or its beginning where no other run begins so. `voiceform undo RUN` plans the
    inverse of one.
    """
    if run_id is None:
        return show_runs(app, format_, everything=everything)
    stack = wiring.stack(app)
    detail = stack.run(run_id)
    if format_ == "json":
        app.console.document(_detail_json(app, detail, show_numbers))
    else:
        from voiceform.render.history import render_detail

        text = render_detail(
            detail,
            stack.parts.vocabulary(),
            now=app.clock.now(),
            color=app.color,
            width=app.width,
            show_numbers=show_numbers,
            show_values=app.show_values,
            most=None if everything else _SHOWN,
        )
        app.console.show(text)
    return ExitCode.DONE


def show_runs(app: App, format_: str, *, everything: bool = False) -> int:
    """List the runs."""
    found = wiring.stack(app).runs()
    if format_ == "json":
        app.console.document(shown_json({"runs": [run_document(run) for run in found]}))
    elif not found:
        app.console.show("No run is recorded.")
    else:
        app.console.show(_table(app, found if everything else found[:_SHOWN]))
        if not everything and len(found) > _SHOWN:
            app.console.say(f"{len(found) - _SHOWN:,} earlier runs are not shown; --all shows them.")
    return ExitCode.DONE


def _table(app: App, found: tuple[RunRecord, ...]) -> Shown:
    from voiceform.render.history import ending
    from voiceform.render.table import Column, table

    columns = (Column("RUN"), Column("BEGAN (UTC)"), Column("WHO", cut=True), Column("ENDED", cut=True))
    rows = [(run.run_id, f"{run.began_at:%Y-%m-%d %H:%M}", run.who, ending(run)) for run in found]
    return table(columns, rows, width=app.width)


def run_document(run: RunRecord) -> dict[str, Any]:
    """A run as JSON."""
    return {
        "run_id": run.run_id,
        "mode": str(run.mode),
        "who": run.who,
        "plan_created_at": instant_to_text(run.plan_created_at),
        "began_at": instant_to_text(run.began_at),
        "finished_at": instant_to_text(run.finished_at) if run.finished_at is not None else None,
        "begun": run.begun,
        "changes": run.changes,
        "folded": run.folded,
        "outcomes": {str(status): count for status, count in sorted(run.outcomes.items())},
    }


def _detail_json(app: App, detail: RunDetail, show_numbers: bool) -> Shown:
    from voiceform.render.history import detail_documents

    changes = detail_documents(detail, show_numbers=show_numbers, show_values=app.show_values)
    # What the run was to do stands under `changes`, in the place of how many there were.
    return shown_json(
        {**run_document(detail.record), "changes": changes},
        show_numbers=show_numbers,
        unshown=app.console.unshown,
    )

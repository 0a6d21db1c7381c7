"""`voiceform export`: the account as configuration."""

from __future__ import annotations

import os
from pathlib import Path

import click

from voiceform.cli.errors import writing
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import selection_options
from voiceform.cli.support.outputs import CONFIGURATION, Output, check_ending
from voiceform.model.exit_codes import ExitCode
from voiceform.model.shown import Shown
from voiceform.model.wording import counted


@click.command("export")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write to a new FILE; - is stdout.",
)
@selection_options
@click.pass_obj
def command(app: App, out: Path | None, target: tuple[str, ...], exclude: tuple[str, ...]) -> int:
    """Write the account, and what is recorded of it, as configuration. Needs no voiceform.yaml."""
    from voiceform.cli.support import wiring
    from voiceform.model.errors import UsageError
    from voiceform.model.files import write_new

    file = app.path(out) if out is not None and str(out) != "-" else None
    if file is not None:
        check_ending(Output("--out", file, CONFIGURATION))
    if file is not None and os.path.lexists(file):
        raise UsageError(f"{file} exists", hint="export never overwrites: choose another --out")
    exported = wiring.stack(app).export(out if file is not None else None, targets=target, excludes=exclude)
    if file is None:
        app.console.document(Shown(exported.text), end="")  # data: the numbers are what is declared
    else:
        with writing(file):
            write_new(file, exported.text)
        app.console.say(f"Wrote {file}; `voiceform import` or `voiceform apply` adopts what it declares.")
    for remark in exported.remarks:
        app.console.say(f"Warning: {remark}.")
    if exported.refused:
        total = counted(exported.declared + exported.refused, "object")
        app.console.say(
            f"Warning: {exported.refused:,} of {total} cannot be declared; comments say which and why."
        )
    return ExitCode.DONE

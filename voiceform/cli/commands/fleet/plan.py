"""`voiceform fleet plan`: what apply would do, in every account; reads only."""

from __future__ import annotations

from pathlib import Path

import click

from voiceform.cli.support.fleet_output import FORMATS, told_report
from voiceform.cli.support.fleets import FleetOptions, fleet_of, fleet_options
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import Place, format_option
from voiceform.cli.support.reporting import report_options


@click.command("plan")
@report_options
@fleet_options
@click.option(
    "--out",
    "folder",
    metavar="DIR",
    type=Place(path_type=Path, file_okay=False),
    help="Save the plans for apply, with an index and one digest over all.",
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes, 3 on drift alone.")
@format_option(*FORMATS)
@click.pass_obj
def command(app: App, fleet: FleetOptions, folder: Path | None, detailed_exitcode: bool, format_: str) -> int:
    """Show what apply would do in each account; nothing is written to any.

    A change that several accounts have is one line, with how many they are; what few have is named.

    For example: voiceform fleet plan --shard 2/5 --detailed-exitcode
    """
    report = fleet_of(app, fleet).plan(out=folder, **fleet.which)
    code = told_report(app, report, format_, fleet, detailed=detailed_exitcode, digest=report.digest)
    if report.digest:
        app.console.say(
            f"Saved the plans to {folder}; apply exactly these: voiceform fleet apply {folder}\n"
            f"Their digest is {report.digest}"
        )
    return code

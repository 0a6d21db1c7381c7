"""`voiceform fleet show`: the plans that were saved to a folder."""

from __future__ import annotations

from pathlib import Path

import click

from voiceform.cli.support.fleet_output import FORMATS, told_report
from voiceform.cli.support.fleets import FleetOptions, fleet_of
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import Place, format_option, show_numbers_option


@click.command("show")
@click.argument("folder", metavar="DIR", type=Place(path_type=Path, file_okay=False))
@format_option(*FORMATS)
@show_numbers_option
@click.pass_obj
def command(app: App, folder: Path, format_: str, show_numbers: bool) -> int:
    """Show the plans of a folder: one page over all stacks. Needs neither the fleet file nor credentials.

    For example: voiceform fleet show plans --format html
    """
    options = FleetOptions(folder, show_numbers=show_numbers)  # what is shown is called after the folder
    report = fleet_of(app, options).show(folder)
    code = told_report(app, report, format_, options, digest=report.digest)
    if format_ == "text":
        app.console.show(f"Digest: {report.digest}")
    return code

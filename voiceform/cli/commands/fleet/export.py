"""`voiceform fleet export`: every account as configuration."""

from __future__ import annotations

from pathlib import Path

import click

from voiceform.cli.support.fleet_output import told_report
from voiceform.cli.support.fleets import FleetOptions, fleet_of, fleet_options
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import Place, format_option
from voiceform.cli.support.reporting import report_options


@click.command("export")
@report_options
@fleet_options
@click.option(
    "--out",
    "folder",
    metavar="DIR",
    required=True,
    type=Place(path_type=Path, file_okay=False),
    help="Where each stack gets a folder of its own.",
)
@format_option("text", "json")
@click.pass_obj
def command(app: App, fleet: FleetOptions, folder: Path, format_: str) -> int:
    """Write each account as configuration, DIR/NAME/voiceform.yaml; nothing is overwritten.

    For example: voiceform fleet export --out exported
    """
    report = fleet_of(app, fleet).export(folder, **fleet.which)
    return told_report(app, report, format_, fleet, each=True)

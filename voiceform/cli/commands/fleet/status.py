"""`voiceform fleet status`: how each stack stands, a line for each."""

from __future__ import annotations

import click

from voiceform.cli.support.fleet_output import told_report
from voiceform.cli.support.fleets import FleetOptions, fleet_of, fleet_options
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option
from voiceform.cli.support.reporting import report_options


@click.command("status")
@report_options
@fleet_options
@format_option("text", "json", "html")
@click.pass_obj
def command(app: App, fleet: FleetOptions, format_: str) -> int:
    """Show how each stack stands, a line for each; what cannot be read is said.

    For example: voiceform fleet status --select ring=canary
    """
    report = fleet_of(app, fleet).status(**fleet.which)
    return told_report(app, report, format_, fleet, each=True)

"""`voiceform fleet drift`: was anything changed behind our back, in any account?"""

from __future__ import annotations

import click

from voiceform.cli.support.fleet_output import FORMATS, told_report
from voiceform.cli.support.fleets import FleetOptions, fleet_of, fleet_options
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option
from voiceform.cli.support.reporting import report_options


@click.command("drift")
@report_options
@fleet_options
@format_option(*FORMATS)
@click.pass_obj
def command(app: App, fleet: FleetOptions, format_: str) -> int:
    """Look for drift in each account; exit 3 when there is some.

    For example: voiceform fleet drift --format junit
    """
    report = fleet_of(app, fleet).drift(**fleet.which)
    return told_report(app, report, format_, fleet, detailed=True)

"""`voiceform fleet prune`: retention alone, in every account."""

from __future__ import annotations

import click

from voiceform.cli.support.fleet_applying import ActOptions, act_options, apply_now
from voiceform.cli.support.fleet_output import FORMATS, told_report
from voiceform.cli.support.fleets import FleetOptions, fleet_of, fleet_options
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option
from voiceform.cli.support.reporting import report_options


@click.command("prune")
@report_options
@fleet_options
@click.option("--dry-run", is_flag=True, help="Show the plans; nothing is locked, recorded or deleted.")
@act_options
@format_option(*FORMATS)
@click.pass_obj
def command(app: App, fleet: FleetOptions, dry_run: bool, act: ActOptions, format_: str) -> int:
    """Delete in each account the recordings and call records whose time is over, after asking once.

    Each account has its own limits, its own pace and its own evidence.

    For example: voiceform fleet prune --dry-run
    """
    if dry_run:
        report = fleet_of(app, fleet).plan(prune=True, **fleet.which)
        return told_report(app, report, format_, fleet)
    return apply_now(app, fleet, act, format_, what="prune")

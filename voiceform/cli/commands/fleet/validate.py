"""`voiceform fleet validate`: the fleet file and every configuration, offline."""

from __future__ import annotations

import click

from voiceform.cli.support.fleet_output import told_report
from voiceform.cli.support.fleets import FleetOptions, fleet_of, fleet_options
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option
from voiceform.cli.support.reporting import report_options


@click.command("validate")
@report_options
@fleet_options
@format_option("text", "json", "junit")
@click.pass_obj
def command(app: App, fleet: FleetOptions, format_: str) -> int:
    """Check the fleet file, and the configuration of each stack; offline and without credentials.

    What is wrong in a template is said once, with how many stacks have it.

    For example: voiceform fleet validate --exclude 'test-*'
    """
    import voiceform.render.diagnostics as render
    from voiceform.render.fleet import of_stacks

    report = fleet_of(app, fleet).validate(**fleet.which)
    if format_ != "text":
        return told_report(app, report, format_, fleet)
    if found := [of_stacks(*each) for each in report.findings()]:
        app.console.say(render.text(found, color=app.color_beside, width=app.width_beside))
    return told_report(app, report, format_, fleet)

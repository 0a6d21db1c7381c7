"""`voiceform fleet dispatch`: place the due calls of applied schedules, in every account."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import click

from voiceform.cli.support.fleet_output import told_report
from voiceform.cli.support.fleets import FleetOptions, fleet_of, fleet_options
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option
from voiceform.cli.support.reporting import report_options

if TYPE_CHECKING:
    from voiceform.model.fleet import StackResult

_PUBLISHED_EVERY = timedelta(seconds=5)


@click.command("dispatch")
@report_options
@fleet_options
@click.option("--once/--watch", default=True, help="One look and out (the default), or a service.")
@click.option(
    "--poll",
    default="15s",
    show_default=True,
    metavar="DURATION",
    help="With --watch: look at each state for new schedules this often.",
)
@format_option("text", "json", "junit")
@click.pass_obj
def command(app: App, fleet: FleetOptions, once: bool, poll: str, format_: str) -> int:
    """Place the calls that are due of applied schedules, each at most once. Reads no configuration.

    Each account has a lock, a ledger and a pace of its own. With --watch a stack whose state cannot be
    reached is tried again, and the others go on.

    For example: voiceform fleet dispatch --watch --jobs 4
    """
    from voiceform.model.durations import parse_duration

    interval = parse_duration(poll)
    app.console.working = True
    made = fleet_of(app, fleet)
    if once:
        return told_report(app, made.dispatch_once(**fleet.which), format_, fleet, each=True)
    latest: dict[str, StackResult] = {}
    app.reports.stacks = lambda: [latest[name] for name in sorted(latest)]
    published = app.clock.now()

    def stands(result: StackResult) -> None:
        nonlocal published
        latest[result.stack] = result
        if app.clock.now() - published >= _PUBLISHED_EVERY:
            published = app.clock.now()
            app.reports.publish()

    report = made.watch(
        poll=interval,
        on_line=lambda stack, text: app.console.say(f"{stack}: {text}"),
        on_look=stands,
        **fleet.which,
    )
    return told_report(app, report, format_, fleet, each=True)

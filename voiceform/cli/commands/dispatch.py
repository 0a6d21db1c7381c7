"""`voiceform dispatch`: place the due calls of applied schedules."""

from __future__ import annotations

import functools
from datetime import timedelta
from typing import TYPE_CHECKING

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import (
    format_option,
    metrics_stack_option,
    parallelism_option,
    showing_options,
)
from voiceform.cli.support.reporting import report_options
from voiceform.model.exit_codes import ExitCode
from voiceform.model.shown import shown_json

if TYPE_CHECKING:
    from voiceform.dispatch.service import DispatchReport
    from voiceform.kinds.call.ledger.entries import Key, LedgerEntry
    from voiceform.model.address import Address


@click.command("dispatch")
@click.option("--once/--watch", default=True, help="One look and out (the default), or a service.")
@format_option("text", "json")
@click.option(
    "--poll",
    default="15s",
    show_default=True,
    metavar="DURATION",
    help="With --watch: look at the state for new schedules this often.",
)
@click.option(
    "--lock-timeout",
    metavar="DURATION",
    help="Wait so long for another dispatcher to end; --watch stands by for ever, --once does not wait.",
)
@parallelism_option
@showing_options
@metrics_stack_option
@report_options
@click.pass_obj
def command(
    app: App,
    once: bool,
    format_: str,
    poll: str,
    lock_timeout: str | None,
    parallelism: int,
    show_numbers: bool,
) -> int:
    """Place the calls that are due of applied schedules, each at most once. Reads no configuration."""
    from voiceform.dispatch.measuring import measure_dispatch
    from voiceform.model.durations import parse_duration
    from voiceform.stack.phoning import STAND_BY

    interval = parse_duration(poll)
    wait = parse_duration(lock_timeout) if lock_timeout else timedelta(0) if once else STAND_BY
    app.console.working = True
    stack = wiring.stack(app, parallelism=parallelism)
    tell = functools.partial(_tell, app)
    if once:
        report = stack.dispatch_once(on_call=tell, lock_timeout=wait)
    else:
        report = stack.watch(
            poll=interval, on_call=tell, on_look=functools.partial(_publish, app), lock_timeout=wait
        )
    document = shown_json(_document(report), show_numbers=show_numbers, unshown=app.console.unshown)
    app.reports.document, app.reports.measured = lambda: document, measure_dispatch(report)
    if format_ == "json":
        app.console.document(document)
    else:
        _print(app, report)
    return report.exit_code or (ExitCode.INCOMPLETE if once and report.left else ExitCode.DONE)


def _publish(app: App, report: DispatchReport) -> None:
    """Let --metrics tell how things stand while the service goes on."""
    from voiceform.dispatch.measuring import measure_dispatch

    app.reports.measured = measure_dispatch(report)
    app.reports.publish()


def _tell(app: App, address: Address, key: Key, entry: LedgerEntry | None) -> None:
    """One line on stderr for each key, as it is dealt with."""
    from voiceform.dispatch.telling import call_line

    text = call_line(address, key, entry)
    if text is not None:
        app.console.say(text)


def _print(app: App, report: DispatchReport) -> None:
    for address, tally in sorted(report.tallies.items()):
        left = report.left.get(address)
        idle = left is None and not tally.problems and address not in report.stopped
        done = str(tally) if tally.statuses or tally.waiting or idle else "nothing placed"
        rest = f"; {left.people} still due until {left.until:%H:%M} UTC" if left is not None else ""
        app.console.show(f"{address}: {done}{rest}")
        for text, count in tally.problems.items():
            app.console.say(f"  {text} ({count})")
        if address in report.stopped:
            app.console.say(f"  {report.stopped[address]}; `voiceform calls resume {address}` lets it go on")
    for text, count in report.problems.items():
        app.console.say(f"{text} ({count})")
    if not report.tallies:
        app.console.show("No schedule has been applied: there is nothing to dispatch.")
    if report.reserved:
        app.console.say(f"{report.in_doubt[0].upper()}{report.in_doubt[1:]}.")
    if report.unknown:
        app.console.say(
            f"Unknown outcomes: {report.unknown}. Each dispatch looks for them again; what stays unknown"
            " is settled with `voiceform calls resolve`."
        )


def _document(report: DispatchReport) -> dict[str, object]:
    return {
        "schedules": [
            {
                "address": str(address),
                "calls": {str(status): count for status, count in sorted(tally.statuses.items()) if count},
                "waiting": tally.waiting,
                "still_due": report.left[address].people if address in report.left else 0,
                "stopped": str(report.stopped[address]) if address in report.stopped else None,
                "problems": dict(tally.problems),
            }
            for address, tally in sorted(report.tallies.items())
        ],
        "problems": report.problems,
        "unknown": report.unknown,
        "in_doubt": len(report.reserved),
    }

"""What a command of a fleet tells: in the format that was asked for, and to --report-json and --metrics."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from voiceform.cli.support.fleets import FleetOptions
from voiceform.cli.support.invocation import App
from voiceform.model.exit_codes import ExitCode
from voiceform.model.shown import Shown

if TYPE_CHECKING:
    from voiceform.fleet.report import FleetReport

_LISTED = 50
"""With more stacks than that text tells those that failed, and counts the others; -v lists all."""
FORMATS = ("text", "json", "markdown", "html", "junit")
"""Of a report with changes."""


def told_report(
    app: App,
    report: FleetReport,
    format_: str,
    options: FleetOptions,
    *,
    detailed: bool = False,
    each: bool = False,
    warn: bool = True,
    digest: str = "",
) -> int:
    """Print the report, keep it for --report-json and --metrics, and return the exit code. With `each` the
    text has a line for every stack. What is odd about the fleet is told beside it, with `warn`."""
    from voiceform.render import fleet_documents as render

    code = report.exit_code(detailed=detailed)
    if code is ExitCode.INTERRUPTED:
        code = app.stopping.exit_code
    if warn and report.warnings:
        from voiceform.render.diagnostics import text

        app.console.say(text(report.warnings, color=app.color_beside, width=app.width_beside))
    numbers = options.show_numbers
    document = functools.partial(render.json, report, code, show_numbers=numbers)
    app.reports.document = document
    app.reports.stacks = functools.partial(report.ended, detailed=detailed)
    if format_ == "text":
        app.console.show(_text(app, report, options, each=each))
    elif format_ == "json":
        app.console.document(document())
    elif format_ == "junit":
        app.console.document(render.junit(report, show_numbers=numbers), end="")
    elif format_ == "markdown":
        app.console.document(
            render.markdown(report, show_numbers=numbers, digest=digest, part=options.part), end=""
        )
    else:
        app.console.document(render.html(report, code, show_numbers=numbers, digest=digest), end="")
    return code


def _text(app: App, report: FleetReport, options: FleetOptions, *, each: bool) -> Shown:
    from voiceform.render import fleet as render

    if each:
        listed = report.results() if app.verbose or report.total <= _LISTED else ()
        rows = render.render_results(
            (result for result in listed if not result.failed),  # those are told below
            color=app.color,
            width=app.width,
            show_numbers=options.show_numbers,
        )
        if rows:
            app.console.show(rows)
    return _rendered(app, report, options, color=app.color, width=app.width)


def show_beside(app: App, report: FleetReport, options: FleetOptions) -> None:
    """Show the report to whoever is asked about it, where stdout has a document of another format."""
    app.console.say(_rendered(app, report, options, color=app.color_beside, width=app.width_beside))


def _rendered(app: App, report: FleetReport, options: FleetOptions, *, color: bool, width: int) -> Shown:
    from voiceform.render.fleet import render_report

    return render_report(
        report, color=color, width=width, show_numbers=options.show_numbers, everything=app.verbose
    )

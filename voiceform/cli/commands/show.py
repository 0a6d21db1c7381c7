"""`voiceform show`: a saved plan again."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.invocation import App, undisturbed
from voiceform.cli.support.options import comment_options, format_option, reading_options, showing_options
from voiceform.model.exit_codes import ExitCode


@click.command("show")
@click.argument("plan_file", metavar="PLANFILE", type=click.Path(path_type=Path))
@format_option("text", "json", "markdown", "html")
@reading_options
@showing_options
@comment_options
@click.pass_obj
@undisturbed()
def command(
    app: App,
    plan_file: Path,
    format_: str,
    show_numbers: bool,
    stack: str | None,
    commit: str | None,
    artifact: str | None,
) -> int:
    """Show a saved plan; offline and without credentials. PLANFILE may be - for standard input.

    What comes through a pipe may be gone afterwards, so its Markdown names a command that plans again.
    """
    from voiceform.cli.commands.plan import show
    from voiceform.cli.support.documents import Source

    piped = plan_file == Path("-")
    source = Source(stack, commit, artifact, plan_file=None if piped else str(plan_file))
    plan = wiring.stack(app).read_plan(sys.stdin.buffer if piped else plan_file)
    show(app, plan, format_, show_numbers=show_numbers, source=source)
    return ExitCode.DONE

"""`voiceform drift`: was anything changed behind our back?"""

from __future__ import annotations

import click

from voiceform.cli.support.invocation import App, undisturbed
from voiceform.cli.support.options import (
    comment_options,
    format_option,
    reading_options,
    selection_options,
    showing_options,
)
from voiceform.cli.support.reporting import report_options
from voiceform.model.exit_codes import ExitCode


@click.command("drift")
@format_option("text", "json", "markdown", "html")
@selection_options
@reading_options
@showing_options
@comment_options
@report_options
@click.pass_obj
@undisturbed()
def command(
    app: App,
    format_: str,
    target: tuple[str, ...],
    exclude: tuple[str, ...],
    show_numbers: bool,
    stack: str | None,
    commit: str | None,
    artifact: str | None,
) -> int:
    """Look for drift; exit 3 when there is some, also where limits would block accepting it."""
    from voiceform.cli.commands.plan import show
    from voiceform.cli.support import wiring
    from voiceform.cli.support.documents import Source

    plan = wiring.stack(app, progress=wiring.progress(app)).drift(targets=target, excludes=exclude)
    show(app, plan, format_, show_numbers=show_numbers, source=Source(stack, commit, artifact))
    # What would block accepting the drift is in the document; here nobody accepts anything.
    return ExitCode.DRIFT if plan.drift else plan.exit_code(detailed=True)

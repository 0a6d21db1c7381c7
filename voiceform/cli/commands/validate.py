"""`voiceform validate`: offline, without credentials."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.invocation import App, undisturbed
from voiceform.cli.support.options import format_option
from voiceform.model.exit_codes import ExitCode
from voiceform.model.shown import Shown
from voiceform.model.wording import counted

if TYPE_CHECKING:
    from voiceform.model.diagnostics import Diagnostic


@click.command("validate")
@format_option("text", "json", "github", "sarif")
@click.pass_obj
@undisturbed()
def command(app: App, format_: str) -> int:
    """Check the configuration, offline and without credentials."""
    from voiceform.model.errors import ConfigurationError

    try:
        configuration = wiring.stack(app).validate()
    except ConfigurationError as error:
        found, declared = error.diagnostics, None
    else:
        found, declared = configuration.warnings, len(configuration.desired)
    if found or format_ != "text":
        _tell(app, format_, found)
    if declared is not None and format_ == "text":
        app.console.show(Shown(f"The configuration is valid: {counted(declared, 'object')}."))
    return ExitCode.ERROR if declared is None else ExitCode.DONE


def _tell(app: App, format_: str, found: Sequence[Diagnostic]) -> None:
    """What was found, in the format that was asked for."""
    import voiceform.render.diagnostics as render

    if format_ == "text":
        app.console.say(render.text(found, color=app.color_beside, width=app.width_beside))
    else:
        app.console.document(render.FORMATS[format_](found), end="")

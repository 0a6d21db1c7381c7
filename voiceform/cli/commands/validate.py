"""`voiceform validate`: offline, without credentials."""

from __future__ import annotations

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option
from voiceform.model.exit_codes import ExitCode
from voiceform.model.wording import counted


@click.command("validate")
@format_option("text", "json", "github", "sarif")
@click.pass_obj
def command(app: App, format_: str) -> int:
    """Check the configuration, offline and without credentials."""
    import voiceform.render.diagnostics as render
    from voiceform.model.errors import ConfigurationError

    try:
        configuration = wiring.stack(app).validate()
    except ConfigurationError as error:
        found, declared = error.diagnostics, None
    else:
        found, declared = configuration.warnings, len(configuration.desired)
    if format_ == "text":
        if found:
            app.console.say(render.text(found, color=app.color_beside, width=app.width_beside))
        if declared is not None:
            app.console.show(f"The configuration is valid: {counted(declared, 'object')}.")
    else:
        app.console.document(render.FORMATS[format_](found), end="")
    return ExitCode.ERROR if declared is None else ExitCode.DONE

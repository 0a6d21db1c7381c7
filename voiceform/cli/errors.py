"""How errors reach people (stderr) and programs (JSON on stdout)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import click

from voiceform.cli.support.console import OutputError, ReaderGoneError
from voiceform.cli.support.invocation import App
from voiceform.model.errors import ConfigurationError, VoiceformError
from voiceform.model.shown import Shown

if TYPE_CHECKING:
    from pathlib import Path


def report_error(app: App, error: VoiceformError) -> None:
    """Say what went wrong in the format that the command was asked for; on stderr if stdout takes nothing."""
    if app.format == "json" and not isinstance(error, OutputError):
        if isinstance(error, ConfigurationError):
            from voiceform.render.findings_json import diagnostics_json

            text = diagnostics_json(error.diagnostics)
        else:
            from voiceform.render.json import error_json

            text = error_json(error, show_numbers=app.show_numbers, unshown=app.console.unshown)
        with suppress(OutputError, ReaderGoneError):
            app.console.document(text, end="")
            return
    if isinstance(error, ConfigurationError):
        from voiceform.render import diagnostics

        app.console.say(diagnostics.text(error.diagnostics, color=app.color_beside, width=app.width_beside))
        return
    head = click.style("Error: ", fg="red", bold=True) if app.color_beside else "Error: "
    app.console.say(Shown(head + app.console.safe(error)))
    if app.verbose and error.where and error.where not in str(error):
        app.console.say(f"  {error.where}")


def report_unexpected(app: App, error: Exception) -> None:
    """What the machine refuses, in words. A defect of ours: one line, and with -v the traceback, without what
    the environment has of secrets."""
    from voiceform.config.references import credentials_of
    from voiceform.model.refusals import refusal

    refused = refusal(error)
    if refused is not None:
        report_error(app, refused)
        return
    hidden = credentials_of(app.environ)
    app.console.say(hidden.text(f"Error: voiceform failed unexpectedly: {type(error).__name__}: {error}"))
    if app.verbose:
        import traceback

        app.console.say(hidden.text("".join(traceback.format_exception(error))))
    else:
        app.console.say("  This is a defect; run again with -v for details and please report it.")


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Say of a file for the user that it cannot be written, and where the way to it ends (VoiceformError)."""
    try:
        yield
    except OSError as error:
        raise VoiceformError(
            f"cannot be written: {error.strerror}",
            where=str(error.filename or path),
            hint="choose another place, or make room for it",
        ) from error

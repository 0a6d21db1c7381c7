"""How errors reach people (stderr) and programs (JSON on stdout)."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from voiceform.cli.options import App
from voiceform.model.errors import ConfigurationError, VoiceformError
from voiceform.model.masking import mask_text


def report_error(app: App, error: VoiceformError) -> None:
    """Say what went wrong in the format that the command was asked for."""
    if app.format == "json":
        from voiceform.render import json

        if isinstance(error, ConfigurationError):
            click.echo(json.diagnostics_json(error.diagnostics), nl=False)
        else:
            click.echo(json.error_json(error), nl=False)
        return
    if isinstance(error, ConfigurationError):
        from voiceform.render import diagnostics

        click.echo(diagnostics.text(error.diagnostics, color=_color(app)), err=True)
        return
    click.secho("Error: ", fg="red", bold=True, nl=False, err=True, color=_color(app))
    click.echo(mask_text(str(error)), err=True)


def report_unexpected(app: App, error: Exception) -> None:
    """A defect of ours: one line, and with -v the traceback."""
    click.echo(
        f"Error: voiceform failed unexpectedly: {type(error).__name__}: {mask_text(str(error))}", err=True
    )
    if app.verbose:
        click.echo("".join(traceback.format_exception(error)), err=True)
    else:
        click.echo("  This is a defect; run again with -v for details and please report it.", err=True)


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


def _color(app: App) -> bool:
    return not app.no_color and sys.stderr.isatty()

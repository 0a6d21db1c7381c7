"""Whether a command line that is written somewhere would be understood."""

from __future__ import annotations

import click

from voiceform.cli.app import cli
from voiceform.cli.support.invocation import App
from voiceform.model.clock import SystemClock


def parsed(arguments: list[str]) -> str:
    """The name of the command that click makes of these arguments; click.UsageError for wrong ones."""
    app = App(environ={}, clock=SystemClock())
    context = cli.make_context("voiceform", list(arguments), obj=app)
    name, command, rest = cli.resolve_command(context, [*context._protected_args, *context.args])
    while command is not None:
        context = command.make_context(name, rest, parent=context)
        if not isinstance(command, click.Group) or not context._protected_args:
            break
        _, command, rest = command.resolve_command(context, [*context._protected_args, *context.args])
    return str(name)

"""`voiceform help`: the help of a command, for fingers that are used to it."""

from __future__ import annotations

import click

from voiceform.cli.support.commands import require_known
from voiceform.cli.support.completing import commands
from voiceform.cli.support.invocation import App
from voiceform.model.exit_codes import ExitCode


@click.command("help")
@click.argument("names", metavar="[COMMAND]...", nargs=-1, shell_complete=commands)
@click.pass_context
def command(ctx: click.Context, names: tuple[str, ...]) -> int:
    """Show the help of COMMAND, as `voiceform help state show`; without one, all commands."""
    app = ctx.ensure_object(App)
    context = ctx.find_root()
    for name in names:
        group = context.command
        if not isinstance(group, click.Group):
            ctx.fail(f"{context.command_path} has no commands of its own.")
        require_known(group, context, [name])
        found = group.get_command(context, name)
        assert found is not None  # noqa: S101 - it is known
        context = click.Context(found, parent=context, info_name=name, obj=app)
    app.console.show(context.get_help())
    return ExitCode.DONE

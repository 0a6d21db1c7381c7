"""`voiceform completion`: the shell's own completion."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from voiceform.cli.support.invocation import App
from voiceform.model.exit_codes import ExitCode
from voiceform.model.shown import Shown


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the completion script of SHELL; for bash: eval "$(voiceform completion bash)"."""
    completion = get_completion_class(shell)
    if completion is None:
        raise click.UsageError(f"no completion for {shell}")
    root = ctx.find_root().command
    ctx.ensure_object(App).console.document(
        Shown(completion(root, {}, "voiceform", "_VOICEFORM_COMPLETE").source())
    )
    return ExitCode.DONE

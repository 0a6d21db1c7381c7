"""`voiceform destroy`: plan the deletion of everything that is recorded, and run it."""

from __future__ import annotations

import click

from voiceform.cli.support.applying import ApplyOptions, apply_now, apply_options
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option, selection_options


@click.command("destroy")
@format_option("text", "json")
@selection_options
@apply_options
@click.pass_obj
def command(
    app: App, format_: str, target: tuple[str, ...], exclude: tuple[str, ...], options: ApplyOptions
) -> int:
    """Delete everything that is recorded, after asking. Safety limits and protection hold here too."""
    return apply_now(
        app, lambda stack, how: stack.destroy(targets=target, excludes=exclude, **how), options, format_
    )

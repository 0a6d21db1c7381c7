"""`voiceform fleet`: many stacks, each with an account and a recorded state of its own."""

from __future__ import annotations

import click
from click.core import ParameterSource

from voiceform.cli.commands.fleet import (
    apply,
    dispatch,
    drift,
    export,
    list_,
    plan,
    prune,
    show,
    status,
    validate,
)
from voiceform.model.errors import UsageError

_OF_ONE_STACK = {"files": "-f", "overlays": "--overlay", "state_url": "--state"}


@click.group("fleet")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Work on many stacks, each with an account and a state of its own, that a file names (fleet.yaml).

    One that fails stops no other, and the exit code is the worst of all.

    For example: voiceform fleet plan --select ring=canary
    """
    for key, spelling in _OF_ONE_STACK.items():
        if ctx.find_root().get_parameter_source(f"global_{key}") is ParameterSource.COMMANDLINE:
            raise UsageError(
                f"{spelling} is about one stack, and a fleet is many",
                hint="the fleet file (--fleet FILE) says what each stack has; choose some with --select",
            )


for module in (list_, validate, plan, show, apply, drift, status, prune, dispatch, export):
    command.add_command(module.command)

"""`voiceform fleet`: many stacks, each with an account and a recorded state of its own."""

from __future__ import annotations

import click

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


@click.group("fleet")
def command() -> None:
    """Work on many stacks, each with an account and a state of its own, that a file names (fleet.yaml).

    One that fails stops no other, and the exit code is the worst of all.

    For example: voiceform fleet plan --select ring=canary
    """


for module in (list_, validate, plan, show, apply, drift, status, prune, dispatch, export):
    command.add_command(module.command)

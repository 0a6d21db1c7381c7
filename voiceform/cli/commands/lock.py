"""`voiceform lock`: who holds the state, and how to free it."""

from __future__ import annotations

import click

from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option
from voiceform.model.exit_codes import ExitCode
from voiceform.model.shown import shown_json


@click.group("lock")
def command() -> None:
    """Show or break the lock on recorded state."""


_dispatch_option = click.option(
    "--dispatch", is_flag=True, help="The lock of dispatchers, which is another one."
)


@command.command("show")
@format_option("text", "json")
@_dispatch_option
@click.pass_obj
def show(app: App, format_: str, dispatch: bool) -> int:
    """Show who holds the lock, since when and until when."""
    from voiceform.cli.support import wiring

    lease = wiring.stack(app).lock(dispatch=dispatch)
    if format_ == "json":
        app.console.document(
            shown_json({"lock": lease.document() if lease is not None else None}, indent=None)
        )
    elif lease is None or lease.holder is None:
        app.console.show("Nobody holds the lock.")
    else:
        state = "expired" if lease.expires_at <= app.clock.now() else "held"
        app.console.show(
            f"{lease.holder} runs {lease.operation} since {lease.acquired_at:%Y-%m-%d %H:%M:%S} UTC;"
            f" {state} until {lease.expires_at:%Y-%m-%d %H:%M:%S} UTC"
        )
    return ExitCode.DONE


@command.command("break")
@click.option("--reason", required=True, help="Why; kept in the state for whoever held it.")
@_dispatch_option
@click.pass_obj
def break_(app: App, reason: str, dispatch: bool) -> int:
    """Take the lock away from its holder, who can write nothing from then on."""
    from voiceform.cli.support import wiring

    broken = wiring.stack(app).break_lock(reason, dispatch=dispatch)
    app.console.show(f"The lock of {broken.holder} is broken; it can write nothing more.")
    return ExitCode.DONE

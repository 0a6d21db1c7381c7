"""`voiceform import`: adopt a live object."""

from __future__ import annotations

import click

from voiceform.cli.support.completing import addresses
from voiceform.cli.support.invocation import App
from voiceform.model.exit_codes import ExitCode


@click.command("import")
@click.argument("address", shell_complete=addresses)
@click.argument("sid")
@click.pass_obj
def command(app: App, address: str, sid: str) -> int:
    """Record the live object SID as the declared ADDRESS. The account is only read."""
    from voiceform.cli.support import wiring

    wiring.stack(app).import_object(address, sid)
    app.console.show(
        f"Imported {sid} as {address}. `voiceform plan` shows how it differs from the configuration."
    )
    return ExitCode.DONE

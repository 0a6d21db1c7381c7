"""`voiceform import`: adopt a live object."""

from __future__ import annotations

import click

from voiceform.cli.support.options import App
from voiceform.model.exit_codes import ExitCode


@click.command("import")
@click.argument("address")
@click.argument("sid")
@click.pass_obj
def command(app: App, address: str, sid: str) -> int:
    """Record the live object SID as the declared ADDRESS. The account is only read."""
    from voiceform.cli.support import wiring
    from voiceform.engine.importer import import_object
    from voiceform.model.address import Address
    from voiceform.state.meta import require_home

    configuration = wiring.load(app)
    who = wiring.credentials(app, configuration.account)
    with (
        wiring.opened_store(app) as store,
        wiring.locked(app, store, "import") as lease,
        wiring.client(app, who, read_only=True) as reader,
    ):
        require_home(store, who.account_sid, reader.transport.origin)
        target = Address.parse(address)
        import_object(target, sid, configuration, wiring.kinds(app), reader, lease.store)
    app.console.show(
        f"Imported {sid} as {address}. `voiceform plan` shows how it differs from the configuration."
    )
    return ExitCode.DONE

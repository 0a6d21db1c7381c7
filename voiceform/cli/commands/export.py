"""`voiceform export`: the account as configuration."""

from __future__ import annotations

import os
from pathlib import Path

import click

from voiceform.cli.errors import writing
from voiceform.cli.support.options import App
from voiceform.model.exit_codes import ExitCode
from voiceform.model.shown import Shown


@click.command("export")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write to a new FILE; - is stdout.",
)
@click.pass_obj
def command(app: App, out: Path | None) -> int:
    """Write live queues (and running rooms) as configuration. Needs no voiceform.yaml."""
    from voiceform.cli.support import wiring
    from voiceform.config.writer import configuration_text
    from voiceform.model.errors import UsageError
    from voiceform.model.files import write_new

    target = app.path(out) if out is not None and str(out) != "-" else None
    if target is not None and os.path.lexists(target):
        raise UsageError(f"{target} exists", hint="export never overwrites: choose another --out")
    who = wiring.credentials(app, None)
    with (
        wiring.opened_store(app) as store,
        wiring.client(app, who, read_only=True) as reader,
    ):
        recorded = wiring.resources(app, store)
        sections = {
            kind.section: kind.export(reader, {a: r for a, r in recorded.items() if a.kind == kind.name})
            for kind in wiring.kinds(app)
        }
    text = configuration_text(who.account_sid, sections)
    if target is None:
        app.console.document(Shown(text), end="")  # data: the numbers are what is declared
    else:
        with writing(target):
            write_new(target, text)
        app.console.say(f"Wrote {target}; `voiceform import` or `voiceform apply` adopts what it declares.")
    return ExitCode.DONE

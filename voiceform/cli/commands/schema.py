"""`voiceform schema`: the JSON Schemas of everything that voiceform reads and writes."""

from __future__ import annotations

import click

from voiceform.cli.support.completing import schemas
from voiceform.cli.support.invocation import App
from voiceform.model.errors import UsageError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.schema_files import schema_names, schema_text
from voiceform.model.shown import Shown


@click.command("schema")
@click.argument("name", required=False, shell_complete=schemas)
@click.pass_obj
def command(app: App, name: str | None) -> int:
    """Print the JSON Schema NAME (config, plan, state, ...), or list the names."""
    names = schema_names()
    if name is None:
        app.console.show("\n".join(names))
        return ExitCode.DONE
    if name not in names:
        raise UsageError(f"there is no schema {name!r}", hint=f"known schemas: {', '.join(names)}")
    app.console.document(Shown(schema_text(name)), end="")
    return ExitCode.DONE

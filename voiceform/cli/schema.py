"""`voiceform schema`: the JSON Schemas of everything that voiceform reads and writes."""

from __future__ import annotations

import click

from voiceform.model.errors import UsageError
from voiceform.model.schema_files import schema_names, schema_text


@click.command("schema")
@click.argument("name", required=False)
def command(name: str | None) -> int:
    """Print the JSON Schema NAME (config, plan, state, ...), or list the names."""
    names = schema_names()
    if name is None:
        click.echo("\n".join(names))
        return 0
    if name not in names:
        raise UsageError(f"there is no schema {name!r}", hint=f"known schemas: {', '.join(names)}")
    click.echo(schema_text(name), nl=False)
    return 0

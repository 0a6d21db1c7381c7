"""`voiceform init`: the first files of a stack."""

from __future__ import annotations

from pathlib import Path

import click

from voiceform.cli.options import App
from voiceform.model.errors import UsageError

STACK = """\
# yaml-language-server: $schema=https://raw.githubusercontent.com/voiceform/voiceform/main/schemas/config.schema.json
version: 1
account: ${TWILIO_ACCOUNT_SID}

queues:
  support:
    friendly_name: Support
    max_size: 100
"""

GITIGNORE = """\
# Recorded state and saved plans hold account data; keep them out of the repository.
.voiceform/
*.plan.json
"""


@click.command("init")
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def command(app: App, directory: Path | None) -> int:
    """Scaffold a stack in DIR (default: here); files that exist are never overwritten."""
    from voiceform.cli.ci_kits import KITS

    target = app.path(directory) if directory is not None else app.directory
    files = {"voiceform.yaml": STACK, ".gitignore": GITIGNORE, **KITS["github"]}
    stack = target / "voiceform.yaml"
    if stack.exists():
        raise UsageError(f"{stack} exists already", hint="choose another folder, or edit it")
    for name, text in files.items():
        path = target / name
        if path.exists():
            click.echo(f"kept     {path}", err=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        click.echo(f"created  {path}", err=True)
    click.echo("Next: export TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, then run voiceform plan.", err=True)
    return 0

"""`voiceform init`: the first files of a stack."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from voiceform.cli.options import App
from voiceform.model.errors import UsageError

SCAFFOLD = Path(__file__).parent / "scaffold"
"""The files as they are written; a folder per CI system beside those of every stack."""


@click.command("init")
@click.argument("directory", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.pass_obj
def command(app: App, directory: Path | None) -> int:
    """Scaffold a stack in DIR (default: here): voiceform.yaml, a CI workflow, .gitignore.

    Files that exist are never overwritten.
    """
    target = app.path(directory) if directory is not None else app.directory
    stack = target / "voiceform.yaml"
    if stack.exists():
        raise UsageError(f"{stack} exists already", hint="choose another folder, or edit it")
    for source, name in _files():
        path = target / name
        if path.exists():
            click.echo(f"kept     {path}", err=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(source.read_bytes())
        click.echo(f"created  {path}", err=True)
    click.echo("Next: export TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, then run voiceform plan.", err=True)
    return 0


def _files() -> Iterator[tuple[Path, Path]]:
    """Each file of the scaffold with the name that it gets in the stack."""
    yield SCAFFOLD / "voiceform.yaml", Path("voiceform.yaml")
    yield SCAFFOLD / "gitignore", Path(".gitignore")
    kit = SCAFFOLD / "github"
    for source in sorted(kit.rglob("*")):
        if source.is_file():
            yield source, source.relative_to(kit)

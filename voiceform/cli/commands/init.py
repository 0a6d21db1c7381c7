"""`voiceform init`: the first files of a stack."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import click

from voiceform.cli.errors import writing
from voiceform.cli.support.options import App, Place
from voiceform.model.exit_codes import ExitCode
from voiceform.model.files import write_new
from voiceform.version import __version__

SCAFFOLD = Path(__file__).parents[1] / "scaffold"
"""The files as they are written; a folder per CI system beside those of every stack."""

_VERSION = b"@VERSION@"
"""In a file of a kit: the version that the jobs install."""


@click.command("init")
@click.argument("directory", metavar="[DIR]", required=False, type=Place(path_type=Path))
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab"]),
    default="github",
    show_default=True,
    help="The CI system whose jobs review, apply and watch the stack.",
)
@click.pass_obj
def command(app: App, directory: Path | None, ci: str) -> int:
    """Scaffold a stack in DIR (default: here): voiceform.yaml, CI jobs, .gitignore.

    Files that exist are never overwritten, so the jobs of a CI system can be added to a stack that is there.
    """
    target = app.path(directory) if directory is not None else app.directory
    for source, name in _files(ci):
        path = target / name
        if os.path.lexists(path):
            app.console.say(f"kept     {path}")
            continue
        content = source.read_bytes().replace(_VERSION, __version__.encode())
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_new(path, content)
        app.console.say(f"created  {path}")
    root = next((folder for folder in target.resolve().parents if (folder / ".git").exists()), None)
    if root is not None and not (target / ".git").exists():
        app.console.say(
            f"Note: {target} is a folder in the repository {root}. CI systems read their files at the root of"
            " a repository: move them there, and let the jobs run voiceform with -C."
        )
    app.console.say(
        "Next: export TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, then run voiceform plan. The first lines of"
        " the CI files say what the jobs need."
    )
    return ExitCode.DONE


def _files(ci: str) -> Iterator[tuple[Path, Path]]:
    """Each file of the scaffold with the name that it gets in the stack."""
    yield SCAFFOLD / "voiceform.yaml", Path("voiceform.yaml")
    yield SCAFFOLD / "gitignore", Path(".gitignore")
    kit = SCAFFOLD / ci
    for source in sorted(kit.rglob("*")):
        if source.is_file() and source.suffix != ".pyc":
            yield source, source.relative_to(kit)

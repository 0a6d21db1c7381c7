"""`voiceform init`: the first files of a stack."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import click

from voiceform.cli.errors import writing
from voiceform.cli.support.kit import Member, kit_files, stack_files
from voiceform.cli.support.options import App, Place
from voiceform.model.exit_codes import ExitCode
from voiceform.model.files import write_new


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
    In a folder of a git repository GitHub's workflows go to its root, under names of the stack's own.
    """
    target = app.path(directory) if directory is not None else app.directory
    root = _repository(target)
    if root is None or ci == "gitlab":
        _write(app, target, [*stack_files(), *kit_files(ci)])
        if root is not None:
            app.console.say(
                f"Note: {target} is a folder in the repository {root}. GitLab reads files at the root of a"
                " repository: move them there, and let the jobs run voiceform with -C."
            )
    else:
        member = Member.at(target.resolve().relative_to(root).as_posix(), root / ".github" / "workflows")
        _write(app, target, stack_files())
        _write(app, _shown(root, target), kit_files(ci, member))
    app.console.say(
        "Next: export TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, then run voiceform plan. The first lines of"
        " the CI files say what the jobs need."
    )
    return ExitCode.DONE


def _repository(target: Path) -> Path | None:
    """The root of the git repository in which `target` is a folder; None where it is in none, or is one."""
    if (target / ".git").exists():
        return None
    return next((folder for folder in target.resolve().parents if (folder / ".git").exists()), None)


def _shown(root: Path, target: Path) -> Path:
    """The root as somebody writes it who writes `target`."""
    return root if target.is_absolute() else Path(os.path.relpath(root))


def _write(app: App, folder: Path, files: Iterable[tuple[str, str]]) -> None:
    for name, content in files:
        path = folder / name
        if os.path.lexists(path):
            app.console.say(f"kept     {path}")
            continue
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_new(path, content)
        app.console.say(f"created  {path}")

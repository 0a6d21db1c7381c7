"""`voiceform init`: the first files of a stack."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from pathlib import Path

import click

from voiceform.cli.errors import writing
from voiceform.cli.support.invocation import App
from voiceform.cli.support.kit import INCLUDED, Member, kit_files, stack_files
from voiceform.cli.support.options import Place
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
    In a folder of a git repository the jobs go to its root, under names of the stack's own.
    """
    target = app.path(directory) if directory is not None else app.folder
    root = _repository(target)
    if root is None:
        _write(app, target, [*stack_files(), *kit_files(ci)])
    else:
        member = Member.at(target.resolve().relative_to(root).as_posix(), root, ci)
        _write(app, target, stack_files())
        _write(app, _shown(root, target), kit_files(ci, member))
    if ci == "gitlab":
        _tell_of_includes(app, (root or target) / ".gitlab-ci.yml")
    there = f"cd {shlex.quote(str(target))}, " if target.resolve() != Path.cwd() else ""
    app.console.say(
        f"Next: {there}export TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, then run voiceform plan. The first"
        " lines of the CI files say what the jobs need."
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


def _tell_of_includes(app: App, pipeline: Path) -> None:
    """Say what a pipeline that was there lacks for the jobs of stacks, whose files are their own."""
    try:
        text = pipeline.read_text(encoding="utf-8", errors="replace")
    except OSError:  # what cannot be read includes nothing that we know of
        text = ""
    if INCLUDED not in text:
        app.console.say(
            f"Note: {pipeline} was there and is left as it is. Add `include: [{{local: {INCLUDED}}}]` to it,"
            " and the stages validate, plan, apply and scheduled."
        )


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

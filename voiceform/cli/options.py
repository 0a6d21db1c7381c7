"""What one invocation was asked for, and the options that several commands share."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click

from voiceform.model.clock import Clock

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(slots=True)
class App:
    """One invocation: its surroundings, and the global options once they are read."""

    environ: Mapping[str, str]
    clock: Clock
    directory: Path = field(default_factory=Path)
    files: tuple[str, ...] = ()
    base_url: str | None = None
    state_url: str | None = None
    insecure_http: bool = False
    no_color: bool = False
    verbose: bool = False
    format: str = "text"

    def path(self, name: str | Path) -> Path:
        """A path from the command line; relative ones start at -C."""
        return self.directory / name

    @property
    def color(self) -> bool:
        """Whether stdout is a terminal that may be coloured."""
        return not self.no_color and sys.stdout.isatty()

    @property
    def width(self) -> int:
        """Columns of the terminal, 100 where there is none."""
        import shutil

        return shutil.get_terminal_size((100, 40)).columns if sys.stdout.isatty() else 100


def _remember_format(ctx: click.Context, _: click.Parameter, value: str) -> str:
    ctx.find_object(App).format = value  # type: ignore[union-attr] # main always sets one
    return value


def format_option(*choices: str) -> Callable[[Command], Command]:
    """`--format`, remembered in the App so that errors come in the same format."""
    return click.option(
        "--format",
        "format_",
        type=click.Choice(choices),
        default=choices[0],
        show_default=True,
        callback=_remember_format,
        help="Form of the output.",
    )


show_numbers_option = click.option(
    "--show-numbers", is_flag=True, help="Show phone numbers in full; they are masked otherwise."
)

parallelism_option = click.option(
    "--parallelism",
    type=click.IntRange(1, 200),
    default=8,
    show_default=True,
    metavar="N",
    help="Requests in flight at most; the account's own traffic shares Twilio's limit.",
)

approve_option = click.option(
    "--approve",
    multiple=True,
    metavar="SCOPE=N",
    help="Lift one safety limit as far as N, as in delete:queue=3; may be repeated.",
)

expect_digest_option = click.option(
    "--expect-digest",
    metavar="DIGEST",
    help="Go on only with the plan of this digest, or one that does what this review digest stands for.",
)

evidence_option = click.option(
    "--evidence",
    metavar="DIR",
    type=click.Path(path_type=Path, file_okay=False),
    help="Take down what is destroyed, in a folder whose lines nobody can change unseen.",
)

auto_approve_option = click.option(
    "--auto-approve", is_flag=True, help="Do not ask; safety limits still hold."
)


def selection_options(command: Command) -> Command:
    """`--target` and `--exclude`."""
    command = click.option(
        "--exclude",
        multiple=True,
        metavar="ADDRESS",
        help="Leave this out; patterns such as queue.eu-* work.",
    )(command)
    return click.option(
        "--target", multiple=True, metavar="ADDRESS", help="Only this and what it needs; patterns work."
    )(command)

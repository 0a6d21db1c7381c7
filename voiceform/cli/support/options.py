"""What one invocation was asked for, and the options that several commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from voiceform.cli.support.colour import Colour, coloured
from voiceform.cli.support.console import Console, is_terminal
from voiceform.cli.support.stopping import Stopping
from voiceform.model.clock import Clock
from voiceform.model.resource import Desired, Recorded
from voiceform.model.unshown import Holding, Unshown

if TYPE_CHECKING:
    from voiceform.model.plan import Plan
    from voiceform.model.run import Outcome, RunReport
    from voiceform.render.metrics import Measurements

Command = TypeVar("Command", bound=Callable[..., Any])


class Place(click.Path):
    """A file or folder by name. `-` is refused: elsewhere that is standard input or output."""

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> str | bytes | os.PathLike[str]:
        """As click.Path does."""
        if os.fspath(value) == "-":
            self.fail(
                "- is standard input or output, and this has a name (./- for one of that name)", param, ctx
            )
        return super().convert(value, param, ctx)


@dataclass(slots=True)
class Reports:
    """What an invocation has to tell to --report-json and --metrics, as far as it has come.

    `settled` is what became of dead runs that this one found. `document` and `measured` are of commands that
    neither plan nor run one; `publish` writes the metrics as they are now, for commands that go on.
    """

    plan: Plan | None = None
    run: RunReport | None = None
    settled: Sequence[Outcome] = ()
    document: str | None = None
    measured: Measurements | None = None
    publish: Callable[[], object] = lambda: None


@dataclass(slots=True)
class App:
    """One invocation: its surroundings, and the global options, which the environment may stand for."""

    environ: Mapping[str, str]
    clock: Clock
    lease_ttl: timedelta = timedelta(seconds=60)
    directory: Path = field(default_factory=Path)
    files: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()
    env_files: tuple[str, ...] = ()
    allowed_paths: tuple[str, ...] = ()
    base_url: str | None = None
    state_url: str | None = None
    insecure_http: bool = False
    timeout: timedelta = timedelta(minutes=2)
    colour: Colour = Colour.AUTO
    verbose: bool = False
    format: str = "text"
    show_numbers: bool = False
    show_values: bool = False
    summary: bool = False
    unmanaged: bool = False
    stack: str = "default"
    account_name: str | None = None
    reports: Reports = field(default_factory=Reports)
    console: Console = field(default_factory=Console)
    stopping: Stopping = field(init=False)

    def __post_init__(self) -> None:
        self.stopping = Stopping(self.console)
        self.base_url = self.environ.get("VOICEFORM_BASE_URL")
        self.state_url = self.environ.get("VOICEFORM_STATE")
        named = self.environ.get("VOICEFORM_ALLOW_PATH", "").split(os.pathsep)
        self.allowed_paths = tuple(path for path in named if path)

    def read_env_files(self) -> None:
        """Let the files of variables stand beside the environment, which goes before them.

        ConfigurationError for files that cannot be read.
        """
        if not self.env_files:
            return
        from voiceform.config.envfile import read_env_files

        found = read_env_files([Path(name) for name in self.env_files], base_dir=self.directory)
        self.env_files = ()
        added = {name: value for name, value in found.items() if name not in self.environ}
        self.environ = {**added, **self.environ}
        if self.base_url is None:
            self.base_url = added.get("VOICEFORM_BASE_URL")
        self.state_url = self.state_url or added.get("VOICEFORM_STATE") or None
        named = added.get("VOICEFORM_ALLOW_PATH", "").split(os.pathsep)
        self.allowed_paths = (*self.allowed_paths, *(path for path in named if path))

    def path(self, name: str | Path) -> Path:
        """A path from the command line; relative ones start at -C."""
        return self.directory / name

    def hide(self, objects: Iterable[Desired | Recorded]) -> None:
        """Let nothing that is told or printed from now on repeat what of these objects is hidden."""
        if self.show_values:
            return
        known = list(objects)
        holdings: list[Holding] = [(item.attributes, item.hidden) for item in known]
        holdings += [(item.notes, item.hidden) for item in known]
        holdings += [({"details": item.beside}, item.hidden) for item in known if isinstance(item, Desired)]
        unshown = Unshown.of(holdings, (str(item.address) for item in known))
        self.console.unshown = self.console.unshown.joined(unshown)

    def hide_of(self, plan: Plan) -> None:
        """As `hide`, with what is hidden in a plan."""
        from voiceform.model.plan_codec import unshown_of

        if not self.show_values:
            self.console.unshown = self.console.unshown.joined(unshown_of(plan))

    @property
    def color(self) -> bool:
        """Whether what is printed on stdout is coloured."""
        return coloured(self.colour, self.environ, sys.stdout)

    @property
    def color_beside(self) -> bool:
        """Whether what is told on stderr is coloured."""
        return coloured(self.colour, self.environ, sys.stderr)

    @property
    def width(self) -> int:
        """Columns of the terminal, 100 where there is none."""
        import shutil

        return shutil.get_terminal_size((100, 40)).columns if is_terminal(sys.stdout) else 100

    @property
    def width_beside(self) -> int:
        """Columns of the terminal that stderr is, but the last; 0, which is no limit, where it is none."""
        import os

        return os.get_terminal_size(sys.stderr.fileno()).columns - 1 if is_terminal(sys.stderr) else 0


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


def _remember_show_numbers(ctx: click.Context, _: click.Parameter, value: bool) -> bool:
    app: App = ctx.ensure_object(App)
    app.show_numbers = app.console.show_numbers = value
    return value


def _remember_show_values(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.ensure_object(App).show_values = value


def _remember_stack(ctx: click.Context, _: click.Parameter, value: str | None) -> str | None:
    if value is not None:
        ctx.find_object(App).stack = value  # type: ignore[union-attr] # main always sets one
    return value


def _stack_option(*, text: str, expose_value: bool) -> Callable[[Command], Command]:
    return click.option(
        "--stack", metavar="NAME", callback=_remember_stack, expose_value=expose_value, help=text
    )


metrics_stack_option = _stack_option(text="The name of this stack in metrics.", expose_value=False)

show_values_option = click.option(
    "--show-values",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_remember_show_values,
    help="Show what came from the environment; only ${NAME} is shown otherwise.",
)


def showing_options(command: Command) -> Command:
    """`--show-numbers`, passed on, and `--show-values`, remembered in the App."""
    return click.option(
        "--show-numbers",
        is_flag=True,
        callback=_remember_show_numbers,
        help="Show phone numbers in full; they are masked otherwise.",
    )(show_values_option(command))


def _remember_summary(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.ensure_object(App).summary = value


def _remember_unmanaged(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.ensure_object(App).unmanaged = value


def reading_options(command: Command) -> Command:
    """`--summary` and `--unmanaged`, remembered in the App: how much of a plan its text tells."""
    command = click.option(
        "--unmanaged",
        is_flag=True,
        expose_value=False,
        callback=_remember_unmanaged,
        help="List what is neither declared nor recorded; as text it is only counted otherwise.",
    )(command)
    return click.option(
        "--summary",
        is_flag=True,
        expose_value=False,
        callback=_remember_summary,
        help="As text, one line for each sort of change; -v tells each in full.",
    )(command)


parallelism_option = click.option(
    "--parallelism",
    type=click.IntRange(1, 200),
    default=8,
    show_default=True,
    metavar="N",
    help="Requests in flight at most; the account's own traffic shares Twilio's limit.",
)


def _scopes(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    from voiceform.cli.support.completing import scopes

    return [*scopes(ctx, parameter, incomplete)]


approve_option = click.option(
    "--approve",
    multiple=True,
    metavar="SCOPE=N",
    shell_complete=_scopes,
    help="Lift one safety limit as far as N, as in delete:queue=3; may be repeated.",
)

expect_digest_option = click.option(
    "--expect-digest",
    metavar="DIGEST",
    help="Go on only with the plan of this digest, or one that does what this review digest stands for.",
)

evidence_option = click.option(
    "--evidence",
    metavar="DIR|URL",
    help="Take down what is destroyed there, and not where the configuration says (evidence/).",
)

auto_approve_option = click.option(
    "--auto-approve", is_flag=True, help="Do not ask; safety limits still hold."
)


def _addresses(ctx: click.Context, parameter: click.Parameter, incomplete: str) -> list[Any]:
    from voiceform.cli.support.completing import addresses

    return [*addresses(ctx, parameter, incomplete)]


def selection_options(command: Command) -> Command:
    """`--target` and `--exclude`."""
    command = click.option(
        "--exclude",
        multiple=True,
        metavar="ADDRESS",
        shell_complete=_addresses,
        help="Leave this out; patterns such as queue.eu-* work.",
    )(command)
    return click.option(
        "--target",
        multiple=True,
        metavar="ADDRESS",
        shell_complete=_addresses,
        help="Only this and what it needs; patterns work.",
    )(command)


def comment_options(command: Command) -> Command:
    """`--stack`, `--commit` and `--artifact`: what a plan in Markdown or HTML says about where it is from."""
    for option, metavar, text in (
        ("--artifact", "URL", "Where the whole plan is, for a Markdown comment that is too short for it."),
        ("--commit", "SHA", "The commit that was planned, shown in Markdown and HTML."),
    ):
        command = click.option(option, metavar=metavar, help=text)(command)
    return _stack_option(
        text="The name of this stack; each has its own comment on a pull request, and its own metrics.",
        expose_value=True,
    )(command)

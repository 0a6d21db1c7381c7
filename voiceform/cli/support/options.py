"""The options that several commands share."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any, TypeVar

import click

from voiceform.cli.support.invocation import App

Command = TypeVar("Command", bound=Callable[..., Any])


def with_options(
    command: Command, name: str, kind: type[Any], decorators: Iterable[Callable[..., Any]]
) -> Command:
    """Add options to a command, the last on top, and pass those that are fields of the dataclass `kind` as
    one argument called `name`."""

    @functools.wraps(command)
    def collected(
        *args: Any,  # noqa: ANN401 - whatever the command takes
        **given: Any,  # noqa: ANN401 - its options, and those of all
    ) -> Any:  # noqa: ANN401 - whatever the command returns
        ours = {option.name: given.pop(option.name) for option in fields(kind)}
        return command(*args, **{name: kind(**ours)}, **given)

    decorated: Any = collected
    for decorator in decorators:
        decorated = decorator(decorated)
    result: Command = decorated
    return result


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


show_numbers_option = click.option(
    "--show-numbers",
    is_flag=True,
    callback=_remember_show_numbers,
    help="Show phone numbers in full; they are masked otherwise.",
)


def showing_options(command: Command) -> Command:
    """`--show-numbers`, passed on, and `--show-values`, remembered in the App."""
    return show_numbers_option(show_values_option(command))


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

"""How commands are found, helped with and completed, whichever module they come from."""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import click

from voiceform.cli.examples import EXAMPLES
from voiceform.cli.support.global_options import GlobalOption, global_options
from voiceform.cli.support.invocation import App
from voiceform.cli.table import COMMANDS, SECTIONS, VARIABLES, Entry


class Command(click.Command):
    """A command that takes the global options, too, and tells them apart in its help."""

    variables: Mapping[str, str] = {}
    """The environment variables that it obeys."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click has it
        """Run the command, once every option has been read, whichever side of it it stood on."""
        app = ctx.ensure_object(App)
        app.read_env_files()
        keys = {option.key for option in self.params if isinstance(option, GlobalOption)}
        if "base_url" in keys:
            from voiceform.cli.support.variables import tell_misspelt

            tell_misspelt(app, keys)
        return super().invoke(ctx)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """An example."""
        _write_example(self, ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The command's own options, then the global ones, then the variables."""
        _write_options(self, ctx, formatter)
        _write_variables(self.variables, formatter)


class Group(click.Group):
    """A command with commands of its own."""

    variables: Mapping[str, str] = {}
    only: tuple[str, ...] | None = None

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click has it
        """As a command that may stand alone."""
        ctx.ensure_object(App).read_env_files()
        return super().invoke(ctx)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """An example."""
        _write_example(self, ctx, formatter)

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands, then the options as a command has them."""
        self.format_commands(ctx, formatter)
        _write_options(self, ctx, formatter)
        _write_variables(self.variables, formatter)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """One line for each command, none of them cut."""
        names = self.list_commands(ctx)
        found = [(name, self.get_command(ctx, name)) for name in names]
        rows = [(name, command.get_short_help_str(1000)) for name, command in found if command is not None]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, with the global options."""
        found = super().get_command(ctx, cmd_name)
        return None if found is None else dressed(found, self.only, self.variables)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it; of a name that is not known it says what may be meant."""
        require_known(self, ctx, args)
        return super().resolve_command(ctx, args)


class Program(Group):
    """voiceform itself. Imports a command's module only when that command is asked for, so that `--version`
    and `--help` stay instant."""

    variables = VARIABLES

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click has it
        """Run the command. click.Abort when it is interrupted: of a KeyboardInterrupt click writes to the
        terminal itself, beneath what is drawn there."""
        try:
            return click.Group.invoke(self, ctx)  # options behind the command are not read yet
        except KeyboardInterrupt as interruption:
            raise click.Abort from interruption

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The click command of that name, or None."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        module = importlib.import_module(f"voiceform.cli.commands.{entry.module}")
        return dressed(module.command, entry.globals, VARIABLES if entry.globals is None else {})

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The commands in sections, one line for each."""
        widest = max(map(len, COMMANDS))
        for title, entries in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(entry.name.ljust(widest), entry.summary) for entry in entries])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[Any]:
        """Commands with their lines, without importing them; then options."""
        from click.shell_completion import CompletionItem

        if incomplete and not incomplete[0].isalnum():
            return super().shell_complete(ctx, incomplete)
        entries: Iterable[Entry] = COMMANDS.values()
        return [CompletionItem(e.name, help=e.summary) for e in entries if e.name.startswith(incomplete)]


def require_known(group: click.Group, ctx: click.Context, args: Sequence[str]) -> None:
    """click.UsageError for a command that there is not, with what may be meant."""
    name = args[0]
    if ctx.resilient_parsing or name.startswith("-") or group.get_command(ctx, name) is not None:
        return
    from difflib import get_close_matches

    known = group.list_commands(ctx)
    close = get_close_matches(name.casefold()[:64], known, 3, 0.65) or [
        each for each in known if name and each.startswith(name)
    ]
    named = ", ".join(f"'{each}'" for each in close)
    meant = f" Did you mean {'one of ' if len(close) > 1 else ''}{named}?" if close else ""
    ctx.fail(f"No such command {name!r}.{meant}")


def dressed(
    command: click.Command, only: tuple[str, ...] | None, variables: Mapping[str, str]
) -> click.Command:
    """`command` with the global options of these names (all when None), except those that it has itself."""
    own = {spelling for parameter in command.params for spelling in parameter.opts}
    added = [option for option in global_options(only) if not own & set(option.opts)]
    attributes: dict[str, Any] = {
        "name": command.name,
        "context_settings": command.context_settings,
        "callback": command.callback,
        "params": [*command.params, *added],
        "help": command.help,
        "epilog": command.epilog,
        "short_help": command.short_help,
        "options_metavar": command.options_metavar,
        "no_args_is_help": command.no_args_is_help,
        "hidden": command.hidden,
    }
    result: Command | Group
    if isinstance(command, click.Group):
        result = Group(
            commands=command.commands,
            invoke_without_command=command.invoke_without_command,
            subcommand_metavar=command.subcommand_metavar,
            **attributes,
        )
        result.only = only
    else:
        result = Command(**attributes)
    result.variables = variables
    return result


def _write_options(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    own: list[tuple[str, str]] = []
    shared: list[tuple[str, str]] = []
    for parameter in command.get_params(ctx):
        record = parameter.get_help_record(ctx)
        if record is not None and isinstance(parameter, click.Option):
            (shared if isinstance(parameter, GlobalOption) else own).append(record)
    for title, records in (("Options", own), ("Global options", shared)):
        if records:
            with formatter.section(title):
                formatter.write_dl(records)


def _write_example(command: click.Command, ctx: click.Context, formatter: click.HelpFormatter) -> None:
    if command.epilog:
        formatter.write_paragraph()
        formatter.write_text(command.epilog)
        return
    example = EXAMPLES.get(" ".join(ctx.command_path.split()[1:]))
    if example:
        with formatter.section("Example"):
            formatter.write(f"{'':{formatter.current_indent}}{example}\n")  # whole, to be copied


def _write_variables(variables: Mapping[str, str], formatter: click.HelpFormatter) -> None:
    if variables:
        with formatter.section("Environment variables"):
            formatter.write_dl(list(variables.items()))

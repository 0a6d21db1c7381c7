"""docs/commands.md: every command, from the commands themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from schemas.reference.tables import cell, code, table
from voiceform.cli.app import cli
from voiceform.cli.examples import EXAMPLES
from voiceform.cli.support.global_options import GlobalOption, global_options
from voiceform.cli.table import SECTIONS, VARIABLES
from voiceform.model.explanations import Group, explanations


def page() -> str:
    """The page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    root = click.Context(cli, info_name="voiceform")
    yield "# Commands"
    yield ""
    yield "What is a document goes to stdout, everything else to stderr. `--help` behind any command shows"
    yield "the same as here."
    yield ""
    for title, entries in SECTIONS.items():
        yield f"- {title}: {', '.join(f'[{entry.name}](#{entry.name})' for entry in entries)}"
    yield from _global_options(root)
    yield from _variables()
    yield from _exit_codes()
    for title, entries in SECTIONS.items():
        yield from ("", f"## {title}")
        for entry in entries:
            command = cli.get_command(root, entry.name)
            if command is not None:
                yield from _command(command, click.Context(command, parent=root, info_name=entry.name), 3)


def _command(command: click.Command, context: click.Context, level: int) -> Iterator[str]:
    """One command, and behind it those of its own."""
    path = " ".join(context.command_path.split()[1:])
    yield from ("", f"{'#' * level} {path}", "")
    first, *others = (command.help or "").split("\n\n")
    yield " ".join(first.split())
    for paragraph in others:
        if paragraph.strip():
            words = " ".join(paragraph.split())
            yield from ("", re.sub(r"(?<=For example: )voiceform .*", r"`\g<0>`", words))
    usage = " ".join(command.collect_usage_pieces(context))
    example = command.epilog or EXAMPLES.get(path, "")
    yield from ("", "```text", f"voiceform {path} {usage}".replace("  ", " "), "```")
    if example:
        yield from ("", "For example:", "", "```text", example, "```")
    own = [item for item in command.params if not isinstance(item, GlobalOption)]
    yield from _options(own, context)
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _command(inner, click.Context(inner, parent=context, info_name=name), level + 1)


def _options(parameters: list[click.Parameter], context: click.Context) -> Iterator[str]:
    rows = []
    for parameter in parameters:
        record = parameter.get_help_record(context)
        if record is not None:
            rows.append((code(record[0]), cell(record[1])))
    if rows:
        yield from ("", *table(("option", "what it does"), rows))


def _global_options(root: click.Context) -> Iterator[str]:
    yield from ("", "## Global options", "", "Before the command or behind it; what is said last counts.")
    yield from _options(list(global_options()), root)


def _variables() -> Iterator[str]:
    yield from ("", "## Environment variables", "")
    rows = [(code(name), cell(text)) for name, text in VARIABLES.items()]
    yield from table(("variable", "what it says"), rows)


def _exit_codes() -> Iterator[str]:
    yield from ("", "## Exit codes of every command", "")
    rows = [
        (f"[{item.code}](codes.md#{item.code})", cell(item.what), cell(item.do))
        for item in explanations().values()
        if item.group is Group.EXITS
    ]
    yield from table(("code", "what it says", "what to do"), rows)

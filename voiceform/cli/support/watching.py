"""`--watch`: look again and again, until a signal."""

from __future__ import annotations

import sys
from collections.abc import Callable

import click

from voiceform.cli.support.console import is_terminal
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import Command
from voiceform.model.shown import Shown

_CLEAR = "\x1b[H\x1b[2J"
"""The cursor to the upper left, and nothing on the screen."""


def watch_options(command: Command) -> Command:
    """`--watch` and `--every`."""
    command = click.option(
        "--every",
        default="5s",
        show_default=True,
        metavar="DURATION",
        help="With --watch: how often to look.",
    )(command)
    return click.option("--watch", is_flag=True, help="Look again and again, until Ctrl-C.")(command)


def looks(app: App, look: Callable[[], Shown], *, watch: bool, every: str) -> None:
    """Print what `look` finds: once, or every so often, on a terminal always in the same place.

    Between two looks a signal ends the command at once.
    """
    from voiceform.model.durations import parse_duration

    pause = parse_duration(every).total_seconds()
    redraws = watch and is_terminal(sys.stdout) and app.environ.get("TERM") != "dumb"
    while True:
        text = look()
        app.console.show(Shown(_CLEAR + text) if redraws else text)
        if not watch:
            return
        if not redraws:
            app.console.show("")
        app.clock.wait(app.stopping.halt.event, pause)

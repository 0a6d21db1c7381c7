"""The program's frame: global options, commands loaded on demand, and the one place where errors end."""

from __future__ import annotations

import errno
import importlib
import io
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import click

from voiceform.cli.errors import report_error, report_unexpected
from voiceform.cli.support.colour import Colour
from voiceform.cli.support.console import ReaderGoneError
from voiceform.cli.support.options import App
from voiceform.model.clock import Clock, SystemClock
from voiceform.model.errors import UsageError, VoiceformError
from voiceform.model.exit_codes import ExitCode
from voiceform.version import __version__

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF})

COMMANDS = {
    "init": "init",
    "validate": "validate",
    "plan": "plan",
    "show": "show",
    "apply": "apply",
    "undo": "undo",
    "destroy": "destroy",
    "drift": "drift",
    "import": "import_",
    "export": "export",
    "twiml": "twiml",
    "state": "state",
    "lock": "lock",
    "dispatch": "dispatch",
    "prune": "prune",
    "calls": "calls",
    "schedule": "schedule",
    "schema": "schema",
    "completion": "completion",
    "emulator": "emulator",
    "demo": "demo",
}
"""Command name -> module of this package; each module has a click command called `command`."""


class LazyGroup(click.Group):
    """Imports a command's module only when that command is asked for, so that `--version` stays instant."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as click has it
        """Run the command. click.Abort when it is interrupted: of a KeyboardInterrupt click writes to the
        terminal itself, beneath what is drawn there."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interruption:
            raise click.Abort from interruption

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order in which one meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The click command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"voiceform.cli.commands.{COMMANDS[cmd_name]}")
        command: click.Command = module.command
        return command


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="voiceform")
@click.option(
    "-C", "directory", metavar="DIR", type=click.Path(path_type=Path, file_okay=False), help="Work in DIR."
)
@click.option("-f", "files", metavar="FILE_OR_DIR", multiple=True, help="Configuration; may be repeated.")
@click.option(
    "--allow-path",
    "allowed_paths",
    metavar="DIR",
    multiple=True,
    help="Let the configuration name lists below DIR, outside its folder; may be repeated.",
)
@click.option("--base-url", metavar="URL", help="Origin of the API, as http://127.0.0.1:8765.")
@click.option("--state", "state_url", metavar="URL", help="Where recorded state lives.")
@click.option("--insecure-http", is_flag=True, help="Allow http:// to other hosts than this one.")
@click.option(
    "--timeout",
    default="120s",
    show_default=True,
    metavar="DURATION",
    help="Give an operation of the API up after so long, with all its attempts.",
)
@click.option(
    "--color",
    type=click.Choice([each.value for each in Colour]),
    default=Colour.AUTO.value,
    show_default=True,
    help="Colours; auto is on a terminal, as NO_COLOR, FORCE_COLOR and TERM=dumb say.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show where an unexpected error came from.")
@click.pass_obj
def cli(
    app: App,
    directory: Path | None,
    files: tuple[str, ...],
    allowed_paths: tuple[str, ...],
    base_url: str | None,
    state_url: str | None,
    insecure_http: bool,
    timeout: str,
    color: str,
    verbose: bool,
) -> None:
    """Infrastructure as code for the Twilio Voice API."""
    app.directory = directory or Path()
    if "" in files:
        raise UsageError("-f is empty", hint="name a file or folder, or leave -f out for voiceform.yaml")
    app.files = files
    named = app.environ.get("VOICEFORM_ALLOW_PATH", "").split(os.pathsep)
    app.allowed_paths = (*allowed_paths, *(path for path in named if path))
    app.base_url = base_url if base_url is not None else app.environ.get("VOICEFORM_BASE_URL")
    if app.base_url == "":
        raise UsageError(
            "the base URL is empty, which could be meant as any",
            where="--base-url or VOICEFORM_BASE_URL",
            hint="name the origin, or unset it for the Twilio API",
        )
    app.state_url = state_url or app.environ.get("VOICEFORM_STATE")
    app.insecure_http = insecure_http
    app.timeout = _timeout(timeout)
    app.colour = Colour(color)
    app.verbose = verbose


def _timeout(text: str) -> timedelta:
    from voiceform.model.durations import parse_duration

    try:
        return parse_duration(text)
    except UsageError as error:
        raise UsageError(error.what, where="--timeout", hint=error.hint) from None


def main(
    argv: Sequence[str] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    clock: Clock | None = None,
    lease_ttl: timedelta = timedelta(seconds=60),
) -> int:
    """Run one command and return its exit code; nothing is raised and no process state is changed.

    `environ` and `clock` stand in for the process environment and the machine's clock; `lease_ttl` is how
    long the lock on the state outlives a process that has stopped.
    """
    app = App(
        environ=os.environ if environ is None else environ,
        clock=clock or SystemClock(),
        lease_ttl=lease_ttl,
    )
    with app.stopping.installed():
        code = _ended(app, list(sys.argv[1:] if argv is None else argv))
        app.console.close()
    return code


def _ended(app: App, arguments: list[str]) -> int:
    """Run the command and give every way in which it can end its words and its code."""
    try:
        try:
            code = cli.main(
                args=arguments,
                prog_name="voiceform",
                standalone_mode=False,
                obj=app,
            )
        finally:
            app.stopping.over()
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        app.console.say(shown.getvalue(), end="")
        return ExitCode.USAGE if isinstance(error, click.UsageError) else ExitCode.ERROR
    except (click.Abort, KeyboardInterrupt):
        _tell_of_interruption(app)
        return app.stopping.exit_code
    except VoiceformError as error:
        report_error(app, error)
        return error.exit_code
    except (ReaderGoneError, SystemExit):  # click exits when the reader of its help has gone
        return ExitCode.READER_GONE
    except OSError as error:
        # What we write ourselves has an error of its own; this is click, printing help or a version.
        if app.stopping.number is not None:
            return app.stopping.exit_code
        if error.errno not in _FULL:
            report_unexpected(app, error)
        else:
            app.console.say(f"Error: cannot write to standard output: {error.strerror}")
        return ExitCode.ERROR
    except Exception as error:  # noqa: BLE001, RUF100 - the last resort: no traceback reaches a user
        report_unexpected(app, error)
        return ExitCode.ERROR
    return code if isinstance(code, int) else ExitCode.DONE


def _tell_of_interruption(app: App) -> None:
    if app.stopping.nested:
        return
    app.console.break_off()
    word = "Interrupted" if app.stopping.number != signal.SIGTERM else "Terminated"
    nothing = app.console.working and not app.stopping.begun
    app.console.say(f"{word}; nothing was done." if nothing else f"{word}.")

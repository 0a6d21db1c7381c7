"""The program's frame: global options, commands loaded on demand, and the one place where errors end."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import timedelta

import click

from voiceform.cli.errors import report_error, report_unexpected
from voiceform.cli.support.commands import Program
from voiceform.cli.support.console import ReaderGoneError
from voiceform.cli.support.global_options import global_options
from voiceform.cli.support.invocation import App
from voiceform.model.clock import Clock, SystemClock
from voiceform.model.errors import VoiceformError
from voiceform.model.exit_codes import ExitCode
from voiceform.version import __version__

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF})


@click.group(
    cls=Program,
    params=global_options(),
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="voiceform")
def cli() -> None:
    """Infrastructure as code for the Twilio Voice API."""


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
    try:
        with app.stopping.installed():
            code = _ended(app, list(sys.argv[1:] if argv is None else argv))
            app.console.close()
    except (OSError, RuntimeError, MemoryError) as error:  # before anything was begun
        report_unexpected(app, error)
        return ExitCode.ERROR
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
        app.console.say(shown.getvalue().expandtabs(2), end="")  # a tab of a user's is quoted by then
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
        if app.stopping.number is not None:
            return app.stopping.exit_code
        if error.filename is None and error.errno in _FULL:  # click, printing help or a version
            app.console.say(f"Error: cannot write to standard output: {error.strerror}")
        else:
            report_unexpected(app, error)
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

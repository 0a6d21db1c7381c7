"""`--report-json` and `--metrics`: what a command did, for programs and for monitoring.

A command that takes `report_options` says what it knows by setting members of `app.reports`; both files are
written when it ends, however it ends.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.console import ReaderGoneError
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import Command
from voiceform.cli.support.outputs import METRICS, PLAN, REPORT, Output, check_outputs
from voiceform.model.errors import InterruptedRunError, MissingExtraError, VoiceformError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.files import write_whole

_UNEXPECTED = VoiceformError("voiceform failed unexpectedly", hint="run again with -v and report it")
_INPUTS = ("plan_file", "base", "evidence", "fleet_file")
"""The arguments of commands that name what they read, or what may only grow."""


def report_options(command: Command) -> Command:
    """Add `--report-json FILE` and `--metrics FILE` to a command that takes the App (as `pass_obj` gives it)
    and returns its exit code. Both, and the command's own `--out`, are checked before it is called."""

    @functools.wraps(command)
    def reporting(
        *args: Any,  # noqa: ANN401 - whatever the command takes
        report_json: Path | None,
        metrics: Path | None,
        force: bool,
        **others: Any,  # noqa: ANN401 - whatever the command takes
    ) -> Any:  # noqa: ANN401 - whatever the command returns
        context = click.get_current_context()
        if context.invoked_subcommand is not None:
            return command(*args, **others)
        app = context.ensure_object(App)
        inputs = [app.path(others[name]) for name in _INPUTS if others.get(name) is not None]
        check_outputs(
            app, list(_outputs(app, others.get("out"), report_json, metrics)), force=force, inputs=inputs
        )
        if report_json is None and metrics is None:
            return command(*args, **others)
        files = _Files(app, str(context.info_name), report_json, metrics)
        return files.written(lambda: command(*args, **others))

    decorated: Any = reporting
    for option, text in (
        ("--metrics", "Write Prometheus metrics, for node_exporter's textfile collector."),
        ("--report-json", "Write what was done (or planned, or what failed) as JSON."),
    ):
        path = click.Path(path_type=Path, dir_okay=False)
        decorated = click.option(option, type=path, metavar="FILE", help=text)(decorated)
    decorated = click.option(
        "--force",
        is_flag=True,
        help="Let an output file replace one that is not voiceform's; never an input.",
    )(decorated)
    result: Command = decorated
    return result


def _outputs(app: App, out: Path | None, report: Path | None, metrics: Path | None) -> Iterator[Output]:
    for option, path, kind in (
        ("--out", out, PLAN),
        ("--report-json", report, REPORT),
        ("--metrics", metrics, METRICS),
    ):
        if path is not None:
            yield Output(option, app.path(path), kind)


class _Files:
    """The files of one invocation."""

    def __init__(self, app: App, command: str, report: Path | None, metrics: Path | None) -> None:
        self.app = app
        self.command = command
        self.report = app.path(report) if report is not None else None
        self.metrics = app.path(metrics) if metrics is not None else None
        if self.metrics is not None:
            _require_prometheus()
            app.reports.publish = lambda: self._said(self._write_metrics)

    def written(self, run: Callable[[], int | None]) -> int:
        """Run the command, write the files, and return the command's exit code (1 if only writing failed)."""
        try:
            code = run() or ExitCode.DONE
        except VoiceformError as error:
            self._write(error.exit_code, error)
            raise
        except (click.Abort, KeyboardInterrupt):
            code = self.app.stopping.exit_code
            self._write(code, InterruptedRunError(code))
            raise
        except ReaderGoneError:
            self._write(ExitCode.READER_GONE, None)
            raise
        except Exception:
            self._write(ExitCode.ERROR, _UNEXPECTED)
            raise
        return code if self._write(code, None) else code or ExitCode.ERROR

    def _write(self, code: int, error: VoiceformError | None) -> bool:
        """Write both files."""

        def write() -> None:
            if self.report is not None:
                _replace(self.report, self._document(error))
            self._write_metrics(code)

        return self._said(write)

    def _said(self, write: Callable[[], None]) -> bool:
        """Write; what fails is said on stderr and hides neither an error of the command nor its code."""
        try:
            write()
        except VoiceformError as failure:
            self.app.console.say(f"Error: {failure}")
            return False
        return True

    def _document(self, error: VoiceformError | None) -> str:
        from voiceform.cli.support.documents import shown_plan
        from voiceform.render.json import error_json, plan_json, run_json

        reports = self.app.reports
        if error is not None:
            return error_json(error, unshown=self.app.console.unshown)
        if reports.document is not None:
            return f"{reports.document()}\n"
        if reports.plan is None:
            return json.dumps({}) + "\n"
        plan = shown_plan(self.app, reports.plan)
        if reports.run is None:
            return plan_json(plan, show_numbers=self.app.show_numbers)
        return run_json(reports.run, plan, show_numbers=self.app.show_numbers)

    def _write_metrics(self, code: int | None = None) -> None:
        """Write the metrics, if they are wanted; `code` is None while the command goes on."""
        from voiceform.model.measurements import Measurements
        from voiceform.render.metrics import (
            Reading,
            measure_plan,
            measure_run,
            measure_settled,
            write_metrics,
            write_metrics_of,
        )

        if self.metrics is None:
            return
        reports = self.app.reports
        if reports.stacks is not None:
            readings = (Reading(each.stack, each.measured, int(each.code)) for each in reports.stacks())
            write_metrics_of(self.metrics, readings, command=self.command, at=self.app.clock.now())
            return
        if reports.measured is not None:
            measured = reports.measured
        elif reports.run is not None:
            measured = measure_run(reports.run, wiring.parts(self.app).vocabulary(), reports.settled)
        elif reports.settled:
            measured = measure_settled(reports.settled, wiring.parts(self.app).vocabulary())
        elif reports.plan is not None:
            measured = measure_plan(reports.plan)
        else:
            measured = Measurements()
        write_metrics(
            self.metrics,
            measured,
            command=self.command,
            at=self.app.clock.now(),
            exit_code=code,
            stack=self.app.stack,
        )


def _require_prometheus() -> None:
    try:
        import prometheus_client  # noqa: F401 - only whether it is there
    except ImportError as error:
        raise MissingExtraError("the metrics file", "metrics") from error


def _replace(path: Path, text: str) -> None:
    """Put `text` into the file whole or not at all, readable by its owner alone."""
    try:
        write_whole(path, text)
    except OSError as error:
        raise VoiceformError(
            f"cannot write the report: {error.strerror}", where=str(path), hint="choose another file"
        ) from error

"""`voiceform test`: run the tests of a stack about an emulated account."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from voiceform.cli.errors import writing
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import Place, format_option, showing_options
from voiceform.cli.support.outputs import JUNIT, Output, check_outputs
from voiceform.model.errors import UsageError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.files import write_whole

if TYPE_CHECKING:
    from voiceform.model.case_report import FileResult


@click.command("test")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=Place(path_type=Path))
@click.option(
    "-k", "--filter", "wanted", default="", metavar="TEXT", help="Only cases with it in their name."
)
@click.option(
    "--junit-xml",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the results as JUnit XML, for CI systems.",
)
@click.option("--force", is_flag=True, help="Let FILE replace one that is not voiceform's; never a test.")
@format_option("text", "json")
@showing_options
@click.pass_obj
def command(
    app: App,
    paths: tuple[Path, ...],
    wanted: str,
    junit_xml: Path | None,
    force: bool,
    format_: str,
    show_numbers: bool,
) -> int:
    """Run the cases of test files, or of tests/*.voiceform.yaml, each about an emulated account of its own.

    Needs no credentials and reads none; no state and no account is touched. Exit 1: a case failed, or a file
    could not be read.
    """
    from voiceform.render import case_reports
    from voiceform.testing.cases.reading import find_files
    from voiceform.testing.cases.running import run_files

    sources = find_files(paths, app.folder)
    junit = app.path(junit_xml) if junit_xml is not None else None
    if junit is not None:
        inputs = [source.path for source in sources]
        check_outputs(app, [Output("--junit-xml", junit, JUNIT)], force=force, inputs=inputs)

    def tell(result: FileResult) -> None:
        if format_ == "text":
            app.console.show(
                case_reports.text(result, color=app.color, width=app.width, show_numbers=show_numbers)
            )

    report = run_files(sources, wanted=wanted, stop=app.stopping.halt.event, on_file=tell)
    if not report.files:
        raise UsageError(f"no case has {wanted!r} in its name", hint="correct -k")
    if format_ == "json":
        app.console.document(case_reports.json(report, show_numbers=show_numbers))
    else:
        app.console.show(case_reports.summary(report, color=app.color))
    if junit is not None:
        with writing(junit):
            write_whole(junit, case_reports.junit(report, show_numbers=show_numbers), mode=0o644)
    return ExitCode.ERROR if report.failed or report.unreadable else ExitCode.DONE

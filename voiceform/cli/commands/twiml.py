"""`voiceform twiml`: the document that a conference or call renders to; and `--twiml-dir`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voiceform.cli.support.completing import addresses
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import Place, show_values_option
from voiceform.model.escape import escaped_xml
from voiceform.model.exit_codes import ExitCode
from voiceform.model.shown import Shown

if TYPE_CHECKING:
    from voiceform.engine.twiml_files import FileChange
    from voiceform.model.plan import Plan
    from voiceform.model.resource import Attributes
    from voiceform.model.run import RunReport

twiml_dir_option = click.option(
    "--twiml-dir",
    metavar="DIR",
    type=Place(path_type=Path, file_okay=False),
    help="The folder for rendered TwiML documents; changed ones are written, stale ones removed.",
)

_SIGNS = {"create": "+", "update": "~", "delete": "-", "keep": "!"}


@click.command("twiml")
@click.argument("address", shell_complete=addresses)
@show_values_option
@click.pass_obj
def command(app: App, address: str) -> int:
    """Print the TwiML that ADDRESS renders to. Offline; numbers are shown as they are.

    A document with values of the environment in it is printed with --show-values only: with ${NAME} in place
    of them it would be of no use to a phone call.
    """
    from voiceform.cli.support import wiring
    from voiceform.model.address import Address
    from voiceform.model.errors import UsageError

    target = Address.parse(address)
    configuration = wiring.stack(app).validate()
    desired = configuration.desired.get(target)
    if desired is None:
        known = [str(item.address) for item in configuration.desired.values() if _twiml(item.attributes)[1]]
        raise UsageError(f"{target} is not declared", hint=_choices(known))
    path, document = _twiml(desired.attributes)
    if document is None:
        raise UsageError(
            f"{target} does not render to TwiML",
            hint="conferences do, and calls whose answer is not a url or an application",
        )
    written = desired.hidden.get(path)
    if written is not None and not app.show_values:
        raise UsageError(
            f"the TwiML of {target} holds values of the environment, which may be secret",
            hint="pass --show-values to print it, or write it into a folder: voiceform apply --twiml-dir DIR",
        )
    app.console.document(Shown(escaped_xml(document)))  # data for a web server: nothing masked
    return ExitCode.DONE


def _twiml(attributes: Attributes) -> tuple[str, str | None]:
    """The document among the attributes of an object, or of its answer, and its path."""
    found = attributes.get("twiml")
    if isinstance(found, str):
        return "twiml", found
    return "answer.twiml", (attributes.get("answer") or {}).get("twiml")


def _choices(known: Sequence[str]) -> str:
    return f"these render to TwiML: {', '.join(sorted(known))}" if known else "nothing here renders to TwiML"


def planned_files(app: App, plan: Plan, twiml_dir: Path | None) -> list[FileChange]:
    """What --twiml-dir would change; nothing without it."""
    if twiml_dir is None:
        return []
    from voiceform.engine.twiml_files import plan_files

    return plan_files(plan, app.path(twiml_dir))


def show_files(app: App, changes: Sequence[FileChange], twiml_dir: Path | None, *, err: bool) -> None:
    """List the documents that would change; on stderr where stdout is a document of another format."""
    if twiml_dir is None:
        return
    folder = app.path(twiml_dir)
    app.console.write(f"TwiML documents in {folder}:{'' if changes else ' no changes.'}", err=err)
    for change in changes:
        note = "  (stale, but edited by somebody: left alone)" if change.action == "keep" else ""
        app.console.write(f"  {_SIGNS[change.action]} {change.name}{note}", err=err)


def write_after(app: App, plan: Plan, report: RunReport | None, twiml_dir: Path | None) -> None:
    """Write the documents of what was applied, and of what needed nothing; say so on stderr."""
    if twiml_dir is None:
        return
    from voiceform.engine.twiml_files import plan_files, write_files
    from voiceform.model.plan import Action
    from voiceform.model.run import Status

    ended = {outcome.address: outcome.status for outcome in report.outcomes} if report is not None else {}
    failed = {
        f"{change.address}"
        for change in plan.changes
        if change.action is not Action.NO_OP and ended.get(change.address) is not Status.APPLIED
    }
    changes = [
        change
        for change in plan_files(plan, app.path(twiml_dir))
        if change.name.removesuffix(".xml") not in failed
    ]
    write_files(changes, app.path(twiml_dir))
    show_files(app, changes, twiml_dir, err=True)

"""`voiceform state`: look at and mend what is recorded."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.completing import addresses, recorded_addresses
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option, showing_options
from voiceform.model.address import Address
from voiceform.model.errors import StateError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.json_text import read_json
from voiceform.model.shown import Shown, clear_json, shown, shown_json
from voiceform.model.unshown import concealed


@click.group("state")
def command() -> None:
    """Look at and mend recorded state. Nothing here touches the account."""


@command.command("list")
@format_option("text", "json")
@click.pass_obj
def list_(app: App, format_: str) -> int:
    """List what is recorded."""
    recorded = wiring.stack(app).recorded()
    records = [recorded[address] for address in sorted(recorded)]
    if format_ == "json":
        rows = [{"address": str(record.address), "sid": record.sid} for record in records]
        app.console.document(shown_json({"resources": rows}))
    elif records:
        lines = [_columns(str(record.address), record.sid or "-") for record in records]
        app.console.show(Shown("\n".join(lines)))
    return ExitCode.DONE


def _columns(*cells: str) -> Shown:
    """A line whose cells scripts part at the tabs."""
    return Shown("\t".join(shown(cell) for cell in cells))


@command.command("show")
@click.argument("address", shell_complete=recorded_addresses)
@showing_options
@click.pass_obj
def show(app: App, address: str, show_numbers: bool) -> int:
    """Show one record as JSON."""
    from voiceform.stack.records import not_recorded
    from voiceform.state.resources import recorded_to_document

    target = Address.parse(address)
    recorded = wiring.stack(app).recorded()
    record = recorded.get(target)
    if record is None:
        raise not_recorded(target, map(str, recorded))
    if not app.show_values:
        record = replace(
            record,
            attributes=concealed(record.attributes, record.hidden),
            notes=concealed(record.notes, record.hidden),
        )
    document = recorded_to_document(record)
    app.console.document(shown_json(document, show_numbers=show_numbers, unshown=app.console.unshown))
    return ExitCode.DONE


@command.command("mv")
@click.argument("source", shell_complete=recorded_addresses)
@click.argument("target", shell_complete=addresses)
@click.pass_obj
def mv(app: App, source: str, target: str) -> int:
    """Record SOURCE under the address TARGET, as after renaming its key."""
    wiring.stack(app).rename(source, target)
    app.console.show(f"{source} is recorded as {target} now.")
    return ExitCode.DONE


@command.command("rm")
@click.argument("address", shell_complete=recorded_addresses)
@click.pass_obj
def rm(app: App, address: str) -> int:
    """Forget ADDRESS; the live object stays as it is and is no longer ours."""
    wiring.stack(app).forget(address)
    app.console.show(f"{address} is no longer recorded; the live object was not touched.")
    return ExitCode.DONE


@command.command("prune-journal")
@click.option("--keep", required=True, metavar="DURATION", help="How old a journal may be, as 400d.")
@click.pass_obj
def prune_journal(app: App, keep: str) -> int:
    """Keep of old runs only who, when, and how many changes ended how.

    `voiceform runs` goes on listing them, and their plans stay used; `undo` of them is refused. Runs that did
    not end are left alone.
    """
    from voiceform.model.durations import parse_duration
    from voiceform.model.wording import counted

    count = wiring.stack(app).prune_journal(parse_duration(keep))
    app.console.show(f"{counted(count, 'run')} folded." if count else "No run is as old as that.")
    return ExitCode.DONE


@command.command("origin")
@click.option("--accept", is_flag=True, help="The account is here now: record the present API and region.")
@click.pass_obj
def origin(app: App, accept: bool) -> int:
    """Show at which API, and in which region, the recorded account is."""
    stack = wiring.stack(app)
    if accept:
        home = stack.accept_home(wiring.origin(app))
        app.console.show(f"The account is at {home} now; `voiceform plan` shows what is not there.")
        return ExitCode.DONE
    account_sid, home = stack.home()
    app.console.show(_columns(account_sid or "-", str(home)))
    return ExitCode.DONE


@command.command("pull")
@click.pass_obj
def pull(app: App) -> int:
    """Print the whole recorded state as one JSON document (phone numbers in clear)."""
    app.console.document(clear_json(wiring.stack(app).pull()))
    return ExitCode.DONE


@command.command("push")
@click.argument("file", type=click.Path(path_type=Path), default="-")
@click.pass_obj
def push(app: App, file: Path) -> int:
    """Load a document that `state pull` printed; refused onto another lineage or a newer serial."""
    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else app.path(file).read_bytes()
        document = read_json(content)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error  # without the path, which stands in front of it
        raise StateError(
            f"cannot read the state to push: {reason}",
            where=str(file),
            hint="check that it may be read, and pass what `state pull` printed",
        ) from error
    wiring.stack(app).push(document)
    app.console.show("The state was pushed.")
    return ExitCode.DONE

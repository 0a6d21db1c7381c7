"""`voiceform state`: look at and mend what is recorded."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.completing import addresses, recorded_addresses
from voiceform.cli.support.options import App, format_option, showing_options
from voiceform.model.address import Address
from voiceform.model.errors import StateError, UsageError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.json_text import read_json
from voiceform.model.shown import Shown, clear_json, shown, shown_json
from voiceform.model.unshown import concealed

if TYPE_CHECKING:
    from voiceform.model.store import DocumentStore


@click.group("state")
def command() -> None:
    """Look at and mend recorded state. Nothing here touches the account."""


@command.command("list")
@format_option("text", "json")
@click.pass_obj
def list_(app: App, format_: str) -> int:
    """List what is recorded."""
    from voiceform.state.resources import read_resources

    with wiring.parts(app).recorded_state() as store:
        recorded = read_resources(store)
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
    from voiceform.state.resources import recorded_to_document

    target = Address.parse(address)
    with wiring.parts(app).recorded_state() as store:
        record = wiring.parts(app).resources(store).get(target)
    if record is None:
        raise _not_recorded(target)
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
    from voiceform.state.resources import load_resources

    old, new = Address.parse(source), Address.parse(target)
    if old.kind != new.kind:
        raise UsageError(f"{old} cannot become {new}", hint="both addresses must be of one kind")
    with _writing(app, "state mv") as store:
        resources = load_resources(store)
        record = resources.recorded.get(old)
        if record is None:
            raise _not_recorded(old)
        if new in resources.recorded:
            raise UsageError(f"{new} is recorded already", hint=f"voiceform state rm {new}")
        store.write([resources.write(replace(record, address=new)), resources.removal(old)])
    app.console.show(f"{old} is recorded as {new} now.")
    return ExitCode.DONE


@command.command("rm")
@click.argument("address", shell_complete=recorded_addresses)
@click.pass_obj
def rm(app: App, address: str) -> int:
    """Forget ADDRESS; the live object stays as it is and is no longer ours."""
    from voiceform.state.resources import resource_key, resource_removal

    target = Address.parse(address)
    with _writing(app, "state rm") as store:
        entry = store.get(resource_key(target))  # not decoded: what cannot be understood can be removed
        if entry is None:
            raise _not_recorded(target)
        store.write([resource_removal(target, entry.version)])
    app.console.show(f"{target} is no longer recorded; the live object was not touched.")
    return ExitCode.DONE


@command.command("origin")
@click.option("--accept", is_flag=True, help="The account is here now: record the present API and region.")
@click.pass_obj
def origin(app: App, accept: bool) -> int:
    """Show at which API, and in which region, the recorded account is."""
    from voiceform.state.meta import accept_home, read_meta

    if accept:
        with _writing(app, "state origin") as store:
            home = accept_home(store, wiring.origin(app))
        app.console.show(f"The account is at {home} now; `voiceform plan` shows what is not there.")
        return ExitCode.DONE
    with wiring.parts(app).recorded_state() as store:
        meta = read_meta(store)
    if meta is None or meta.home is None:
        raise StateError("no run was recorded yet", hint="the first apply records where the account is")
    app.console.show(_columns(meta.account_sid or "-", str(meta.home)))
    return ExitCode.DONE


@command.command("pull")
@click.pass_obj
def pull(app: App) -> int:
    """Print the whole recorded state as one JSON document (phone numbers in clear)."""
    from voiceform.state.transfer import pull

    with wiring.parts(app).opened_store() as store:
        app.console.document(clear_json(pull(store)))
    return ExitCode.DONE


@command.command("push")
@click.argument("file", type=click.Path(path_type=Path), default="-")
@click.pass_obj
def push(app: App, file: Path) -> int:
    """Load a document that `state pull` printed; refused onto another lineage or a newer serial."""
    from voiceform.state.transfer import push

    try:
        content = sys.stdin.buffer.read() if str(file) == "-" else app.path(file).read_bytes()
        document = read_json(content)
    except (OSError, ValueError) as error:
        raise StateError(
            f"cannot read the state to push: {error}", where=str(file), hint="pass what `state pull` printed"
        ) from error
    with _writing(app, "state push", count=False) as store:
        push(store, document, wiring.parts(app).kinds())
    app.console.show("The state was pushed.")
    return ExitCode.DONE


@contextmanager
def _writing(app: App, operation: str, *, count: bool = True) -> Iterator[DocumentStore]:
    """The state under the lease; afterwards its serial has moved, so that older plans are stale."""
    from voiceform.state.meta import bump_serial, read_meta

    with wiring.parts(app).opened_store() as store:
        if count and read_meta(store) is None:  # a lease would make one at a mistyped place
            raise StateError(
                f"there is no state in {store.label} yet",
                hint="correct --state, or apply first: that makes it, and records where the account is",
            )
        with wiring.parts(app).locked(store, operation) as lease:
            yield lease.store
            if count:
                bump_serial(lease.store)


def _not_recorded(address: Address) -> UsageError:
    return UsageError(f"{address} is not recorded", hint="`voiceform state list` shows what is")

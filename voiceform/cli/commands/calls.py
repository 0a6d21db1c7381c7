"""`voiceform calls`: the ledger of scheduled calls, and deciding what nobody can find out."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from voiceform.cli.commands.plan import parse_instant
from voiceform.cli.support import wiring
from voiceform.cli.support.completing import schedules
from voiceform.cli.support.options import App, format_option, showing_options
from voiceform.kinds.call.ledger.entries import CallStatus
from voiceform.model.address import Address
from voiceform.model.errors import UsageError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.instants import instant_to_text
from voiceform.model.numbers import is_phone_number
from voiceform.model.shown import shown_json

if TYPE_CHECKING:
    from voiceform.kinds.call.ledger.entries import Key, LedgerEntry
    from voiceform.model.resource import Recorded
    from voiceform.model.store import DocumentReader


PLANNED = "planned"
STATUSES = (PLANNED, *map(str, CallStatus))
"""What `calls list` says of a call."""


@click.group("calls")
def command() -> None:
    """Look at the ledger of scheduled calls, and settle what is unknown."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One key. `entry` None is one that is planned."""

    address: str
    key: Key
    entry: LedgerEntry | None

    @property
    def status(self) -> str:
        return PLANNED if self.entry is None else str(self.entry.status)

    def shown(self, declared: Collection[str]) -> _Row:
        """As people may see it: nobody knows any more whether a SIP or client address that is declared no
        longer was a secret."""
        to = self.key.to
        if is_phone_number(to) or to in declared:
            return self
        return replace(self, key=replace(self.key, to=f"{to.partition(':')[0]}:•••••"))

    def document(self) -> dict[str, Any]:
        entry = self.entry
        return {
            "address": self.address,
            "occurrence": instant_to_text(self.key.occurrence),
            "to": self.key.to,
            "attempt": self.key.attempt,
            "status": self.status,
            "sid": None if entry is None else entry.sid,
            "at": None if entry is None else instant_to_text(entry.at),
        }


def _declared(records: Iterable[Recorded]) -> frozenset[str]:
    """Who is to be called by the schedules that are recorded."""
    return frozenset(
        to for record in records if record.address.kind == "call" for to in record.attributes.get("to", ())
    )


@command.command("list")
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1, shell_complete=schedules)
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice(STATUSES, case_sensitive=False),
    help="Only these; may be repeated.",
)
@click.option("--since", metavar="INSTANT", help="Only occurrences from then on, as 2026-12-01T00:00:00Z.")
@format_option("text", "json")
@showing_options
@click.pass_obj
def list_(
    app: App,
    addresses: tuple[str, ...],
    statuses: tuple[str, ...],
    since: str | None,
    format_: str,
    show_numbers: bool,
) -> int:
    """List what became of each occurrence and number, and the next planned ones. Exit 8: some are unknown."""
    wanted = {str(Address.parse(text)) for text in addresses}
    start = parse_instant(since) if since else None
    with wiring.parts(app).recorded_state() as store:
        declared = _declared(wiring.parts(app).resources(store).values())
        every = list(rows_of(store, app.clock.now()))
        _check_addresses(wanted, store, every)
        rows = [
            row
            for row in every
            if (not wanted or row.address in wanted)
            and (not statuses or row.status in statuses)
            and (start is None or row.key.occurrence >= start)
        ]
        rows.sort(key=lambda row: (row.key.occurrence, row.address, row.key))
        _tell_troubles(app, store, rows)
    if not app.show_values:
        rows = [row.shown(declared) for row in rows]
    if format_ == "json":
        app.console.document(
            shown_json(
                {"calls": [row.document() for row in rows]},
                show_numbers=show_numbers,
                unshown=app.console.unshown,
            )
        )
    else:
        _print(app, rows)
    unknown = any(row.status == "unknown" for row in rows)
    return ExitCode.UNKNOWN if unknown else ExitCode.DONE


@command.command("resolve")
@click.argument("address", shell_complete=schedules)
@click.argument("which", metavar="OCCURRENCE|PARTICIPANT")
@click.option("--placed", "sid", metavar="SID", help="The call was made: this is its SID.")
@click.option("--not-placed", is_flag=True, help="The call was not made.")
@click.option(
    "--to", metavar="NUMBER", help="Which number, when several are unknown; its last digits will do."
)
@click.option("--attempt", type=int, help="Which attempt, when several are unknown.")
@click.pass_obj
def resolve(
    app: App,
    address: str,
    which: str,
    sid: str | None,
    not_placed: bool,
    to: str | None,
    attempt: int | None,
) -> int:
    """Say what became of an unknown call.

    Of a schedule it is the call of ADDRESS at OCCURRENCE (an instant, as `calls list` shows it); one that was
    not placed is not placed any more either. Of a conference it is the one to PARTICIPANT (the key in the
    configuration), who is phoned by the next apply if the call was not placed.
    """
    if (sid is None) == (not not_placed):
        raise UsageError("say either --placed SID or --not-placed", hint="look in the Twilio console first")
    from voiceform.cli.commands.calls_resolve import resolve_call, resolve_participant

    target = Address.parse(address)
    outcome = f"is {sid}" if sid is not None else "was not placed"
    with wiring.parts(app).recorded_state() as store:
        if target.kind == "conference":
            resolve_participant(app, store, target, which, sid)
            what = f"The call to {which} of {target}"
        else:
            moment = parse_instant(which)
            key = resolve_call(app, store, target, moment, sid, to=to, attempt=attempt)
            what = f"{target} {instant_to_text(moment)} {key.to} #{key.attempt}"
    app.console.show(f"{what} {outcome}.")
    return ExitCode.DONE


def rows_of(reader: DocumentReader, now: datetime) -> Iterator[_Row]:
    """What `calls list` lists: every key of every ledger, and the next occurrence of each schedule."""
    from voiceform.dispatch.service import call_records
    from voiceform.kinds.call.ledger.entries import Key
    from voiceform.kinds.call.ledger.store import LedgerReader, ledger_names
    from voiceform.kinds.call.live import ledger_of
    from voiceform.kinds.call.spec import CallSpec
    from voiceform.kinds.call.timing.faults import ScheduleError

    records = call_records(reader)
    owners = {ledger_of(record.address, record.attributes): str(record.address) for record in records}
    entries: set[tuple[str, Key]] = set()
    for name in ledger_names(reader):
        for key, entry in LedgerReader(reader, name).entries().items():
            entries.add((name, key))
            yield _Row(owners.get(name, name), key, entry)
    for record in records:
        try:
            spec = CallSpec.of(record.address, record.attributes)
        except ScheduleError:
            continue  # _tell_troubles says so
        for occurrence in spec.schedule.following(now, 1):
            for to in spec.to:
                key = Key(occurrence.instant, to)
                if (spec.ledger, key) not in entries:
                    yield _Row(str(spec.address), key, None)


def _check_addresses(wanted: Collection[str], reader: DocumentReader, rows: Iterable[_Row]) -> None:
    """UsageError for an address that has no schedule and no ledger: no calls would look like none placed."""
    from voiceform.dispatch.service import call_records

    known = {str(record.address) for record in call_records(reader)} | {row.address for row in rows}
    for address in sorted(set(wanted) - known):
        near = difflib.get_close_matches(address, sorted(known), n=3)
        raise UsageError(
            f"{address} is no recorded schedule, and no call of it is known",
            hint=f"did you mean {' or '.join(near)}?"
            if near
            else "`voiceform state list` shows what is recorded",
        )


def _tell_troubles(app: App, reader: DocumentReader, rows: list[_Row]) -> None:
    """Say of whom nobody would be called now: schedules that cannot be read here, and do-not-call lists that
    cannot be relied on."""
    from voiceform.dispatch.service import call_records
    from voiceform.kinds.call.dialling.donotcall import DoNotCallError
    from voiceform.kinds.call.dialling.list_files import list_of
    from voiceform.kinds.call.spec import CallSpec
    from voiceform.kinds.call.timing.faults import ScheduleError

    planned = Counter(row.address for row in rows if row.entry is None)
    for record in call_records(reader):
        address = str(record.address)
        try:
            lists = list_of(CallSpec.of(record.address, record.attributes), wiring.parts(app).places)
            if lists is not None and planned[address]:
                lists.require(app.clock.now())
        except ScheduleError as error:
            app.console.say(f"{address}: nobody is called: {error.what}")
        except DoNotCallError as error:
            app.console.say(f"{address}: {planned[address]} not called: {error.what}")


def _print(app: App, rows: list[_Row]) -> None:
    if not rows:
        app.console.show("No calls.")
        return
    lines = []
    for row in rows:
        entry = row.entry
        details = "" if entry is None else " ".join(filter(None, [entry.sid, entry.reason]))
        when = instant_to_text(row.key.occurrence)
        lines.append(
            f"{when}  {row.address}  {row.key.to}  #{row.key.attempt}  {row.status}  {details}".rstrip()
        )
    counts = Counter(row.status for row in rows)
    lines.append(", ".join(f"{count} {status}" for status, count in sorted(counts.items())))
    app.console.show("\n".join(lines))

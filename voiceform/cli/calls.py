"""`voiceform calls`: the ledger of scheduled calls, and deciding what nobody can find out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from voiceform.cli import wiring
from voiceform.cli.options import App, format_option, show_numbers_option
from voiceform.cli.plan import parse_instant
from voiceform.model.address import Address
from voiceform.model.errors import UsageError
from voiceform.model.plan_codec import instant_to_text
from voiceform.model.shown import shown_json

if TYPE_CHECKING:
    from voiceform.kinds.call.entries import Entry, Key
    from voiceform.kinds.call.ledger import Ledger
    from voiceform.model.store import DocumentReader


@click.group("calls")
def command() -> None:
    """Look at the ledger of scheduled calls, and settle what is unknown."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One key. `entry` None is one that is planned."""

    address: str
    key: Key
    entry: Entry | None

    @property
    def status(self) -> str:
        return "planned" if self.entry is None else str(self.entry.status)

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


@command.command("list")
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@click.option("--status", "statuses", multiple=True, metavar="STATUS", help="Only these; may be repeated.")
@click.option("--since", metavar="INSTANT", help="Only occurrences from then on, as 2026-12-01T00:00:00Z.")
@format_option("text", "json")
@show_numbers_option
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
    with wiring.opened_store(app) as store:
        wiring.tell_of_no_state(app, store)
        rows = [
            row
            for row in _rows(store, app.clock.now())
            if (not wanted or row.address in wanted)
            and (not statuses or row.status in statuses)
            and (start is None or row.key.occurrence >= start)
        ]
        troubles = _troubles(app, store)
    rows.sort(key=lambda row: (row.key.occurrence, row.address, row.key))
    for address, trouble in troubles.items():
        planned = sum(row.entry is None and row.address == address for row in rows)
        if planned:
            app.console.say(f"{address}: {planned} not called: {trouble}")
    if format_ == "json":
        app.console.document(
            shown_json({"calls": [row.document() for row in rows]}, show_numbers=show_numbers)
        )
    else:
        _print(app, rows)
    return 8 if any(row.status == "unknown" for row in rows) else 0


@command.command("resolve")
@click.argument("address")
@click.argument("occurrence")
@click.option("--placed", "sid", metavar="SID", help="The call was made: this is its SID.")
@click.option("--not-placed", is_flag=True, help="The call was not made; it is not made any more either.")
@click.option(
    "--to", metavar="NUMBER", help="Which number, when several are unknown; its last digits will do."
)
@click.option("--attempt", type=int, help="Which attempt, when several are unknown.")
@click.pass_obj
def resolve(
    app: App,
    address: str,
    occurrence: str,
    sid: str | None,
    not_placed: bool,
    to: str | None,
    attempt: int | None,
) -> int:
    """Say what became of the unknown call of ADDRESS at OCCURRENCE (an instant, as `calls list` shows it)."""
    if (sid is None) == (not not_placed):
        raise UsageError("say either --placed SID or --not-placed", hint="look in the Twilio console first")
    name, moment = str(Address.parse(address)), parse_instant(occurrence)
    with wiring.opened_store(app) as store:
        ledger, key, entry = _one_unknown(store, name, moment, to, attempt)
        if sid is not None:
            _adopt(app, store, ledger, key, entry, sid)
        else:
            _write_off(app, ledger, key, entry)
    outcome = f"is {sid}" if sid is not None else "was not placed"
    app.console.show(f"{name} {instant_to_text(moment)} {key.to} #{key.attempt} {outcome}.")
    return 0


def _rows(reader: DocumentReader, now: datetime) -> Iterator[_Row]:
    from voiceform.engine.dispatcher import call_records
    from voiceform.kinds.call.entries import Key
    from voiceform.kinds.call.ledger import LedgerReader, ledger_names
    from voiceform.kinds.call.spec import CallSpec

    specs = [CallSpec.of(record.address, record.attributes) for record in call_records(reader)]
    owners = {spec.ledger: str(spec.address) for spec in specs}
    entries: set[tuple[str, Key]] = set()
    for name in ledger_names(reader):
        for key, entry in LedgerReader(reader, name).entries().items():
            entries.add((name, key))
            yield _Row(owners.get(name, name), key, entry)
    for spec in specs:
        for occurrence in spec.schedule.following(now, 1):
            for to in spec.to:
                key = Key(occurrence.instant, to)
                if (spec.ledger, key) not in entries:
                    yield _Row(str(spec.address), key, None)


def _troubles(app: App, reader: DocumentReader) -> dict[str, str]:
    """By address, why nobody would be called now: a do-not-call list that cannot be relied on."""
    from voiceform.engine.dispatcher import call_records
    from voiceform.kinds.call.compare import list_of
    from voiceform.kinds.call.donotcall import DoNotCallError
    from voiceform.kinds.call.spec import CallSpec

    found = {}
    for record in call_records(reader):
        lists = list_of(CallSpec.of(record.address, record.attributes), wiring.places(app))
        try:
            if lists is not None:
                lists.require(app.clock.now())
        except DoNotCallError as error:
            found[str(record.address)] = error.what
    return found


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


def _one_unknown(
    store: Any,  # noqa: ANN401 - a DocumentStore
    address: str,
    moment: datetime,
    to: str | None,
    attempt: int | None,
) -> tuple[Ledger, Key, Entry]:
    from voiceform.engine.dispatcher import call_records
    from voiceform.kinds.call.entries import CallStatus
    from voiceform.kinds.call.ledger import Ledger
    from voiceform.kinds.call.live import ledger_of

    record = next((item for item in call_records(store) if str(item.address) == address), None)
    ledger = Ledger(
        store, ledger_of(Address.parse(address), record.attributes if record is not None else None)
    )
    found = [
        (key, entry)
        for key, entry in ledger.entries(moment.date()).items()
        if key.occurrence == moment
        and entry.status in (CallStatus.UNKNOWN, CallStatus.RESERVED)
        and (to is None or key.to.endswith(to))
        and attempt in (None, key.attempt)
    ]
    if len(found) == 1:
        return ledger, *found[0]
    where = f"{address} at {instant_to_text(moment)}"
    if not found:
        raise UsageError(
            f"no call of {where} is in doubt", hint="`voiceform calls list --status unknown` shows them"
        )
    raise UsageError(f"{len(found)} calls of {where} are in doubt", hint="choose one with --to and --attempt")


def _adopt(app: App, store: DocumentReader, ledger: Ledger, key: Key, entry: Entry, sid: str) -> None:
    """The call must exist, fit the key, and belong to no other key."""
    from dataclasses import replace

    from voiceform.kinds.call.entries import CallStatus
    from voiceform.kinds.call.settling import with_call

    for row in _rows(store, app.clock.now()):
        if row.entry is not None and row.entry.sid == sid:
            raise UsageError(
                f"{sid} is the call of {row.address} at {instant_to_text(row.key.occurrence)} already"
            )
    who = wiring.credentials(app, None)
    with wiring.client(app, who, read_only=True) as client:
        call = client.fetch_call(sid)
    if call.to != key.to or entry.from_ not in (None, call.from_):
        raise UsageError(
            f"{sid} is a call between other numbers",
            hint="compare it with `voiceform calls list --show-numbers`",
        )
    now = app.clock.now()
    reason = f"resolved by {wiring.who_runs(app)}"
    placed = replace(entry, status=CallStatus.PLACED, at=now, sid=sid, reason=reason)
    _store(ledger, key, entry, with_call(placed, call, now))


def _write_off(app: App, ledger: Ledger, key: Key, entry: Entry) -> None:
    from dataclasses import replace

    from voiceform.kinds.call.entries import CallStatus
    from voiceform.kinds.call.settling import is_over

    now = app.clock.now()
    if not is_over(entry, now):
        raise UsageError(
            "the request may still be under way", hint="wait some minutes, or run `voiceform dispatch --once`"
        )
    reason = f"resolved by {wiring.who_runs(app)}: not placed"
    _store(ledger, key, entry, replace(entry, status=CallStatus.FAILED, at=now, reason=reason, ended_at=None))


def _store(ledger: Ledger, key: Key, before: Entry, after: Entry) -> None:
    _, changed = ledger.change(key, lambda entry: after if entry == before else None)
    if not changed:
        raise UsageError("the call was settled meanwhile", hint="see `voiceform calls list`")

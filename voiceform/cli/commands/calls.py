"""`voiceform calls`: the ledger of scheduled calls, and deciding what nobody can find out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from voiceform.cli.commands.calls_cancel import cancel
from voiceform.cli.commands.calls_pause import pause, resume
from voiceform.cli.commands.calls_test import test
from voiceform.cli.commands.plan import parse_instant
from voiceform.cli.support import wiring
from voiceform.cli.support.completing import phoning_addresses
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option, showing_options
from voiceform.kinds.call.ledger.entries import CallStatus
from voiceform.model.address import Address
from voiceform.model.errors import UsageError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.instants import instant_to_text
from voiceform.model.numbers import is_phone_number
from voiceform.model.shown import shown_json

if TYPE_CHECKING:
    from voiceform.kinds.call.ledger.entries import Key, LedgerEntry
    from voiceform.stack.calls import ListedCall

STATUSES = ("planned", "due", *map(str, CallStatus))
"""What `calls list` says of a call."""


@click.group("calls")
def command() -> None:
    """Look at the ledger of scheduled calls, pause them, and settle what is unknown."""


command.add_command(cancel)
command.add_command(pause)
command.add_command(resume)
command.add_command(test)


def _shown(call: ListedCall, declared: Collection[str]) -> ListedCall:
    """As people may see it: nobody knows any more whether a SIP or client address that is declared no longer
    was a secret."""
    to = call.key.to
    if is_phone_number(to) or to in declared:
        return call
    return replace(call, key=replace(call.key, to=f"{to.partition(':')[0]}:•••••"))


def _document(call: ListedCall) -> dict[str, Any]:
    entry = call.entry
    return {
        "address": call.address,
        "occurrence": instant_to_text(call.key.occurrence),
        "to": call.key.to,
        "attempt": call.key.attempt,
        "status": call.status,
        "sid": None if entry is None else entry.sid,
        "at": None if entry is None else instant_to_text(entry.at),
        "answered_by": None if entry is None else entry.answered_by,
        "duration": None if entry is None else entry.duration,
        "paused": None if call.pause is None else str(call.pause),
    }


@command.command("list")
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1, shell_complete=phoning_addresses)
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
    """List what became of each call, what is due, and the next planned ones. Exit 8: some are unknown."""
    found = wiring.stack(app).calls(
        addresses, statuses=statuses, since=parse_instant(since) if since else None
    )
    for trouble in found.troubles:
        app.console.say(trouble)
    calls = list(found.calls)
    if not app.show_values:
        calls = [_shown(call, found.declared) for call in calls]
    if format_ == "json":
        app.console.document(
            shown_json(
                {"calls": [_document(call) for call in calls]},
                show_numbers=show_numbers,
                unshown=app.console.unshown,
            )
        )
    else:
        _print(app, calls)
    return ExitCode.UNKNOWN if found.unknown else ExitCode.DONE


@command.command("resolve")
@click.argument("address", shell_complete=phoning_addresses)
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
    stack = wiring.stack(app)
    target = Address.parse(address)
    outcome = f"is {sid}" if sid is not None else "was not placed"
    if target.kind == "conference":
        stack.resolve_participant(address, which, placed=sid)
        what = f"The call to {which} of {target}"
    else:
        moment = parse_instant(which)
        key = stack.resolve_call(address, moment, placed=sid, to=to, attempt=attempt)
        what = f"{target} {instant_to_text(moment)} {key.to} #{key.attempt}"
    app.console.show(f"{what} {outcome}.")
    return ExitCode.DONE


def _attempt(key: Key) -> str:
    return f"#{key.attempt}" if key.attempt else "test"


def _answered(entry: LedgerEntry) -> str | None:
    """Who or what answered, where machine detection says so."""
    return f"answered by {entry.answered_by}" if entry.answered_by else None


def _print(app: App, calls: list[ListedCall]) -> None:
    if not calls:
        app.console.show("No calls.")
        return
    lines = []
    for row in calls:
        entry = row.entry
        texts = [row.pause or row.obstacle] if entry is None else [entry.sid, _answered(entry), entry.reason]
        details = " ".join(str(text) for text in texts if text is not None)
        when = instant_to_text(row.key.occurrence)
        lines.append(
            f"{when}  {row.address}  {row.key.to}  {_attempt(row.key)}  {row.status}  {details}".rstrip()
        )
    counts = Counter(row.status for row in calls)
    lines.append(", ".join(f"{count} {status}" for status, count in sorted(counts.items())))
    app.console.show("\n".join(lines))

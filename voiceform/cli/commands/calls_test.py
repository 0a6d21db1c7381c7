"""`voiceform calls test`: hear a schedule's call oneself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.asking import approved
from voiceform.cli.support.completing import phoning_addresses
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import auto_approve_option, format_option, showing_options
from voiceform.model.errors import UsageError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.instants import instant_to_text
from voiceform.model.masking import redact_text
from voiceform.model.shown import shown_json

if TYPE_CHECKING:
    from voiceform.kinds.call.spec import CallSpec


@click.command("test")
@click.argument("address", shell_complete=phoning_addresses)
@click.option("--to", "numbers", multiple=True, required=True, metavar="+1...", help="Whom to phone.")
@auto_approve_option
@format_option("text", "json")
@showing_options
@click.pass_obj
def test(
    app: App,
    address: str,
    numbers: tuple[str, ...],
    auto_approve: bool,
    format_: str,
    show_numbers: bool,
) -> int:
    """Phone one number now, as the schedule ADDRESS would: its caller, what is heard, its lists and hours.

    Asks on a terminal. The call is in the ledger, under this instant, and is placed at most once; the people
    of the schedule are not concerned. Also of a schedule with `enabled: false`.

    For example: voiceform calls test call.reminder --to +15558675310
    """
    if len(numbers) != 1:
        raise UsageError("one number is phoned, not several", hint="give --to once")

    def confirm(spec: CallSpec, number: str) -> bool:
        who = redact_text(f"{number} from {spec.from_}", show_numbers=show_numbers)
        return approved(app, f"Phone {who} now, as {spec.address} would?", auto_approve)

    done = wiring.stack(app).test_call(address, numbers[0], confirm=confirm)
    entry = done.entry
    if format_ == "json":
        document = {
            "address": done.address,
            "occurrence": instant_to_text(done.key.occurrence),
            "to": done.key.to,
            "attempt": done.key.attempt,
            "status": str(entry.status),
            "sid": entry.sid,
            "reason": entry.reason,
        }
        app.console.document(shown_json(document, show_numbers=show_numbers, unshown=app.console.unshown))
    else:
        details = "".join(f" {text}" for text in (entry.sid, entry.reason and f"({entry.reason})") if text)
        app.console.show(f"{done.address} to {done.key.to}: {entry.status}{details}")
    if done.exit_code == ExitCode.UNKNOWN:
        app.console.say(
            "Nobody knows whether it was placed: `voiceform dispatch --once` finds out, or look in the Twilio"
            " console and settle it with `voiceform calls resolve`."
        )
    return done.exit_code

"""`voiceform calls cancel`: take back the calls of an occurrence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.asking import approved
from voiceform.cli.support.completing import phoning_addresses
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import auto_approve_option, format_option
from voiceform.model.errors import UsageError
from voiceform.model.instants import instant_to_text
from voiceform.model.shown import shown_json
from voiceform.model.wording import counted

if TYPE_CHECKING:
    from voiceform.stack.cancelling import Cancellation


@click.command("cancel")
@click.argument("address", shell_complete=phoning_addresses)
@click.option("--occurrence", metavar="INSTANT", help="Which one; else what is under way, else the next.")
@click.option("--queued", is_flag=True, help="Also cancel, at Twilio, calls that nobody has answered yet.")
@click.option("--live", is_flag=True, help="Also hang up on calls that go on.")
@auto_approve_option
@format_option("text", "json")
@click.pass_obj
def cancel(
    app: App,
    address: str,
    occurrence: str | None,
    queued: bool,
    live: bool,
    auto_approve: bool,
    format_: str,
) -> int:
    """Take back the calls of ADDRESS that are to come of one occurrence; they are never placed.

    Asks on a terminal, with how many. What dispatch or apply is asking Twilio for at that moment is placed;
    with --queued or --live it is waited for and then ended.

    For example: voiceform calls cancel call.reminder --queued
    """
    if queued and live:
        raise UsageError("--live includes --queued", hint="give one of them")
    moment = None
    if occurrence is not None:
        from voiceform.cli.commands.plan import parse_instant

        moment = parse_instant(occurrence)

    def confirm(found: Cancellation) -> bool:
        return approved(app, f"Take back {_words(found)} of {address}{_when(found)}?", auto_approve)

    done = wiring.stack(app).cancel_calls(
        address, occurrence=moment, queued=queued, live=live, confirm=confirm
    )
    if format_ == "json":
        app.console.document(shown_json(_document(address, done), unshown=app.console.unshown))
    else:
        _print(app, address, done, live=live)
    return done.exit_code


def _print(app: App, address: str, done: Cancellation, *, live: bool) -> None:
    what = f"Took back {_words(done)}" if done.anything else "Nothing to take back"
    app.console.show(f"{what} of {address}{_when(done)}.")
    if done.left:
        calls = counted(done.left, "call")
        advice = "" if live else ": --live hangs up"
        app.console.show(f"{calls} of it still {'goes' if done.left == 1 else 'go'} on{advice}.")
    if done.doubtful:
        app.console.say(
            f"Of {counted(done.doubtful, 'call')} nobody knows whether it was placed:"
            " `voiceform dispatch --once` finds out, or `voiceform calls resolve`; then cancel again."
        )
    for text, count in done.problems.items():
        app.console.say(f"could not be ended: {text} ({count})")


def _words(found: Cancellation) -> str:
    parts = (
        (found.to_come, "call", "calls", "to come"),
        (found.queued, "call", "calls", "queued or ringing"),
        (found.live, "call", "calls", "going on"),
    )
    return ", ".join(f"{counted(n, one, many)} {how}" for n, one, many, how in parts if n)


def _when(found: Cancellation) -> str:
    return " at " + ", ".join(_moments(found))


def _moments(found: Cancellation) -> Iterator[str]:
    return (f"{moment:%Y-%m-%d %H:%M:%S} UTC" for moment in found.occurrences)


def _document(address: str, done: Cancellation) -> dict[str, object]:
    return {
        "address": address,
        "occurrences": [instant_to_text(moment) for moment in done.occurrences],
        "canceled": {"to_come": done.to_come, "queued": done.queued, "live": done.live},
        "going_on": done.left,
        "unknown": done.doubtful,
        "problems": [{"what": text, "count": count} for text, count in done.problems.items()],
    }

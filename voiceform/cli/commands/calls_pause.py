"""`voiceform calls pause` and `calls resume`: nobody is called meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.completing import phoning_addresses
from voiceform.cli.support.invocation import App
from voiceform.model.errors import UsageError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.instants import instant_to_text

if TYPE_CHECKING:
    from datetime import timedelta

    from voiceform.kinds.call.ledger.pauses import Stopped

_address = click.argument("address", metavar="[ADDRESS]", required=False, shell_complete=phoning_addresses)
_all = click.option("--all", "all_", is_flag=True, help="Every schedule, also those that are applied later.")


@click.command("pause")
@_address
@_all
@click.option("--reason", metavar="TEXT", help="Why; for whoever finds the schedule paused.")
@click.pass_obj
def pause(app: App, address: str | None, all_: bool, reason: str | None) -> int:
    """Let no call of ADDRESS be placed from now on.

    Dispatch and apply ask right before each request, in whatever process; what is dialled already goes on
    (see `calls cancel`). What becomes due meanwhile is too late once its misfire grace is over.

    For example: voiceform calls pause call.reminder --reason "wrong list"
    """
    target = _target("pause", address, all_)
    before = wiring.stack(app).pause_calls(target, reason=reason)
    what = _named(target)
    if before is not None:
        app.console.show(f"{what} was {before} already.")
    else:
        app.console.show(
            f"{what} is paused: no call is placed before `voiceform calls resume {target or '--all'}`."
        )
    return ExitCode.DONE


@click.command("resume")
@_address
@_all
@click.pass_obj
def resume(app: App, address: str | None, all_: bool) -> int:
    """End the pause of ADDRESS; what became due meanwhile is placed if its misfire grace is not over.

    A schedule that stopped by itself goes on with the people who are left of that occurrence.

    For example: voiceform calls resume call.reminder
    """
    target = _target("resume", address, all_)
    ended, left = wiring.stack(app).resume_calls(target)
    what = _named(target)
    first = (
        f"{what} was not paused by command"
        if ended is None
        else f"The pause of {_named(target, 'all')} is over"
    )
    if left is None:
        app.console.show(f"{first}.")
    elif target is None:
        app.console.show(f"{first}; some stay paused by themselves: see `voiceform calls list`.")
    else:
        app.console.show(f"{first}; it is still {left}.")
    if ended is not None and ended.stopped is not None and ended.at is not None:
        app.console.show(_what_follows(ended.stopped, app.clock.now() - ended.at))
    return ExitCode.DONE


def _what_follows(stopped: Stopped, stood: timedelta) -> str:
    """What becomes of the people whom a stop kept waiting."""
    from voiceform.kinds.call.dialling.waves import GOES_ON

    which = f"who is left of {instant_to_text(stopped.occurrence)}"
    if stood > GOES_ON:
        return f"It had stopped for too long: {which} is missed."
    return f"The next dispatch calls {which}; how the calls before ended is not held against it again."


def _target(verb: str, address: str | None, all_: bool) -> str | None:
    if (address is None) is not all_:
        raise UsageError(
            "say either the address of a schedule or --all", hint=f"voiceform calls {verb} call.NAME"
        )
    return address


def _named(address: str | None, every: str = "Everything") -> str:
    return address or every

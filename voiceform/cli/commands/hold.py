"""`voiceform hold`: keep recordings and call records at once, whatever the rules say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import approve_option, format_option, showing_options
from voiceform.model.exit_codes import ExitCode
from voiceform.model.instants import instant_to_text
from voiceform.model.shown import shown_json
from voiceform.model.wording import counted

if TYPE_CHECKING:
    from voiceform.kinds.retention.added import AddedHold
    from voiceform.stack.holding import ListedHold


@click.group("hold")
def command() -> None:
    """Keep recordings and call records from now on, whatever the rules say.

    Such holds stand in the state, beside those of the configuration, and count alike. No lock is waited for,
    and a prune that is deleting at the time asks for them before each further deletion.
    """


@command.command("add")
@click.argument("name")
@click.option("--reason", required=True, help="Why; for whoever reads a plan or the evidence.")
@click.option("--recording", "recordings", multiple=True, metavar="RE...", help="Keep this recording.")
@click.option(
    "--call", "calls", multiple=True, metavar="CA...", help="Keep this call, its legs and their recordings."
)
@click.option("--number", "numbers", multiple=True, metavar="+1...", help="Keep every call with this number.")
@format_option("text", "json")
@showing_options
@click.pass_obj
def add(
    app: App,
    name: str,
    reason: str,
    recordings: tuple[str, ...],
    calls: tuple[str, ...],
    numbers: tuple[str, ...],
    format_: str,
    show_numbers: bool,
) -> int:
    """Hold what is named, at once; each option may be repeated.

    For example: voiceform hold add case-4712 --reason litigation --number +15558675310
    """
    hold = wiring.stack(app).add_hold(
        name, reason=reason, recordings=recordings, calls=calls, numbers=numbers
    )
    _show(app, hold, f"The hold {hold.name} keeps {_kept(hold)} from now on.", format_, show_numbers)
    return ExitCode.DONE


@command.command("list")
@click.option("--all", "all_", is_flag=True, help="Also those that were added once and are released.")
@format_option("text", "json")
@showing_options
@click.pass_obj
def list_(app: App, all_: bool, format_: str, show_numbers: bool) -> int:
    """List every hold: of the configuration as it was applied, and those that were added by command."""
    holds = wiring.stack(app).holds(released=all_)
    if format_ == "json":
        document = {"holds": [_document(hold) for hold in holds]}
        app.console.document(shown_json(document, show_numbers=show_numbers, unshown=app.console.unshown))
        return ExitCode.DONE
    if not holds:
        app.console.show("No holds.")
        return ExitCode.DONE
    from voiceform.render.table import Column, table

    columns = (
        Column("NAME"),
        Column("SINCE"),
        Column("BY"),
        Column("KEEPS", cut=True),
        Column("REASON", cut=True),
    )
    rows = [(hold.name, _since(hold), _by(hold), _in_words(hold), hold.reason) for hold in holds]
    app.console.show(
        table(columns, rows, width=app.width, show_numbers=show_numbers, unshown=app.console.unshown)
    )
    return ExitCode.DONE


@command.command("release")
@click.argument("name")
@approve_option
@format_option("text", "json")
@showing_options
@click.pass_obj
def release(app: App, name: str, approve: tuple[str, ...], format_: str, show_numbers: bool) -> int:
    """End a hold that was added by command; needs --approve release-hold=NAME. Exit 4 without it.

    For example: voiceform hold release case-4712 --approve release-hold=case-4712
    """
    from voiceform.engine.safety import Approvals

    hold = wiring.stack(app).release_hold(name, approve=Approvals.parse(approve).texts)
    text = (
        f"The hold {hold.name} is released; what only it kept is deleted by the next prune that finds it due."
    )
    _show(app, hold, text, format_, show_numbers)
    return ExitCode.DONE


def _show(app: App, hold: AddedHold, text: str, format_: str, show_numbers: bool) -> None:
    if format_ == "json":
        from voiceform.stack.holding import of_command

        document = _document(of_command(hold))
        app.console.document(shown_json(document, show_numbers=show_numbers, unshown=app.console.unshown))
    else:
        app.console.show(text)


def _kept(hold: AddedHold) -> str:
    parts = (("recording", hold.recordings), ("call", hold.calls), ("number", hold.numbers))
    return ", ".join(counted(len(found), thing) for thing, found in parts if found)


def _since(hold: ListedHold) -> str:
    return "configuration" if hold.at is None else f"{hold.at:%Y-%m-%d %H:%M:%S} UTC"


def _by(hold: ListedHold) -> str | None:
    if hold.released_at is None:
        return hold.by
    return f"{hold.by}, released {hold.released_at:%Y-%m-%d} by {hold.released_by}"


def _in_words(hold: ListedHold) -> str:
    texts = [
        f"{key} {', '.join(map(str, value)) if isinstance(value, list) else value}"
        for key, value in hold.match.items()
    ]
    return ("; " if hold.declared else " or ").join(texts) or "everything"


def _document(hold: ListedHold) -> dict[str, Any]:
    return {
        "name": hold.name,
        "address": f"retention.holds.{hold.name}",
        "declared": hold.declared,
        "reason": hold.reason,
        "match" if hold.declared else "any_of": dict(hold.match),
        "added_by": hold.by,
        "added_at": instant_to_text(hold.at) if hold.at is not None else None,
        "released_by": hold.released_by,
        "released_at": instant_to_text(hold.released_at) if hold.released_at is not None else None,
    }

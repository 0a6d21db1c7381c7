"""`voiceform queues`: who waits now."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from voiceform.cli.support.completing import addresses_of
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option, showing_options
from voiceform.cli.support.watching import looks, watch_options
from voiceform.model.exit_codes import ExitCode
from voiceform.model.instants import instant_to_text
from voiceform.model.shown import Shown, shown_json

if TYPE_CHECKING:
    from voiceform.kinds.queue.waiting import QueueNow, QueuesNow
    from voiceform.twilio.resources import QueueMember


@click.command("queues")
@click.argument("name", metavar="[NAME]", required=False, shell_complete=addresses_of("queue"))
@click.option("--members", is_flag=True, help="List the calls that wait in NAME, the front first.")
@watch_options
@format_option("text", "json")
@showing_options
@click.pass_obj
def command(
    app: App,
    name: str | None,
    members: bool,
    watch: bool,
    every: str,
    format_: str,
    show_numbers: bool,
) -> int:
    """Show who waits now, in every queue of the account or in NAME: an address, a name or a SID."""
    from voiceform.cli.support import wiring
    from voiceform.model.errors import UsageError

    if members and name is None:
        raise UsageError("--members needs the name of a queue", hint="voiceform queues NAME --members")
    stack = wiring.stack(app)

    def look() -> Shown:
        if name is not None and members:
            return _members(app, *stack.queue_members(name), format_)
        return _queues(app, stack.queues(name), format_, show_numbers)

    looks(app, look, watch=watch, every=every)
    return ExitCode.DONE


def _queues(app: App, found: QueuesNow, format_: str, show_numbers: bool) -> Shown:
    if format_ == "json":
        document = {"queues": [_document(queue) for queue in found.queues], "unreadable": found.unreadable}
        return shown_json(document, show_numbers=show_numbers, unshown=app.console.unshown)
    from voiceform.render.table import Column, table

    columns = (
        Column("WAITING", right=True),
        Column("LONGEST", right=True),
        Column("AVERAGE", right=True),
        Column("SIZE", right=True),
        Column("NAME", cut=True),
        Column("ADDRESS", cut=True),
    )
    rows = [
        (
            queue.waiting,
            _wait(queue.longest_wait),
            _wait(queue.average_wait if queue.waiting else None),
            queue.size,
            queue.name,
            queue.address if queue.address is not None else "not managed",
        )
        for queue in found.queues
    ]
    if not rows:
        return Shown("The account has no queues.")
    return table(columns, rows, width=app.width, show_numbers=show_numbers, unshown=app.console.unshown)


def _members(app: App, queue: QueueNow, members: tuple[QueueMember, ...], format_: str) -> Shown:
    if format_ == "json":
        document = {
            **_document(queue),
            "members": [
                {
                    "position": member.position,
                    "call_sid": member.sid,
                    "wait_time": member.wait_time,
                    "date_enqueued": instant_to_text(member.date_enqueued) if member.date_enqueued else None,
                }
                for member in members
            ],
        }
        return shown_json(document, unshown=app.console.unshown)
    from voiceform.render.table import Column, table

    if not members:
        return Shown("Nobody waits.")
    columns = (Column("POSITION", right=True), Column("WAITING", right=True), Column("CALL"))
    rows = [(member.position, _wait(member.wait_time), member.sid) for member in members]
    return table(columns, rows, width=app.width, unshown=app.console.unshown)


def _wait(seconds: int | None) -> str | None:
    from datetime import timedelta

    from voiceform.model.wording import span

    return None if seconds is None else span(timedelta(seconds=seconds))


def _document(queue: QueueNow) -> dict[str, object]:
    return {
        "address": str(queue.address) if queue.address is not None else None,
        "sid": queue.sid,
        "friendly_name": queue.name,
        "current_size": queue.waiting,
        "max_size": queue.size,
        "average_wait_time": queue.average_wait,
        "longest_wait_time": queue.longest_wait,
    }

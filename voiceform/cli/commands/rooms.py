"""`voiceform rooms`: live conferences, and who is in them."""

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
    from datetime import datetime

    from voiceform.kinds.conference.rooms import RoomNow, RoomsNow
    from voiceform.twilio.resources import Participant


@click.command("rooms")
@click.argument("name", metavar="[NAME]", required=False, shell_complete=addresses_of("conference"))
@watch_options
@format_option("text", "json")
@showing_options
@click.pass_obj
def command(app: App, name: str | None, watch: bool, every: str, format_: str, show_numbers: bool) -> int:
    """Show the live rooms of the account, or NAME, and who is in them: an address, a name or a SID."""
    from voiceform.cli.support import wiring

    stack = wiring.stack(app)
    looks(app, lambda: _rooms(app, stack.rooms(name), format_, show_numbers), watch=watch, every=every)
    return ExitCode.DONE


def _rooms(app: App, found: RoomsNow, format_: str, show_numbers: bool) -> Shown:
    if format_ == "json":
        document = {"rooms": [_document(now) for now in found.rooms], "unreadable": found.unreadable}
        return shown_json(document, show_numbers=show_numbers, unshown=app.console.unshown)
    from voiceform.render.table import Column, table

    if not found.rooms:
        return Shown("No room is open.")
    columns = (
        Column("ROOM", cut=True),
        Column("ADDRESS", cut=True),
        Column("FOR", right=True),
        Column("WHO", cut=True),
        Column("CALL"),
        Column("STATUS"),
    )
    rows = [row for now in found.rooms for row in _rows(now, app.clock.now())]
    return table(columns, rows, width=app.width, show_numbers=show_numbers, unshown=app.console.unshown)


def _rows(now: RoomNow, at: datetime) -> list[tuple[object, ...]]:
    """The room with the first of its people, and the others below it."""
    first = (now.room.name, now.address if now.address is not None else "not managed")
    if not now.room.people:
        return [(*first, _since(now.since, at), "nobody", "", now.room.status)]
    return [
        (
            *(first if index == 0 else ("", "")),
            _since(person.date_created, at),
            _who(now, person),
            person.call_sid,
            _how(person),
        )
        for index, person in enumerate(now.room.people)
    ]


def _who(now: RoomNow, person: Participant) -> str | None:
    """The key of the participant where the label was made of that and the address, which stands beside it."""
    return None if person.label is None else person.label.removeprefix(f"{now.address}.")


def _since(began: datetime | None, at: datetime) -> str | None:
    from datetime import timedelta

    from voiceform.model.wording import span

    return None if began is None else span(max(at - began, timedelta()))


def _how(person: Participant) -> str:
    how = {"muted": person.muted, "on hold": person.hold, "coaching": person.coaching}
    return ", ".join([person.status or "in the room", *(word for word, is_so in how.items() if is_so)])


def _document(now: RoomNow) -> dict[str, object]:
    return {
        "address": str(now.address) if now.address is not None else None,
        "sid": now.room.sid,
        "friendly_name": now.room.name,
        "status": now.room.status,
        "region": now.room.region,
        "date_created": instant_to_text(now.since) if now.since else None,
        "participants": [
            {
                "label": person.label,
                "call_sid": person.call_sid,
                "status": person.status,
                "muted": person.muted,
                "hold": person.hold,
                "coaching": person.coaching,
                "date_created": instant_to_text(person.date_created) if person.date_created else None,
            }
            for person in now.room.people
        ],
    }

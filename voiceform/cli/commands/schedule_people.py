"""Whom schedules would call, person by person."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from voiceform.cli.support.invocation import App
from voiceform.model.instants import instant_to_text
from voiceform.model.shown import shown_json
from voiceform.model.wording import counted

if TYPE_CHECKING:
    from voiceform.kinds.call.preview import PeoplePreview, PersonPreview

_SHOWN = 100
_AT_ONCE = 1000


def show_people(
    app: App, found: Iterator[PeoplePreview], format_: str, show_numbers: bool, *, everything: bool
) -> None:
    """One line for each person and occurrence; the first of them, unless everybody is asked for, and how many
    more there are."""
    total = 0

    def every() -> Iterator[PersonPreview]:
        nonlocal total
        for occurrence in found:
            total += occurrence.count
            yield from occurrence.people

    rows = every()
    shown = rows if everything else islice(rows, _SHOWN)
    if format_ == "json":
        listed = [_document(person) for person in shown]
        left = 0 if everything else total + sum(occurrence.count for occurrence in found) - len(listed)
        document = {"people": listed, "not_listed": left}
        unshown = app.console.unshown
        app.console.document(shown_json(document, show_numbers=show_numbers, unshown=unshown))
        return
    count = _lines(app, shown, show_numbers)
    left = 0 if everything else total + sum(occurrence.count for occurrence in found) - count
    if not count:
        app.console.show("Nobody is called in this time.")
    elif left:
        app.console.say(f"{counted(left, 'more line is', 'more lines are')} not shown; --all shows them.")


def _lines(app: App, people: Iterator[PersonPreview], show_numbers: bool) -> int:
    from voiceform.render.table import Column, table

    columns = (
        Column("SCHEDULE", cut=True),
        Column("WHO", cut=True),
        Column("CALLED"),
        Column("ZONE, OR WHY NOT", cut=True),
    )
    count = 0
    while batch := list(islice(people, _AT_ONCE)):
        count += len(batch)
        rows = [_row(person, show_numbers) for person in batch]
        unshown = app.console.unshown
        app.console.show(table(columns, rows, width=app.width, show_numbers=show_numbers, unshown=unshown))
    return count


def _row(person: PersonPreview, show_numbers: bool) -> tuple[object, ...]:
    from voiceform.model.masking import redact_field

    who = redact_field("to", person.to, show_numbers=show_numbers)
    zone = person.zones[0] if len(person.zones) == 1 else None
    names = zone.key if zone is not None else f"{len(person.zones)} possible zones"
    if person.called_at is None:
        return person.address, who, "not called", person.reason
    named = [name for name in person.rules if name != "calling_hours"]
    if named:
        names += f", waits for {' and '.join(named)}"
    if person.wave is not None:
        names += f", wave {person.wave}"
    local = person.called_at if zone is None else person.called_at.astimezone(zone)
    return person.address, who, f"{local:%a %Y-%m-%d %H:%M %Z}", names


def _document(person: PersonPreview) -> dict[str, Any]:
    return {
        "address": str(person.address),
        "occurrence": instant_to_text(person.occurrence),
        "to": person.to,
        "called_at": instant_to_text(person.called_at) if person.called_at is not None else None,
        "zones": [zone.key for zone in person.zones],
        "reason": person.reason,
        "rules": list(person.rules),
        "wave": person.wave,
    }

"""`voiceform recordings`: which rule or hold decides about each recording, and when it is due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

import click

from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option, showing_options
from voiceform.model.exit_codes import ExitCode
from voiceform.model.instants import instant_to_text
from voiceform.model.shown import Shown, shown_json
from voiceform.model.wording import counted

if TYPE_CHECKING:
    from voiceform.kinds.retention.listing import ListedRecording, Recordings

_SHOWN = 1000
_AT_ONCE = 1000
_ROOMY = 90
_FIELDS = (
    *("sid", "date_created", "duration", "source", "status", "call_sid", "conference_sid"),
    *("ruling", "rule", "holds", "due_at"),
)


@click.command("recordings")
@click.option("--rule", metavar="RULE", help="Only those about which this rule decides.")
@click.option("--due", is_flag=True, help="Only those that prune would delete now.")
@click.option("--held", is_flag=True, help="Only those that a hold is about, also where no rule is due.")
@click.option("--all", "everything", is_flag=True, help="As a table, all of them and not the first 1,000.")
@format_option("table", "csv", "json")
@showing_options
@click.pass_obj
def command(
    app: App, rule: str | None, due: bool, held: bool, everything: bool, format_: str, show_numbers: bool
) -> int:
    """Show each recording with the rule or the holds that decide about it, and from when on it may go.

    The rules are those of the configuration, as for `prune --dry-run`; nothing is deleted.
    """
    from voiceform.cli.support import wiring

    found = wiring.stack(app).recordings(rule, due=due, held=held)
    if format_ == "table":
        _table(app, found, everything)
    elif format_ == "csv":
        _print(app, _csv(found))
    else:
        _print(app, _json(app, found, show_numbers))
    if found.unreadable.count:
        entries = counted(found.unreadable.count, "entry", "entries")
        app.console.say(f"{entries} of the account's list cannot be read, and {_stay(found)} kept.")
    return ExitCode.DONE


def _stay(found: Recordings) -> str:
    return "is" if found.unreadable.count == 1 else "are"


def _print(app: App, lines: Iterator[str]) -> None:
    """Print lines as they come, many at once."""
    while batch := list(islice(lines, _AT_ONCE)):
        app.console.document(Shown("\n".join(batch)))


def _json(app: App, found: Iterable[ListedRecording], show_numbers: bool) -> Iterator[str]:
    """One recording a line, so that a million of them are never held."""
    before = '{"recordings": ['
    for row in found:
        yield before
        text = shown_json(_values(row), show_numbers=show_numbers, unshown=app.console.unshown, indent=None)
        before = f"  {text},"
    yield before.removesuffix(",")
    yield "]}"


def _csv(found: Iterable[ListedRecording]) -> Iterator[str]:
    from voiceform.render.csv import csv_line

    rows = (csv_line(_cells(row)) for row in found)
    first = next(rows, None)  # what is wrong with the account is said before anything is printed
    yield csv_line(_FIELDS)
    yield from rows if first is None else chain((first,), rows)


def _cells(row: ListedRecording) -> Iterator[object]:
    values = _values(row)
    yield from (" ".join(value) if isinstance(value, list) else value for value in values.values())


def _values(row: ListedRecording) -> dict[str, Any]:
    recording = row.recording
    made = recording.date_created
    return {
        "sid": recording.sid,
        "date_created": instant_to_text(made) if made is not None else None,
        "duration": recording.duration,
        "source": recording.source or None,
        "status": recording.status or None,
        "call_sid": recording.call_sid,
        "conference_sid": recording.conference_sid,
        "ruling": str(row.ruling),
        "rule": row.rule,
        "holds": list(row.holds),
        "due_at": instant_to_text(row.due_at) if row.due_at is not None else None,
    }


def _table(app: App, found: Iterable[ListedRecording], everything: bool) -> None:
    from voiceform.kinds.retention.listing import REASONS
    from voiceform.render.table import Column, table

    roomy = app.width >= _ROOMY
    more = (Column("CREATED"), Column("LENGTH", right=True)) if roomy else ()
    columns = (Column("RECORDING"), *more, Column("DUE"), Column("DECIDED BY", cut=True))
    counts: Counter[str] = Counter()
    shown: list[tuple[object, ...]] = []
    for number, row in enumerate(found):
        counts[REASONS[row.ruling]] += 1
        if everything or number < _SHOWN:
            shown.append(_row(row, roomy))
        if len(shown) == _AT_ONCE:
            app.console.show(table(columns, shown, width=app.width, unshown=app.console.unshown))
            shown = []
    if shown:
        app.console.show(table(columns, shown, width=app.width, unshown=app.console.unshown))
    total = sum(counts.values())
    if total > _SHOWN and not everything:
        app.console.say(f"{total - _SHOWN:,} more are not shown; --all shows them, --format csv has all.")
    said = "; ".join(f"{count:,} {why}" for why, count in counts.most_common())
    app.console.say(f"{counted(total, 'recording')}{f': {said}' if said else ''}.")


def _row(row: ListedRecording, roomy: bool) -> tuple[object, ...]:
    from datetime import timedelta

    from voiceform.model.wording import span

    made, length = row.recording.date_created, row.recording.duration
    lasted = span(timedelta(seconds=length)) if length is not None else None
    more = (f"{made:%Y-%m-%d}" if made is not None else None, lasted) if roomy else ()
    return (row.recording.sid, *more, _due(row), _by(row))


def _due(row: ListedRecording) -> str | None:
    from voiceform.kinds.retention.policy import Ruling

    if row.ruling is Ruling.DUE:
        return "now"
    if row.due_at is None:
        return "never" if row.rule is not None else None
    return f"{row.due_at:%Y-%m-%d}"


def _by(row: ListedRecording) -> str:
    from voiceform.kinds.retention.listing import REASONS

    if row.holds:
        return f"hold {', '.join(row.holds)}"
    return f"rule {row.rule}" if row.rule is not None else REASONS[row.ruling]

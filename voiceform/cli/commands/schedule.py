"""`voiceform schedule`: who would be called when, and why not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.completing import phoning_addresses
from voiceform.cli.support.invocation import App
from voiceform.cli.support.options import format_option, showing_options
from voiceform.model.errors import UsageError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.shown import Shown, shown_json

if TYPE_CHECKING:
    from voiceform.kinds.call.preview import Preview

T = TypeVar("T")

_SPAN = timedelta(days=7)
_LONGEST = timedelta(days=3660)
_MOST = 10_000
_LOCAL = re.compile(
    r"(?P<day>today|tomorrow|[0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ](?P<time>[0-9]{2}:[0-9]{2}(?::[0-9]{2})?))?",
    re.ASCII,
)


@click.command("schedule")
@click.argument("address", required=False, shell_complete=phoning_addresses)
@click.option("--start", metavar="INSTANT", help="From then on, as 2026-12-01, 'tomorrow 09:00'. [now]")
@click.option("--end", metavar="INSTANT", help="Until then. [a week after the start]")
@click.option("--who", is_flag=True, help="One line for each person: when and in which zone, or why not.")
@click.option("--all", "everything", is_flag=True, help="With --who: everybody, and not the first 100.")
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="With --who: as if the people in this table were to be called.",
)
@click.option("--column", default="phone", show_default=True, help="The column of FILE that has the numbers.")
@format_option("text", "json", "ics")
@showing_options
@click.pass_obj
def command(
    app: App,
    address: str | None,
    start: str | None,
    end: str | None,
    who: bool,
    everything: bool,
    csv_file: Path | None,
    column: str,
    format_: str,
    show_numbers: bool,
) -> int:
    """Show the occurrences of the declared schedules: when, how many calls, and who is not called and why.

    Reads the configuration and its lists, and of the state what is paused. ADDRESS shows one schedule alone.
    Times are those of the schedule's zone and UTC. INSTANT is `now`, or a day (`today`, `tomorrow`,
    2026-12-01) and perhaps a time; without a zone they are in that of the schedules, if all have one, else
    in UTC.
    """
    named = [address] if address is not None else []
    first, last = _span(app, named, start, end)
    if who or csv_file is not None:
        if format_ == "ics":
            raise UsageError("--who has no --format ics", hint="text and json are possible")
        from voiceform.cli.commands.schedule_people import show_people

        instead = None
        if csv_file is not None:
            from voiceform.stack.previewing import numbers_of

            instead, troubles = numbers_of(app.path(csv_file), column)
            for trouble in troubles:
                app.console.say(trouble)
        stack = wiring.stack(app)
        people = stack.schedule_people(first, last, addresses=named, instead=instead)
        show_people(app, _bounded(people), format_, show_numbers, everything=everything)
        return ExitCode.DONE
    found = list(_bounded(wiring.stack(app).schedule(first, last, addresses=named)))
    if format_ == "json":
        document = {"schedule": [item.document() for item in found]}
        app.console.document(shown_json(document, unshown=app.console.unshown))
    elif format_ == "ics":
        from voiceform.kinds.call.calendar import calendar_text

        app.console.document(Shown(app.console.unshown.text(calendar_text(found, app.clock.now()))), end="")
    else:
        _print(app, found)
    return ExitCode.DONE


def _print(app: App, found: list[Preview]) -> None:
    if not found:
        app.console.show("Nobody is called in this time.")
    else:
        app.console.show("\n".join(item.text() for item in found))


def _bounded(found: Iterator[T]) -> Iterator[T]:
    for number, item in enumerate(found):
        if number == _MOST:
            raise UsageError(
                f"more than {_MOST:,} occurrences lie between --start and --end", hint="choose a nearer --end"
            )
        yield item


def _span(app: App, named: list[str], start: str | None, end: str | None) -> tuple[datetime, datetime]:
    from voiceform.stack.previewing import zone_of

    zone = zone_of(wiring.parts(app), named) if start or end else UTC
    now = app.clock.now()
    first = _instant(start, zone, now) if start else now
    last = _instant(end, zone, now) if end else first + _SPAN
    if not first <= last or last - first > _LONGEST:
        raise UsageError("--end lies before --start, or more than ten years behind it", hint="choose another")
    return first, last


def _instant(text: str, zone: tzinfo, now: datetime) -> datetime:
    """An instant with its zone, or one of `zone`: a day, and perhaps a time."""
    from voiceform.cli.commands.plan import parse_instant

    if text == "now":
        return now
    found = _LOCAL.fullmatch(text.strip())
    if found is None:
        return parse_instant(text)
    today = now.astimezone(zone).date()
    days = {"today": today, "tomorrow": today + timedelta(days=1)}
    try:
        day = days.get(found["day"]) or date.fromisoformat(found["day"])
        local = datetime.combine(day, time.fromisoformat(found["time"] or "00:00"))
    except ValueError:
        raise UsageError(f"{text!r} is no day and time", hint="write it as 2026-12-01T09:00") from None
    # Of two instants with one local time the first; one that the clocks leave out is moved by the gap.
    return parse_instant(local.replace(tzinfo=zone).astimezone(UTC).isoformat())

"""`voiceform schedule`: who would be called when, and why not."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING

import click

from voiceform.cli.support import wiring
from voiceform.cli.support.options import App, format_option, show_values_option
from voiceform.model.errors import UsageError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.shown import Shown, shown_json

if TYPE_CHECKING:
    from voiceform.kinds.call.preview import Preview

_SPAN = timedelta(days=7)
_LONGEST = timedelta(days=3660)
_MOST = 10_000
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


@click.command("schedule")
@click.option("--start", metavar="INSTANT", help="From then on, as 2026-12-01 or 2026-12-01T09:00:00Z. [now]")
@click.option("--end", metavar="INSTANT", help="Until then. [a week after the start]")
@format_option("text", "json", "ics")
@show_values_option
@click.pass_obj
def command(app: App, start: str | None, end: str | None, format_: str) -> int:
    """Show the occurrences of the declared schedules: when, how many calls, and who is not called and why.

    Reads the configuration and its lists, and of the state only which schedules are paused. Times are those
    of the schedule's zone and UTC.
    """
    first = _instant(start) if start else app.clock.now()
    last = _instant(end) if end else first + _SPAN
    if not first <= last or last - first > _LONGEST:
        raise UsageError("--end lies before --start, or more than ten years behind it", hint="choose another")
    found = list(islice(wiring.stack(app).schedule(first, last), _MOST + 1))
    if len(found) > _MOST:
        raise UsageError(
            f"more than {_MOST:,} occurrences lie between --start and --end", hint="choose a nearer --end"
        )
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


def _instant(text: str) -> datetime:
    from voiceform.cli.commands.plan import parse_instant

    return parse_instant(f"{text}T00:00:00Z" if _DATE.fullmatch(text) else text)

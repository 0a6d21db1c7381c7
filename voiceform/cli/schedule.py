"""`voiceform schedule`: who would be called when, and why not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import click

from voiceform.cli import wiring
from voiceform.cli.options import App, format_option
from voiceform.model.errors import UsageError
from voiceform.model.shown import Shown, shown_json

if TYPE_CHECKING:
    from voiceform.kinds.call.preview import Preview

_SPAN = timedelta(days=7)
_LONGEST = timedelta(days=3660)


@click.command("schedule")
@click.option("--start", metavar="INSTANT", help="From then on, as 2026-12-01 or 2026-12-01T09:00:00Z. [now]")
@click.option("--end", metavar="INSTANT", help="Until then. [a week after the start]")
@format_option("text", "json", "ics")
@click.pass_obj
def command(app: App, start: str | None, end: str | None, format_: str) -> int:
    """Show the occurrences of the declared schedules: when, how many calls, and who is not called and why.

    Reads the configuration and its lists, nothing else. Times are those of the schedule's zone and UTC.
    """
    from voiceform.kinds.call.preview import previews

    first = _instant(start) if start else app.clock.now()
    last = _instant(end) if end else first + _SPAN
    if not first <= last <= first + _LONGEST:
        raise UsageError("--end lies before --start, or more than ten years behind it", hint="choose another")
    desired = wiring.load_and_warn(app).desired.values()
    found = list(
        previews((item for item in desired if item.address.kind == "call"), first, last, wiring.places(app))
    )
    if format_ == "json":
        app.console.document(shown_json({"schedule": [item.document() for item in found]}))
    elif format_ == "ics":
        from voiceform.kinds.call.calendar import calendar_text

        app.console.document(Shown(calendar_text(found, app.clock.now())), end="")
    else:
        _print(app, found)
    return 0


def _print(app: App, found: list[Preview]) -> None:
    if not found:
        app.console.show("Nobody is called in this time.")
    else:
        app.console.show("\n".join(item.text() for item in found))


def _instant(text: str) -> datetime:
    from voiceform.cli.plan import parse_instant

    try:
        return datetime.combine(datetime.strptime(text, "%Y-%m-%d"), datetime.min.time(), UTC)  # noqa: DTZ007
    except ValueError:
        return parse_instant(text)

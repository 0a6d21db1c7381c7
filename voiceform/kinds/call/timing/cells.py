"""Times as they stand in tables, one for each person: read by one grammar, and never guessed at."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from voiceform.kinds.call.timing.localtime import ClockChange, resolve
from voiceform.kinds.call.timing.schedule import FIRST_YEAR, LAST_YEAR

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ]+((?:[01]\d|2[0-3]):\d\d(?::\d\d)?)(?:[.,]0+)?\s*(Z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII | re.IGNORECASE,
)
_DATE = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_SERIAL = re.compile(r"\d{1,6}(?:[.,]\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Moment:
    """One cell: an instant in UTC, what the clock of whoever it concerns shows then (naive), and what a
    change of the clocks made of it."""

    instant: datetime
    local: datetime
    change: ClockChange | None = None


def read_moment(cell: str, zone: ZoneInfo | None) -> Moment:
    """A date and time with an offset, or without one by the clocks of `zone`. ValueError says what is wrong,
    and does not repeat the cell."""
    match = _TIME.fullmatch(cell)
    if match is None:
        raise ValueError(_what_it_is(cell))
    try:
        declared = datetime.fromisoformat(f"{match[1]}T{match[2]}{_offset(match[3])}")
    except ValueError:
        raise ValueError("no clock shows this date and time") from None
    if not FIRST_YEAR < declared.year < LAST_YEAR:
        raise ValueError(f"its year is not between {FIRST_YEAR} and {LAST_YEAR}")
    if declared.tzinfo is not None:
        shown = declared if zone is None else declared.astimezone(zone)
        return Moment(declared.astimezone(UTC), shown.replace(tzinfo=None, fold=0))
    if zone is None:
        raise ValueError("it has no offset, and no time zone is known here")
    found = resolve(declared, zone)
    return Moment(found.instant, found.local(zone).replace(tzinfo=None, fold=0), found.change)


def _what_it_is(cell: str) -> str:
    if _DATE.fullmatch(cell):
        return "it is a date without a time of day"
    if _SERIAL.fullmatch(cell):
        return (
            "it is a number, as spreadsheets keep times: format the column as yyyy-mm-dd hh:mm before it is"
            " saved"
        )
    return "it is not a date and time, such as 2026-12-01 09:00"


def _offset(text: str | None) -> str:
    """As datetime reads it: hours alone are whole hours."""
    if text is None:
        return ""
    text = text.upper()
    return f"{text}:00" if len(text) == 3 else text

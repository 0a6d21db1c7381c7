"""Filters of lists: query parameters as SQL conditions.

A date is midnight UTC. ``Name=D`` is that day (or, with a time, that very second), ``Name<=D`` on the wire is
the parameter ``Name<`` and means before, ``Name>=D`` is ``Name>`` and means on or after.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from voiceform.emulator.calls.numbers import normalize
from voiceform.emulator.clock import DAY, SECOND, micros
from voiceform.emulator.errors import invalid_parameter
from voiceform.emulator.messages import Params

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AMERICAN = re.compile(r"(\d{2}/\d{2}/\d{4}(?: \d{2}:\d{2}:\d{2})?)(?: ([A-Z]{3,4}|[+-]\d{4}))?", re.ASCII)
_ZONES = {"UTC": "+0000", "GMT": "+0000", "EST": "-0500", "EDT": "-0400", "CST": "-0600", "CDT": "-0500",
          "MST": "-0700", "MDT": "-0600", "PST": "-0800", "PDT": "-0700"}  # fmt: skip


@dataclass(slots=True)
class Filter:
    """Conditions gathered from a query, their arguments, and the recognised parameters to echo in page
    links.
    """

    where: list[str] = field(default_factory=list)
    args: list[object] = field(default_factory=list)
    echo: list[tuple[str, str]] = field(default_factory=list)

    def add(self, condition: str, *args: object) -> None:
        """A condition that is not a parameter of the request."""
        self.where.append(condition)
        self.args.extend(args)

    def equal(self, query: Params, name: str, column: str) -> None:
        """``Name=value`` as text; an empty value filters nothing."""
        value = query.one(name)
        if value:
            self.add(f"{column} = ?", value)
            self.echo.append((name, value))

    def number(self, query: Params, name: str, column: str) -> None:
        """``Name=+12125550101``, also without its plus, as national digits or with punctuation."""
        value = query.one(name)
        if value:
            self.add(f"{column} = ?", normalize(value) or value)
            self.echo.append((name, value))

    def choice(self, query: Params, name: str, column: str, allowed: Iterable[str]) -> None:
        """``Name=word`` where only some words are possible."""
        value = query.one(name)
        if value is not None and value not in allowed:
            raise invalid_parameter(name, value, f"must be one of {', '.join(allowed)}")
        self.equal(query, name, column)

    def flag(self, query: Params, name: str, column: str) -> None:
        """``Name=true`` or ``Name=false``."""
        value = query.one(name)
        if value is not None:
            self.add(f"{column} = ?", int(value.lower() == "true"))
            self.echo.append((name, value))

    def date(self, query: Params, name: str, column: str) -> None:
        """``Name``, ``Name<`` and ``Name>``."""
        for operator in ("", "<", ">"):
            text = query.one(name + operator)
            if not text:
                continue
            instant, width = _instant(name, text)
            if operator == "":
                self.add(f"{column} >= ? AND {column} < ?", instant, instant + width)
            else:
                self.add(f"{column} {'<' if operator == '<' else '>='} ?", instant)
            self.echo.append((name + operator, text))


def _instant(name: str, text: str) -> tuple[int, int]:
    """The instant that a text names, and how long the named span is."""
    for read in (_iso, _american, _rfc2822):
        parsed = read(text)
        if parsed is not None:
            moment = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
            return micros(moment), DAY if _DAY.fullmatch(text) else SECOND
    raise invalid_parameter(name, text, "must be a date (YYYY-MM-DD) or a time")


def _iso(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _american(text: str) -> datetime | None:
    match = _AMERICAN.fullmatch(text)
    if match is None:
        return None
    stamp, zone = match.groups()
    offset = _ZONES.get(zone or "UTC", zone)
    pattern = "%m/%d/%Y %H:%M:%S" if " " in stamp else "%m/%d/%Y"
    try:
        return datetime.strptime(f"{stamp} {offset}", f"{pattern} %z")
    except ValueError:
        return None


def _rfc2822(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError):
        return None

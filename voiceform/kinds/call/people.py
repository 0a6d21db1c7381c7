"""Who is called, as far as more than a number is known of somebody: the rows of a table, as recorded.

A row is one text, its fields divided by tabs: the number, the instant at which it is called (for schedules
with a time for each), an IANA zone, a language, and the columns that the answer uses. So a hundred thousand
people are a list of texts, which is compared, kept and read like any other, and taken apart row by row.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from voiceform.kinds.call.timing.localtime import Occurrence
from voiceform.kinds.call.timing.zones import zones_of_number
from voiceform.kinds.zone_names import zone_named
from voiceform.model.instants import instant_from_text, instant_to_text

_FIXED = 4
_WRITTEN = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
_READ = {"\\\\": "\\", "\\t": "\t", "\\n": "\n", "\\r": "\r"}
_ESCAPED = re.compile(r"\\[\\tnr]")
_SPECIAL = re.compile(r"[\\\n\r]")


@dataclass(frozen=True, slots=True)
class Person:
    """What a table says of somebody: when to call, for schedules with a time for each; an IANA zone; a
    language tag; and by their names the columns that the answer uses."""

    due: datetime | None = None
    timezone: str | None = None
    language: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


def row_of(number: str, person: Person) -> str:
    """One row as it is recorded; its columns in the order that they have."""
    due = "" if person.due is None else instant_to_text(person.due)
    fields = (number, due, person.timezone or "", person.language or "", *person.columns.values())
    row = "\t".join(fields)
    if row.count("\t") < len(fields) and not _SPECIAL.search(row):
        return row
    return "\t".join([text.translate(_WRITTEN) for text in fields])


class Roster(Mapping[str, Person]):
    """The rows of a schedule by number. One number may have several, each for a time of its own: the first of
    them stands for it here. ValueError for a row that has not these columns."""

    def __init__(
        self, rows: Sequence[str] = (), columns: Sequence[str] = (), to: Collection[str] | None = None
    ) -> None:
        """`to` are the numbers that are called, each of which has a row then, and no other."""
        self._columns = tuple(columns)
        self._rows: dict[str, list[str]] = {}
        dividers = _FIXED + len(self._columns) - 1
        for row in rows:
            if row.count("\t") != dividers:
                raise ValueError("a recorded row has not the columns that the schedule uses")
            self._rows.setdefault(row.split("\t", 1)[0], []).append(row)
        if (rows or columns) and to is not None and self._rows.keys() != set(to):
            raise ValueError("the recorded rows are about others than those who are called")

    def __getitem__(self, number: str) -> Person:
        return self._person(self._rows[number][0])

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def of(self, number: str) -> tuple[Person, ...]:
        """Everybody who is called at a number."""
        return tuple(self._person(row) for row in self._rows.get(number, ()))

    def at(self, number: str, occurrence: datetime) -> Person | None:
        """Who is called at a number for an occurrence: whoever has that time, or no time of one's own."""
        return next((person for person in self.of(number) if person.due in (None, occurrence)), None)

    def by_time(self) -> dict[datetime, tuple[str, ...]]:
        """The numbers that are called at each instant, in order of time."""
        found: dict[str, list[str]] = {}
        for number, rows in self._rows.items():
            for row in rows:
                found.setdefault(row.split("\t", 2)[1], []).append(number)
        instants = {instant_from_text(text): tuple(numbers) for text, numbers in found.items() if text}
        return dict(sorted(instants.items()))

    def zones(self, number: str) -> tuple[ZoneInfo, ...]:
        """Every zone in which those called at a number may be: their own where a row names it, else those of
        the number. Empty when nobody knows, also when this machine does not know a zone that is named."""
        names = [person.timezone for person in self.of(number)]
        zones: dict[ZoneInfo, None] = {}
        for name in names or [None]:
            own = zone_named(name) if name is not None else None
            possible = zones_of_number(number) if name is None else (own,) if own is not None else ()
            if not possible:
                return ()
            zones.update(dict.fromkeys(possible))
        return tuple(zones)

    def _person(self, row: str) -> Person:
        fields = row.split("\t")
        if "\\" in row:
            fields = [_ESCAPED.sub(lambda match: _READ[match[0]], text) for text in fields]
        _, due, timezone, language, *cells = fields
        return Person(
            instant_from_text(due) if due else None,
            timezone or None,
            language or None,
            dict(zip(self._columns, cells, strict=True)),
        )


def occurrences_of(roster: Roster, zone: ZoneInfo) -> tuple[Occurrence, ...]:
    """The instants at which a schedule with a time for each calls somebody, as clocks in `zone` show them."""
    return tuple(
        Occurrence(instant, instant.astimezone(zone).replace(tzinfo=None)) for instant in roster.by_time()
    )

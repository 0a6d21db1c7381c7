"""The rows of a table of people -> whom a schedule calls, when, and with which words.

What stands in a table is never repeated in a message: findings name the file, the line and the rule.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from voiceform.kinds.call.answer import Answer
from voiceform.kinds.call.people import Person, row_of
from voiceform.kinds.call.tables import Row, Table, TableError
from voiceform.kinds.call.templates import ESCAPES
from voiceform.kinds.call.timing.cells import Moment, read_moment
from voiceform.kinds.call.timing.localtime import ClockChange
from voiceform.kinds.call.timing.spoken import DEFAULT_LANGUAGE, SpokenTimes, is_language
from voiceform.kinds.twiml import MAX_INLINE_CHARACTERS
from voiceform.kinds.userfiles import place_in
from voiceform.kinds.zone_names import zone_hint, zone_named
from voiceform.model.diagnostics import Diagnostic, Position, Report, Severity
from voiceform.model.document import Block
from voiceform.model.durations import parse_duration
from voiceform.model.errors import MissingExtraError
from voiceform.model.numbers import is_phone_number, normal_number, person

DEFAULT_COLUMN = "phone"
MOST_RECIPIENTS = 100_000
_MOST_BAD_ROWS = 20
_LONGEST = {"twiml": MAX_INLINE_CHARACTERS, "url": 2048}
_WHEN, _LANGUAGE = "when", "language"


@dataclass(frozen=True, slots=True)
class Recipients:
    """Whom a schedule calls: the numbers in order, each once. Where a table says more of them, also its
    `rows` and the names of their `columns`, as they are recorded (people.py), and `table`, what they were
    read from. `without_time` is how many rows have no time, and are not called."""

    to: list[str]
    rows: list[str] = field(default_factory=list)
    columns: tuple[str, ...] = ()
    table: Mapping[str, str] = field(default_factory=dict)
    without_time: int = 0


@dataclass(frozen=True, slots=True)
class TableSpec:
    """The columns of a table that mean something: `due` is when to call, `when` is what `{{ when }}` says."""

    path: Path
    source: Mapping[str, str]
    column: str
    key: str | None
    timezone: str | None
    language: str | None
    when: str | None
    due: str | None
    lead: timedelta
    zone: ZoneInfo | None

    @classmethod
    def of(cls, value: Block, schedule: Block, folder: Path) -> TableSpec:
        """From schema-valid blocks; a zone that is none is reported elsewhere."""
        path = Path(value.file).parent / value["csv"]
        source = dict(value)
        if not os.path.isabs(value["csv"]):
            source["csv"] = Path(os.path.relpath(path, folder)).as_posix()
        due = schedule.get("column")
        return cls(
            path,
            source,
            value.get("column", DEFAULT_COLUMN),
            value.get("key"),
            value.get("timezone"),
            value.get("language"),
            value.get("when", due),
            due,
            parse_duration(schedule["lead"]) if "lead" in schedule else timedelta(0),
            zone_named(schedule.get("timezone", "")),
        )

    def line(self, line: int) -> Position:
        """A line of the file."""
        return place_in(str(self.path), line)

    def source_of(self, name: str) -> str:
        """The column that a text means by a name: `when` and `language` are those that `to` calls so."""
        special = {_WHEN: self.when, _LANGUAGE: self.language}.get(name)
        return special or name


def unknown_columns(table: Table, spec: TableSpec, answer: Answer | None) -> list[tuple[str, str | None]]:
    """What is wrong with the columns that an answer names, and a hint each."""
    found: list[tuple[str, str | None]] = []
    for name in answer.names if answer is not None else ():
        source = spec.source_of(name)
        if source == name:
            try:
                table.index(name)
            except TableError as error:
                found.append((str(error), error.hint))
        elif name in table.header:
            message = f"has a column {name!r} too, so `{{{{ {name} }}}}` could mean two things"
            found.append((message, f"give that column another name; `to` takes {name} from {source!r}"))
    return found


class Findings:
    """Reports findings on rows: twenty of each kind, and how many more there are."""

    def __init__(self, report: Report, address: str) -> None:
        self._report = report
        self._address = address
        self._counts: Counter[str] = Counter()
        self._last: dict[str, tuple[Position, Severity]] = {}

    def tell(
        self,
        code: str,
        message: str,
        position: Position,
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Report one, or count it."""
        self._counts[code] += 1
        if self._counts[code] <= _MOST_BAD_ROWS:
            self._report(Diagnostic(code, message, position, severity, hint, self._address))
        self._last[code] = position, severity

    def tell_twice(self, first: Position, position: Position) -> None:
        """Somebody who was given before."""
        message = f"this person was given before, at {first}, and is called once"
        self.tell("duplicate-recipient", message, position, severity=Severity.WARNING)

    def end(self) -> None:
        """Report how many more of each kind there are."""
        for code, count in self._counts.items():
            more = count - _MOST_BAD_ROWS
            if more > 0:
                position, severity = self._last[code]
                message = f"{more:,} more rows have such a problem"
                self._report(
                    Diagnostic(code, message, position, severity, address=self._address, stands_for=more)
                )


def person_at(number: str) -> str:
    """Who is meant by a normal number, so that nobody is rung twice: a telephone system's address of somebody
    whose number is here too is the same person."""
    return number if is_phone_number(number) else person(number) or number


class RowError(ValueError):
    """Why a row cannot be used."""

    def __init__(self, code: str, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.hint = hint


class Rows:
    """Reads the rows of one table."""

    def __init__(self, spec: TableSpec, answer: Answer | None, address: str, report: Report) -> None:
        self.spec = spec
        self.answer = answer or Answer({})
        self.findings = Findings(report, address)
        self.count = 0
        self._names = self.answer.names
        self._without_time = 0
        self._empty: Counter[str] = Counter()
        self._spoken = SpokenTimes()
        self._moment = lru_cache(maxsize=65_536)(read_moment)
        self._indices: dict[str, int] = {}
        self._sources = [(name, spec.source_of(name)) for name in self.answer.names]
        self._seen: dict[Any, int] = {}
        self._keys: dict[str, tuple[int, str]] = {}

    def read(self, table: Table) -> Recipients:
        """Everybody who is called. TableError for what is no table."""
        columns = self._columns()
        self._indices = {column: index for index, column in enumerate(columns)}
        numbers: dict[str, None] = {}
        rows: list[str] = []
        for row in table.rows(columns):
            self.count += 1
            text = self._used(row)
            if text is None:
                continue
            rows.append(text)
            numbers[text.split("\t", 1)[0]] = None
            if len(rows) > MOST_RECIPIENTS:
                message = f"a schedule may call {MOST_RECIPIENTS:,} numbers at most"
                self.findings.tell("too-many-recipients", message, self.spec.line(row.line))
                break
        self._report_empty()
        self.findings.end()
        spec = self.spec
        if not (self._names or spec.due or spec.timezone or spec.language):
            return Recipients(list(numbers))
        return Recipients(list(numbers), rows, self._names, spec.source, self._without_time)

    def _columns(self) -> list[str]:
        spec = self.spec
        named = [spec.column, spec.key, spec.timezone, spec.language, spec.due]
        named += [spec.source_of(name) for name in self._names]
        return list(dict.fromkeys(column for column in named if column is not None))

    def _used(self, row: Row) -> str | None:
        """A row as it is recorded; None, reported where it is an error, for one that is not called."""
        try:
            if row.problem is not None:
                raise RowError("unusable-csv", row.problem)
            if self.spec.due is not None and not self._cell(row, self.spec.due):
                self._without_time += 1
                return None
            number = self._number(row.cells[0])
            who = self._person(row)
            text = row_of(number, who)
            return text if self._first_of_its_kind(row, number, who.due, text) else None
        except RowError as error:
            self.findings.tell(error.code, str(error), self.spec.line(row.line), error.hint)
            return None

    def _number(self, cell: str) -> str:
        try:
            return normal_number(cell)
        except ValueError as error:
            raise RowError("invalid-number", str(error)) from None

    def _person(self, row: Row) -> Person:
        spec = self.spec
        timezone = self._cell(row, spec.timezone)
        zone = self._zone(timezone) if timezone else spec.zone
        language = self._language(row)
        due = None
        if spec.due is not None:
            moment = self._time(self._cell(row, spec.due), zone, spec.due)
            self._tell_change(moment, row)
            due = moment.instant - spec.lead
        columns = {name: self._value(name, source, row, zone, language) for name, source in self._sources}
        self._check(columns)
        return Person(due, timezone or None, language or None, columns)

    def _cell(self, row: Row, column: str | None) -> str:
        return "" if column is None else row.cells[self._indices[column]].strip()

    def _zone(self, name: str) -> ZoneInfo:
        zone = zone_named(name)
        if zone is None:
            raise RowError(
                "unusable-row", f"column {self.spec.timezone!r}: no IANA time zone", zone_hint(name)
            )
        return zone

    def _language(self, row: Row) -> str:
        tag = self._cell(row, self.spec.language).replace("_", "-")
        if tag and not is_language(tag):
            message = f"column {self.spec.language!r}: no tag of a language"
            raise RowError("unusable-row", message, "as in de-DE or es-419")
        return tag

    def _time(self, cell: str, zone: ZoneInfo | None, column: str) -> Moment:
        try:
            return self._moment(cell, zone)
        except ValueError as error:
            raise RowError("unusable-row", f"column {column!r}: {error}") from None

    def _tell_change(self, moment: Moment, row: Row) -> None:
        """A change of the clocks made something else of a time than what stands there."""
        if moment.change is None:
            return
        message = (
            f"column {self.spec.due!r}: this time does not exist on that day and is taken for"
            f" {moment.local:%H:%M}"
            if moment.change is ClockChange.SKIPPED
            else f"column {self.spec.due!r}: this time comes twice on that day; the first is meant"
        )
        place = self.spec.line(row.line)
        self.findings.tell("clock-change", message, place, "write it with an offset", Severity.WARNING)

    def _value(self, name: str, source: str, row: Row, zone: ZoneInfo | None, language: str) -> str:
        cell = self._cell(row, source)
        if name == _LANGUAGE and self.spec.language is not None:
            cell = language or DEFAULT_LANGUAGE
        if not cell:
            if name in self.answer.needed:
                raise RowError("unusable-row", f"column {source!r}: it is empty, and the answer needs it")
            self._empty[source] += 1
            return ""
        if name != _WHEN or self.spec.when is None:
            return cell
        moment = self._time(cell, zone, source)
        try:
            return self._spoken.said(moment.local, language or self.answer.language or DEFAULT_LANGUAGE)
        except ValueError as error:
            raise RowError("unusable-row", f"column {self.spec.language or source!r}: {error}") from None
        except MissingExtraError as error:
            raise RowError("unusable-row", f"column {source!r}: {error.what}", error.hint) from None

    def _check(self, columns: Mapping[str, str]) -> None:
        """The words of one person, as they are sent."""
        for key, template in self.answer.templates.items():
            try:
                text = template.filled(columns, ESCAPES[key])
            except ValueError as error:
                raise RowError("unusable-row", f"one of its texts cannot be sent: {error}") from None
            if len(text) > _LONGEST[key]:
                length = f"{len(text):,} characters, and may have {_LONGEST[key]:,}"
                raise RowError("unusable-row", f"with its texts the {key} has {length}")

    def _first_of_its_kind(self, row: Row, number: str, due: datetime | None, text: str) -> bool:
        """Whether nobody was called by an earlier row who would be called again by this one."""
        key = self._cell(row, self.spec.key)
        if self.spec.key is not None:
            if not key:
                raise RowError("unusable-row", f"column {self.spec.key!r}: it is empty, and names the row")
            line, before = self._keys.setdefault(key, (row.line, text))
            if before != text:
                message = f"column {self.spec.key!r}: the same key stands at {self.spec.line(line)}"
                raise RowError("repeated-key", message, "a key names one row; choose another column")
        who = person_at(number)
        first = self._seen.setdefault((who, due) if self.spec.key is not None else who, row.line)
        if first == row.line:
            return True
        self._tell_twice(first, row.line)
        return False

    def _tell_twice(self, first: int, line: int) -> None:
        place, here = self.spec.line(first), self.spec.line(line)
        if self.spec.key is None:
            self.findings.tell_twice(place, here)
            return
        message = f"this number is called for the same time by {place}, and one time calls a number once"
        hint = "this row is not called; give it a time or a number of its own"
        self.findings.tell("duplicate-recipient", message, here, hint, Severity.WARNING)

    def _report_empty(self) -> None:
        for source, count in self._empty.items():
            message = f"column {source!r} is empty in {count:,} rows, whose answer says nothing in its place"
            self.findings.tell("empty-cell", message, self.spec.line(1), severity=Severity.WARNING)


__all__ = ["Findings", "Recipients", "Rows", "TableSpec", "person_at", "unknown_columns"]

"""Who is called: `to:` as a number, a list of numbers, or the rows of a CSV file (rows.py)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voiceform.kinds.call.answer import Answer
from voiceform.kinds.call.rows import (
    MOST_RECIPIENTS,
    Findings,
    Recipients,
    Rows,
    TableSpec,
    person_at,
    unknown_columns,
)
from voiceform.kinds.call.tables import Table, TableError
from voiceform.kinds.userfiles import Places, UserFileError, text_of
from voiceform.model.diagnostics import Diagnostic, Position, Report, Severity
from voiceform.model.document import Block, Series
from voiceform.model.numbers import normal_number

MOST_LISTED = 20_000
"""The most that a list in the configuration itself may name; a CSV file holds more."""


def read_recipients(
    block: Block, answer: Answer | None, address: str, report: Report, places: Places
) -> Recipients:
    """Whom a schedule calls, in order, each number once. Everything that is wrong is reported."""
    value = block["to"]
    if isinstance(value, Block):
        return _Reading(value, block, answer, address, report).read(places)
    _require_no_table(block, answer, address, report)
    if not isinstance(value, list):
        return Recipients(_unique([value], [block.value_position("to")], address, report))
    if len(value) > MOST_LISTED:
        report(_too_long(len(value), block, address))
        return Recipients([])
    positions = [_item_position(value, index, block) for index in range(len(value))]
    return Recipients(_unique(value, positions, address, report))


def check_number(text: str, position: Position, address: str, report: Report) -> str | None:
    """The normal form of one number; None, reported, when it is none. The number is not repeated."""
    try:
        return normal_number(text)
    except ValueError as error:
        report(Diagnostic("invalid-number", str(error), position, address=address))
        return None


def _require_no_table(block: Block, answer: Answer | None, address: str, report: Report) -> None:
    """Numbers alone have no columns that a text or a schedule could name."""
    hint = "to: {csv: people.csv} has the columns of the file"
    if answer is not None:
        for name in answer.names:
            message = f"`{{{{ {name} }}}}` names a column, and `to` names no CSV file"
            report(Diagnostic("unknown-column", message, answer.position, hint=hint, address=address))
    if "column" in block["schedule"]:
        message = "`column` names a column, and `to` names no CSV file"
        place = block["schedule"].value_position("column")
        report(Diagnostic("unknown-column", message, place, hint=hint, address=address))


def _too_long(count: int, block: Block, address: str) -> Diagnostic:
    return Diagnostic(
        "too-many-recipients",
        f"this list names {count:,} numbers, and one in the configuration may name {MOST_LISTED:,}",
        block.value_position("to"),
        hint="write them into a CSV file: {csv: people.csv, column: phone}",
        address=address,
    )


def _item_position(series: list[Any], index: int, block: Block) -> Position:
    return series.item_position(index) if isinstance(series, Series) else block.value_position("to")


def _unique(texts: Sequence[str], positions: Sequence[Position], address: str, report: Report) -> list[str]:
    found: dict[str, Position] = {}
    numbers: list[str] = []
    findings = Findings(report, address)
    for text, position in zip(texts, positions, strict=True):
        try:
            number = normal_number(text)
        except ValueError as error:
            findings.tell("invalid-number", str(error), position)
            continue
        first = found.setdefault(person_at(number), position)
        if first is position:
            numbers.append(number)
        else:
            findings.tell_twice(first, position)
    findings.end()
    return numbers


@dataclass(frozen=True, slots=True)
class _Reading:
    """One file. What is wrong with it as a whole is reported where the configuration names it."""

    value: Block
    block: Block
    answer: Answer | None
    address: str
    report: Report

    def read(self, places: Places) -> Recipients:
        spec = TableSpec.of(self.value, self.block["schedule"], places.folder)
        name = str(spec.path)
        try:
            text = text_of(places.read(spec.path).content)
            table = Table(text, [spec.column])
            rows = Rows(spec, self.answer, self.address, self.report)
            if not self._has_columns(table, spec, name):
                return Recipients([])
            found = rows.read(table)
        except UserFileError as error:
            self._unusable(name, error.what, self.value.value_position("csv"), error.hint)
            return Recipients([])
        except TableError as error:
            place = spec.line(error.line) if error.line else self.value.value_position("column")
            self._unusable(name, str(error), place, error.hint)
            return Recipients([])
        if not rows.count:
            self._empty(name)
        return found

    def _has_columns(self, table: Table, spec: TableSpec, name: str) -> bool:
        """Whether the table has every column that the configuration names; others are reported."""
        missing = []
        for column, named_at in self._named(spec).items():
            try:
                table.index(column)
            except TableError as error:
                missing.append(column)
                self._unusable(name, str(error), named_at, error.hint)
        unknown = unknown_columns(table, spec, self.answer)
        for message, hint in unknown:
            place = self.answer.position if self.answer is not None else None
            self.report(
                Diagnostic("unknown-column", f"{name} {message}", place, hint=hint, address=self.address)
            )
        return not missing and not unknown

    def _named(self, spec: TableSpec) -> Mapping[str, Position]:
        """The columns that are named as such, and where."""
        keys = ("column", "key", "timezone", "language", "when")
        named = {self.value[key]: self.value.value_position(key) for key in keys if key in self.value}
        if spec.due is not None:
            named.setdefault(spec.due, self.block["schedule"].value_position("column"))
        return {spec.column: self.value.position, **named}

    def _unusable(self, name: str, what: str, place: Position, hint: str | None) -> None:
        self.report(Diagnostic("unusable-csv", f"{name} {what}", place, hint=hint, address=self.address))

    def _empty(self, name: str) -> None:
        self.report(
            Diagnostic(
                "no-recipients",
                f"{name} has a header and no rows: nobody is called",
                self.value.value_position("csv"),
                Severity.WARNING,
                "did the program that wrote it fail?",
                self.address,
            )
        )


__all__ = ["MOST_LISTED", "MOST_RECIPIENTS", "Recipients", "check_number", "read_recipients"]

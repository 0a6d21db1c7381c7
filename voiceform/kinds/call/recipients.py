"""Who is called: `to:` as a number, a list of numbers, or a column of a CSV file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from voiceform.kinds.call.tables import TableError, read_table
from voiceform.kinds.userfiles import Places, UserFileError, place_in, text_of
from voiceform.model.diagnostics import Diagnostic, Position, Report, Severity
from voiceform.model.document import Block, Series
from voiceform.model.numbers import is_phone_number, normal_number, person

DEFAULT_COLUMN = "phone"
MOST_RECIPIENTS = 100_000
MOST_LISTED = 20_000
"""The most that a list in the configuration itself may name; a CSV file holds more."""
_MOST_BAD_ROWS = 20

Numbered = tuple[str, Position]


def read_recipients(block: Block, address: str, report: Report, places: Places) -> list[str]:
    """The normal numbers under `to`, in order, each once. Everything that is wrong is reported."""
    value = block["to"]
    if isinstance(value, Block):
        texts = _csv_rows(value, address, report, places)
    elif isinstance(value, list):
        if len(value) > MOST_LISTED:
            report(_too_long(len(value), block, address))
            return []
        texts = ((item, _item_position(value, index, block)) for index, item in enumerate(value))
    else:
        texts = iter([(value, block.value_position("to"))])
    return _unique(texts, address, report)


def _too_long(count: int, block: Block, address: str) -> Diagnostic:
    return Diagnostic(
        "too-many-recipients",
        f"this list names {count:,} numbers, and one in the configuration may name {MOST_LISTED:,}",
        block.value_position("to"),
        hint="write them into a CSV file: {csv: people.csv, column: phone}",
        address=address,
    )


def check_number(text: str, position: Position, address: str, report: Report) -> str | None:
    """The normal form of one number; None, reported, when it is none. The number is not repeated."""
    try:
        return normal_number(text)
    except ValueError as error:
        report(Diagnostic("invalid-number", str(error), position, address=address))
        return None


def _item_position(series: list[Any], index: int, block: Block) -> Position:
    return series.item_position(index) if isinstance(series, Series) else block.value_position("to")


def _unique(texts: Iterator[Numbered], address: str, report: Report) -> list[str]:
    seen: list[str] = []
    people: dict[str, Position] = {}
    bad = 0
    for text, position in texts:
        try:
            number = normal_number(text)
        except ValueError as error:
            bad += 1
            if bad <= _MOST_BAD_ROWS:
                report(Diagnostic("invalid-number", str(error), position, address=address))
            continue
        # The telephone system's address of somebody whose number is here too would ring them twice.
        who = number if is_phone_number(number) else person(number) or number
        first = people.setdefault(who, position)
        if first is not position:
            report(
                Diagnostic(
                    "duplicate-recipient",
                    f"this person was given before, at {first}, and is called once",
                    position,
                    severity=Severity.WARNING,
                    address=address,
                )
            )
            continue
        seen.append(number)
        if len(seen) > MOST_RECIPIENTS:
            message = f"a schedule may call {MOST_RECIPIENTS:,} numbers at most"
            report(Diagnostic("too-many-recipients", message, position, address=address))
            break
    if bad > _MOST_BAD_ROWS:
        message = f"{bad - _MOST_BAD_ROWS} more numbers are wrong"
        report(Diagnostic("invalid-number", message, position, address=address))
    return seen


def _csv_rows(value: Block, address: str, report: Report, places: Places) -> Iterator[Numbered]:
    """The cells of the column, with the line that each stands in; problems of the file are reported."""
    path = Path(value.file).parent / value["csv"]
    name = str(path)
    count = 0
    try:
        for row in read_table(text_of(places.read(path).content), [value.get("column", DEFAULT_COLUMN)]):
            count += 1
            position = place_in(name, row.line)
            if row.problem is not None:
                report(Diagnostic("unusable-csv", row.problem, position, address=address))
                continue
            yield row.cells[0], position
    except UserFileError as error:
        place = value.value_position("csv")
        report(Diagnostic("unusable-csv", f"{name} {error.what}", place, hint=error.hint, address=address))
    except TableError as error:
        place = place_in(name, error.line) if error.line else value.value_position("column")
        report(Diagnostic("unusable-csv", f"{name} {error}", place, hint=error.hint, address=address))
    else:
        if not count:
            report(_empty(value, name, address))


def _empty(value: Block, name: str, address: str) -> Diagnostic:
    return Diagnostic(
        "no-recipients",
        f"{name} has a header and no rows: nobody is called",
        value.value_position("csv"),
        Severity.WARNING,
        "did the program that wrote it fail?",
        address,
    )

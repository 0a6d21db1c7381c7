"""Who is called: `to:` as a number, a list of numbers, or a column of a CSV file."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from voiceform.model.diagnostics import Diagnostic, Position, Severity
from voiceform.model.document import Block, Series
from voiceform.model.numbers import normal_number

DEFAULT_COLUMN = "phone"
MOST_RECIPIENTS = 100_000
_MOST_BAD_ROWS = 20

Report = Callable[[Diagnostic], None]
Numbered = tuple[str, Position]


def read_recipients(block: Block, address: str, report: Report) -> list[str]:
    """The normal numbers under `to`, in order, each once. Everything that is wrong is reported."""
    value = block["to"]
    if isinstance(value, Block):
        texts = _csv_rows(value, address, report)
    elif isinstance(value, list):
        texts = ((item, _item_position(value, index, block)) for index, item in enumerate(value))
    else:
        texts = iter([(value, block.value_position("to"))])
    return _unique(texts, address, report)


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
    seen: dict[str, Position] = {}
    bad = 0
    for text, position in texts:
        try:
            number = normal_number(text)
        except ValueError as error:
            bad += 1
            if bad <= _MOST_BAD_ROWS:
                report(Diagnostic("invalid-number", str(error), position, address=address))
            continue
        first = seen.setdefault(number, position)
        if first is not position:
            report(
                Diagnostic(
                    "duplicate-recipient",
                    f"this number was given before, at {first}; it is called once",
                    position,
                    severity=Severity.WARNING,
                    address=address,
                )
            )
        if len(seen) > MOST_RECIPIENTS:
            message = f"a schedule may call {MOST_RECIPIENTS:,} numbers at most"
            report(Diagnostic("too-many-recipients", message, position, address=address))
            break
    if bad > _MOST_BAD_ROWS:
        message = f"{bad - _MOST_BAD_ROWS} more numbers are wrong"
        report(Diagnostic("invalid-number", message, position, address=address))
    return list(seen)


def _csv_rows(value: Block, address: str, report: Report) -> Iterator[Numbered]:
    """The cells of the column, with the line that each stands in; problems of the file are reported."""
    path = Path(value.file).parent / value["csv"]
    column = value.get("column", DEFAULT_COLUMN)
    name = str(path)

    def problem(message: str, position: Position, hint: str | None = None) -> None:
        report(Diagnostic("unusable-csv", message, position, hint=hint, address=address))

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            header = [cell.strip() for cell in next(reader, [])]
            if header.count(column) != 1:
                times = "no" if column not in header else "more than one"
                problem(
                    f"{name} has {times} column {column!r} in its first line",
                    value.value_position("column"),
                    "the first line is a header; name one of its columns with `column:`",
                )
                return
            yield from _cells(reader, header.index(column), len(header), name, address, report)
    except OSError as error:
        problem(f"cannot read {name}: {error.strerror}", value.value_position("csv"))
    except UnicodeDecodeError:
        problem(f"{name} is not UTF-8 text", value.value_position("csv"))
    except csv.Error as error:
        problem(f"{name} is not CSV: {error}", Position(name, reader.line_num, 1))


def _cells(
    reader: Any,  # noqa: ANN401 - csv's reader has no public type
    index: int,
    width: int,
    name: str,
    address: str,
    report: Report,
) -> Iterator[Numbered]:
    for row in reader:
        position = Position(name, reader.line_num, 1)
        if not any(cell.strip() for cell in row):
            continue
        if len(row) != width:
            message = f"this row has {len(row)} cells, the header has {width}"
            report(Diagnostic("unusable-csv", message, position, address=address))
            continue
        yield row[index], position

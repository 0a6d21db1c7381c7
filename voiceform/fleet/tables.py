"""Tables of accounts: a row for each stack."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from voiceform.config.references import is_credential
from voiceform.fleet.member import NAME, NO_VARIABLES
from voiceform.kinds.call.tables import Table, TableError
from voiceform.kinds.userfiles import Places, UserFileError, text_of
from voiceform.model.diagnostics import Diagnostic, Position, Report
from voiceform.twilio.sids import is_sid

_KEYS = ("name", "account", "state", "evidence", "region", "edge", "template")
_NOT_HERE = frozenset({"path", "csv", "credentials", "labels", "label", "variables", "rollout", "stacks"})
"""Keys of a fleet file that no column has: as a variable each would be a mistake."""
_REQUIRED = ("name", "account")
_LABEL = "label."
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_LABEL_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_./-]{0,61}[A-Za-z0-9])?", re.ASCII)
_LABEL_VALUE = re.compile(r"([A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?", re.ASCII)
_CORRECT = "correct the row"
_PLACE = re.compile(r"[a-z0-9-]{1,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class StackRow:
    """One row: `keys` as in an entry of the fleet file, those that are not empty; `problems` are what is
    wrong in it and concerns its stack alone, and keys that are wrong are not among the others."""

    position: Position
    keys: dict[str, str]
    labels: dict[str, str]
    variables: dict[str, str]
    problems: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class StackRows:
    """The rows of a table, and its bytes; `empty` says that it could be read, and has none."""

    content: bytes = b""
    rows: list[StackRow] = field(default_factory=list)
    empty: bool = False


def read_rows(
    path: Path, where: Position, places: Places, *, needs_template: bool, report: Report
) -> StackRows:
    """The rows of a table; what is wrong in it is reported with its line, or `where` it is named."""
    display = os.path.normpath(path)
    try:
        content = places.read(path).content
        table = Table(text_of(content), _REQUIRED)
    except UserFileError as error:
        report(Diagnostic("unusable-csv", f"{display} {error.what}", where, hint=error.hint))
        return StackRows()
    except TableError as error:
        report(Diagnostic("unusable-csv", f"{display} {error}", where, hint=error.hint))
        return StackRows()
    if not _check_header(table, display, needs_template, report):
        return StackRows(content)
    good = True

    def told(found: Diagnostic) -> None:
        nonlocal good
        good = False
        report(found)

    rows = list(_rows(table, display, needs_template, told))
    return StackRows(content, rows, empty=good and not rows)


def _check_header(table: Table, display: str, needs_template: bool, report: Report) -> bool:
    at = Position(display, 1, 1, private=True)
    good = True
    for name, count in Counter(table.header).items():
        problem, hint = _column_problem(name, count)
        if problem:
            report(Diagnostic("unusable-csv", problem, at, hint=hint))
            good = False
    for name in (*_REQUIRED, *(("template",) if needs_template else ())):
        if name not in table.header:
            hint = (
                "name each in the first line"
                if name != "template"
                else "or write template: in the fleet file"
            )
            report(Diagnostic("unusable-csv", f"there is no column {name!r}", at, hint=hint))
            good = False
    return good


def _column_problem(name: str, count: int) -> tuple[str, str]:
    """What is wrong with a column, and what to do; empty for one that may be."""
    if count > 1:
        return f"the column {name!r} is there {count} times", "give each a name"
    if name.startswith(_LABEL):
        if not _LABEL_NAME.fullmatch(name.removeprefix(_LABEL)) or name == f"{_LABEL}stack":
            return f"the column {name!r} is no label", "write label.NAME"
    elif name in NO_VARIABLES or name in _NOT_HERE:
        hint = f"a row has {', '.join(_KEYS)} and label.NAME; the rest stands in the fleet file"
        return f"the column {name!r} is no variable of a configuration", hint
    elif name not in _KEYS and not _VARIABLE.fullmatch(name):
        return f"the column {name!r} is no name of a variable", "use letters, digits and _"
    elif is_credential(name):
        return f"the column {name!r} is called like a credential", "credentials stand in no file"
    return "", ""


def _rows(table: Table, display: str, needs_template: bool, report: Report) -> Iterator[StackRow]:
    """The rows, each with what is wrong about its stack. What keeps anybody from knowing which stack is meant
    is reported: without a name nothing can be told of it, and labels say of which groups it is."""
    needed = ("account", *(("template",) if needs_template else ()))
    try:
        for row in table.rows(table.header):
            at = Position(display, row.line, 1, private=True)
            problem = row.problem
            if problem is None:
                cells = dict(zip(table.header, map(str.strip, row.cells), strict=True))
                problem = _nameless(cells)
            if problem is not None:
                report(Diagnostic("unusable-row", problem, at, hint=_CORRECT))
                continue
            wrong = dict(_wrong(cells, needed))
            yield StackRow(
                at,
                {key: cells[key] for key in _KEYS if cells.get(key) and key not in wrong},
                {
                    key.removeprefix(_LABEL): cells[key]
                    for key in cells
                    if key.startswith(_LABEL) and cells[key]
                },
                {key: cells[key] for key in cells if key not in _KEYS and not key.startswith(_LABEL)},
                tuple(Diagnostic("unusable-row", each, at, hint=_CORRECT) for each in wrong.values()),
            )
    except TableError as error:
        at = Position(display, error.line or 1, 1, private=True)
        report(Diagnostic("unusable-csv", f"the table {error}", at, hint=error.hint))


def _nameless(cells: dict[str, str]) -> str | None:
    """Why nobody can say which stack a row is about, in words that repeat nothing of it."""
    if not cells["name"]:
        return "the cell of name is empty"
    if not NAME.fullmatch(cells["name"]):
        return "the name is not 1 to 63 letters, digits, - and _"
    for key, value in cells.items():
        if key.startswith(_LABEL) and not _LABEL_VALUE.fullmatch(value):
            return f"the value of {key} is no label: letters, digits, - _ and ., 63 at most"
    return None


def _wrong(cells: dict[str, str], needed: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """What else is wrong with a row: the column, and words that repeat nothing of it."""
    for name in needed:
        if not cells[name]:
            yield name, f"the cell of {name} is empty"
    if cells["account"] and not is_sid(cells["account"], "AC"):
        yield "account", "the account is no account SID: AC and 32 hexadecimal digits"
    for key in ("region", "edge"):
        if cells.get(key) and not _PLACE.fullmatch(cells[key]):
            yield key, f"the {key} is not as ie1 or dublin"

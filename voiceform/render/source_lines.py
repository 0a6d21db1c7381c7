"""Lines of the user's files beside findings: cut around the place, without secrets, at a bounded price.

Each file is read and gone through once, each line once; what one finding costs depends neither on the length
of its line nor on the number of lines.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Callable, Iterable
from pathlib import Path

from voiceform.model.diagnostics import Position
from voiceform.model.document import MAX_BYTES
from voiceform.model.masking import REDACTED, is_sensitive, redact_text

SourceReader = Callable[[str], str | None]
"""Gives the text of a file by the name that positions carry, or None when it cannot be read."""

_KEY = re.compile(r"(?<![\w-])(?P<name>[A-Za-z_][\w-]*)(?:[\"'][ \t]*:|[ \t]*:(?=\s|$|[\[{\"']))")
_VIEW = 120
_BEFORE = 50
_AROUND = 300
"""How much on either side is looked at for what must be masked; words cut there are left out."""
_INSIDE = 24
"""How far back the caret moves to the beginning of what is masked."""


def read_source(file: str) -> str | None:
    """The text of a regular file, or None when there is none that can be read as such. Nothing is shown of
    one that is larger than a configuration may be."""
    path = Path(file)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return None
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return None
    return None if "\0" in text else text  # UTF-16, in which no key looks like that of a secret


class SourceLines:
    """The lines that `positions` are in."""

    def __init__(self, reader: SourceReader, positions: Iterable[Position]) -> None:
        self._reader = reader
        self._wanted: dict[str, set[int]] = {}
        for position in positions:
            if not position.private:
                self._wanted.setdefault(position.file, set()).add(position.line - 1)
        self._files: dict[str, _File] = {}

    def line(self, position: Position) -> tuple[str, int] | None:
        """The line as it may be shown, and the column (from 0) of the position in it.

        None without source, for a private place, and where it cannot be told what is secret.
        """
        if position.private:
            return None
        if position.file not in self._files:
            text = self._reader(position.file) or ""
            self._files[position.file] = _File(text, self._wanted.get(position.file, set()))
        return self._files[position.file].line(position.line - 1, max(position.column - 1, 0))


class _File:
    """One file, of which some lines are wanted."""

    def __init__(self, text: str, wanted: set[int]) -> None:
        # Only what YAML counts as a line end: str.splitlines knows more of them and would drift off.
        self._lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        self._above = _lines_above(self._lines, wanted)
        self._secrets: dict[int, int | None] = {}

    def line(self, index: int, column: int) -> tuple[str, int] | None:
        above = self._above.get(index)
        if above is None:
            return None
        source = self._lines[index]
        if source.lstrip()[:1] in (":", "?"):
            return None  # a key and its value on lines of their own: the indentation says nothing
        secret = self._secret_in(index)
        if any(self._secret_in(line) is not None for line in above):
            secret = _indent(source)
        return _view(source, min(column, len(source)), secret)

    def _secret_in(self, index: int) -> int | None:
        """Where the first secret of a line begins: after its key."""
        if index not in self._secrets:
            keys = _KEY.finditer(self._lines[index])
            self._secrets[index] = next((key.end() for key in keys if is_sensitive(key["name"])), None)
        return self._secrets[index]


def _lines_above(lines: list[str], wanted: set[int]) -> dict[int, list[int]]:
    """For each wanted line that holds anything: those whose keys may rule it, which are less indented, and
    the one before, whose value may go on in it."""
    found: dict[int, list[int]] = {}
    open_: list[tuple[int, int]] = []
    before: list[int] = []
    for index in range(min(len(lines), max(wanted, default=-1) + 1)):
        line = lines[index]
        if not line or line.isspace():
            continue
        indent = _indent(line)
        while open_ and open_[-1][0] >= indent:
            open_.pop()
        if index in wanted:
            found[index] = [*(line_above for _, line_above in open_), *before]
        open_.append((indent, index))
        before = [index]
    return found


def _view(source: str, column: int, secret: int | None) -> tuple[str, int] | None:
    """A line without secrets and numbers, cut to what fits around the column."""
    after = source[column : column + _AROUND]
    start = max(0, column - _AROUND)
    before = source[start:column]
    if secret is not None and secret < column + len(after):
        before, after = before[: max(0, secret - start)], f"{after[: max(0, secret - column)]} {REDACTED}"
    if start:
        before = before[before.find(" ") :] if " " in before else ""
    whole = redact_text(before + after)
    for back in range(min(len(before), _INSIDE) + 1):
        edge = len(before) - back
        shown = redact_text(before[:edge])
        if shown + redact_text((before + after)[edge:]) == whole:
            begin = max(0, len(shown) - _BEFORE) if len(whole) > _VIEW else 0
            return whole[begin:][:_VIEW].rstrip(), len(shown) - begin
    return None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())

"""Findings about the configuration: for people with the source line, and the table of all their formats."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from voiceform.model.diagnostics import Diagnostic, Position, Severity, count_of
from voiceform.model.masking import REDACTED, is_sensitive, redact_text
from voiceform.render.destroyed import number_of
from voiceform.render.escape import terminal
from voiceform.render.github import diagnostics_github
from voiceform.render.json import diagnostics_json
from voiceform.render.layout import BLANK, Line, Tone, lay_out
from voiceform.render.sarif import diagnostics_sarif

SourceReader = Callable[[str], str | None]
"""Gives the text of a file by the name that positions carry, or None when it cannot be read."""

_TONES = {Severity.ERROR: Tone.ERROR, Severity.WARNING: Tone.WARNING}
_KEY = re.compile(r"(?P<name>[A-Za-z_][\w-]*)[\"']?\s*:(?=\s|$)")
_VIEW = 160
_BEFORE = 60


def read_source(file: str) -> str | None:
    """The text of a file, or None when it cannot be read as such."""
    try:
        return Path(file).read_text(encoding="utf-8-sig")
    except (OSError, ValueError):
        return None


def text(
    diagnostics: Sequence[Diagnostic], source_reader: SourceReader = read_source, *, color: bool = False
) -> str:
    """Each finding with its place, its source line and a caret; the count at the end; no final newline."""
    sources = _Sources(source_reader)
    return lay_out(_lines(diagnostics, sources), color=color, width=0)


FORMATS: Mapping[str, Callable[[Sequence[Diagnostic]], str]] = {
    "text": text,
    "json": diagnostics_json,
    "github": diagnostics_github,
    "sarif": diagnostics_sarif,
}
"""The renderer of each value of `validate --format`. All but text end in a newline, unless empty."""


class _Sources:
    """Source lines, each file read once."""

    def __init__(self, reader: SourceReader) -> None:
        self._reader = reader
        self._files: dict[str, list[str]] = {}

    def line(self, position: Position) -> tuple[str, int] | None:
        """The line as it may be shown, and the column (from 0) of the position in it; None without source and
        for a private place."""
        if position.private:
            return None
        if position.file not in self._files:
            # Only what YAML counts as a line end: str.splitlines knows more of them and would drift off.
            content = self._reader(position.file) or ""
            self._files[position.file] = content.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        lines = self._files[position.file]
        if not 1 <= position.line <= len(lines) or not lines[position.line - 1].strip():
            return None
        return _presentable(lines, position.line - 1, max(position.column - 1, 0))


def _lines(diagnostics: Sequence[Diagnostic], sources: _Sources) -> Iterator[Line]:
    for diagnostic in diagnostics:
        message = terminal(redact_text(diagnostic.message))
        yield Line(
            f"{diagnostic.severity}[{terminal(diagnostic.code)}]: {message}", 0, _TONES[diagnostic.severity]
        )
        yield from _place(diagnostic, sources)
        if diagnostic.hint:
            yield Line(f"hint: {terminal(redact_text(diagnostic.hint))}", 2)
        yield BLANK
    yield Line(count_text(diagnostics), 0, Tone.TITLE)


def count_text(diagnostics: Sequence[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    errors, warnings = (count_of(diagnostics, severity) for severity in (Severity.ERROR, Severity.WARNING))
    parts = [number_of(errors, "error")] if errors or not warnings else []
    return ", ".join([*parts, *([number_of(warnings, "warning")] if warnings else [])])


def _place(diagnostic: Diagnostic, sources: _Sources) -> Iterator[Line]:
    owner = f" ({terminal(diagnostic.address)})" if diagnostic.address else ""
    if diagnostic.position is None:
        if owner:
            yield Line(f"in {terminal(diagnostic.address or '')}", 2, Tone.MUTED)
        return
    yield Line(f"--> {terminal(str(diagnostic.position))}{owner}", 2, Tone.MUTED)
    found = sources.line(diagnostic.position)
    if found is None:
        return
    from rich.cells import cell_len

    source, column = found
    number = str(diagnostic.position.line)
    before = _printable(source[:column])
    marked = _token(source[column:])
    yield Line(f"{number} | {before}{_printable(source[column:])}", 2)
    carets = "^" * max(1, cell_len(_printable(marked)))
    yield Line(f"{' ' * len(number)} | {' ' * cell_len(before)}{carets}", 2, _TONES[diagnostic.severity])


def _token(rest: str) -> str:
    """What the caret underlines: a quoted text, or everything up to a space or a YAML mark."""
    if rest[:1] in ('"', "'"):
        end = rest.find(rest[0], 1)
        return rest[: end + 1] if end > 0 else rest[:1]
    length = next((index for index, char in enumerate(rest) if char in " \t,:]}#"), len(rest))
    return rest[:length]


def _printable(source: str) -> str:
    return terminal(source.replace("\t", "    "))


def _presentable(lines: list[str], index: int, column: int) -> tuple[str, int]:
    """A source line without secrets and numbers, cut to what fits around the column."""
    source = lines[index]
    column = min(column, len(source))
    secret = _secret_from(lines, index)
    if secret is not None:
        source, column = f"{source[:secret]} {REDACTED}", min(column, secret)
    whole = redact_text(source)
    while redact_text(source[:column]) + redact_text(source[column:]) != whole:
        column -= 1  # inside of what is masked: point at its beginning
    before, after = redact_text(source[:column]), redact_text(source[column:])
    start = max(0, len(before) - _BEFORE) if len(whole) > _VIEW else 0
    return (before[start:] + after)[:_VIEW].rstrip(), len(before) - start


def _secret_from(lines: list[str], index: int) -> int | None:
    """Where a secret begins in a line: after its key, or at once when the key is further up."""
    for key in _KEY.finditer(lines[index]):
        if is_sensitive(key["name"]):
            return key.end()
    indent = _indent(lines[index])
    above = next((line for line in reversed(lines[:index]) if line.strip() and _indent(line) < indent), "")
    key_above = _KEY.search(above)
    return indent if key_above is not None and is_sensitive(key_above["name"]) else None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())

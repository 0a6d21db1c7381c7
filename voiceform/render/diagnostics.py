"""Findings about the configuration: for people with the source line, and the table of all their formats."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from voiceform.model.diagnostics import Diagnostic, Severity, count_of
from voiceform.model.masking import redact_text
from voiceform.model.wording import counted
from voiceform.render.escape import terminal
from voiceform.render.layout import BLANK, Line, Tone, lay_out
from voiceform.render.source_lines import SourceLines, SourceReader, read_source

_LEAST = 30
"""Cells of a source line that are shown on the narrowest terminal."""

_TONES = {Severity.ERROR: Tone.ERROR, Severity.WARNING: Tone.WARNING}


def text(
    diagnostics: Sequence[Diagnostic],
    source_reader: SourceReader = read_source,
    *,
    color: bool = False,
    width: int = 0,
) -> str:
    """Each finding with its place, its source line and a caret; the count at the end; no final newline.

    With a `width`, sentences go on below, and a long source line is cut around the caret.
    """
    places = (found.position for found in diagnostics if found.position)
    sources = SourceLines(source_reader, places)
    return lay_out(_lines(diagnostics, sources, width), color=color, width=width)


def _json(diagnostics: Sequence[Diagnostic]) -> str:
    from voiceform.render.findings_json import diagnostics_json

    return diagnostics_json(diagnostics)


def _github(diagnostics: Sequence[Diagnostic]) -> str:
    from voiceform.render.github import diagnostics_github

    return diagnostics_github(diagnostics)


def _sarif(diagnostics: Sequence[Diagnostic]) -> str:
    from voiceform.render.sarif import diagnostics_sarif

    return diagnostics_sarif(diagnostics)


FORMATS: Mapping[str, Callable[[Sequence[Diagnostic]], str]] = {
    "text": text,
    "json": _json,
    "github": _github,
    "sarif": _sarif,
}
"""The renderer of each value of `validate --format`. All but text end in a newline, unless empty."""


def _lines(diagnostics: Sequence[Diagnostic], sources: SourceLines, width: int) -> Iterator[Line]:
    for diagnostic in diagnostics:
        message = terminal(redact_text(diagnostic.message))
        yield Line(
            f"{diagnostic.severity}[{terminal(diagnostic.code)}]: {message}", 0, _TONES[diagnostic.severity]
        )
        yield from _place(diagnostic, sources, width)
        if diagnostic.hint:
            yield Line(f"hint: {terminal(redact_text(diagnostic.hint))}", 2)
        yield BLANK
    yield Line(count_text(diagnostics), 0, Tone.TITLE)


def count_text(diagnostics: Sequence[Diagnostic]) -> str:
    """`2 errors, 1 warning`."""
    errors, warnings = (count_of(diagnostics, severity) for severity in (Severity.ERROR, Severity.WARNING))
    parts = [counted(errors, "error")] if errors or not warnings else []
    return ", ".join([*parts, *([counted(warnings, "warning")] if warnings else [])])


def _place(diagnostic: Diagnostic, sources: SourceLines, width: int) -> Iterator[Line]:
    address = terminal(redact_text(diagnostic.address)) if diagnostic.address else ""
    if diagnostic.position is None:
        if address:
            yield Line(f"in {address}", 2, Tone.MUTED)
        return
    owner = f" ({address})" if address else ""
    yield Line(f"--> {terminal(str(diagnostic.position))}{owner}", 2, Tone.MUTED)
    found = sources.line(diagnostic.position)
    if found is None:
        return
    source, column = found
    number = str(diagnostic.position.line)
    before, marked = _printable(source[:column]), _printable(_token(source[column:]))
    room = max(width - len(number) - 5, _LEAST) if width > 0 else 0
    shown, blanks, carets = _fitted(before, marked, _printable(source[column:]), room)
    yield Line(f"{number} | {shown}", 2, wrap=False)
    yield Line(
        f"{' ' * len(number)} | {' ' * blanks}{'^' * carets}", 2, _TONES[diagnostic.severity], wrap=False
    )


def _fitted(before: str, marked: str, rest: str, room: int) -> tuple[str, int, int]:
    """A source line, of at most `room` cells if that is not 0, and the blanks and carets below it."""
    from rich.cells import cell_len, set_cell_size

    blanks, carets = cell_len(before), max(1, cell_len(marked))
    if room and blanks + cell_len(rest) > room:
        if blanks + min(carets, room // 2) > room:  # what is marked would be out of sight
            before = f"...{_ending(before, room // 2 - 3)}"
            blanks = cell_len(before)
        left = room - blanks
        if cell_len(rest) > left:
            rest = f"{set_cell_size(rest, left - 3)}..."
        carets = min(carets, left)
    return f"{before}{rest}", blanks, carets


def _ending(text: str, room: int) -> str:
    """The end of a text, of at most `room` cells."""
    from rich.cells import cell_len

    while cell_len(text) > room:
        text = text[max(1, (cell_len(text) - room) // 2) :]
    return text


def _token(rest: str) -> str:
    """What the caret underlines: a quoted text, or everything up to a space or a YAML mark."""
    if rest[:1] in ('"', "'"):
        end = rest.find(rest[0], 1)
        return rest[: end + 1] if end > 0 else rest[:1]
    length = next((index for index, char in enumerate(rest) if char in " \t,:]}#"), len(rest))
    return rest[:length]


def _printable(source: str) -> str:
    return terminal(source.replace("\t", "    "))

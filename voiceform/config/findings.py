"""Collects diagnostics from everywhere and puts them in source order."""

from __future__ import annotations

from collections.abc import Sequence

from voiceform.model.diagnostics import Diagnostic, Position, Severity
from voiceform.model.errors import ConfigurationError

MAX_FINDINGS = 10_000
"""More are counted and not kept: a file of millions of mistakes must not fill the memory."""


class Findings:
    """Takes diagnostics as a callable; repetitions are left out."""

    def __init__(self) -> None:
        self._kept: dict[tuple[Position | None, str, str], Diagnostic] = {}
        self._places: set[Position | None] = set()
        self._left_out = 0
        self._errors = 0

    def __call__(self, diagnostic: Diagnostic) -> None:
        """Take one diagnostic."""
        if diagnostic.severity is Severity.ERROR:
            self._errors += 1
        if len(self._kept) >= MAX_FINDINGS:
            self._left_out += 1
            return
        self._kept.setdefault((diagnostic.position, diagnostic.code, diagnostic.message), diagnostic)
        self._places.add(diagnostic.position)

    def new_place(self, diagnostic: Diagnostic) -> None:
        """Take one diagnostic unless something was found at its place before, of which it is a consequence.

        A missing key has no place of its own and is always taken.
        """
        if diagnostic.code == "missing-key" or diagnostic.position not in self._places:
            self(diagnostic)

    @property
    def failed(self) -> bool:
        """Whether there is an error among them."""
        return self._errors > 0

    def in_order(self, files: Sequence[str]) -> list[Diagnostic]:
        """Everything kept: first what has no place, then by file as given, line and column."""
        ranks = {file: rank for rank, file in enumerate(files)}

        def place(diagnostic: Diagnostic) -> tuple[int, int, int]:
            position = diagnostic.position or Position("", 0, 0)
            return ranks.get(position.file, -1), position.line, position.column

        ordered = sorted(self._kept.values(), key=place)
        if self._left_out:
            ordered.append(Diagnostic("too-many", f"and {self._left_out:,} more findings that are not shown"))
        return ordered

    def raise_errors(self, files: Sequence[str]) -> None:
        """Raise ConfigurationError with everything, warnings included, when there is an error."""
        if self.failed:
            raise ConfigurationError(self.in_order(files))

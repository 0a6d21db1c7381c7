"""Collects diagnostics from everywhere and puts them in source order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from voiceform.model.diagnostics import TOO_MANY, Diagnostic, Position, Severity, unshown
from voiceform.model.errors import ConfigurationError

MAX_FINDINGS = 200
"""The first ones are kept in full, errors and warnings apart, and the rest is counted: nobody reads more, and
a file of millions of mistakes must not fill memory and log."""
MAX_COUNTED = 10_000
"""So many errors are counted one by one; after that nothing more is looked at."""


class EnoughError(Exception):
    """There are so many errors that to look for more would only take time."""


class Findings:
    """Takes diagnostics as a callable; repetitions are left out.

    Raises EnoughError after MAX_COUNTED errors; whoever catches it calls `stop`.
    """

    def __init__(self) -> None:
        self._kept: dict[tuple[Position | None, str, str], Diagnostic] = {}
        self._places: set[Position | None] = set()
        self._count: Counter[Severity] = Counter()
        self._shown: Counter[Severity] = Counter()
        self._stopped = False

    def __call__(self, diagnostic: Diagnostic) -> None:
        """Take one diagnostic."""
        severity = diagnostic.severity
        if diagnostic.code == TOO_MANY or self._shown[severity] >= MAX_FINDINGS:
            self._count[severity] += diagnostic.stands_for
            if severity is Severity.ERROR and diagnostic.code != TOO_MANY and self.errors > MAX_COUNTED:
                raise EnoughError
            return
        key = (diagnostic.position, diagnostic.code, diagnostic.message)
        if key not in self._kept:
            self._kept[key] = diagnostic
            self._places.add(diagnostic.position)
            self._count[severity] += 1
            self._shown[severity] += 1

    def stop(self) -> None:
        """Take note that nothing more is looked for, so that there may be more errors than are counted."""
        self._stopped = True

    def found_at(self, position: Position) -> bool:
        """Whether something was found at a place before: the next is a consequence of it."""
        return position in self._places

    def places(self) -> frozenset[Position]:
        """Where something is wrong. What is missing is nowhere: it is told at what comes first beside it."""
        return frozenset(
            place for place, code, _ in self._kept if place is not None and code != "missing-key"
        )

    @property
    def codes(self) -> frozenset[str]:
        """The codes of what was found."""
        return frozenset(code for _, code, _ in self._kept)

    def rewrite(self, change: Callable[[Diagnostic], Diagnostic]) -> None:
        """Put `change` of each diagnostic in its place."""
        for key, diagnostic in self._kept.items():
            self._kept[key] = change(diagnostic)

    @property
    def failed(self) -> bool:
        """Whether there is an error among them."""
        return self.errors > 0

    @property
    def errors(self) -> int:
        """How many errors there are."""
        return self._count[Severity.ERROR]

    def in_order(self, files: Sequence[str]) -> list[Diagnostic]:
        """Everything kept: first what has no place, then by file as given, line and column; then the rest."""
        ranks = {file: rank for rank, file in enumerate(files)}

        def place(diagnostic: Diagnostic) -> tuple[int, int, int]:
            position = diagnostic.position or Position("", 0, 0)
            return ranks.get(position.file, -1), position.line, position.column

        ordered = sorted(self._kept.values(), key=place)
        left_out = self._count - self._shown
        return ordered + [
            unshown(count, severity, counted=not self._stopped or severity is not Severity.ERROR)
            for severity, count in sorted(left_out.items())
        ]

    def raise_errors(self, files: Sequence[str]) -> None:
        """Raise ConfigurationError with everything, warnings included, when there is an error."""
        if self.failed:
            raise ConfigurationError(self.in_order(files))

"""Positions in source files, and what is wrong there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum


class Severity(StrEnum):
    """How bad a diagnostic is; only errors stop a command."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place in a file; `line` and `column` count from 1.

    What stands at a `private` one is never shown: it is in a file of people's data.
    """

    file: str
    line: int
    column: int
    private: bool = field(default=False, compare=False)

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding about the configuration.

    `code` is a stable slug such as `unknown-key` (it is the rule id in SARIF); `message` one sentence;
    `hint` what to do; `address` the object concerned, if there is one. `stands_for` is how many findings this
    one counts for: more than one in `and 9,800 more errors`, which stands for those that are not shown.
    """

    code: str
    message: str
    position: Position | None = None
    severity: Severity = Severity.ERROR
    hint: str | None = None
    address: str | None = None
    stands_for: int = 1

    def __str__(self) -> str:
        place = f"{self.position}: " if self.position else ""
        owner = f"{self.address}: " if self.address else ""
        advice = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.severity}: {owner}{self.message}{advice} [{self.code}]"


Report = Callable[[Diagnostic], None]
"""Takes findings as they are made, so that all are shown at once."""


def unshown(
    count: int,
    severity: Severity = Severity.ERROR,
    position: Position | None = None,
    *,
    counted: bool = True,
) -> Diagnostic:
    """What stands for `count` more findings, which nobody would read to the end; there may be more of them
    when they were not all `counted`."""
    noun = f"{severity}s" if count > 1 else str(severity)
    number = f"{count:,}" if counted else f"at least {count:,}"
    return Diagnostic(TOO_MANY, f"and {number} more {noun}", position, severity, stands_for=count)


TOO_MANY = "too-many"
"""The code of a diagnostic that stands for others."""


def count_of(diagnostics: Iterable[Diagnostic], severity: Severity) -> int:
    """How many findings of a severity there are, those that are only counted included."""
    return sum(found.stands_for for found in diagnostics if found.severity is severity)

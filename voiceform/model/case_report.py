"""What came of the tests of a stack: plain data, which carries phone numbers in clear."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from voiceform.model.diagnostics import Diagnostic, Position, Severity


@dataclass(frozen=True, slots=True)
class Mismatch:
    """Something is not as it was expected. `missing` are lines of what was expected and is not there, `other`
    of what is there and was not expected."""

    what: str
    position: Position
    missing: tuple[str, ...] = ()
    other: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one case ended, and after how many seconds of real time."""

    name: str
    position: Position
    seconds: float
    mismatches: tuple[Mismatch, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether everything was as expected."""
        return not self.mismatches


@dataclass(frozen=True, slots=True)
class FileResult:
    """The cases of one file that were run; none of a file in which there is an error."""

    file: str
    cases: tuple[CaseResult, ...] = ()
    findings: tuple[Diagnostic, ...] = ()

    @property
    def readable(self) -> bool:
        """Whether its cases could be run."""
        return all(found.severity is not Severity.ERROR for found in self.findings)


@dataclass(frozen=True, slots=True)
class CaseReport:
    """How all of them ended, file by file."""

    files: tuple[FileResult, ...]

    @property
    def cases(self) -> Iterator[CaseResult]:
        """Every case."""
        return (case for file in self.files for case in file.cases)

    @property
    def passed(self) -> int:
        """How many cases passed."""
        return sum(case.passed for case in self.cases)

    @property
    def failed(self) -> int:
        """How many cases failed."""
        return sum(not case.passed for case in self.cases)

    @property
    def unreadable(self) -> int:
        """How many files could not be used."""
        return sum(not file.readable for file in self.files)

    @property
    def seconds(self) -> float:
        """How long the cases took together."""
        return sum(case.seconds for case in self.cases)

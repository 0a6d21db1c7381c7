"""Lets pytest run the cases of `*.voiceform.yaml`, each as a test of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from voiceform.model.case_report import CaseResult
    from voiceform.testing.cases.reading import Case, CaseFile


class CaseFailedError(Exception):
    """A case did not end as it had to."""

    def __init__(self, result: CaseResult) -> None:
        super().__init__(result.name)
        self.result = result


class CaseCollector(pytest.File):
    """The cases of one file."""

    def collect(self) -> Iterator[pytest.Item]:
        """Each case. CollectError with everything that is wrong in the file."""
        from voiceform.config.sources import SourceFile
        from voiceform.model.errors import ConfigurationError
        from voiceform.render import diagnostics
        from voiceform.testing.cases.reading import read_cases

        try:
            file = read_cases(SourceFile(self.path, os.path.relpath(self.path), (self.path.parent,)))
        except ConfigurationError as error:
            raise self.CollectError(diagnostics.text(error.diagnostics)) from None
        for case in file.cases:
            yield CaseItem.from_parent(self, name=case.name, file=file, case=case)


class CaseItem(pytest.Item):
    """One case."""

    def __init__(self, *, file: CaseFile, case: Case, **options: Any) -> None:  # noqa: ANN401 - of pytest
        super().__init__(**options)
        self._file = file
        self._case = case

    def runtest(self) -> None:
        """Run it. CaseFailedError."""
        from voiceform.testing.cases.running import run_case
        from voiceform.testing.emulated import Emulator

        with Emulator() as emulator:
            result = run_case(self._file, self._case, emulator)
        if not result.passed:
            raise CaseFailedError(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401
        """What was expected and is not so; numbers are masked."""
        error = excinfo.value
        if not isinstance(error, CaseFailedError):
            return super().repr_failure(excinfo, style)
        from voiceform.model.case_report import FileResult
        from voiceform.render import case_reports

        result = FileResult(self._file.display, (error.result,))
        return str(case_reports.text(result, color=False, width=100))

    def reportinfo(self) -> tuple[str, int | None, str]:
        """Where it is, from line 0."""
        return str(self.path), self._case.position.line - 1, self.name

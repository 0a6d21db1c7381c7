"""Reports on one file while it is read: the first problems in words, the others by their number."""

from __future__ import annotations

from collections.abc import Callable

from voiceform.config.problems.findings import MAX_FINDINGS
from voiceform.model.diagnostics import Diagnostic, Report, unshown
from voiceform.model.document import Mark, position_of

Words = tuple[str, str | None]
"""A message and a hint."""


class FileReport:
    """Takes problems of one file in source order. A megabyte may hold half a million: words are dear."""

    def __init__(self, file: str, report: Report) -> None:
        self.file = file
        self._report = report
        self._count = 0

    def __call__(self, code: str, mark: Mark, say: Callable[[], Words]) -> None:
        """Take one problem; `say` is asked for its words only when they will be shown."""
        self._count += 1
        if self._count <= MAX_FINDINGS:
            message, hint = say()
            self._report(Diagnostic(code, message, position_of(mark, self.file), hint=hint))

    def finish(self) -> None:
        """Report how many problems there were beside those that were told."""
        if self._count > MAX_FINDINGS:
            self._report(unshown(self._count - MAX_FINDINGS))
            self._count = MAX_FINDINGS

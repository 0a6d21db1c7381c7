"""Findings as workflow commands of GitHub Actions, which shows them beside the lines of a pull request."""

from __future__ import annotations

from collections.abc import Sequence

from voiceform.model.diagnostics import Diagnostic
from voiceform.model.masking import redact_text
from voiceform.model.shown import Shown
from voiceform.render.escape import github_data, github_property, visible


def diagnostics_github(diagnostics: Sequence[Diagnostic]) -> Shown:
    """One `::error file=...,line=...,col=...,title=...::message` or `::warning` line for each finding."""
    return Shown("".join(f"{_command(diagnostic)}\n" for diagnostic in diagnostics))


def _command(diagnostic: Diagnostic) -> str:
    properties = {"title": diagnostic.code}
    if diagnostic.position is not None:
        properties = {
            "file": diagnostic.position.file,
            "line": str(diagnostic.position.line),
            "col": str(diagnostic.position.column),
            **properties,
        }
    owner = f"{diagnostic.address}: " if diagnostic.address else ""
    parts = [owner + diagnostic.message, *([diagnostic.hint] if diagnostic.hint else [])]
    message = "\n".join(visible(redact_text(part)) for part in parts)
    listed = ",".join(f"{name}={github_property(value)}" for name, value in properties.items())
    return f"::{diagnostic.severity} {listed}::{github_data(message)}"

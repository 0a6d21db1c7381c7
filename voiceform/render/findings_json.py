"""Findings about the configuration for programs, and the layout of all documents.

By itself, because `validate` needs nothing of plans and runs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voiceform.model.diagnostics import Diagnostic, Severity, count_of
from voiceform.model.masking import redact_text
from voiceform.model.shown import Shown
from voiceform.render.escape import json_text


def diagnostics_json(diagnostics: Sequence[Diagnostic]) -> Shown:
    """`{valid, error_count, warning_count, diagnostics: [...]}`; valid means no errors. Ends in a newline."""
    return laid_out(findings_document(diagnostics))


def findings_document(diagnostics: Sequence[Diagnostic]) -> dict[str, Any]:
    """The document of `diagnostics_json`, for those that hold more."""
    errors = count_of(diagnostics, Severity.ERROR)
    return {
        "valid": not errors,
        "error_count": errors,
        "warning_count": count_of(diagnostics, Severity.WARNING),
        "diagnostics": [
            {
                "severity": str(item.severity),
                "code": item.code,
                "message": redact_text(item.message),
                "hint": shown_text(item.hint),
                "address": shown_text(item.address),
                "file": shown_text(item.position.file) if item.position else None,
                "line": item.position.line if item.position else None,
                "column": item.position.column if item.position else None,
            }
            for item in diagnostics
        ],
    }


def shown_text(text: str | None, show_numbers: bool = False) -> str | None:
    """A text without what may not be shown, if there is one."""
    return None if text is None else redact_text(text, show_numbers=show_numbers)


def laid_out(document: Mapping[str, Any]) -> Shown:
    """One member a line, and of a list of objects one object a line."""
    members = (f"  {json_text(key)}: {_member(value)}" for key, value in document.items())
    return Shown("{\n" + ",\n".join(members) + "\n}\n")


def _member(value: Any) -> str:  # noqa: ANN401 - any JSON value
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        return "[\n" + ",\n".join(f"    {json_text(item)}" for item in value) + "\n  ]"
    return json_text(value)

"""Findings as SARIF 2.1.0 (OASIS), which code scanning services read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from voiceform.model.diagnostics import Diagnostic, Position
from voiceform.model.explanations import explanations
from voiceform.model.masking import redact_text
from voiceform.model.shown import Shown
from voiceform.render.escape import json_text, visible
from voiceform.version import __version__

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_ROOT = "SRCROOT"


def diagnostics_sarif(diagnostics: Sequence[Diagnostic]) -> Shown:
    """One run with a rule for each code; files are relative to SRCROOT. Ends in a newline."""
    codes = sorted({diagnostic.code for diagnostic in diagnostics})
    run = {
        "tool": {
            "driver": {
                "name": "voiceform",
                "semanticVersion": __version__,
                "rules": [_rule(code) for code in codes],
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The folder that voiceform was run in."}}},
        "results": [_result(diagnostic, codes.index(diagnostic.code)) for diagnostic in diagnostics],
    }
    return Shown(json_text({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}) + "\n")


def _rule(code: str) -> dict[str, Any]:
    known = explanations().get(code)
    if known is None:
        return {"id": code, "shortDescription": {"text": code.replace("-", " ")}}
    help_text = f"{known.what}\n\n{known.why}\n\n{known.do}"
    return {
        "id": code,
        "shortDescription": {"text": _plain(known.what)},
        "fullDescription": {"text": _plain(f"{known.what} {known.why}")},
        "help": {"text": _plain(help_text), "markdown": f"{help_text}\n\n{known.markdown_example}"},
        "helpUri": known.address,
    }


def _result(diagnostic: Diagnostic, rule_index: int) -> dict[str, Any]:
    parts = [diagnostic.message, *([diagnostic.hint] if diagnostic.hint else [])]
    location: dict[str, Any] = {}
    if diagnostic.position is not None:
        location["physicalLocation"] = _physical(diagnostic.position)
    if diagnostic.address:
        name = visible(redact_text(diagnostic.address))
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "resource"}]
    return {
        "ruleId": diagnostic.code,
        "ruleIndex": rule_index,
        "level": str(diagnostic.severity),
        "message": {"text": "\n".join(_plain(part) for part in parts)},
        **({"locations": [location]} if location else {}),
    }


def _plain(text: str) -> str:
    """Literal text: braces would be placeholders (SARIF 3.11.5) and `[text](target)` a link (3.11.6)."""
    shown = visible(redact_text(text))
    if "](" in shown:
        shown = shown.replace("\\", "\\\\").replace("[", "\\[").replace("]", "\\]")
    return shown.replace("{", "{{").replace("}", "}}") or "(empty)"


def _physical(position: Position) -> dict[str, Any]:
    path = PurePath(position.file)
    artifact = (
        {"uri": path.as_uri()}
        if path.is_absolute()
        else {"uri": quote(path.as_posix(), safe="/"), "uriBaseId": _ROOT}
    )
    return {
        "artifactLocation": artifact,
        "region": {"startLine": position.line, "startColumn": position.column},
    }

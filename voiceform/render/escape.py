"""Texts from YAML and from the API are data: one escaping function for each place that shows them.

Every function first makes visible what a reader would not see: control characters, ANSI escapes, characters
that reverse or hide text. Right-to-left letters themselves stay; HTML isolates them. HTML is escaped where
templates are filled (model/pages.py), and iCalendar is left to the library that writes it.
"""

from __future__ import annotations

import json
import re
from typing import Any

from voiceform.model.escape import escaped_json, log_line, terminal, visible
from voiceform.model.masking import REDACTED

__all__ = [
    "github_data",
    "github_property",
    "json_text",
    "literal",
    "log_line",
    "markdown_code",
    "markdown_fence",
    "terminal",
    "visible",
]

_BACKTICKS = re.compile("`+")


def literal(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A JSON value as one unambiguous line for people: `"Support"`, `200`, `[1, 2]`; None is `(unset)`."""
    if value is None:
        return "(unset)"
    if value == REDACTED:
        return REDACTED
    return terminal(json.dumps(value, ensure_ascii=False, default=dict))


def json_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A JSON value as one line of JSON: readable, and safe to print to a terminal or a CI log."""
    return escaped_json(json.dumps(value, ensure_ascii=False, default=dict))


def markdown_code(text: str) -> str:
    """A Markdown code span, also for a table cell: no markup, mention, reference or link works in it."""
    shown = terminal(text).replace("\\|", "\\x5c|").replace("|", "\\|")
    if not shown.strip():
        return "(empty)"
    ticks = "`" * (_longest_run(shown) + 1)
    pad = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{ticks}{pad}{shown}{pad}{ticks}"


def markdown_fence(lines: list[str], language: str = "") -> str:
    """A fenced block of finished lines, with a fence that none of them can close."""
    ticks = "`" * max(3, max(map(_longest_run, lines), default=0) + 1)
    return "\n".join([f"{ticks}{language}", *lines, ticks])


def github_data(text: str) -> str:
    """The message of a GitHub workflow command; give it line breaks that are meant, as `\\n`."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def github_property(text: str) -> str:
    """A property of a GitHub workflow command, as in `file=`."""
    return github_data(visible(text)).replace(":", "%3A").replace(",", "%2C")


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0) if "`" in text else 0

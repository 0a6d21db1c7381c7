"""Texts from YAML and from the API are data: one escaping function for each place that shows them.

Every function first makes visible what a reader would not see: control characters, ANSI escapes, characters
that reverse or hide text. Right-to-left letters themselves stay; HTML isolates them. iCalendar is left to the
library that writes it.
"""

from __future__ import annotations

import html as _html
import json
import re
from typing import Any

from voiceform.model.masking import REDACTED

# Controls (C0, DEL, C1), separators that break lines, bidirectional controls, characters of no width, lone
# surrogates, tags. The joiners U+200C and U+200D stay: Persian and emoji need them, and what they do shows.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164"
    "\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# CI runners obey ##[command] (GitHub), ##vso[command] (Azure) and ##teamcity[command] anywhere in a line.
_CI_COMMAND = re.compile(r"##(?=[A-Za-z]*\[)")
_FORMULA_START = tuple("=+-@\t\r\n＝＋－＠")
_BACKTICKS = re.compile("`+")


def visible(text: str) -> str:
    r"""`text` with every hidden character as `\x1b`, `\u202e` or `\U000e0041`; never more than one line."""
    if text.isascii() and text.isprintable():
        return text
    return _HIDDEN.sub(_escape, text)


def terminal(text: str) -> str:
    """For a terminal or a CI log: nothing in it moves the cursor, colours, or is a command to the CI runner.

    A line that may begin with it must still go through `log_line`.
    """
    shown = visible(text)
    return _CI_COMMAND.sub(r"#\\#", shown) if "##" in shown else shown


def log_line(line: str) -> str:
    """A finished line of a log, without trailing white space; GitHub obeys lines that begin with `::`."""
    line = line.rstrip()
    stripped = line.lstrip()
    return f"{line[: len(line) - len(stripped)]}\\{stripped}" if stripped.startswith("::") else line


def literal(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A JSON value as one unambiguous line for people: `"Support"`, `200`, `[1, 2]`; None is `(unset)`."""
    if value is None:
        return "(unset)"
    if value == REDACTED:
        return REDACTED
    return terminal(json.dumps(value, ensure_ascii=False, default=dict))


def json_text(value: Any) -> str:  # noqa: ANN401 - any JSON value
    """A JSON value as one line of JSON: readable, and safe to print to a terminal or a CI log."""
    text = json.dumps(value, ensure_ascii=False, default=dict)
    if not text.isascii() or "\x7f" in text:
        text = _HIDDEN.sub(_escape_json, text)
    return _CI_COMMAND.sub(r"\\u0023#", text) if "##" in text else text


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


def html(text: str) -> str:
    """For HTML text and quoted attributes."""
    return _html.escape(visible(text), quote=True)


def github_data(text: str) -> str:
    """The message of a GitHub workflow command; give it line breaks that are meant, as `\\n`."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def github_property(text: str) -> str:
    """A property of a GitHub workflow command, as in `file=`."""
    return github_data(visible(text)).replace(":", "%3A").replace(",", "%2C")


def csv_cell(text: str) -> str:
    """For the csv module: a spreadsheet shows it and does not calculate it (OWASP, CSV injection)."""
    return f"'{visible(text)}" if text.startswith(_FORMULA_START) else visible(text)


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _escape_json(match: re.Match[str]) -> str:
    return json.dumps(match[0])[1:-1] if match[0] != "\x7f" else "\\u007f"


def _longest_run(text: str) -> int:
    return max(map(len, _BACKTICKS.findall(text)), default=0) if "`" in text else 0

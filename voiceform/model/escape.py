"""Texts from YAML, from the API and from other people's programs are data: what would not be seen is made
visible.

Control characters, ANSI escapes, characters that reverse or hide text, and commands that CI runners obey.
Letters that are written from right to left stay. What a target needs besides (HTML, Markdown, CSV) is in
render/escape.py.
"""

from __future__ import annotations

import json
import re

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


def escaped_json(text: str) -> str:
    r"""A JSON text that means the same and is safe to print: hidden characters in its strings as `\u202e`.

    Line breaks stay: in JSON they stand between tokens alone.
    """
    if not text.isascii() or "\x7f" in text:
        text = _HIDDEN.sub(_escape_json, text)
    return _CI_COMMAND.sub(r"\\u0023#", text) if "##" in text else text


def escaped_xml(text: str) -> str:
    """An XML text that means the same and is safe to print: hidden characters as `&#x202e;`; lines stay."""
    if not text.isascii():
        text = _HIDDEN.sub(_escape_xml, text)
    return _CI_COMMAND.sub("&#x23;#", text) if "##" in text else text


def escaped_yaml(text: str) -> str:
    """A YAML text in which all that is hidden and every `##` stand in double quotes, with escapes."""
    text = _HIDDEN.sub(lambda match: match[0] if match[0] == "\n" else _escape(match), text)
    return _CI_COMMAND.sub(r"\\x23#", text) if "##" in text else text


def _escape_xml(match: re.Match[str]) -> str:
    char = match[0]
    return char if char in "\n\t\r" else f"&#x{ord(char):x};"


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    code = ord(char)
    if char in _NAMED:
        return _NAMED[char]
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _escape_json(match: re.Match[str]) -> str:
    char = match[0]
    return char if char == "\n" else "\\u007f" if char == "\x7f" else json.dumps(char)[1:-1]

"""Bytes of a file to text that may be read as YAML."""

from __future__ import annotations

import codecs
import re

from voiceform.config.interpolate import MAX_TEXT
from voiceform.model.diagnostics import Diagnostic, Position
from voiceform.model.document import MAX_BYTES

_FORBIDDEN = re.compile("[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")
"""What no YAML file may hold. A set of what it may hold would take ten times as long to compile."""
_WIDE_MARKS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_HEAD = 64
_LEAST_HEAD = 4
_ESCAPE = re.compile(
    r"\\(?:u(?P<high>[dD][89abAB][0-9a-fA-F]{2})\\u(?P<low>[dD][c-fC-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_SAVE_AS_UTF8 = "save the file as UTF-8"

__all__ = ["MAX_BYTES", "MAX_TEXT", "check_text", "decode", "place"]


class UnreadableError(Exception):
    """A file cannot be read at all beyond this point; carries the diagnostic."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def decode(data: bytes, file: str) -> str:
    """UTF-8 text with or without a byte order mark; raises UnreadableError for anything else."""
    if len(data) > MAX_BYTES:
        raise UnreadableError(
            Diagnostic(
                "file-too-large",
                f"the file is over {MAX_BYTES:,} bytes",
                Position(file, 1, 1),
                hint="split the configuration into stacks",
            )
        )
    wide = _wide_encoding(data)
    if wide is not None:
        raise UnreadableError(
            Diagnostic(
                "invalid-text", f"the file is {wide}, not UTF-8", Position(file, 1, 1), hint=_SAVE_AS_UTF8
            )
        )
    try:
        return data.removeprefix(codecs.BOM_UTF8).decode()
    except UnicodeDecodeError as error:
        before = bytes(error.object[: error.start]).decode()
        raise UnreadableError(
            Diagnostic(
                "invalid-text",
                f"the byte 0x{data[error.start + len(data) - len(error.object)]:02x} is not valid UTF-8",
                Position(file, *place(before)),
                hint=_SAVE_AS_UTF8,
            )
        ) from None


def _wide_encoding(data: bytes) -> str | None:
    """UTF-32 or UTF-16, by its mark or by the NULs between the letters of its first characters."""
    for mark, name in _WIDE_MARKS:
        if data.startswith(mark):
            return name
    head = data[:_HEAD]
    if len(head) >= _LEAST_HEAD and b"\0" in head:
        if all(head[at : at + 4].count(0) == 3 for at in range(0, len(head), 4)):
            return "UTF-32"
        if all(head[at : at + 2].count(0) == 1 for at in range(0, len(head), 2)):
            return "UTF-16"
    return None


def check_text(text: str, file: str) -> None:
    """Raise UnreadableError at the first character that YAML does not allow in a file."""
    match = _FORBIDDEN.search(text)
    if match is None:
        return
    name = "a NUL character" if match[0] == "\0" else f"the control character U+{ord(match[0]):04X}"
    raise UnreadableError(
        Diagnostic(
            "invalid-text",
            f"the file contains {name}",
            Position(file, *place(text[: match.start()])),
            hint=(
                "remove it: is this a text file?"
                if match[0] == "\0"
                else f'remove it, or write it as an escape in double quotes ("\\x{ord(match[0]):02x}")'
            ),
        )
    )


def join_halves(text: str) -> str:
    r"""JSON with characters in two halves (`\ud83d\ude00`, as json.dumps writes them) as YAML reads them.

    Only in a file that begins as JSON, where a backslash is an escape wherever it stands. What follows in the
    same line is then said to be two columns further left for each.
    """
    if not text.lstrip().startswith(("{", "[")) or "\\u" not in text:
        return text
    return _ESCAPE.sub(_joined, text)


def _joined(match: re.Match[str]) -> str:
    if match["high"] is None:
        return match[0]
    code = 0x10000 + ((int(match["high"], 16) - 0xD800) << 10) + int(match["low"], 16) - 0xDC00
    return f"\\U{code:08x}"


def place(before: str) -> tuple[int, int]:
    """Line and column, from 1, of what follows the text `before`."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")

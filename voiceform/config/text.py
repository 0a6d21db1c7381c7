"""Bytes of a file to text that may be read as YAML."""

from __future__ import annotations

import codecs
import re

from voiceform.config.interpolate import MAX_TEXT
from voiceform.model.diagnostics import Diagnostic, Position

MAX_BYTES = 64_000_000
"""The largest file that is read."""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WIDE_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
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
    if data.startswith(_WIDE_MARKS):
        raise UnreadableError(
            Diagnostic(
                "invalid-text", "the file is UTF-16, not UTF-8", Position(file, 1, 1), hint=_SAVE_AS_UTF8
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
            hint='remove it, or write it as an escape in double quotes ("\\x07")',
        )
    )


def place(before: str) -> tuple[int, int]:
    """Line and column, from 1, of what follows the text `before`."""
    return before.count("\n") + 1, len(before) - before.rfind("\n")

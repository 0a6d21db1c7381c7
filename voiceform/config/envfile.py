"""Files of variables, `NAME=value` a line, that stand beside the environment.

The grammar is the part that shells, docker compose and dotenv libraries agree about:

    # a comment
    NAME=value              blanks around the value are no part of it; a comment begins at ` #`
    export NAME=value       as a shell reads it
    NAME='as it stands'
    NAME="with \\n, \\t, \\", \\\\ and \\$"

Nothing is filled in: a `$` is a dollar. What else stands in a line is an error, for a value that is read in
half is worse than none. No message repeats a value.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from voiceform.config.problems.findings import Findings
from voiceform.config.sources import SourceFile, may_be_there
from voiceform.config.text import UnreadableError, decode
from voiceform.model.diagnostics import Diagnostic, Position

_LINE = re.compile(r"\s*(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(?P<value>.*?)\s*\Z")
_SINGLE = re.compile(r"'(?P<text>[^']*)'\s*(?:\s#.*)?\Z")
_DOUBLE = re.compile(r'"(?P<text>(?:[^"\\]|\\.)*)"\s*(?:\s#.*)?\Z')
_ESCAPE = re.compile(r"\\(.)")
_MEANINGS = {"n": "\n", "r": "\r", "t": "\t"}
_HOW = "write NAME=value, NAME='value' or NAME=\"value\", one a line"


def read_env_files(paths: Sequence[Path], *, base_dir: Path) -> dict[str, str]:
    """The variables of the files, relative to `base_dir`; of two that give one the later counts.

    ConfigurationError with file, line and column of everything that cannot be read.
    """
    findings = Findings()
    values: dict[str, str] = {}
    names = [os.path.normpath(base_dir / path) for path in paths]
    for name in names:
        values.update(_read(SourceFile(Path(name), name, None), findings))
    findings.raise_errors(names)
    return values


def _read(source: SourceFile, findings: Findings) -> dict[str, str]:
    if not may_be_there(source.path):
        position = Position(source.display, 1, 1)
        findings(Diagnostic("env-file", "there is no such file", position, hint="check --env-file"))
        return {}
    data = source.read(findings)
    if data is None:
        return {}
    try:
        text = decode(data, source.display)
    except UnreadableError as error:
        place = error.diagnostic.position
        findings(replace(error.diagnostic, position=place and replace(place, private=True)))
        return {}
    found: dict[str, str] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip() and not line.lstrip().startswith("#"):
            _take(line.rstrip("\r"), Position(source.display, number, 1, private=True), found, findings)
    return found


def _take(line: str, place: Position, found: dict[str, str], findings: Findings) -> None:
    match = _LINE.match(line)
    if match is None:
        findings(Diagnostic("env-file", "this line gives no variable a value", place, hint=_HOW))
        return
    name = match["name"]
    value = _value(match["value"])
    problem = hint = None
    if name in found:
        problem, hint = f"{name} is given twice in this file", "remove one of them"
    elif value is None:
        problem, hint = f"the quote of {name} is not closed, or more stands behind it", _HOW
    elif "\0" in value:
        problem, hint = f"the value of {name} holds a NUL character", "remove it"
    if problem is not None:
        findings(Diagnostic("env-file", problem, place, hint=hint))
    found.setdefault(name, value or "")


def _value(text: str) -> str | None:
    """What stands behind the `=`; None for a quote that does not end at the end of the line."""
    if text.startswith("'"):
        single = _SINGLE.match(text)
        return single and single["text"]
    if text.startswith('"'):
        double = _DOUBLE.match(text)
        return double and _ESCAPE.sub(lambda escape: _meaning(escape[1], escape[0]), double["text"])
    return "" if text.startswith("#") else re.split(r"\s#", text, maxsplit=1)[0].rstrip()


def _meaning(mark: str, written: str) -> str:
    """A backslash before anything else is a backslash."""
    return _MEANINGS.get(mark, mark if mark in '"\\$' else written)

"""What a YAML parser's complaint means to a person."""

from __future__ import annotations

import re
from typing import Any

import yaml

from voiceform.config.problems.wording import ODD_BLANKS
from voiceform.model.diagnostics import Diagnostic, Position

_QUOTE = "put the text in quotes"
_EXPLAINED = {
    "mapping values are not allowed": (
        "a key is not expected here",
        "put a text that contains ': ' in quotes; otherwise check the indentation of this line",
    ),
    "found character that cannot start any token": ("a value cannot begin with this character", _QUOTE),
    "found unknown escape character": (
        "this is not an escape sequence",
        "write a backslash in double quotes as \\\\, or use single quotes",
    ),
    "invalid Unicode character escape code": (
        "this escape is half a character",
        "write the character itself, or its whole code as \\U0001F600",
    ),
    "while scanning a quoted scalar": ("the quotes that open here are never closed", "add the closing quote"),
    "while scanning an alias": (
        "'*' begins a reference to an anchor, and no name follows",
        "put a text that begins with * in quotes",
    ),
    "while scanning an anchor": (
        "'&' begins an anchor, and no name follows",
        "put a text that begins with & in quotes",
    ),
    "',' or ']'": (
        "the list that opens here is not closed, or a comma is missing",
        "check commas and brackets",
    ),
    "',' or '}'": (
        "the mapping that opens here is not closed, or a comma is missing",
        "check commas and braces",
    ),
    "could not find expected ':'": (
        "a key without a value",
        "write `key: value`, with a space after the colon",
    ),
    "'-' indicator": (
        "this line belongs to no list item",
        "begin list items with '- ' and indent what belongs to them alike",
    ),
    "while parsing a block collection": (
        "this line belongs to no list item",
        "begin list items with '- ' and indent what belongs to them alike",
    ),
    "while parsing a block mapping": (
        "this line does not fit the mapping that it stands in",
        "indent the keys of one mapping alike",
    ),
    "block sequence entries are not allowed": (
        "a list item is not expected here",
        "begin the list on its own line, indented under its key",
    ),
    "undefined tag handle": ("this tag is not known", "remove the tag"),
    "while scanning a block scalar": (
        "this is not the header of a block text",
        "write | or > alone at the end of the line",
    ),
}
_TOO_DEEP = "exceeded maximum nesting depth"
"""libyaml has a limit of its own, which its scanner meets before we see the first level."""
_BRACKETS = ("',' or ']'", "',' or '}'")
_AT_CONTEXT = (
    "while scanning a quoted scalar",
    "while scanning an alias",
    "while scanning an anchor",
    *_BRACKETS,
)


def explain_syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> Diagnostic:
    """One diagnostic for a syntax error: a sentence, a place and what to do."""
    said = f"{error.context or ''} / {error.problem or ''}"
    clue = next((clue for clue in _EXPLAINED if clue in said), None)
    line, column = _place(error.problem_mark or error.context_mark)
    if _TOO_DEEP in said:
        return Diagnostic("too-deep", "the nesting is too deep", Position(file, line + 1, column + 1))
    blank = _odd_blank(_line(text, error.problem_mark or error.context_mark))
    if blank is not None:
        code = f"U+{ord(_line(text, error.problem_mark or error.context_mark)[blank]):04X}"
        return Diagnostic(
            "syntax",
            f"this looks like a blank and is none ({code})",
            Position(file, line + 1, blank + 1),
            hint=_BLANK,
        )
    tab = _tab_column(_line(text, error.problem_mark or error.context_mark))
    if tab is not None:
        message, hint, column = "a tab is used for indentation", "indent with spaces", tab
    elif clue is None:
        message, hint = f"this is not valid YAML: {error.problem or error.context}", "check this line"
    else:
        message, hint = _EXPLAINED[clue]
        if clue in _AT_CONTEXT and error.context_mark is not None:
            line, column = _place(error.context_mark)
        if clue in _BRACKETS and "${" in _line(text, error.problem_mark):
            hint = "inside {...} and [...] put ${NAME} in quotes; a number stays a number"
    return Diagnostic("syntax", message, Position(file, line + 1, column + 1), hint=hint)


def _place(mark: Any) -> tuple[int, int]:  # noqa: ANN401 - PyYAML has two classes of marks
    """Line and column of a mark, from 0."""
    return (mark.line, mark.column) if mark is not None else (0, 0)


def _line(text: str, mark: Any) -> str:  # noqa: ANN401 - see _place
    """The line that a mark is in."""
    lines = text.splitlines()
    line, _ = _place(mark)
    return lines[line] if line < len(lines) else ""


_ODD = re.compile(r"^[ \t]*(?:- *)*([{0}])|:([{0}])".format("".join(sorted(ODD_BLANKS))))
_BLANK = "write an ordinary blank in its place; editors and web pages put such characters in"


def _odd_blank(line: str) -> int | None:
    """Where a blank that YAML does not know stands as indentation or behind a colon, from 0."""
    match = _ODD.search(line)
    return None if match is None else match.start(match.lastindex or 0)


def _tab_column(line: str) -> int | None:
    """Where the first tab in the indentation of a line is, from 0."""
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    return indent.find("\t") if "\t" in indent else None

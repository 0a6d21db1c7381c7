"""Who is not called, for the section `calls`."""

from __future__ import annotations

from schemas.source.blocks import block, defined, either, listed
from schemas.source.values import DATE, OFFSET, TIME, Node, annotated, flag, matching, text


def lists() -> Node:
    """The key `do_not_call`: a list, or several."""
    return either(
        "Do-not-call lists",
        "Who is not called: a list, or several. Lists are read again before each call; while one of them is "
        "missing, damaged, empty or too old nobody is called.",
        defined("do_not_call_file"),
        defined("do_not_call_list"),
        listed(
            "Lists",
            "Several lists; who stands on one of them is not called.",
            either(
                "List",
                "A file, or a file with what it holds.",
                defined("do_not_call_file"),
                defined("do_not_call_list"),
                examples=["lists/dnc.txt"],
            ),
            most=100,
            examples=[["lists/dnc.txt", {"file": "lists/federal.csv", "column": "phone", "max_age": "31d"}]],
        ),
        examples=["lists/dnc.txt"],
    )


def definitions() -> dict[str, Node]:
    """The two forms of one list."""
    return {
        "do_not_call_file": text(
            "Do-not-call file",
            "A text file, relative to this one, with a number on each line.",
            longest=1024,
            examples=["lists/dnc.txt"],
        ),
        "do_not_call_list": _list(),
    }


def _list() -> Node:
    return block(
        "Do-not-call list",
        "A file and how it is read.",
        {
            "file": text(
                "File",
                "The path of the file, relative to this one.",
                longest=1024,
                examples=["lists/federal.csv"],
            ),
            "column": _column(
                "Column",
                "The column of a table with the numbers, by the name in its header, or by its number, from "
                "1, in a table without one. Without it the file has a number on each line.",
                "phone",
            ),
            "expires": _column(
                "Column of the expiry",
                "The column that says until when an entry counts: a date or an instant. An entry without one "
                "that can be read counts for ever.",
                "until",
            ),
            "max_age": defined(
                "duration",
                "Greatest age",
                "How old the list may be, counted from as_of, or from when the file was last written. Nobody "
                "is called with an older one.",
                examples=["31d"],
            ),
            "as_of": as_of("Date of the list", "Of when the list is."),
            "allow_empty": flag(
                "May be empty",
                "Whether a list without entries is right; otherwise it is taken for an export that failed.",
                default=False,
            ),
        },
        required=["file"],
        examples=[{"file": "lists/federal.csv", "column": "phone", "expires": "until", "max_age": "31d"}],
    )


def as_of(title: str, description: str) -> Node:
    """The key `as_of` of a file that gets old."""
    return matching(
        title,
        f"{description} A copy out of version control is as young as the copy, so say it there.",
        f"^{DATE}([T ]{TIME}{OFFSET}?)?$",
        "must be a date or an instant, such as 2026-12-01",
        examples=["2026-12-01"],
        public=True,
    )


def _column(title: str, description: str, name: str) -> Node:
    """A column by the name in the header, or by its number from 1."""
    check = {
        "type": ["string", "integer"],
        "minLength": 1,
        "maxLength": 256,
        "minimum": 1,
        "maximum": 1000,
    }
    return annotated(title, description, check, examples=[name, 2])

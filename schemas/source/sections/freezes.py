"""The key `freeze` of the section `safety`."""

from __future__ import annotations

from schemas.source.blocks import block, defined, listed
from schemas.source.values import DATE, OFFSET, TIME, Node, choice, matching, text

KINDS = ("queue", "conference", "call", "retention")


def freezes() -> Node:
    """Times in which changes wait."""
    return listed(
        "Change freezes",
        "Times in which a plan with changes is refused, unless somebody approves so many of them with "
        "--approve freeze=N. Calls of schedules that were applied before are placed none the less.",
        defined("freeze"),
        least=None,
        most=100,
        default=[],
        examples=[[_example()]],
    )


def _example() -> dict[str, object]:
    return {
        "start": "2026-12-20",
        "end": "2027-01-02",
        "reason": "peak season",
        "kinds": ["queue", "call"],
        "timezone": "America/New_York",
    }


def _moment(title: str, description: str, example: str) -> Node:
    return matching(
        title,
        description,
        f"^{DATE}([T ]{TIME}{OFFSET}?)?$",
        "must be a date or a time, such as 2026-12-20 or 2026-12-20T18:00:00",
        examples=[example],
        public=True,
    )


def freeze() -> Node:
    """One of them."""
    return block(
        "Change freeze",
        "From when to when, and why.",
        {
            "start": _moment("Start", "A date, from its beginning, or a time.", "2026-12-20"),
            "end": _moment("End", "A date, to its end, or a time.", "2027-01-02"),
            "reason": text(
                "Reason",
                "Why, for whoever is refused.",
                longest=200,
                examples=["peak season"],
                public=True,
            ),
            "kinds": listed(
                "Kinds",
                "What is not changed; everything where nothing is said. `retention` also holds what prune "
                "would delete.",
                choice("Kind", "A kind of change.", KINDS),
                unique=True,
                examples=[["queue", "call"]],
            ),
            "timezone": text(
                "Time zone",
                "The IANA zone of dates, and of times without an offset.",
                default="UTC",
                examples=["America/New_York"],
                public=True,
            ),
        },
        required=["start", "end", "reason"],
        examples=[_example()],
    )

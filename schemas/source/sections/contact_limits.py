"""The section `contact_limits`: how often one person is called, over all schedules."""

from __future__ import annotations

from schemas.source.blocks import Section, block, defined, listed
from schemas.source.values import DURATION, NAME, Node, choice, matching, text, whole

_A_DAY = {"name": "a-day", "max": 2, "per": "day"}


def section() -> Section:
    """Limits of contacts, by their names in a list."""
    return Section(
        keys={
            "contact_limits": listed(
                "Limits of contacts",
                "How often one person is called at most, over all schedules of the state. Counted at the "
                "moment of dialling, whoever dials.",
                defined("contact_limit"),
                least=None,
                null=True,
                default=[],
                merge="named",
                examples=[
                    [
                        _A_DAY,
                        {"name": "seven-in-seven", "max": 7, "per": "7d", "purpose": "collection"},
                        {
                            "name": "after-talk",
                            "max": 0,
                            "per": "7d",
                            "after": "answered",
                            "purpose": "collection",
                        },
                    ]
                ],
            )
        },
        definitions={"contact_limit": _limit()},
    )


def purpose() -> Node:
    """What calls are made for."""
    return matching(
        "Purpose",
        "What the calls are made for. A limit of contacts that names it counts and limits them; one that "
        "names none counts and limits all calls.",
        NAME,
        "must be letters, digits, - and _, at most 64",
        examples=["collection"],
        public=True,
    )


def _limit() -> Node:
    return block(
        "Limit",
        "At most so many calls to one person within a period.",
        {
            "name": matching(
                "Name",
                "What the plan and the ledger call it.",
                NAME,
                "must be letters, digits, - and _, at most 64",
                examples=["a-day"],
                public=True,
            ),
            **_counting(),
            "purpose": purpose(),
        },
        required=["name", "max", "per"],
        examples=[_A_DAY],
    )


def of_rule() -> Node:
    """A limit in a calling rule."""
    return block(
        "Limit of a rule",
        "At most so many calls within a period to one person whom the rule is about. It binds the schedules "
        "that use the rule, and counts the calls of all.",
        _counting(),
        required=["max", "per"],
        examples=[{"max": 4, "per": "30d"}],
    )


def _counting() -> dict[str, Node]:
    """What is counted, and how much of it is too much."""
    return {
        "max": whole("Calls", "How many calls at most. 0 only with `after`.", 0, 1000, examples=[2]),
        "per": per(),
        "timezone": text(
            "Time zone",
            "Whose clocks tell a day, a week or a month: an IANA zone, or recipient: each zone in which "
            "the person called may be.",
            default="recipient",
            examples=["recipient"],
            public=True,
        ),
        "after": choice(
            "After",
            "Only calls since one that was answered count, as long as that one lies within the period. "
            "With max 0 nobody is called who has answered.",
            ["answered"],
        ),
        "counts": choice(
            "Counts",
            "What counts: every call that was placed, or those that were answered. A call whose outcome "
            "is not known yet may have been.",
            ["attempts", "answered"],
            default="attempts",
        ),
    }


def per() -> Node:
    """The period of a limit."""
    return matching(
        "Period",
        "So long back from the moment of dialling, 92d at most; or a day, a week (from Monday on) or a "
        "month of the calendar.",
        f"^({DURATION}|day|week|month)$",
        "must be a duration, such as 24h or 7d, or day, week or month",
        examples=["7d"],
        public=True,
    )

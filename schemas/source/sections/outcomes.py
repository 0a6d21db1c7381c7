"""What follows from how calls end: further attempts."""

from __future__ import annotations

from schemas.source.blocks import block, defined, listed
from schemas.source.values import Node, annotated, choice, whole


def retry() -> Node:
    """Further attempts."""
    return block(
        "Retry",
        "Further attempts after a call that nobody took. Each has a key of its own in the ledger.",
        {
            "attempts": whole(
                "Attempts",
                "How many calls one occurrence makes to one number at most, the first included.",
                1,
                10,
                examples=[2],
            ),
            "delay": annotated(
                "Delay",
                "How long after the end of one attempt the next becomes due; `misfire_grace` counts from "
                "then. Of a list the first is for the second attempt, and so on; the last one is kept to.",
                {
                    "oneOf": [
                        defined("duration"),
                        listed(
                            "Delays",
                            "One for each further attempt.",
                            defined("duration"),
                            most=9,
                            examples=[["10m", "2h"]],
                        ),
                    ]
                },
                default="10m",
                examples=["10m", ["10m", "2h"]],
            ),
            "on": listed(
                "Outcomes",
                "After which outcomes it is tried again. `machine` needs `machine_detection`.",
                choice("Outcome", "How the attempt ended.", ["busy", "no-answer", "failed", "machine"]),
                unique=True,
                default=["busy", "no-answer"],
                examples=[["busy", "no-answer"]],
            ),
        },
        required=["attempts"],
        examples=[{"attempts": 3, "delay": ["10m", "2h"], "on": ["busy", "no-answer"]}],
    )

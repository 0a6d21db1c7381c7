"""What follows from how calls end: further attempts, and whether the others are called."""

from __future__ import annotations

from schemas.source.blocks import block, defined, listed
from schemas.source.values import Node, annotated, choice, duration, matching, whole


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


def waves() -> Node:
    """A few people first."""
    return block(
        "Waves",
        "Each occurrence calls a few people first, and the others once it is known how that went.",
        {
            "first": whole("First wave", "How many people are called first.", 1, examples=[20]),
            "then": whole(
                "Further waves",
                "How many people each further wave has. Without it everybody who is left is called at once.",
                1,
                examples=[200],
            ),
            "settle": duration(
                "Settling",
                "The next wave begins when all outcomes of the one before are known, or so long after its "
                "last call was placed. `misfire_grace` counts from then.",
                default="5m",
                examples=["5m"],
            ),
            "stop": _stop(),
            "short_call": duration(
                "Short call",
                "A call that a person answered and that was over within this time is short, for "
                "`stop.short`.",
                default="6s",
                examples=["6s"],
            ),
        },
        required=["first"],
        examples=[{"first": 20, "then": 200, "settle": "5m", "stop": {"failed": "20%", "short": "3%"}}],
    )


def _stop() -> Node:
    shares = {
        "failed": "calls that failed, or were refused because of the number",
        "busy": "busy lines",
        "no-answer": "calls that nobody answered",
        "machine": "machines that answered; needs `machine_detection`",
        "short": "calls that were over within `short_call`, of those that people answered",
    }
    return block(
        "Stop rules",
        "The largest share of a wave's calls, of those of which it is known how they ended, that may end in "
        "a way. Above it the schedule is paused until `voiceform calls resume`.",
        {
            name: matching(
                name.capitalize(),
                f"The largest share of {text}.",
                r"^(100|[1-9]?[0-9](\.[0-9]{1,2})?)%$",
                "must be a share such as 20% or 2.5%",
                examples=["20%"],
                public=True,
            )
            for name, text in shares.items()
        },
        examples=[{"failed": "20%", "short": "3%"}],
    )

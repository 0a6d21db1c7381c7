"""The section `prune`: when and how fast rules of `retention` delete."""

from __future__ import annotations

from schemas.source.blocks import Section, block
from schemas.source.values import matching, text, whole


def section() -> Section:
    """The pace of deletions."""
    return Section(
        keys={
            "prune": block(
                "Prune",
                "When and how fast the rules of retention delete, in prune and apply alike: off-peak and "
                "paced, as Twilio advises for deletions in bulk. An erasure is not bound by it.",
                {
                    "window": matching(
                        "Window",
                        "From when up to when deletions begin, by the clocks of the zone; across midnight "
                        "where the end is not after the start. Outside of it what is due waits.",
                        "^([01][0-9]|2[0-3]):[0-5][0-9]-([01][0-9]|2[0-3]):[0-5][0-9]$",
                        'must be a window of the day such as "01:00-05:00", in quotes',
                        null=True,
                        default=None,
                        examples=["01:00-05:00", "22:00-02:00"],
                        public=True,
                    ),
                    "timezone": text(
                        "Time zone",
                        "The IANA zone of the window, and of the days of per_day.",
                        longest=64,
                        default="UTC",
                        examples=["Europe/Berlin"],
                        public=True,
                    ),
                    "per_second": whole(
                        "A second",
                        "Deletions that begin in a second at most, over all rules and threads of a run.",
                        1,
                        1000,
                        null=True,
                        default=None,
                        examples=[10],
                    ),
                    "per_day": whole(
                        "A day",
                        "Deletions that begin on one day of the calendar at most, over all runs.",
                        1,
                        1_000_000_000,
                        null=True,
                        default=None,
                        examples=[50_000],
                    ),
                },
                default={},
                examples=[
                    {
                        "window": "01:00-05:00",
                        "timezone": "Europe/Berlin",
                        "per_second": 10,
                        "per_day": 50_000,
                    }
                ],
                merge="keys",
            )
        },
        definitions={},
    )

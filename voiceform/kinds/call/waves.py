"""`waves:` of a schedule: a few people first, and the others once it is known how that went. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any, Self

from voiceform.kinds.call.retry import MACHINE
from voiceform.model.durations import parse_duration

SHORT = "short"
"""What a stop rule calls answered calls that were over at once."""
OUTCOMES = ("failed", "busy", "no-answer", MACHINE)
"""The outcomes of which a stop rule may say a share."""
DEFAULT_SETTLE = "5m"
DEFAULT_SHORT_CALL = "6s"
MOST_JUDGED = 20
"""So many outcomes are enough to judge a wave by that is not over."""


@dataclass(frozen=True, slots=True)
class Waves:
    """The first wave has `first` people, each that follows `then` (None: all who are left). The next one
    begins when the outcomes of the one before are known, or `settle` after its last call.

    `stop` has by outcome (OUTCOMES, SHORT) the share in percent that may not be exceeded; `short_call` is how
    long a call may have been answered at most to be short.
    """

    first: int
    then: int | None
    settle: timedelta
    stop: Mapping[str, Decimal]
    short_call: timedelta

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """From what `waves_attributes` made."""
        return cls(
            document["first"],
            document["then"],
            parse_duration(document["settle"]),
            {name: percentage(text) for name, text in document["stop"].items()},
            parse_duration(document["short_call"]),
        )

    @property
    def sample(self) -> int:
        """How many outcomes a share is worth something of: those of the first wave, or enough."""
        return min(self.first, MOST_JUDGED)

    def sizes(self, people: int) -> Iterator[int]:
        """How many people each wave of an occurrence has."""
        size = self.first
        while people > 0:
            yield min(size, people)
            people -= size
            size = people if self.then is None else self.then

    def number(self, index: int) -> int:
        """To which wave (from 1) who stands at that place of the list (from 0) belongs."""
        if index < self.first:
            return 1
        return 2 if self.then is None else 2 + (index - self.first) // self.then

    def begins(self, number: int, per_second: float) -> timedelta:
        """How long after its occurrence a wave begins at the latest, unless something stops it."""
        if number == 1:
            return timedelta(0)
        full = timedelta(seconds=((self.then or 1) - 1) / per_second) + self.settle
        return timedelta(seconds=(self.first - 1) / per_second) + self.settle + full * (number - 2)

    def text(self, people: int) -> str:
        """For readers: `4 waves of 20, 200, 200 and 81`; of many the first ones."""
        sizes = list(self.sizes(people))
        if len(sizes) < 2:
            return "one wave"
        named = [f"{size:,}" for size in sizes[:3]]
        if len(sizes) > 4:
            return f"{len(sizes):,} waves of {', '.join(named)} and so on"
        named = [f"{size:,}" for size in sizes]
        return f"{len(sizes)} waves of {', '.join(named[:-1])} and {named[-1]}"


def percentage(text: str) -> Decimal:
    """The number of a text such as `2.5%`."""
    return Decimal(text.removesuffix("%"))


def waves_attributes(block: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """As it is recorded, with everything that is left open."""
    if not block:
        return None
    return {
        "first": block["first"],
        "then": block.get("then"),
        "settle": block.get("settle", DEFAULT_SETTLE),
        "stop": dict(sorted((block.get("stop") or {}).items())),
        "short_call": block.get("short_call", DEFAULT_SHORT_CALL),
    }


def waves_block(recorded: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """What `waves_attributes` was made of, without what goes without saying."""
    if not recorded:
        return None
    said = {key: value for key, value in recorded.items() if value is not None and value != {}}
    if SHORT not in recorded["stop"]:
        del said["short_call"]
    return said


def settles_too_soon(block: Mapping[str, Any], rings: int) -> bool:
    """Whether the time to settle is over while a telephone may still ring for `rings` seconds: nothing at all
    may be known by then, which stops the schedule."""
    return parse_duration(block.get("settle", DEFAULT_SETTLE)) <= timedelta(seconds=rings)


def waves_faults(
    block: Mapping[str, Any], *, detects_machines: bool, one_time: bool
) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a schema-valid block: the key, what, and what to do. `one_time`: whether everybody
    has the same time."""
    stop = block.get("stop") or {}
    if not one_time:
        yield (
            "first",
            "people who have a time of their own are called in no waves",
            "take waves out, or give one time for all",
        )
    if MACHINE in stop and not detects_machines:
        yield (
            "stop",
            "without machine_detection nobody can know that a machine answered",
            "set machine_detection: Enable, or take machine out of waves.stop",
        )
    if "short_call" in block and SHORT not in stop:
        yield ("short_call", "short_call means nothing without stop.short", "say a share in stop.short")

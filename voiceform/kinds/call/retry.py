"""Further attempts after a call that nobody took: how many, when, and after which outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from voiceform.model.durations import parse_duration
from voiceform.model.wording import counted, span

MACHINE = "machine"
"""The outcome that only machine detection can tell."""
DEFAULT_DELAY = "10m"
DEFAULT_OUTCOMES = ("busy", "no-answer")


@dataclass(frozen=True, slots=True)
class Retry:
    """`attempts` calls in all for one occurrence and number, while a call ends as in `on`. `delays[n - 1]` is
    how long after the end of attempt n the next becomes due; the last one stands for all that follow."""

    attempts: int = 1
    delays: tuple[timedelta, ...] = (timedelta(0),)
    on: frozenset[str] = frozenset()

    @classmethod
    def of(cls, document: Mapping[str, Any] | None) -> Self:
        """From what `retry_attributes` made; None is a single attempt."""
        if not document:
            return cls()
        delays = tuple(parse_duration(text) for text in document["delay"])
        return cls(document["attempts"], delays, frozenset(document["on"]))

    def delay(self, attempt: int) -> timedelta:
        """How long after the end of that attempt the next becomes due."""
        return self.delays[min(attempt, len(self.delays)) - 1]

    def longest(self, grace: timedelta) -> timedelta:
        """How much later than the first attempt the last one may be placed, calls of no length."""
        return sum((self.delay(n) + grace for n in range(1, self.attempts)), timedelta(0))

    def text(self) -> str:
        """For readers: `3 attempts each, 10 minutes and then 2 hours after busy or machine`."""
        waits = " and then ".join(span(delay) for delay in self.delays[: self.attempts - 1])
        return f"{self.attempts} attempts each, {waits} after {' or '.join(sorted(self.on))}"


def retry_attributes(block: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """As it is recorded: delays as a list, outcomes in order."""
    if not block:
        return None
    delay = block.get("delay", DEFAULT_DELAY)
    return {
        "attempts": block["attempts"],
        "delay": list(delay) if isinstance(delay, list) else [delay],
        "on": sorted(block.get("on", DEFAULT_OUTCOMES)),
    }


def retry_faults(block: Mapping[str, Any], *, detects_machines: bool) -> Iterator[tuple[str, str, str]]:
    """What is wrong with a schema-valid block: the key, what, and what to do."""
    delay, attempts = block.get("delay"), block["attempts"]
    if isinstance(delay, list) and len(delay) >= attempts:
        yield (
            "delay",
            f"{counted(len(delay), 'delay')} for {counted(attempts - 1, 'further attempt')}",
            "name one for each further attempt at most; the last one is kept to for those that follow",
        )
    if MACHINE in block.get("on", ()) and not detects_machines:
        yield (
            "on",
            "without machine_detection nobody can know that a machine answered",
            "set machine_detection: Enable, or take machine out of retry.on",
        )

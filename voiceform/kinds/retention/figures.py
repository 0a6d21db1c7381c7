"""Counts of what a plan or a run is about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from voiceform.model.instants import instant_to_text

_SHOWN_MONTHS = 12
_BAR = 16
_STEPS = " ▏▎▍▌▋▊▉█"


@dataclass(slots=True)
class Figures:
    """How many there are, how long, from when to when, and how many per month. `minutes` are begun ones."""

    count: int = 0
    seconds: int = 0
    minutes: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    months: Counter[str] = field(default_factory=Counter)

    def add(self, created: datetime, seconds: int | None) -> None:
        """Count one object."""
        length = seconds or 0
        self.count += 1
        self.seconds += length
        self.minutes += -(-length // 60)
        if self.oldest is None or created < self.oldest:
            self.oldest = created
        if self.newest is None or created > self.newest:
            self.newest = created
        self.months[f"{created.year:04}-{created.month:02}"] += 1

    def document(self) -> dict[str, Any]:
        """Plain JSON: `{count, minutes, oldest, newest, months}`."""
        return {
            "count": self.count,
            "minutes": self.minutes,
            "oldest": None if self.oldest is None else instant_to_text(self.oldest),
            "newest": None if self.newest is None else instant_to_text(self.newest),
            "months": dict(sorted(self.months.items())),
        }


def histogram(months: Mapping[str, int]) -> list[str]:
    """One line per month with a bar, the latest twelve; what is older is added up in a first line."""
    ordered = sorted(months.items())
    older, shown = ordered[:-_SHOWN_MONTHS], ordered[-_SHOWN_MONTHS:]
    rows = [(f"to {older[-1][0]}", sum(count for _, count in older))] if older else []
    rows += shown
    most = max((count for _, count in rows), default=1)
    width = max((len(label) for label, _ in rows), default=0)
    digits = max((len(f"{count:,}") for _, count in rows), default=0)
    return [f"{label:>{width}}  {count:>{digits},}  {_bar(count / most)}" for label, count in rows]


def _bar(share: float) -> str:
    eighths = max(1, round(share * _BAR * 8))
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_STEPS[rest] if rest else "")


def begun_minutes(seconds: int | None) -> int:
    """The minutes that are charged: each begun one."""
    return -(-max(0, seconds or 0) // 60)

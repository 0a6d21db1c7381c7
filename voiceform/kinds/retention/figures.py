"""Counts of what a plan or a run is about."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from voiceform.kinds.details import number_in, object_in, text_in
from voiceform.model.instants import instant_from_text, instant_to_text

_SHOWN_MONTHS = 12
_DAY = 86_400
_BAR = 16
_STEPS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class Total:
    """How many objects, how many begun minutes, from when to when, and how many per month."""

    count: int
    minutes: int
    oldest: datetime | None
    newest: datetime | None
    months: Mapping[str, int] = field(default_factory=dict)

    def to_document(self) -> dict[str, Any]:
        """As a part of `Change.details`."""
        return {
            "count": self.count,
            "minutes": self.minutes,
            "oldest": moment_text(self.oldest),
            "newest": moment_text(self.newest),
            "months": dict(self.months),
        }

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Total:
        """What `to_document` wrote."""
        months = object_in(document, "months")
        return cls(
            number_in(document, "count"),
            number_in(document, "minutes"),
            moment_in(document, "oldest"),
            moment_in(document, "newest"),
            {month: number_in(months, month) for month in months},
        )


@dataclass(slots=True)
class Figures:
    """How many there are, how long, from when to when, and how many per month. `minutes` are begun ones."""

    count: int = 0
    seconds: int = 0
    minutes: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    months: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, created: array[int], lengths: array[int]) -> Figures:
        """Of very many objects: the epoch seconds at which each was created, and its length in seconds."""
        if not created:
            return cls()
        months: Counter[str] = Counter()
        for day, count in Counter(map(_DAY.__rfloordiv__, created)).items():
            months[_month(datetime.fromtimestamp(day * _DAY, UTC))] += count
        oldest, newest = (datetime.fromtimestamp(edge(created), UTC) for edge in (min, max))
        minutes = sum(-(-length // 60) for length in lengths)
        return cls(len(created), sum(lengths), minutes, oldest, newest, months)

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
        self.months[_month(created)] += 1

    def total(self) -> Total:
        """What was counted so far."""
        return Total(self.count, self.minutes, self.oldest, self.newest, dict(sorted(self.months.items())))


def _month(moment: datetime) -> str:
    return f"{moment.year:04}-{moment.month:02}"


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


def moment_text(moment: datetime | None) -> str | None:
    """An instant, if there is one, as JSON has it."""
    return None if moment is None else instant_to_text(moment)


def moment_in(document: Mapping[str, Any], name: str) -> datetime | None:
    """A member that `moment_text` wrote; KeyError, TypeError, ValueError."""
    return None if document[name] is None else instant_from_text(text_in(document, name))

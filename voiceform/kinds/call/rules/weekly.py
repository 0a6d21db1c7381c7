"""The hours of a week: windows of the days on which they begin. Pure, and without a zone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from voiceform.kinds.call.rules.faults import Complain

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT = 24 * 60
"""Minutes of a day by the clock on the wall."""


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """From `start` until before `end`, in minutes by the clock since the midnight at which its day begins;
    an end beyond MIDNIGHT lies on the day after."""

    start: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Window:
        """`08:00-12:00`, `22:00-02:00` across midnight, `00:00-24:00`; ValueError for what is none."""
        start, end = (_minutes(part) for part in text.split("-"))
        if start == end:
            raise ValueError("ends when it begins; the whole day is 00:00-24:00")
        return cls(start, end if end > start else end + MIDNIGHT)


@dataclass(frozen=True, slots=True)
class Weekly:
    """The windows of each day of the week from Monday, in order."""

    days: tuple[tuple[Window, ...], ...]

    @classmethod
    def parse(cls, block: Mapping[str, Sequence[str]], complain: Complain) -> Weekly:
        """From `{mon-fri: ["08:00-12:00", ...], sat: [...]}`; what is wrong is complained about."""
        found: dict[int, tuple[Window, ...]] = {}
        owners: dict[int, str] = {}
        for name, texts in block.items():
            windows = _windows(name, texts, complain)
            for day in days_named(name):
                if day in found:
                    problem = f"{DAYS[day]} is given twice: {owners[day]} has it too"
                    complain((name,), problem, "give the windows of each day once")
                    break
                found[day], owners[day] = windows, name
        if not any(found.values()):
            complain((), "no day has any hours: nobody would ever be called", None)
        return cls(tuple(found.get(day, ()) for day in range(len(DAYS))))

    @classmethod
    def of(cls, days: Iterable[int], window: Window) -> Weekly:
        """One window on some days, which are numbers from Monday's 0."""
        chosen = frozenset(days)
        return cls(tuple((window,) if day in chosen else () for day in range(len(DAYS))))


def days_named(name: str) -> list[int]:
    """The days of `mon` or `fri-mon`, as numbers from Monday's 0, from the first to the last."""
    first, _, last = name.partition("-")
    begin = DAYS.index(first)
    count = (DAYS.index(last) - begin) % len(DAYS) if last else 0
    return [(begin + offset) % len(DAYS) for offset in range(count + 1)]


def _windows(name: str, texts: Sequence[str], complain: Complain) -> tuple[Window, ...]:
    found: list[Window] = []
    for index, text in enumerate(texts):
        try:
            window = Window.parse(text)
        except ValueError as error:
            complain((name, index), f"{text} {error}", None)
            continue
        other = next((one for one in found if one.start < window.end and window.start < one.end), None)
        if other is not None:
            complain((name, index), f"{text} overlaps another window of {name}", "write one window for both")
            continue
        found.append(window)
    return tuple(sorted(found))


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)

"""Cron expressions: a grammar of our own, and the local times that an expression names on a day.

Five fields as Debian's cron reads them: minute, hour, day of month, month, day of week. If neither day field
begins with a star, a day that fits one of them is enough; otherwise it has to fit both. Beyond what cron has,
the last day of the month is `L`, its last working day `LW`, its last Friday `FRIL`, its second one `FRI#2`.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time

from voiceform.kinds.call.timing.faults import ScheduleError

_FIELDS = 5
_LONGEST = 1000
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
_EXAMPLE = 'as in "0 9 * * MON-FRI"'
_NUMBER = re.compile(r"[0-9]{1,4}", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five: its name, the range of its values, and their names (the first is that of `low`)."""

    name: str
    low: int
    high: int
    names: tuple[str, ...] = ()

    def fault(self, text: str, why: str | None = None) -> ScheduleError:
        known = f" or {self.names[0]}-{self.names[-1]}" if self.names else ""
        return ScheduleError(
            "cron",
            f"the {self.name} {text!r} {why or f'is not {self.low}-{self.high}{known}'}",
            f"{self.name}: {self.low}-{self.high}{known}, {_EXAMPLE}",
        )

    def value(self, text: str) -> int:
        if text in self.names:
            return self.names.index(text) + self.low
        if not _NUMBER.fullmatch(text) or not self.low <= int(text) <= self.high:
            raise self.fault(text)
        return int(text)

    def values(self, item: str) -> tuple[list[int], str | None]:
        """What one item of the field stands for, and what is odd about it."""
        text, slash, step = item.partition("/")
        if text == "*":
            first, last = self.low, self.high
        elif "-" in text:
            begin, _, end = text.partition("-")
            first, last = self.value(begin), self.value(end)
            if last < first:
                raise self.fault(text, "runs backwards")
        else:
            first = self.value(text)
            last = self.high if slash else first
        if not slash:
            return list(range(first, last + 1)), None
        if not _NUMBER.fullmatch(step) or int(step) == 0:
            raise self.fault(item, "has a step that is not a whole number from 1")
        found = list(range(first, last + 1, int(step)))
        odd = None
        if len(found) == 1:
            odd = f"the step of the {self.name} {item!r} is longer than its range: it means {first} alone"
        return found, odd


_MINUTE, _HOUR = _Field("minute", 0, 59), _Field("hour", 0, 23)
_DAY, _MONTH = _Field("day of month", 1, 31), _Field("month", 1, 12, _MONTHS)
_WEEKDAY = _Field("day of week", 0, 7, _DAYS)


@dataclass(frozen=True, slots=True)
class Cron:
    """One expression. `wildcard` says that its minute or hour begins with a star: then it goes on in real
    time when the clocks change. `oddities` are warnings.

    Days of the week are those of `date.isoweekday` modulo 7; `nth` pairs them with their number in the month,
    -1 for the last.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    nth: frozenset[tuple[int, int]]
    last_day: bool
    last_working_day: bool
    both: bool
    wildcard: bool
    oddities: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Cron:
        """The expression that `text` is; ScheduleError names the field, the value and the range."""
        fields = text.upper().split()
        if len(fields) != _FIELDS or len(text) > _LONGEST:
            raise ScheduleError("cron", f"a cron expression has five fields, not {len(fields)}", _EXAMPLE)
        minute, hour, day, month, weekday = fields
        oddities: list[str] = []
        plain_days = [item for item in day.split(",") if item not in ("L", "LW")]
        plain_weekdays, nth = _numbered(weekday)
        return cls(
            minutes=_sorted(_MINUTE, minute.split(","), oddities),
            hours=_sorted(_HOUR, hour.split(","), oddities),
            days=frozenset(_sorted(_DAY, plain_days, oddities)),
            months=frozenset(_sorted(_MONTH, month.split(","), oddities)),
            weekdays=frozenset(value % 7 for value in _sorted(_WEEKDAY, plain_weekdays, oddities)),
            nth=nth,
            last_day="L" in day.split(","),
            last_working_day="LW" in day.split(","),
            both=day.startswith("*") or weekday.startswith("*"),
            wildcard=minute.startswith("*") or hour.startswith("*"),
            oddities=tuple(oddities),
        )

    def on(self, day: date) -> Sequence[datetime]:
        """The local times of one day, in order."""
        if day.month not in self.months or not self._fits(day):
            return ()
        return [datetime.combine(day, time(hour, minute)) for hour in self.hours for minute in self.minutes]

    def _fits(self, day: date) -> bool:
        if self.both:
            return self._fits_month(day) and self._fits_week(day)
        return self._fits_month(day) or self._fits_week(day)

    def _fits_month(self, day: date) -> bool:
        if day.day in self.days:
            return True
        if not (self.last_day or self.last_working_day) or day.day < 26:
            return False
        last = monthrange(day.year, day.month)[1]
        ending = date(day.year, day.month, last).weekday()
        return (self.last_day and day.day == last) or (
            self.last_working_day and day.day == last - max(0, ending - 4)
        )

    def _fits_week(self, day: date) -> bool:
        weekday = day.isoweekday() % 7
        if weekday in self.weekdays:
            return True
        if not self.nth:
            return False
        is_last = day.day + 7 > monthrange(day.year, day.month)[1]
        return (weekday, (day.day + 6) // 7) in self.nth or (is_last and (weekday, -1) in self.nth)


def _sorted(field: _Field, items: Sequence[str], oddities: list[str]) -> tuple[int, ...]:
    found: set[int] = set()
    for item in items:
        values, odd = field.values(item)
        found.update(values)
        if odd is not None:
            oddities.append(odd)
    return tuple(sorted(found))


def _numbered(text: str) -> tuple[list[str], frozenset[tuple[int, int]]]:
    """The items of the day of week that mean every such day, and those that mean one in the month."""
    plain, numbered = [], set()
    for item in text.split(","):
        day, mark, number = item.partition("#")
        if mark:
            if number not in tuple("12345"):
                raise _WEEKDAY.fault(item, "has a number that is not 1-5")
            numbered.add((_WEEKDAY.value(day) % 7, int(number)))
        elif item.endswith("L") and len(item) > 1:
            numbered.add((_WEEKDAY.value(item[:-1]) % 7, -1))
        else:
            plain.append(item)
    return plain, frozenset(numbered)

"""Recurrence rules of RFC 5545 (section 3.3.10) as data: the local times that a rule names on a day.

A rule is asked for one day after the other, and a day is only looked at: no rule can keep anybody searching.
"""

from __future__ import annotations

from calendar import isleap, monthrange
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import groupby

_COUNTED_DAYS = 36_525
"""A rule whose COUNT is not used up in a hundred years does not end."""

Days = tuple[tuple[int | None, int], ...]


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule that begins at `dtstart`, a naive local time; `until` is included. Hashable.

    What the rule does not say comes from dtstart (RFC 5545): the time of day, and the day where no part
    names one.
    """

    frequency: str
    dtstart: datetime
    interval: int = 1
    until: datetime | None = None
    count: int | None = None
    weekstart: int = 0
    months: frozenset[int] = frozenset()
    weeks: frozenset[int] = frozenset()
    yeardays: frozenset[int] = frozenset()
    monthdays: frozenset[int] = frozenset()
    weekdays: Days = ()
    positions: frozenset[int] = frozenset()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    second: int = 0

    def on(self, day: date) -> Sequence[datetime]:
        """The local times of one day, in order."""
        if day < self.dtstart.date() or (self.until is not None and day > self.until.date()):
            return ()
        found = self._chosen(day) if self.positions else self.candidates(day)
        return [
            moment
            for moment in found
            if self.dtstart <= moment and (self.until is None or moment <= self.until)
        ]

    def candidates(self, day: date) -> list[datetime]:
        """Every local time of the day that the parts allow, whether before dtstart or not."""
        hours = self._hours(day)
        if not hours or not self._fits(day):
            return []
        return [
            datetime.combine(day, time(hour, minute, self.second))
            for hour in hours
            for minute in self.minutes
        ]

    def _hours(self, day: date) -> Sequence[int]:
        begin = self.dtstart.date()
        if self.frequency != "HOURLY":
            return self.hours if (_period(self, day) - _period(self, begin)) % self.interval == 0 else ()
        passed = (day - begin).days * 24 - self.dtstart.hour
        return [hour for hour in self.hours if (passed + hour) % self.interval == 0]

    def _fits(self, day: date) -> bool:
        if self.months and day.month not in self.months:
            return False
        if self.monthdays and not _from_both_ends(day.day, _month_length(day)) & self.monthdays:
            return False
        if (
            self.yeardays
            and not _from_both_ends(day.timetuple().tm_yday, _year_length(day.year)) & self.yeardays
        ):
            return False
        if self.weeks and not _from_both_ends(*_week(day, self.weekstart)) & self.weeks:
            return False
        return not self.weekdays or self._fits_week(day)

    def _fits_week(self, day: date) -> bool:
        """Whether the day is one of BYDAY: any such day, or the n-th one of its month or year."""
        in_month = self.frequency == "MONTHLY" or bool(self.months)
        place, length = (
            (day.day, _month_length(day)) if in_month else (day.timetuple().tm_yday, _year_length(day.year))
        )
        numbers = {None, (place - 1) // 7 + 1, -((length - place) // 7 + 1)}
        return any(weekday == day.weekday() and number in numbers for number, weekday in self.weekdays)

    def _chosen(self, day: date) -> list[datetime]:
        """What BYSETPOS leaves of the day: places in the set of the whole period."""
        if self.frequency != "HOURLY":
            return sorted(
                moment for moment in _chosen_of(self, _first_day(self, day)) if moment.date() == day
            )
        by_hour = groupby(self.candidates(day), key=lambda moment: moment.hour)
        return sorted({moment for _, group in by_hour for moment in _at(list(group), self.positions)})

    def with_days(self) -> Rule:
        """With the days that dtstart gives where no part names any."""
        if self.weeks or self.yeardays or self.monthdays or self.weekdays:
            return self
        begin = self.dtstart
        if self.frequency == "YEARLY":
            months = self.months or frozenset({begin.month})
            return replace(self, months=months, monthdays=frozenset({begin.day}))
        if self.frequency == "MONTHLY":
            return replace(self, monthdays=frozenset({begin.day}))
        if self.frequency == "WEEKLY":
            return replace(self, weekdays=((None, begin.weekday()),))
        return self


@lru_cache(maxsize=256)
def counted(rule: Rule) -> Rule:
    """The rule with UNTIL in place of COUNT, so that looking at a late day does not count from dtstart."""
    if rule.count is None:
        return rule
    left, open_rule = rule.count, replace(rule, count=None)
    for offset in range(_COUNTED_DAYS):
        try:
            found = open_rule.on(rule.dtstart.date() + timedelta(days=offset))
        except OverflowError:
            break
        if len(found) >= left:
            return replace(open_rule, until=found[left - 1])
        left -= len(found)
    return open_rule


@lru_cache(maxsize=256)
def _chosen_of(rule: Rule, first: date) -> frozenset[datetime]:
    """What BYSETPOS leaves of the period that begins with `first`.

    Only as many days are looked at from either end as the places need.
    """
    period = _period(rule, first)
    last = first
    while _period(rule, last + timedelta(days=1)) == period:
        last += timedelta(days=1)
    days = [first + timedelta(days=offset) for offset in range((last - first).days + 1)]
    front: list[datetime] = []
    back: list[datetime] = []
    for day in days:
        if len(front) >= max(rule.positions):
            break
        front.extend(rule.candidates(day))
    for day in reversed(days):
        if len(back) >= -min(rule.positions):
            break
        back[:0] = rule.candidates(day)
    return frozenset(_at(front, {place for place in rule.positions if place > 0})) | frozenset(
        _at(back, {place for place in rule.positions if place < 0})
    )


def _at(found: Sequence[datetime], positions: Set[int]) -> list[datetime]:
    """The ones at these places, from 1 or from -1."""
    return [found[place - (place > 0)] for place in sorted(positions) if abs(place) <= len(found)]


def _period(rule: Rule, day: date) -> int:
    """The number of the year, month, week or day, counted through."""
    return _PERIODS[rule.frequency](day, rule.weekstart)


_PERIODS: dict[str, Callable[[date, int], int]] = {
    "YEARLY": lambda day, _: day.year,
    "MONTHLY": lambda day, _: day.year * 12 + day.month,
    "WEEKLY": lambda day, weekstart: (day.toordinal() - 1 - weekstart) // 7,
    "DAILY": lambda day, _: day.toordinal(),
    "HOURLY": lambda day, _: day.toordinal(),
}


def _first_day(rule: Rule, day: date) -> date:
    """The first day of the period that `day` lies in."""
    if rule.frequency == "YEARLY":
        return day.replace(month=1, day=1)
    if rule.frequency == "MONTHLY":
        return day.replace(day=1)
    if rule.frequency == "WEEKLY":
        return day - timedelta(days=(day.weekday() - rule.weekstart) % 7)
    return day


def _from_both_ends(place: int, length: int) -> set[int]:
    return {place, place - length - 1}


def _month_length(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _year_length(year: int) -> int:
    return 366 if isleap(year) else 365


def _week(day: date, weekstart: int) -> tuple[int, int]:
    """The number of the week in its year, and how many weeks that year has. A week belongs to the year in
    which its fourth day lies."""
    fourth = day + timedelta(days=3 - (day.weekday() - weekstart) % 7)
    place = fourth.timetuple().tm_yday
    first = (place - 1) % 7 + 1
    return (place - 1) // 7 + 1, (_year_length(fourth.year) - first) // 7 + 1

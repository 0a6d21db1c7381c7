"""Schedules: one instant (`at`), a cron expression, a recurrence rule, or a column of a table that has a time
for each person; each in an IANA zone.

Cron expressions and rules are read by grammars of ours (cron.py, rrule.py) and asked for the local times of
one day after the other; localtime.py decides what those mean. So nothing is computed before it is asked for,
and every search ends.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from voiceform.kinds.call.timing.cron import Cron
from voiceform.kinds.call.timing.faults import ScheduleError
from voiceform.kinds.call.timing.localtime import (
    Occurrence,
    Reading,
    after_the_gap,
    in_real_time,
    moved,
    occurrences,
    resolve,
)
from voiceform.kinds.call.timing.recurrence import Rule, counted
from voiceform.kinds.call.timing.rrule import parse_rule
from voiceform.kinds.zone_names import zone_hint, zone_named

FORMS = ("at", "cron", "rrule", "column")
HORIZON = timedelta(days=14_610)
"""Forty years: what does not fire in them never does (a Monday is 29 February once in them at least)."""
FIRST_YEAR, LAST_YEAR = 1970, 2199
_LONG_AGO = datetime(2000, 1, 1)  # noqa: DTZ001 - local times are naive on purpose


@dataclass(frozen=True, slots=True)
class Schedule:
    """When people are called. Exactly one of `at`, `cron`, `rule` and `column` is set.

    `at` is a naive local time, or an aware instant when it was written with an offset. `start` and `end` are
    local times, both included, of a cron schedule. `times` are those of a column, in order, each once; they
    stand with the people (people.py), so whoever has these puts them in.
    """

    zone: ZoneInfo
    at: datetime | None = None
    cron: Cron | None = None
    rule: Rule | None = None
    start: datetime | None = None
    end: datetime | None = None
    column: str | None = None
    times: tuple[Occurrence, ...] = ()

    @classmethod
    def parse(cls, block: Mapping[str, Any]) -> Schedule:
        """From a `schedule:` block; raises ScheduleError for the first thing that is wrong."""
        form = _form(block)
        zone = _zone(block)
        schedule = cls(
            zone,
            at=_local(block, "at", aware=True),
            cron=Cron.parse(block["cron"]) if form == "cron" else None,
            rule=_rule(block, zone) if form == "rrule" else None,
            start=_local(block, "start", bounded=False),
            end=_local(block, "end", bounded=False, end_of_day=True),
            column=block.get("column"),
        )
        schedule._require_sense(form)
        return schedule

    @classmethod
    def faults(cls, block: Mapping[str, Any]) -> list[ScheduleError]:
        """Everything that is wrong with a `schedule:` block, each piece looked at alone."""
        utc = ZoneInfo("UTC")
        pieces: list[Callable[[], object]] = [
            lambda: _form(block),
            lambda: _zone(block),
            lambda: _local(block, "at", aware=True),
            lambda: _local(block, "start", bounded=False),
            lambda: _local(block, "end", bounded=False),
            lambda: Cron.parse(block["cron"]) if "cron" in block else None,
            lambda: _rule(block, utc) if "rrule" in block else None,
            lambda: parse_rule(block["rrule"], _LONG_AGO, utc) if "rrule" in block else None,
        ]
        found: dict[tuple[str, str], ScheduleError] = {}

        def look(piece: Callable[[], object]) -> None:
            try:
                piece()
            except ScheduleError as error:
                found.setdefault((error.key, error.what), error)

        for piece in pieces:
            look(piece)
        if not found:
            look(lambda: cls.parse(block))
        return list(found.values())

    @property
    def repeats(self) -> bool:
        """Whether it names times without end, or many, and not instants that were meant as they stand."""
        return self.cron is not None or self.rule is not None

    @property
    def oddities(self) -> Sequence[str]:
        """What is right and was hardly meant."""
        return self.cron.oddities if self.cron is not None else ()

    def between(self, start: datetime, end: datetime) -> list[Occurrence]:
        """Every occurrence with start <= instant <= end (aware instants), in order, each instant once."""
        return list(self.within(start, end))

    def following(self, after: datetime, count: int) -> list[Occurrence]:
        """The next `count` occurrences later than `after`; fewer when there are no more in forty years."""
        return list(islice(self.within(after + timedelta(microseconds=1), after + HORIZON), count))

    def within(self, start: datetime, end: datetime) -> Iterator[Occurrence]:
        """As `between`, one after the other: nothing is computed that is not asked for."""
        if self.at is not None:
            only = _exact(self.at, self.zone)
            return iter([only] if start <= only.instant <= end else [])
        if end < start:
            return iter(())
        if self.column is not None:
            first = bisect_left(self.times, start, key=_instant)
            return iter(self.times[first : bisect_right(self.times, end, key=_instant)])
        times_of, reading = self._source()
        return occurrences(
            times_of, reading, self.zone, start=start, end=end, first=self.start, last=self.end
        )

    def _source(self) -> tuple[Callable[[date], Sequence[datetime]], Reading]:
        """The local times of a day, and what they mean."""
        if self.cron is not None:
            return self.cron.on, in_real_time if self.cron.wildcard else after_the_gap
        if self.rule is None:
            raise ValueError("a schedule has a cron expression or a rule, or names one instant")
        return counted(self.rule).on, moved

    def _require_sense(self, form: str) -> None:
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ScheduleError("end", "the end lies before the start")
        if form in ("at", "column") or self._ever():
            return
        if self.cron is not None and self.start is not None and self.end is not None:
            raise ScheduleError(form, "this never fires between start and end", "correct one of the three")
        raise ScheduleError(form, "this names no day that there is in forty years: it never fires")

    def _ever(self) -> bool:
        begin = self.rule.dtstart if self.rule is not None else self.start or _LONG_AGO
        last = self.end if self.start is not None else None
        times_of, _ = self._source()
        for offset in range(min(HORIZON.days, (date.max - begin.date()).days + 1)):
            day = begin.date() + timedelta(days=offset)
            if last is not None and day > last.date():
                return False
            if any(begin <= moment and (last is None or moment <= last) for moment in times_of(day)):
                return True
        return False


def _zone(block: Mapping[str, Any]) -> ZoneInfo:
    if "timezone" not in block:
        if "column" in block:
            return ZoneInfo("UTC")
        raise ScheduleError("timezone", "a schedule needs a timezone", "as in America/New_York")
    zone = zone_named(block["timezone"])
    if zone is None:
        name = str(block["timezone"])
        raise ScheduleError("timezone", f"{name[:64]!r} is not an IANA time zone", zone_hint(name))
    return zone


def _instant(occurrence: Occurrence) -> datetime:
    return occurrence.instant


def _exact(at: datetime, zone: ZoneInfo) -> Occurrence:
    """The occurrence of `at`: an instant, or a local time in the zone."""
    if at.tzinfo is None:
        return resolve(at, zone)
    instant = at.astimezone(UTC)
    return Occurrence(instant, instant.astimezone(zone).replace(tzinfo=None))


def _form(block: Mapping[str, Any]) -> str:
    """Which of the three it is; what does not go with it is an error."""
    given = [form for form in FORMS if form in block]
    if len(given) != 1:
        raise ScheduleError(
            given[1] if given else "timezone",
            f"a schedule has exactly one of {', '.join(FORMS)}"
            + (f", not {' and '.join(given)}" if given else ""),
        )
    form = given[0]
    own = {"at": set(), "cron": {"start", "end"}, "rrule": {"dtstart"}, "column": {"lead"}}
    allowed = own[form] | {form, "timezone"}
    for key in block:
        if key not in allowed:
            hint = "write UNTIL or COUNT into the rule" if form == "rrule" else None
            raise ScheduleError(key, f"{key} does not go with {form}", hint)
    return form


def _rule(block: Mapping[str, Any], zone: ZoneInfo) -> Rule:
    dtstart = _local(block, "dtstart")
    if dtstart is None:
        raise ScheduleError("rrule", "a rule needs dtstart, the local time where it begins")
    return parse_rule(block["rrule"], dtstart, zone)


def _local(
    block: Mapping[str, Any],
    key: str,
    *,
    aware: bool = False,
    bounded: bool = True,
    end_of_day: bool = False,
) -> datetime | None:
    """A date or local time of the block; a date alone is midnight, or the day's last second.

    `bounded` ones lie in years whose clocks can be told.
    """
    text = block.get(key)
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(str(text))
    except ValueError:
        raise ScheduleError(
            key, f"{str(text)[:64]!r} is not a date and time", "write it as 2026-12-01T09:00:00"
        ) from None
    if value.tzinfo is not None and not aware:
        raise ScheduleError(key, f"{text!r} has an offset; {key} is a local time in the schedule's zone")
    if bounded and not FIRST_YEAR <= value.year <= LAST_YEAR:
        raise ScheduleError(key, f"the year {value.year} of {key} is not from {FIRST_YEAR} to {LAST_YEAR}")
    if end_of_day and "T" not in str(text) and " " not in str(text):
        value = datetime.combine(value.date(), time(23, 59, 59))
    return value


__all__ = ["Schedule", "ScheduleError"]

"""Schedules: one instant (`at`), a cron expression, or a recurrence rule, each in an IANA zone.

Cron is that of Debian as the library cronsim has it, with five fields; rules are RFC 5545's as
python-dateutil has them. Both are asked for naive local times only; localtime.py decides what those mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from itertools import takewhile
from typing import Any
from zoneinfo import ZoneInfo

from voiceform.kinds.call.localtime import Occurrence, margin, resolve
from voiceform.kinds.call.zones import zone_named

FORMS = ("at", "cron", "rrule")
_HORIZON = timedelta(days=3660)
_UNTIL = re.compile(r"(?<=UNTIL=)(\d{8}T\d{6})Z", re.IGNORECASE)
_RARE = frozenset({"YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY"})
_CRON_FIELDS = 5


class ScheduleError(ValueError):
    """A schedule that means nothing. `key` is the setting that is wrong; the text says why."""

    def __init__(self, key: str, problem: str, hint: str | None = None) -> None:
        self.key = key
        self.hint = hint
        super().__init__(problem)


@dataclass(frozen=True, slots=True)
class Schedule:
    """When people are called. Exactly one of `at`, `cron` and `rrule` is set.

    `at` is a naive local time, or an aware instant when it was written with an offset. `start` and `end` are
    local times, both included, of a cron schedule; `dtstart` is where a rule begins.
    """

    zone: ZoneInfo
    at: datetime | None = None
    cron: str | None = None
    rrule: str | None = None
    dtstart: datetime | None = None
    start: datetime | None = None
    end: datetime | None = None

    @classmethod
    def parse(cls, block: Mapping[str, Any]) -> Schedule:
        """From a `schedule:` block; raises ScheduleError for the first thing that is wrong."""
        given = [form for form in FORMS if form in block]
        if len(given) != 1:
            raise ScheduleError(
                given[1] if given else "timezone",
                f"a schedule has exactly one of {', '.join(FORMS)}"
                + (f", not {' and '.join(given)}" if given else ""),
            )
        form = given[0]
        _check_companions(block, form)
        zone = zone_named(block["timezone"])
        if zone is None:
            raise ScheduleError(
                "timezone",
                f"{block['timezone']!r} is not an IANA time zone",
                "as in America/New_York or Europe/Berlin",
            )
        schedule = cls(
            zone,
            at=_local(block, "at", aware=True),
            cron=block.get("cron"),
            rrule=block.get("rrule"),
            dtstart=_local(block, "dtstart"),
            start=_local(block, "start"),
            end=_local(block, "end", end_of_day=True),
        )
        schedule._check()
        return schedule

    def between(self, start: datetime, end: datetime) -> list[Occurrence]:
        """Every occurrence with start <= instant <= end (aware instants), in order, each instant once."""
        if end < start:
            return []
        extra = margin(start, end, self.zone)
        first = (start - extra).astimezone(self.zone).replace(tzinfo=None, fold=0)
        last = (end + extra).astimezone(self.zone).replace(tzinfo=None, fold=0)
        # Where clocks go back, local times run twice over the same hour: begin and end at the outer ones.
        first, last = min(first, _wall(start - extra, self.zone)), max(last, _wall(end + extra, self.zone))
        found: dict[datetime, Occurrence] = {}
        for occurrence in self._resolved(first, last):
            if start <= occurrence.instant <= end:
                known = found.get(occurrence.instant)
                if known is None or (known.change is not None and occurrence.change is None):
                    found[occurrence.instant] = occurrence
        return [found[instant] for instant in sorted(found)]

    def following(self, after: datetime, count: int) -> list[Occurrence]:
        """The next `count` occurrences later than `after`; fewer when there are no more within ten years."""
        found: list[Occurrence] = []
        start, width = after + timedelta(microseconds=1), timedelta(hours=6)
        limit = after + _HORIZON
        while len(found) < count and start <= limit:
            end = min(start + width, limit)
            found.extend(self.between(start, end))
            start, width = end + timedelta(microseconds=1), width * 4
        return found[:count]

    def _resolved(self, first: datetime, last: datetime) -> Iterator[Occurrence]:
        if self.at is not None and self.at.tzinfo is not None:
            instant = self.at.astimezone(UTC)
            yield Occurrence(instant, instant.astimezone(self.zone).replace(tzinfo=None))
            return
        for declared in self._declared(first, last):
            yield resolve(declared, self.zone)

    def _declared(self, first: datetime, last: datetime) -> Iterator[datetime]:
        """The naive local times with first <= time <= last that the schedule names."""
        if self.at is not None:
            return iter([self.at] if first <= self.at <= last else [])
        if self.rrule is not None:
            return iter(self._rule().between(first, last, inc=True))
        return self._cron_times(first, last)

    def _cron_times(self, first: datetime, last: datetime) -> Iterator[datetime]:
        from cronsim import CronSim

        first = max(first, self.start) if self.start is not None else first
        last = min(last, self.end) if self.end is not None else last
        if last < first:
            return iter(())
        # cronsim begins behind the time that it is given; whole minutes are all that cron knows.
        begin = first - timedelta(seconds=1)
        return takewhile(lambda moment: moment <= last, CronSim(self.cron or "", begin))

    def _rule(self) -> Any:  # noqa: ANN401 - dateutil's type is not exported by name
        from dateutil.rrule import rrulestr

        def local(match: re.Match[str]) -> str:
            until = datetime.strptime(match[1], "%Y%m%dT%H%M%S").replace(tzinfo=UTC)
            return until.astimezone(self.zone).strftime("%Y%m%dT%H%M%S")

        return rrulestr(_UNTIL.sub(local, self.rrule or ""), dtstart=self.dtstart)

    def _check(self) -> None:
        if self.cron is not None:
            _check_cron(self.cron)
        if self.rrule is not None:
            self._check_rule()
        if self.start is not None and self.end is not None and self.end < self.start:
            raise ScheduleError("end", "the end lies before the start")

    def _check_rule(self) -> None:
        text = (self.rrule or "").upper()
        if self.dtstart is None:
            raise ScheduleError("rrule", "a rule needs dtstart, the local time where it begins")
        if "\n" in text or ":" in text:
            raise ScheduleError(
                "rrule",
                "only the rule itself belongs here",
                'as in "FREQ=WEEKLY;BYDAY=TU"; dtstart has its own key',
            )
        frequency = re.search(r"FREQ=([A-Z]+)", text)
        if frequency is not None and frequency[1] not in _RARE:
            raise ScheduleError(
                "rrule", f"FREQ={frequency[1]} would call people too often", "use HOURLY or rarer, or cron"
            )
        try:
            self._rule()
        except (ValueError, TypeError) as error:
            raise ScheduleError("rrule", f"this is not a recurrence rule: {error}") from error


def _check_cron(text: str) -> None:
    from cronsim import CronSim, CronSimError

    if len(text.split()) != _CRON_FIELDS:
        raise ScheduleError(
            "cron", f"a cron expression has five fields, not {len(text.split())}", 'as in "0 9 * * MON-FRI"'
        )
    try:
        next(CronSim(text, datetime(2024, 1, 1)))  # noqa: DTZ001 - local times are naive on purpose
    except CronSimError as error:
        raise ScheduleError("cron", f"this is not a cron expression: {error}") from error
    except StopIteration:
        raise ScheduleError("cron", "this expression names no day that exists") from None


def _check_companions(block: Mapping[str, Any], form: str) -> None:
    allowed = {"at": set(), "cron": {"start", "end"}, "rrule": {"dtstart"}}[form] | {form, "timezone"}
    for key in block:
        if key not in allowed:
            hint = "write UNTIL or COUNT into the rule" if form == "rrule" else None
            raise ScheduleError(key, f"{key} does not go with {form}", hint)


def _local(
    block: Mapping[str, Any], key: str, *, aware: bool = False, end_of_day: bool = False
) -> datetime | None:
    """A date or local time of the block; a date alone is midnight, or the day's last second."""
    text = block.get(key)
    if text is None:
        return None
    try:
        value = datetime.fromisoformat(str(text))
    except ValueError:
        raise ScheduleError(
            key, f"{text!r} is not a date and time", "write it as 2026-12-01T09:00:00"
        ) from None
    if value.tzinfo is not None and not aware:
        raise ScheduleError(key, f"{text!r} has an offset; {key} is a local time in the schedule's zone")
    if end_of_day and "T" not in str(text) and " " not in str(text):
        value = datetime.combine(value.date(), time(23, 59, 59))
    return value


def _wall(instant: datetime, zone: ZoneInfo) -> datetime:
    return instant.astimezone(zone).replace(tzinfo=None, fold=0)

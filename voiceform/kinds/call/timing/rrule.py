"""The grammar of recurrence rules (RFC 5545, section 3.3.10): every part with its range, none twice.

Stricter than the RFC where it leaves something to the reader: what would call people more often than once a
minute is refused, and so is what programs read in different ways.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time
from difflib import get_close_matches
from zoneinfo import ZoneInfo

from voiceform.kinds.call.timing.faults import ScheduleError
from voiceform.kinds.call.timing.recurrence import Days, Rule

_LONGEST = 2000
_MOST = 100_000
"""The largest INTERVAL and COUNT."""
_OFTEN = ("SECONDLY", "MINUTELY")
_FREQUENCIES = ("HOURLY", "DAILY", "WEEKLY", "MONTHLY", "YEARLY")
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_RANGES = {
    "BYSECOND": (0, 59),
    "BYMINUTE": (0, 59),
    "BYHOUR": (0, 23),
    "BYMONTHDAY": (1, 31),
    "BYYEARDAY": (1, 366),
    "BYWEEKNO": (1, 53),
    "BYMONTH": (1, 12),
    "BYSETPOS": (1, 366),
}
_BACKWARDS = frozenset({"BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYSETPOS"})
"""Parts that also count from the end, with a minus; zero is none of their values."""
_UNFIT = {
    "BYMONTHDAY": ("WEEKLY",),
    "BYYEARDAY": ("DAILY", "WEEKLY", "MONTHLY"),
    "BYWEEKNO": ("HOURLY", "DAILY", "WEEKLY", "MONTHLY"),
}
_PARTS = ("FREQ", "UNTIL", "COUNT", "INTERVAL", "BYDAY", "WKST", *_RANGES)
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)
_SIGNED = re.compile(r"([+-]?)([0-9]{1,3})", re.ASCII)
_BYDAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
_UNTIL = re.compile(r"([0-9]{8})(?:T([0-9]{6})(Z?))?", re.ASCII)


def parse_rule(text: str, dtstart: datetime, zone: ZoneInfo) -> Rule:
    """The rule that `text` is; ScheduleError names the part, the value and the range."""
    parts = _split(text)
    frequency = _frequency(parts)
    _check_fit(parts, frequency)
    numbers = {name: _numbers(name, parts[name]) for name in _RANGES if name in parts}
    rule = Rule(
        frequency,
        dtstart,
        interval=_whole(parts, "INTERVAL", 1),
        until=_until(parts["UNTIL"], zone) if "UNTIL" in parts else None,
        count=_whole(parts, "COUNT", 1) if "COUNT" in parts else None,
        weekstart=_weekstart(parts.get("WKST", "MO")),
        months=frozenset(numbers.get("BYMONTH", ())),
        weeks=frozenset(numbers.get("BYWEEKNO", ())),
        yeardays=frozenset(numbers.get("BYYEARDAY", ())),
        monthdays=frozenset(numbers.get("BYMONTHDAY", ())),
        weekdays=_weekdays(parts["BYDAY"], frequency, "BYWEEKNO" in parts) if "BYDAY" in parts else (),
        positions=frozenset(numbers.get("BYSETPOS", ())),
        hours=numbers.get("BYHOUR", tuple(range(24)) if frequency == "HOURLY" else (dtstart.hour,)),
        minutes=numbers.get("BYMINUTE", (dtstart.minute,)),
        second=numbers.get("BYSECOND", (dtstart.second,))[0],
    )
    if rule.until is not None and rule.until < dtstart:
        raise _fault("UNTIL lies before dtstart: the rule never fires")
    return rule.with_days()


def _fault(problem: str, hint: str | None = None) -> ScheduleError:
    return ScheduleError("rrule", problem, hint or 'as in "FREQ=WEEKLY;BYDAY=TU"')


def _split(text: str) -> dict[str, str]:
    """The parts by their names, in upper case."""
    text = text.upper()
    if len(text) > _LONGEST:
        raise _fault(f"a rule of more than {_LONGEST:,} characters is not read")
    if "\n" in text or ":" in text:
        raise _fault(
            "only the rule itself belongs here", 'as in "FREQ=WEEKLY;BYDAY=TU"; dtstart has its own key'
        )
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value:
            raise _fault(f"{part!r} is no part of a rule, which is NAME=VALUE;NAME=VALUE")
        if name not in _PARTS:
            close = get_close_matches(name[:64], _PARTS, 1)
            known = f"did you mean {close[0]}?" if close else f"the parts are {', '.join(_PARTS)}"
            raise _fault(f"{name[:64]!r} is not a part of a rule", known)
        if name in parts:
            raise _fault(f"{name} is given twice", "give each part once")
        parts[name] = value
    return parts


def _frequency(parts: dict[str, str]) -> str:
    frequency = parts.get("FREQ")
    if frequency is None:
        raise _fault("a rule needs FREQ", f"one of {', '.join(_FREQUENCIES)}")
    if frequency in _OFTEN:
        raise _fault(f"FREQ={frequency} would call people too often", "use HOURLY or rarer, or cron")
    if frequency not in _FREQUENCIES:
        raise _fault(f"FREQ={frequency[:64]} is not one of {', '.join(_FREQUENCIES)}")
    return frequency


def _check_fit(parts: dict[str, str], frequency: str) -> None:
    """What RFC 5545 forbids together, what programs read in different ways, and what is too often."""
    for name, unfit in _UNFIT.items():
        if name in parts and frequency in unfit:
            raise _fault(
                f"{name} does not go with FREQ={frequency}", "see the table of RFC 5545, section 3.3.10"
            )
    if "COUNT" in parts and "UNTIL" in parts:
        raise _fault("COUNT and UNTIL exclude each other", "leave one of them out")
    if "BYSETPOS" in parts and not any(name.startswith("BY") and name != "BYSETPOS" for name in parts):
        raise _fault("BYSETPOS needs another part that names days or times")
    if "BYWEEKNO" in parts and "BYDAY" not in parts:
        raise _fault("BYWEEKNO needs BYDAY", "programs do not agree on the day of the week that is meant")
    if len(set(parts.get("BYSECOND", "0").split(","))) > 1:
        raise _fault(
            f"BYSECOND={parts['BYSECOND'][:64]} would call people more often than once a minute",
            "give one second",
        )


def _numbers(name: str, text: str) -> tuple[int, ...]:
    low, high = _RANGES[name]
    backwards = name in _BACKWARDS
    allowed = f"{low}-{high} or -{high} to -{low}" if backwards else f"{low}-{high}"
    found = set()
    for item in text.split(","):
        match = _SIGNED.fullmatch(item)
        if match is None or (match[1] and not backwards) or not low <= int(match[2]) <= high:
            raise _fault(f"{name}={item[:64]} is not {allowed}", f"{name}: {allowed}")
        found.add(int(item))
    return tuple(sorted(found))


def _whole(parts: dict[str, str], name: str, default: int) -> int:
    text = parts.get(name)
    if text is None:
        return default
    if not _WHOLE.fullmatch(text) or not 1 <= int(text) <= _MOST:
        raise _fault(f"{name}={text[:64]} is not from 1 to {_MOST:,}", f"{name}: 1 to {_MOST:,}")
    return int(text)


def _weekstart(text: str) -> int:
    if text not in _WEEKDAYS:
        raise _fault(f"WKST={text[:64]} is not one of {', '.join(_WEEKDAYS)}")
    return _WEEKDAYS.index(text)


def _weekdays(text: str, frequency: str, in_weeks: bool) -> Days:
    found = []
    for item in text.split(","):
        match = _BYDAY.fullmatch(item)
        if match is None:
            raise _fault(
                f"BYDAY={item[:64]} is not one of {', '.join(_WEEKDAYS)}, or one with a number: 2TU, -1FR"
            )
        number = int(match[1]) if match[1] else None
        if number is not None:
            if frequency not in ("MONTHLY", "YEARLY") or in_weeks:
                where = "BYWEEKNO" if in_weeks else f"FREQ={frequency}"
                raise _fault(f"BYDAY={item} has a number, which does not go with {where}")
            most = 5 if frequency == "MONTHLY" else 53
            if not 1 <= abs(number) <= most:
                raise _fault(f"the number in BYDAY={item} is not 1-{most} or -{most} to -1")
        found.append((number, _WEEKDAYS.index(match[2])))
    return tuple(found)


def _until(text: str, zone: ZoneInfo) -> datetime:
    """The last local time: of an instant in UTC, a time in the zone, or a date, whose whole day counts."""
    match = _UNTIL.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        day = datetime.strptime(match[1], "%Y%m%d")  # noqa: DTZ007 - local times are naive on purpose
        if match[2] is None:
            return datetime.combine(day.date(), time(23, 59, 59))
        moment = datetime.strptime(match[1] + match[2], "%Y%m%d%H%M%S")  # noqa: DTZ007
    except ValueError:
        raise _fault(
            f"UNTIL={text[:64]} is not a date or time of the calendar",
            "as in UNTIL=20261231 (that day included) or UNTIL=20261231T140000Z",
        ) from None
    if not match[3]:
        return moment
    try:
        return moment.replace(tzinfo=UTC).astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        return moment

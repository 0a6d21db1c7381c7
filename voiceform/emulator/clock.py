"""The emulator's clock: real time with an offset, or standing still.

Instants are whole microseconds since 1970 (UTC) everywhere inside the emulator.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from voiceform.emulator.errors import ControlError

SECOND = 1_000_000
DAY = 86_400 * SECOND
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")
_UNITS = {"ms": 1_000, "s": SECOND, "m": 60 * SECOND, "h": 3_600 * SECOND, "d": DAY}


def micros(moment: datetime) -> int:
    """An aware datetime as microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(instant: int) -> datetime:
    """Microseconds since 1970 as an aware datetime."""
    return _EPOCH + timedelta(microseconds=instant)


def iso(instant: int) -> str:
    """RFC 3339 with a fraction only where there is one, for the unofficial corner."""
    return moment(instant).isoformat().replace("+00:00", "Z")


def parse_duration(value: object) -> int:
    """``"45s"``, ``"10m"``, ``"1h30m"``, ``"90d"`` or a number of seconds, as microseconds; raises
    ``ControlError``.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return round(value * SECOND)
    text = str(value)
    parts = _DURATION.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ControlError(f"{value!r} is not a duration such as 45s, 10m, 12h or 90d")
    return round(sum(float(number) * _UNITS[unit] for number, unit in parts))


def parse_instant(value: object) -> int:
    """An ISO 8601 or RFC 2822 time (UTC where no zone is given), as microseconds; raises ``ControlError``."""
    parsed = value if isinstance(value, datetime) else _read(str(value))
    instant = micros(parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC))
    if instant < 0:
        raise ControlError(f"{value!r} lies before 1970")
    return instant


def _read(text: str) -> datetime:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            return read(text)
        except (ValueError, TypeError, IndexError):
            continue
    raise ControlError(f"{text!r} is not a date or time such as 2026-01-31T09:00:00Z")


class Clock:
    """Time that a test can move. It runs with real time unless frozen."""

    def __init__(self, offset: int = 0, frozen_at: int | None = None) -> None:
        self.offset = offset
        self.frozen_at = frozen_at

    @property
    def frozen(self) -> bool:
        """Whether the clock stands still."""
        return self.frozen_at is not None

    def now(self) -> int:
        """The instant."""
        if self.frozen_at is not None:
            return self.frozen_at
        return time.time_ns() // 1_000 + self.offset

    def set(self, instant: int) -> None:
        """Jump to an instant and keep running, or standing, from there."""
        if self.frozen_at is not None:
            self.frozen_at = instant
        else:
            self.offset = instant - time.time_ns() // 1_000

    def freeze(self, frozen: bool) -> None:
        """Stop the clock, or let it run on from where it stands."""
        now = self.now()
        self.frozen_at = now if frozen else None
        if not frozen:
            self.set(now)

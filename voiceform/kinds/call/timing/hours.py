"""Calling hours: when a person may be phoned, wherever that person may be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from voiceform.kinds.call.timing.localtime import resolve
from voiceform.kinds.call.timing.zones import zone_hint, zone_named, zones_of_number

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
RECIPIENT = "recipient"
_ROUNDS = 64


@dataclass(frozen=True, slots=True)
class CallingHours:
    """From `start` until before `end` (None: midnight) on `days`, by the clocks of `zone`.

    Without a zone the hours must hold in every zone in which the person called may be.
    """

    start: time
    end: time | None
    days: frozenset[int]
    zone: ZoneInfo | None

    @classmethod
    def parse(cls, block: Mapping[str, Any]) -> CallingHours:
        """From a schema-valid `calling_hours:` block; ValueError says what is wrong with it."""
        start = time.fromisoformat(block["start"])
        end = None if block["end"] == "24:00" else time.fromisoformat(block["end"])
        if end is not None and end <= start:
            raise ValueError("the hours end before they begin; hours across midnight are not supported")
        name = block.get("timezone", RECIPIENT)
        zone = zone_named(name)
        if zone is None and name != RECIPIENT:
            raise ValueError(f"{name!r} is not an IANA time zone: {zone_hint(name)}")
        return cls(start, end, frozenset(DAYS.index(day) for day in block.get("days", DAYS)), zone)

    def zones(
        self, number: str, zones_of: Callable[[str], tuple[ZoneInfo, ...]] = zones_of_number
    ) -> tuple[ZoneInfo, ...]:
        """The zones whose clocks count for `number`; empty when nobody knows, and then it is never called.

        `zones_of` says in which zones the one who is called there may be.
        """
        return zones_of(number) if self.zone is None else (self.zone,)

    def allow(self, zones: Sequence[ZoneInfo], now: datetime) -> bool:
        """Whether it is within the hours in every one of `zones`; False for none at all."""
        return bool(zones) and all(self._open(now.astimezone(zone)) for zone in zones)

    def opens(self, zones: Sequence[ZoneInfo], now: datetime, until: datetime) -> datetime | None:
        """The first instant from `now` to `until` at which all of `zones` allow a call, or None."""
        moment = now
        for _ in range(_ROUNDS):
            if not zones or moment > until:
                return None
            latest = max(self._next(moment, zone) for zone in zones)
            if latest == moment:
                return moment
            moment = latest
        return None

    def _open(self, local: datetime) -> bool:
        moment = local.time()
        in_time = self.start <= moment and (self.end is None or moment < self.end)
        return in_time and local.weekday() in self.days

    def _next(self, instant: datetime, zone: ZoneInfo) -> datetime:
        """`instant` when it is within the hours in one zone, else the next time that a day's hours begin
        there, also on a day that is not called on."""
        local = instant.astimezone(zone)
        if self._open(local):
            return instant
        today, tomorrow = (
            resolve(datetime.combine(date, self.start), zone).instant
            for date in (local.date(), local.date() + timedelta(days=1))
        )
        return today if today > instant else tomorrow

"""A limit of how often one person is called, as configuration and state have it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from voiceform.kinds.call.limits.period import CalendarPeriod, Rolling, parse_period
from voiceform.kinds.zone_names import zone_hint, zone_named

RECIPIENT = "recipient"
ANSWERED = "answered"
ATTEMPTS = "attempts"


@dataclass(frozen=True, slots=True)
class LimitSpec:
    """At most `max` calls to one person within `per`, over all schedules of the state.

    `zone` is whose clocks tell a day, None for those of the person called. With a `purpose` only calls of
    schedules that have it count, and are kept. `answered_only`: what counts are calls that were answered.
    `after_answer`: what counts are calls since one was answered, as long as that lies within `per`.
    """

    name: str
    max: int
    per: Rolling | CalendarPeriod
    zone: ZoneInfo | None = None
    purpose: str | None = None
    answered_only: bool = False
    after_answer: bool = False

    @classmethod
    def parse(cls, block: Mapping[str, Any], name: str | None = None) -> LimitSpec:
        """From a schema-valid limit, or what `document` wrote; `name` where the block has none. ValueError
        says what is wrong with it."""
        period = parse_period(block["per"])
        zone = block.get("timezone", RECIPIENT)
        if "timezone" in block and isinstance(period, Rolling):
            raise ValueError(f"{period} is as long everywhere: a timezone says nothing about it")
        if zone != RECIPIENT and zone_named(zone) is None:
            raise ValueError(f"{zone!r} is not an IANA time zone: {zone_hint(zone)}")
        after = block.get("after") == ANSWERED
        if block["max"] == 0 and not after:
            raise ValueError("a max of 0 calls nobody; only `after: answered` can have it")
        if after and "counts" in block:
            raise ValueError("`after: answered` counts every call since the answered one: leave out `counts`")
        return cls(
            name=name or block["name"],
            max=block["max"],
            per=period,
            zone=None if zone == RECIPIENT else zone_named(zone),
            purpose=block.get("purpose"),
            answered_only=block.get("counts") == ANSWERED,
            after_answer=after,
        )

    def document(self) -> dict[str, Any]:
        """As it is recorded; what says nothing is left out."""
        document: dict[str, Any] = {"name": self.name, "max": self.max, "per": str(self.per)}
        if isinstance(self.per, CalendarPeriod):
            document["timezone"] = RECIPIENT if self.zone is None else self.zone.key
        if self.purpose is not None:
            document["purpose"] = self.purpose
        if self.after_answer:
            document["after"] = ANSWERED
        elif self.answered_only:
            document["counts"] = ANSWERED
        return document

    @property
    def goes_by_recipient(self) -> bool:
        """Whether it depends on where the person called is."""
        return self.zone is None and isinstance(self.per, CalendarPeriod)

    def binds(self, purpose: str | None) -> bool:
        """Whether a schedule of that purpose is limited by it."""
        return self.purpose is None or self.purpose == purpose

    def __str__(self) -> str:
        if self.after_answer and self.max == 0:
            return f"{self.name} (none within {self.per} after an answered one)"
        counted = "answered per" if self.answered_only else "per"
        after = " after an answered one" if self.after_answer else ""
        return f"{self.name} ({self.max} {counted} {self.per}{after})"

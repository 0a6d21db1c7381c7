"""Who is called, as far as more than a number is known of somebody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from voiceform.kinds.call.timing.zones import zone_named, zones_of_number


@dataclass(frozen=True, slots=True)
class Person:
    """What a table says of somebody: an IANA zone, a language tag, and by their names the columns that the
    answer uses."""

    timezone: str | None = None
    language: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)


def people_of(document: Mapping[str, Mapping[str, Any]] | None) -> dict[str, Person]:
    """The people of a recorded schedule, by number; none where nothing is known but numbers."""
    return {number: Person(**known) for number, known in (document or {}).items()}


def zones_of(number: str, person: Person | None) -> tuple[ZoneInfo, ...]:
    """Every zone in which somebody may be: one's own where a table names it, else those of the number.

    Empty when nobody knows, also when this machine does not know the zone that is named.
    """
    if person is None or person.timezone is None:
        return zones_of_number(number)
    zone = zone_named(person.timezone)
    return () if zone is None else (zone,)

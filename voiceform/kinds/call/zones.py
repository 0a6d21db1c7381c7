"""Time zones by name, and those that a phone number may lie in."""

from __future__ import annotations

from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_UNKNOWN = "Etc/Unknown"


def zone_named(name: str) -> ZoneInfo | None:
    """The IANA zone of that name; None when there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@lru_cache(maxsize=4096)
def zones_of_number(number: str) -> tuple[ZoneInfo, ...]:
    """Every zone in which the owner of an E.164 number may be, by phonenumbers' data; empty when not known.

    A number of no known range counts for all zones of its country calling code.
    """
    import phonenumbers
    from phonenumbers import timezone

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ()
    names = timezone.time_zones_for_number(parsed)
    if _UNKNOWN in names:
        names = timezone.time_zones_for_geographical_number(parsed)
    zones = [zone_named(name) for name in names if name != _UNKNOWN]
    # A zone that this machine does not know could be the one: then nothing is known.
    return () if None in zones else tuple(zone for zone in zones if zone is not None)

"""Time zones by name, and those that a phone number may lie in."""

from __future__ import annotations

import zoneinfo
from bisect import bisect_left
from difflib import get_close_matches
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_OF_THE_MACHINE = frozenset({"localtime", "posixrules", "Factory"})
"""Entries of the data that name no zone: what they mean depends on the machine, or is nothing."""

_MOBILE_AREAS = frozenset({"52", "54", "55"})
"""Countries whose mobile numbers belong to areas: Mexico, Argentina, Brazil. (In North America nobody can
tell a mobile number from another.)"""


@lru_cache(maxsize=1)
def zone_names() -> frozenset[str]:
    """The names of the IANA zones that are known here."""
    return frozenset(
        name
        for name in zoneinfo.available_timezones()
        if name not in _OF_THE_MACHINE and not name.startswith(("posix/", "right/"))
    )


def zone_named(name: str) -> ZoneInfo | None:
    """The IANA zone of exactly that name; None when there is none."""
    return ZoneInfo(name) if name in zone_names() else None


def zone_hint(name: str) -> str:
    """What to write in place of a name that is no zone."""
    folded = {known.casefold(): known for known in sorted(zone_names())}
    text = name.strip().casefold().replace(" ", "_")
    like = folded.get(text)
    if like is None and len(text) <= 64:
        cities = {known.rpartition("/")[2].casefold(): known for known in folded.values() if "/" in known}
        close = get_close_matches(text, folded, 1, 0.8)
        like = cities.get(text.rpartition("/")[2]) or (folded[close[0]] if close else None)
    if like is not None:
        return f"did you mean {like}?"
    return "as in America/New_York or Europe/Berlin"


@lru_cache(maxsize=4096)
def zones_of_number(number: str) -> tuple[ZoneInfo, ...]:
    """Every zone in which the owner of an E.164 number may be, by phonenumbers' data; empty when not known.

    The data lists prefixes down to exchanges and gives the rest of an area the zone of most of its people.
    For a number that no listed exchange has, that is a guess: it may be in every zone of its area. What lies
    in no area (mobile numbers of most countries, toll-free and premium ones, numbers of no known range) may
    be in every zone of its country, and numbers of no country (satellites, international services) anywhere.
    """
    import phonenumbers

    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return ()
    zones = [zone_named(name) for name in sorted(_names(parsed))]
    # A zone that this machine does not know could be the one: then nothing is known.
    return () if None in zones else tuple(zone for zone in zones if zone is not None)


def has_zones(number: str) -> bool:
    """Whether an E.164 number lies in a country whose zones are known; cheap, for long lists."""
    from phonenumbers.tzdata import TIMEZONE_DATA

    return any(number[1:end] in TIMEZONE_DATA for end in range(len(number), 1, -1))


def _names(parsed: PhoneNumber) -> frozenset[str]:
    import phonenumbers
    from phonenumbers.tzdata import TIMEZONE_DATA

    country = str(parsed.country_code)
    kind = phonenumbers.number_type(parsed)
    mobile = kind == phonenumbers.PhoneNumberType.MOBILE
    settled = phonenumbers.is_number_type_geographical(kind, int(country))
    if not settled or (mobile and country not in _MOBILE_AREAS):
        return _below(country)
    digits = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:]
    longest = next((digits[:end] for end in range(len(digits), 0, -1) if digits[:end] in TIMEZONE_DATA), "")
    if not longest:
        return frozenset()
    area = country + digits[len(country) :][: phonenumbers.length_of_geographical_area_code(parsed)]
    if len(longest) > len(area) and not _is_default(longest):
        return frozenset(TIMEZONE_DATA[longest])
    return frozenset(TIMEZONE_DATA[longest]) | (_below(area) or _below(longest))


def _is_default(prefix: str) -> bool:
    """Whether the data lists longer prefixes: then this one stands for the rest."""
    listed = _sorted_prefixes()
    following = bisect_left(listed, prefix) + 1
    return following < len(listed) and listed[following].startswith(prefix)


@lru_cache(maxsize=1024)
def _below(prefix: str) -> frozenset[str]:
    """The zones of every listed prefix that begins with this one."""
    from phonenumbers.tzdata import TIMEZONE_DATA

    listed = _sorted_prefixes()
    found = listed[bisect_left(listed, prefix) : bisect_left(listed, prefix + ":")]  # ":" follows "9"
    return frozenset(name for entry in found for name in TIMEZONE_DATA[entry])


@lru_cache(maxsize=1)
def _sorted_prefixes() -> list[str]:
    from phonenumbers.tzdata import TIMEZONE_DATA

    return sorted(TIMEZONE_DATA)

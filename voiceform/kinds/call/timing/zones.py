"""The time zones that a phone number may lie in."""

from __future__ import annotations

from bisect import bisect_left
from functools import lru_cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from voiceform.kinds.call.numbering import Numbered, numbered
from voiceform.kinds.zone_names import zone_named

if TYPE_CHECKING:
    from phonenumbers import PhoneNumber

_MOBILE_AREAS = frozenset({"52", "54", "55"})
"""Countries whose mobile numbers belong to areas: Mexico, Argentina, Brazil. (In North America nobody can
tell a mobile number from another.)"""
_NORTH_AMERICA = 1


@lru_cache(maxsize=4096)
def zones_of_number(number: str) -> tuple[ZoneInfo, ...]:
    """Every zone in which the owner of an E.164 number may be, by phonenumbers' data; empty when not known.

    The data lists prefixes down to exchanges and gives the rest of an area the zone of most of its people.
    For a number that no listed exchange has, that is a guess: it may be in every zone of its area. What lies
    in no area (mobile numbers of most countries, toll-free and premium ones, numbers of no known range) may
    be in every zone of its country, and numbers of no country (satellites, international services) anywhere.
    """
    found = numbered(number)
    if found is None:
        return ()
    zones = [zone_named(name) for name in sorted(_names(found))]
    # A zone that this machine does not know could be the one: then nothing is known.
    return () if None in zones else tuple(zone for zone in zones if zone is not None)


def has_zones(number: str) -> bool:
    """Whether an E.164 number lies in a country whose zones are known; cheap, for long lists."""
    from phonenumbers.tzdata import TIMEZONE_DATA

    return any(number[1:end] in TIMEZONE_DATA for end in range(2, len(number) + 1))


def _names(number: Numbered) -> frozenset[str]:
    import phonenumbers
    from phonenumbers.tzdata import TIMEZONE_DATA

    parsed, kind = number
    country = str(parsed.country_code)
    mobile = kind == phonenumbers.PhoneNumberType.MOBILE
    settled = phonenumbers.is_number_type_geographical(kind, int(country))
    if not settled or (mobile and country not in _MOBILE_AREAS):
        return _below(country)
    digits = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:]
    longest = next((digits[:end] for end in range(len(digits), 0, -1) if digits[:end] in TIMEZONE_DATA), "")
    if not longest:
        return frozenset()
    area = country + digits[len(country) :][: area_length(parsed)]
    if len(longest) > len(area) and not _is_default(longest):
        return frozenset(TIMEZONE_DATA[longest])
    return frozenset(TIMEZONE_DATA[longest]) | (_below(area) or _below(longest))


def area_length(parsed: PhoneNumber) -> int:
    """How many digits of a geographical number are its area code."""
    import phonenumbers

    if parsed.country_code == _NORTH_AMERICA:  # the library would find that out anew, at some length
        return 3
    return phonenumbers.length_of_geographical_area_code(parsed)


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

"""Zones by their exact names, and every zone that a number may lie in."""

from __future__ import annotations

import pytest
from phonenumbers.tzdata import TIMEZONE_DATA

from voiceform.kinds.call.rules.faults import RuleError
from voiceform.kinds.call.rules.hours import Hours
from voiceform.kinds.call.timing.schedule import Schedule, ScheduleError
from voiceform.kinds.call.timing.zones import has_zones, zones_of_number
from voiceform.kinds.zone_names import zone_names

STRADDLING = [208, 219, 250, 270, 308, 418, 423, 541, 574, 606, 620, 785, 807, 812, 850, 867, 906, 907, 928]

DEFAULTS = {listed[:n] for listed in TIMEZONE_DATA for n in range(1, len(listed))}
"""Prefixes of which the data lists longer ones."""


def names(number: str) -> set[str]:
    return {zone.key for zone in zones_of_number(number)}


def below(prefix: str) -> set[str]:
    return {name for listed, found in TIMEZONE_DATA.items() if listed.startswith(prefix) for name in found}


def listed_exchange(digits: str) -> bool:
    """Whether the data says something of this exchange that it says of no longer prefix otherwise."""
    longest = max((digits[:n] for n in range(1, 9) if digits[:n] in TIMEZONE_DATA), key=len)
    return len(longest) > 4 and longest not in DEFAULTS


@pytest.mark.parametrize("area", STRADDLING)
def test_an_exchange_that_is_not_listed_may_be_anywhere_in_its_area(area: int) -> None:
    everywhere = below(f"1{area}")
    assert len(everywhere) > 1
    unlisted = 0
    for exchange in range(200, 1000):
        digits = f"1{area}{exchange}0100"
        if listed_exchange(digits):
            continue
        unlisted += 1
        assert names(f"+{digits}") >= everywhere, digits
    assert unlisted


def test_no_number_has_fewer_zones_than_what_is_listed_below_its_prefix() -> None:
    """Over all prefixes of the data: a number of which nothing longer is listed has the zones of all that is
    listed under the same prefix."""
    checked = 0
    for prefix in TIMEZONE_DATA:
        for filler in ("2220100", "5550100", "9990100"):
            digits = (prefix + filler * 2)[: max(len(prefix) + 4, 11)]
            longest = max(n for n in range(1, len(digits) + 1) if digits[:n] in TIMEZONE_DATA)
            if longest == len(prefix):
                checked += 1
                assert names(f"+{digits}") >= below(prefix), digits
    assert checked > 2 * len(TIMEZONE_DATA)


def test_a_listed_exchange_keeps_its_own_zone() -> None:
    assert names("+12082150100") == {"America/Los_Angeles"}
    assert names("+12125550100") == {"America/New_York"}
    assert names("+14189370100") == {"America/Halifax"}


@pytest.mark.parametrize(
    ("number", "prefix"),
    [
        ("+628123456789", "62"),
        ("+79161234567", "7"),
        ("+61491570006", "61"),
        ("+5215512345678", "52"),
        ("+18005550100", "1"),
        ("+19005550100", "1"),
        ("+15558675310", "1"),
        ("+447911123456", "44"),
        ("+393123456789", "39"),
    ],
)
def test_what_lies_in_no_area_may_be_anywhere_in_its_country(number: str, prefix: str) -> None:
    assert names(number) == below(prefix)


def test_mobile_numbers_with_an_area_are_there() -> None:
    assert names("+5511912345678") == {"America/Sao_Paulo"}
    assert names("+5592991234567") >= {"America/Manaus"}


@pytest.mark.parametrize("number", ["+870773111632", "+80012345678", "+8816123456789", "+97912345678"])
def test_numbers_of_no_country_have_no_zone(number: str) -> None:
    assert zones_of_number(number) == ()
    assert not has_zones(number)


def test_having_zones_is_having_some() -> None:
    for number in ("+12125550100", "+61491570006", "+15558675310", "+628123456789"):
        assert has_zones(number)


@pytest.mark.parametrize(
    "name",
    [
        *("localtime", "posixrules", "Factory", "posix/Europe/Berlin", "right/UTC", "europe/berlin"),
        *("EUROPE/BERLIN", "Europe/Berlin ", "../UTC", "/etc/localtime", "Europe", "", "UTC\0"),
        *("Mars/Olympus", "E" * 100_000),
    ],
)
def test_only_exact_names_of_zones_are_zones(name: str) -> None:
    with pytest.raises(ScheduleError, match="not an IANA time zone"):
        Schedule.parse({"at": "2026-12-01T09:00:00", "timezone": name})
    with pytest.raises(RuleError, match="not an IANA time zone"):
        Hours.of_calling_hours({"start": "08:00", "end": "21:00", "timezone": name})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("europe/berlin", "Europe/Berlin"),
        ("Berlin", "Europe/Berlin"),
        ("America/New York", "America/New_York"),
        ("Europe/Berln", "Europe/Berlin"),
        ("utc", "UTC"),
    ],
)
def test_what_was_meant(name: str, meant: str) -> None:
    with pytest.raises(ScheduleError) as caught:
        Schedule.parse({"at": "2026-12-01T09:00:00", "timezone": name})
    assert caught.value.hint == f"did you mean {meant}?"


def test_every_zone_of_the_numbers_is_known_here() -> None:
    assert {name for found in TIMEZONE_DATA.values() for name in found} <= zone_names()

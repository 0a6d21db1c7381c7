"""Which numbers a rule is about: prefixes, countries, and states of North America.

A rule only ever forbids. So it is about a number, too, of which nobody can tell whether it lies there: a
toll-free one, one of an area that the data does not know, a client or a SIP address that is no number.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from voiceform.kinds.call.numbering import numbered
from voiceform.kinds.call.rules.faults import Complain
from voiceform.model.numbers import is_phone_number, person

_AREA = re.compile(r"[2-9][0-9]{2}", re.ASCII)
_ANYWHERE = "001"
"""What phonenumbers calls the region of numbers that belong to no country."""
_RARE = 0.05
"""The share of an area's exchanges below which a state is a slip of the data, and not one of the area's."""
_SPELLED: Mapping[str, str] = {"Washington D.C.": "DC", "British Colombia": "BC"}
"""Areas that the data names, and nowhere by a code."""


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where numbers lie, each as a prefix (`+33`), a country (`FR`), an area code of North America (`305`) or
    a state or province there (`US-FL`, `CA-ON`)."""

    places: tuple[str, ...]

    def may_have(self, number: str) -> bool:
        """Whether the number lies in one of the places, or might."""
        who = number if is_phone_number(number) else person(number)
        if who is None or not is_phone_number(who):
            return True
        return any(_may_be_in(place, who) for place in self.places)

    def check(self, complain: Complain) -> None:
        """Complain of every place that there is not."""
        for index, place in enumerate(self.places):
            if place.isalpha() and place not in _countries():
                state = next((code for code in (f"US-{place}", f"CA-{place}") if code in _states()), None)
                hint = None if state is None else f"a state or province is written {state}"
                complain((index,), f"{place} is no country that has telephone numbers", hint)
            elif "-" in place and place not in _states():
                complain(
                    (index,),
                    f"{place} is no state or province of the US or Canada",
                    "as in US-FL or CA-ON; territories are countries of their own, as PR",
                )


def _may_be_in(place: str, number: str) -> bool:
    if place.startswith("+"):
        return number.startswith(place)
    if _AREA.fullmatch(place):
        return number.startswith(f"+1{place}")
    if "-" not in place:
        return _may_be_of(place, number)
    area = number[2:5]
    if not number.startswith("+1"):
        return False
    if area in _states()[place]:
        return True
    return area not in _located() and _may_be_of(place[:2], number)


def _may_be_of(country: str, number: str) -> bool:
    found = countries_of_number(number)
    return country in found or _ANYWHERE in found


@lru_cache(maxsize=4096)
def countries_of_number(number: str) -> frozenset[str]:
    """The countries in which the owner of an E.164 number may be, by phonenumbers' data: one where that can
    be told, else every one that has its country calling code."""
    import phonenumbers
    from phonenumbers import PhoneNumberType

    found = numbered(number)
    if found is None:
        return frozenset({_ANYWHERE})
    every = _regions(int(str(found.parsed.country_code)))
    settled = (PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if len(every) > 1 and found.kind in settled:
        region = phonenumbers.region_code_for_number(found.parsed)
        return every if region is None else frozenset({region})
    return every


@lru_cache(maxsize=256)
def _regions(code: int) -> frozenset[str]:
    """Every country that has a country calling code."""
    import phonenumbers

    return frozenset(phonenumbers.region_codes_for_country_code(code))


@lru_cache(maxsize=1)
def _countries() -> frozenset[str]:
    from phonenumbers import SUPPORTED_REGIONS

    return frozenset(SUPPORTED_REGIONS)


@lru_cache(maxsize=1)
def _located() -> frozenset[str]:
    """The area codes whose state is known."""
    return frozenset().union(*_states().values())


@lru_cache(maxsize=1)
def _states() -> dict[str, frozenset[str]]:
    """The area codes of each state and province, by its ISO 3166-2 code.

    The data names areas in words ("Florida") and exchanges with a code ("Miami, FL"): an area is in the
    states of the exchanges of all areas that are named alike.
    """
    import phonenumbers
    from phonenumbers.geodata import GEOCODE_DATA

    names: dict[str, str] = {}
    codes: dict[str, Counter[str]] = defaultdict(Counter)
    places = {key: said.get("en", "") for key, said in GEOCODE_DATA.items() if key.startswith("1")}
    for prefix, text in places.items():
        if len(prefix) < 4:
            continue
        area, code = prefix[1:4], text.rpartition(", ")[2] if ", " in text else _SPELLED.get(text)
        name = places.get(f"1{area}") or area
        names[area] = name
        if code is not None:
            codes[name][code] += 1
    found: dict[str, set[str]] = defaultdict(set)
    for area, name in names.items():
        country = phonenumbers.region_code_for_number(phonenumbers.parse(f"+1{area}2345678"))
        total = sum(codes[name].values())
        for code, count in codes[name].items():
            if country in ("US", "CA") and count > _RARE * total:
                found[f"{country}-{code}"].add(area)
    return {code: frozenset(areas) for code, areas in found.items()}

"""Days on which nobody is called: public holidays, as the library `holidays` knows them, and single dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from voiceform.kinds.call.rules.faults import RuleError
from voiceform.model.errors import MissingExtraError


@dataclass(frozen=True, slots=True)
class ClosedDays:
    """The days of a calendar on which nobody is called: `dates`, and the public holidays of a country and one
    of its parts (ISO 3166 codes), with the days on which they are observed."""

    dates: frozenset[date] = frozenset()
    country: str | None = None
    subdivision: str | None = None

    @classmethod
    def of(cls, hours: Mapping[str, Any]) -> ClosedDays:
        """From the recorded hours of a rule."""
        holidays = hours.get("holidays") or {}
        return cls(
            frozenset(map(date.fromisoformat, hours.get("except") or ())),
            holidays.get("country"),
            holidays.get("subdivision"),
        )

    def has(self, day: date) -> bool:
        """Whether it is one. A year whose holidays the library does not know has no other days.

        Raises RuleError where nobody can know: without the library, or where it does not know the country.
        """
        if day in self.dates:
            return True
        if self.country is None:
            return False
        known = holidays_of(self.country, self.subdivision, day.year)
        return known is None or day in known

    def require(self) -> None:
        """Raise RuleError where nobody can know which days they are."""
        if self.country is not None:
            holidays_of(self.country, self.subdivision, 2026)


@lru_cache(maxsize=512)
def holidays_of(country: str, subdivision: str | None, year: int) -> frozenset[date] | None:
    """The public holidays of a year, and the days on which they are observed; None for a year that the
    library knows nothing of. RuleError without the library, or where it does not know the country or its
    part."""
    try:
        import holidays
    except ModuleNotFoundError:
        missing = MissingExtraError("a rule with holidays", "holidays")
        raise RuleError(missing.what, hint=missing.hint) from None
    try:
        # With what falls on the turn of a year and is observed in this one.
        calendar = holidays.country_holidays(country, subdiv=subdivision, years=year)
    except NotImplementedError:
        whole = country if subdivision is None else f"{country}-{subdivision}"
        raise RuleError(
            f"the library holidays knows no public holidays of {whole}", hint=_known(country, subdivision)
        ) from None
    if not calendar.start_year <= year <= calendar.end_year:
        return None
    return frozenset(day for day in calendar if day.year == year)


def _known(country: str, subdivision: str | None) -> str:
    """What could be meant."""
    from difflib import get_close_matches

    import holidays

    countries: Mapping[str, Any] = holidays.list_supported_countries()
    if country not in countries or subdivision is None:
        near = get_close_matches(country, [code for code in countries if len(code) == 2])
        return "a country is its ISO 3166 code, as in US" + (f"; did you mean {near[0]}?" if near else "")
    parts = sorted(map(str, countries[country]))
    if not parts:
        return f"leave subdivision out: the library knows no parts of {country}"
    shown = ", ".join(parts[:20])
    return f"the parts of {country}: {shown}{', ...' if len(parts) > 20 else ''}"

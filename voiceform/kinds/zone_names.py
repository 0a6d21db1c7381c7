"""Time zones by their IANA names, for every section that asks for one."""

from __future__ import annotations

import zoneinfo
from difflib import get_close_matches
from functools import lru_cache
from zoneinfo import ZoneInfo

_OF_THE_MACHINE = frozenset({"localtime", "posixrules", "Factory"})
"""Entries of the data that name no zone: what they mean depends on the machine, or is nothing."""


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

"""Instants as text: RFC 3339, in UTC; and as people copy them from what is shown."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_SHOWN = re.compile(
    r"(?:[^(]*\()?(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})[ T](?P<time>[0-9:.]{5,15}) ?UTC\)?", re.ASCII
)


def instant_to_text(instant: datetime) -> str:
    """RFC 3339 in UTC with a Z; instant_from_text reads back exactly the same instant."""
    # Most are in UTC already, and very many are written.
    there = instant if instant.tzinfo is UTC else instant.astimezone(UTC)
    return f"{there.isoformat().removesuffix('+00:00')}Z"


def moment_in_utc(instant: datetime) -> str:
    """An instant for readers, to the minute that has begun by then: `2026-11-27 14:06 UTC`."""
    whole = instant.replace(second=0, microsecond=0)
    if whole < instant:
        whole += timedelta(minutes=1)
    return f"{whole.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def instant_from_text(text: str) -> datetime:
    """The UTC instant of an RFC 3339 text; ValueError when there is no zone."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return instant.astimezone(UTC)


def instant_as_shown(text: str) -> datetime:
    """The UTC instant of RFC 3339 text, or of one that we show to people: `2026-11-27 14:06:00 UTC`, and
    `Fri 2026-11-27 09:06 EST (2026-11-27 14:06 UTC)`. ValueError when there is no zone, or another one than
    UTC by its letters, which stand for several."""
    text = text.strip()
    shown = _SHOWN.fullmatch(text)
    return instant_from_text(f"{shown['day']}T{shown['time']}Z" if shown else text)

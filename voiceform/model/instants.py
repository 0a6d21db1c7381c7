"""Instants as text: RFC 3339, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime


def instant_to_text(instant: datetime) -> str:
    """RFC 3339 in UTC with a Z; instant_from_text reads back exactly the same instant."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant_from_text(text: str) -> datetime:
    """The UTC instant of an RFC 3339 text; ValueError when there is no zone."""
    instant = datetime.fromisoformat(text)
    if instant.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return instant.astimezone(UTC)

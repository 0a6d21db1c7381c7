"""Counts and spans of time in plain words."""

from __future__ import annotations

from datetime import timedelta


def counted(count: int, one: str, many: str | None = None) -> str:
    """`1 recording`, `1,200 recordings`; `many` where an s behind `one` would not do."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def are(count: int) -> str:
    """`is` for one, `are` for any other number."""
    return "is" if count == 1 else "are"


def span(duration: timedelta) -> str:
    """`8 s`, `1 min 14 s`, `2 h 5 min`, `2 h`: the two greatest units, to the second below an hour."""
    seconds = round(duration.total_seconds())
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (0 if hours else seconds, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 s"

"""Durations as the configuration writes them: `45s`, `15m`, `12h`, `90d`.

One whole, positive number and one unit. Combined forms such as `1h30m` are refused, so that every duration
has one spelling per unit and a diff of two files shows a change of meaning only; `90m` says the same.
A day is 24 hours. The digits are limited so that no duration that can be written (at most 99999 days) takes
a date of this millennium out of the range of `datetime`.
"""

from __future__ import annotations

import re
from datetime import timedelta

from voiceform.model.errors import UsageError

DURATION_PATTERN = r"^([1-9][0-9]{0,8}s|[1-9][0-9]{0,6}m|[1-9][0-9]{0,4}[hd])$"
"""The same expression as in the JSON Schemas: what the schema lets through can be parsed."""

_DURATION = re.compile(DURATION_PATTERN.removesuffix("$") + r"\Z", re.ASCII)
_COMBINED = re.compile(r"(?:(\d{1,5})d)?(?:(\d{1,5})h)?(?:(\d{1,5})m)?(?:(\d{1,5})s)?", re.ASCII)
_SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}


def parse_duration(text: str) -> timedelta:
    """Read `90d`; raises UsageError, whose hint names the right spelling, when `text` is not a duration."""
    if _DURATION.match(text) is None:
        raise UsageError(f"{text!r} is not a duration", hint=_advice(text))
    return timedelta(seconds=int(text[:-1]) * _SECONDS[text[-1]])


def format_duration(duration: timedelta) -> str:
    """The shortest exact spelling: 24 hours are `1d`, 90 minutes are `90m`.

    Raises ValueError for what no spelling exists: nothing, negative durations and fractions of a second.
    """
    seconds, rest = divmod(duration, timedelta(seconds=1))
    if seconds < 1 or rest:
        raise ValueError(f"{duration!r} is not a positive number of whole seconds")
    unit = next(unit for unit, size in _SECONDS.items() if seconds % size == 0)
    return f"{seconds // _SECONDS[unit]}{unit}"


def _advice(text: str) -> str:
    """What to write instead."""
    match = _COMBINED.fullmatch(text)
    if match is not None:
        parts = zip(match.groups(), _SECONDS.values(), strict=True)
        seconds = sum(int(count) * size for count, size in parts if count)
        if seconds:
            return f"write it with one unit: {format_duration(timedelta(seconds=seconds))}"
    return "a duration is one whole number, not 0, and one unit: 45s, 15m, 12h or 90d"

"""Reading values of JSON answers: the service sends numbers as texts, nulls, and new words. What stands there
and cannot be read is an error and not nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from voiceform.twilio.sids import is_sid

Json = Mapping[str, Any]

_WHOLE = re.compile(r"-?[0-9]{1,18}(?:\.0{1,6})?", re.ASCII)


class MalformedAnswerError(ValueError):
    """An answer is JSON but not what was asked for; the transport turns it into an error with a place."""


def as_object(value: object) -> Json:
    """A JSON object; raises MalformedAnswerError for anything else."""
    if not isinstance(value, dict):
        raise MalformedAnswerError(f"a JSON object was expected, not {type(value).__name__}")
    return value


def sid(data: Json, name: str, prefix: str) -> str:
    """The SID by which an object is known. Raises MalformedAnswerError, which does not repeat what stands
    there: it is anything but a SID."""
    value = data.get(name)
    if not isinstance(value, str) or not is_sid(value, prefix):
        raise MalformedAnswerError(f"an object's {name} is not a SID that begins with {prefix}")
    return value


def optional_sid(data: Json, name: str, prefix: str) -> str | None:
    """The SID of another object; None for null, absent and empty."""
    return sid(data, name, prefix) if data.get(name) not in (None, "") else None


def text(data: Json, name: str) -> str:
    """A text, empty for null and for absent."""
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise MalformedAnswerError(f"an object's {name} is no text")
    return value


def optional_text(data: Json, name: str) -> str | None:
    """A text, None for null, absent and empty (the service sends both null and "" for nothing)."""
    return text(data, name) or None


def number(data: Json, name: str) -> int | None:
    """A whole number, also as a text or with a fraction of nothing (`100`, `"100"`, `100.0`); None for null,
    absent and empty. Anything else is not nothing: MalformedAnswerError."""
    value = data.get(name)
    if type(value) is int:
        return value
    if value is None or value == "":
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value.partition(".")[0])
    raise MalformedAnswerError(f"an object's {name} is no whole number")


def flag(data: Json, name: str) -> bool | None:
    """A boolean, also as the text `true` or `false`; None for null, absent and empty."""
    value = data.get(name)
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return value
    found = {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else None
    if found is None:
        raise MalformedAnswerError(f"an object's {name} is neither true nor false")
    return found


def price(data: Json, name: str) -> str | None:
    """A price as text (`-0.00250`); the service sends it as a text or as a number."""
    value = data.get(name)
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def date_text(data: Json, name: str) -> str | None:
    """What should be a date, if it is a text; parse_date reads it."""
    value = data.get(name)
    return value if isinstance(value, str) else None

"""Reading values of JSON answers leniently: the service sends numbers as texts, nulls, and new words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = Mapping[str, Any]


class MalformedAnswerError(ValueError):
    """An answer is JSON but not what was asked for; the transport turns it into an error with a place."""


def as_object(value: object) -> Json:
    """A JSON object; raises MalformedAnswerError for anything else."""
    if not isinstance(value, dict):
        raise MalformedAnswerError(f"a JSON object was expected, not {type(value).__name__}")
    return value


def required_text(data: Json, name: str) -> str:
    """A text without which the object is useless: its SID."""
    value = data.get(name)
    if not isinstance(value, str) or not value:
        raise MalformedAnswerError(f"an object has no {name}")
    return value


def text(data: Json, name: str) -> str:
    """A text, empty for null and for absent."""
    value = data.get(name)
    return value if isinstance(value, str) else ""


def optional_text(data: Json, name: str) -> str | None:
    """A text, None for null, absent and empty (the service sends both null and "" for nothing)."""
    value = data.get(name)
    return value if isinstance(value, str) and value else None


def number(data: Json, name: str) -> int | None:
    """A whole number, also as a text; None for null, absent and anything else."""
    value = data.get(name)
    if type(value) is int:
        return value
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            return None
    return None


def flag(data: Json, name: str) -> bool | None:
    """A boolean, also as the text `true` or `false`; None for anything else."""
    value = data.get(name)
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return None


def price(data: Json, name: str) -> str | None:
    """A price as text (`-0.00250`); the service sends it as a text or as a number."""
    value = data.get(name)
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

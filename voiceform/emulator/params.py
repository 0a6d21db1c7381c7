"""Reading form parameters: each function returns the value, or None where the parameter is absent.

A value that cannot be read is an ``ApiError`` with the code that Twilio's dictionary gives for that
parameter.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from voiceform.emulator.errors import bad_request, invalid_parameter
from voiceform.emulator.messages import Params

_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)


def integer(params: Params, name: str, low: int, high: int, code: int = 20001) -> int | None:
    """A whole number within bounds."""
    text = params.one(name)
    if text is None:
        return None
    if not _INTEGER.fullmatch(text) or not low <= int(text) <= high:
        raise bad_request(
            code, f"Invalid value '{text}' for parameter {name}: must be an integer from {low} to {high}"
        )
    return int(text)


def boolean(params: Params, name: str, default: bool = False) -> bool:
    """A flag; as in the API, whatever is not ``true`` reads as false."""
    text = params.one(name)
    return default if text is None else text.lower() == "true"


def choice(params: Params, name: str, allowed: tuple[str, ...], code: int = 20001) -> str | None:
    """One of the allowed words, in any case; returned as the API spells it."""
    text = params.one(name)
    if text is None:
        return None
    for word in allowed:
        if word.lower() == text.lower():
            return word
    raise bad_request(
        code, f"Invalid value '{text}' for parameter {name}: must be one of {', '.join(allowed)}"
    )


def choices(params: Params, name: str, allowed: tuple[str, ...]) -> list[str]:
    """A list sent as repeated keys or as words between spaces (the API accepts both)."""
    words = [word for value in params.get(name, []) for word in value.split()]
    for word in words:
        if word not in allowed:
            raise invalid_parameter(name, word, f"must be one of {', '.join(allowed)}")
    return words


def url(
    params: Params, name: str, code: int, message: str = "The {name} URL {value} is not a valid URL."
) -> str | None:
    """An absolute http or https URL of at most 4000 characters."""
    text = params.one(name)
    if text is None or text == "":
        return None
    try:
        parts = urlsplit(text)
        valid = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and " " not in text
            and len(text) <= 4000
        )
    except ValueError:
        valid = False
    if not valid:
        raise bad_request(code, message.format(name=name, value=text))
    return text

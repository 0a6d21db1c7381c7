"""Reading form parameters: each function returns the value, or None where the parameter is absent.

A value that cannot be read is an ``ApiError`` with the code that Twilio's dictionary gives for that
parameter.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from voiceform.emulator.errors import bad_request, invalid_parameter
from voiceform.emulator.messages import Params

#: The code for a callback URL that is none.
INVALID_CALLBACK = 21609
#: Stands in a list of events and is never one.
NEVER = "never"

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


def callback_events(params: Params, name: str, allowed: tuple[str, ...], *, refuse: bool) -> list[str]:
    """Events to be called back for, sent as repeated keys or as words between spaces (the API accepts both).

    With a word that is no event the list is ``[NEVER]``, as the service does it, or it is refused (20001).
    """
    words = [word for value in params.get(name, []) for word in value.split()]
    wrong = [word for word in words if word not in allowed]
    if wrong and refuse:
        raise invalid_parameter(name, wrong[0], f"must be one of {', '.join(allowed)}")
    return [NEVER] if wrong else words


def matching(params: Params, name: str, pattern: re.Pattern[str], code: int, expected: str) -> str | None:
    """A text of a certain form."""
    text = params.one(name)
    if text is not None and not pattern.fullmatch(text):
        raise bad_request(code, f"Invalid value '{text}' for parameter {name}: must be {expected}")
    return text


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
            and (parts.port is None or parts.port > 0)
            and text.isprintable()
            and " " not in text
            and len(text) <= 4000
            # https://www.twilio.com/docs/voice/api/call-resource: no underscores in the host of a callback
            and not (code == INVALID_CALLBACK and "_" in (parts.hostname or ""))
        )
    except ValueError:
        valid = False
    if not valid:
        raise bad_request(code, message.format(name=name, value=text))
    return text

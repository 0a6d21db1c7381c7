"""What people and CI logs may not see: phone numbers, and secrets.

Secrets are found by the name of their field, never by comparing values: a secret `x` must not blank every x,
and the old value of a secret is as secret as the new one. Two secrets sit inside other texts and are found by
their syntax: the password of a URL, and the password attribute of TwiML's <Sip>.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

SENSITIVE_FIELDS = frozenset(
    {"sip_auth_password", "password", "auth_token", "api_secret", "api_key_secret", "secret"}
)
"""Fields whose values are never shown, in snake case; `SipAuthPassword` and `sipAuthPassword` count too."""

REDACTED = "(sensitive)"
"""What stands in the place of a secret."""

_NUMBER = re.compile(r"(?:\+|%2[Bb])[1-9]\d{6,14}(?!\d)")
_URL_PASSWORD = re.compile(r"(\b[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/?#:@]*):[^\s/?#@]*(?=@)")
_TWIML_PASSWORD = re.compile(r"(\bpassword\s*=\s*)(\"[^\"]*\"|'[^']*')", re.IGNORECASE)
_COMPARABLE = frozenset(name.replace("_", "") for name in SENSITIVE_FIELDS)
_PATH_PART = re.compile(r"[^.\[\]]+")
_KEPT_BEHIND = 4


def mask_number(number: str) -> str:
    """`+15558675310` as `+1•••••5310`; the dots are always five, so the length does not show."""
    kept_in_front = 4 if number.startswith("%") else 2
    return f"{number[:kept_in_front]}•••••{number[-_KEPT_BEHIND:]}"


def mask_text(text: str) -> str:
    """`text` with every E.164 number in it masked, those of percent-encoded URLs (%2B1555...) too."""
    if "+" not in text and "%" not in text:
        return text
    return _NUMBER.sub(lambda match: mask_number(match[0]), text)


def mask(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A copy of a JSON value with every number in its texts, keys included, masked."""
    if isinstance(value, str):
        return mask_text(value)
    if isinstance(value, Mapping):
        return {mask_text(key): mask(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [mask(item) for item in value]
    return value


def is_sensitive(path: str) -> bool:
    """Whether any part of a dotted path (`participants.bridge.sip_auth_password`) names a sensitive field."""
    return any(part.replace("_", "").lower() in _COMPARABLE for part in _PATH_PART.findall(path))


def redact_text(text: str, *, show_numbers: bool = False) -> str:
    """`text` without passwords in URLs and TwiML and, unless `show_numbers`, with its numbers masked."""
    if "@" in text and "://" in text:
        text = _URL_PASSWORD.sub(rf"\1:{REDACTED}", text)
    if "assword" in text.lower():
        text = _TWIML_PASSWORD.sub(rf'\1"{REDACTED}"', text)
    return text if show_numbers else mask_text(text)


def redact(value: Any, *, show_numbers: bool = False) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value as people may see it: secrets by field name, passwords in texts, numbers masked.

    What needs no change is returned as it is, not copied: a plan may carry a million SIDs. An unset secret
    (None) stays None, so that one sees whether it is set.
    """
    if isinstance(value, str):
        return redact_text(value, show_numbers=show_numbers)
    if isinstance(value, Mapping):
        return _redact_mapping(value, show_numbers)
    if isinstance(value, list | tuple):
        items = [redact(item, show_numbers=show_numbers) for item in value]
        return value if all(map(_same, items, value)) else items
    return value


def _redact_mapping(value: Mapping[str, Any], show_numbers: bool) -> Mapping[str, Any]:
    changed = False
    items: dict[str, Any] = {}
    for key, item in value.items():
        shown = (
            redact_field(key, item, show_numbers=show_numbers)
            if isinstance(key, str)
            else redact(item, show_numbers=show_numbers)
        )
        shown_key = redact_text(key, show_numbers=show_numbers) if isinstance(key, str) else key
        while shown_key in items:  # two numbers that look alike once masked: neither may vanish
            shown_key += "'"
        changed = changed or shown is not item or shown_key is not key
        items[shown_key] = shown
    return items if changed else value


def redact_field(path: str, value: Any, *, show_numbers: bool = False) -> Any:  # noqa: ANN401 - any JSON value
    """The value of the field at `path` as people may see it."""
    if value is not None and is_sensitive(path):
        return REDACTED
    return redact(value, show_numbers=show_numbers)


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON value
    return one is other

"""What people and CI logs may not see: phone numbers, and secrets.

By field first: a field of a secret is never shown whatever stands in it, and the field of a number or of a
party is masked whatever its spelling. By pattern everywhere else (phone_patterns.py, secret_patterns.py).
Values are never compared: a secret `x` must not blank every x, and the old value of a secret is as secret
as the new one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto
from functools import lru_cache
from typing import Any

from voiceform.model.phone_patterns import DOTS, mask_number, mask_numbers
from voiceform.model.secret_patterns import REDACTED, redact_secrets

__all__ = [
    "PARTY_FIELDS",
    "REDACTED",
    "SENSITIVE_FIELDS",
    "is_sensitive",
    "mask_party",
    "redact",
    "redact_field",
    "redact_party",
    "redact_text",
    "without_digests",
]

SENSITIVE_FIELDS = frozenset(
    {
        *(
            "sip_auth_password",
            "password",
            "passwd",
            "passphrase",
            "auth_token",
            "access_token",
            "refresh_token",
        ),
        *(
            "api_secret",
            "api_key_secret",
            "client_secret",
            "secret",
            "secret_key",
            "private_key",
            "authorization",
            "credentials",
        ),
    }
)
"""Fields whose values are never shown, in snake case; `SipAuthPassword` and `sipAuthPassword` count too."""

PARTY_FIELDS = frozenset({"to", "from", "number", "numbers", "phone", "caller_id", "recipient", "recipients"})
"""Fields that name who calls or is called: what has five digits in it there is a number."""

PERSONAL_FIELDS = frozenset({"people"})
"""Fields of rows about people: a number, an instant, and what nobody sees. Divided by tabs, as the texts that
schedules record."""

_COMPARABLE = frozenset(name.replace("_", "") for name in SENSITIVE_FIELDS)
_PARTIES = frozenset(name.replace("_", "") for name in PARTY_FIELDS)
_PATH_PART = re.compile(r"[^.\[\]]+")
_NO_NUMBER = re.compile(r".*://.*|\d{4}-\d\d-\d\d.*|[A-Za-z]{2}[0-9a-fA-F]{32}", re.DOTALL)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]{8,15}Z", re.ASCII)
_DIGEST = "(digest)"
_DIGEST_LIKE = re.compile(r"(?:[a-z][a-z0-9]*+:)?[0-9a-f]{16}(?:[0-9a-f]{16}|[0-9a-f]{24}|[0-9a-f]{48})?")
_DIGITS_OF_A_NUMBER = 5


def mask_party(text: str) -> str:
    """A text that is known to name somebody who calls or is called: a short number is masked too."""
    masked = mask_numbers(text)
    if masked != text or DOTS in text or _NO_NUMBER.fullmatch(text):
        return masked
    return mask_number(text) if sum(map(str.isdecimal, text)) >= _DIGITS_OF_A_NUMBER else text


class _Sort(Enum):
    """What sort of field a path leads to."""

    PLAIN = auto()
    SENSITIVE = auto()
    PARTY = auto()
    PERSONAL = auto()


@lru_cache(maxsize=1024)
def _sort_of(path: str) -> _Sort:
    """The gravest sort that a dotted path is of."""
    parts = _PATH_PART.findall(path)
    if any(_plain(part) in _COMPARABLE for part in parts):
        return _Sort.SENSITIVE
    last = next((part for part in reversed(parts) if not part.isdecimal()), "")
    if _plain(last) in _PARTIES:
        return _Sort.PARTY
    return _Sort.PERSONAL if last in PERSONAL_FIELDS else _Sort.PLAIN


def is_sensitive(path: str) -> bool:
    """Whether any part of a dotted path (`participants.bridge.sip_auth_password`) names a sensitive field."""
    return _sort_of(path) is _Sort.SENSITIVE


def redact_text(text: str, *, show_numbers: bool = False) -> str:
    """`text` without the secrets in it and, unless `show_numbers`, with its numbers masked."""
    text = redact_secrets(text)
    return text if show_numbers else mask_numbers(text)


def redact_party(value: Any, *, show_numbers: bool = False) -> Any:  # noqa: ANN401 - any JSON value
    """The value of a field that names parties: short numbers and bare integers are masked too."""
    if show_numbers:
        return redact(value, show_numbers=True)
    if isinstance(value, str):
        return mask_party(redact_secrets(value))
    if isinstance(value, int) and not isinstance(value, bool):
        return mask_party(str(value))
    if isinstance(value, list | tuple):
        items = [redact_party(item) for item in value]
        return value if all(map(_same, items, value)) else items
    return redact(value)


def redact(value: Any, *, show_numbers: bool = False) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value as people may see it: secrets by field name, passwords in texts, numbers masked.

    What needs no change is returned as it is, not copied: a plan may carry a million SIDs. An unset secret
    (None) stays None, so that one sees whether it is set.
    """
    if isinstance(value, str):
        return redact_text(value, show_numbers=show_numbers)
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, dict | Mapping):  # dict first: the abstract class takes long to say no
        return _redact_mapping(value, show_numbers)
    if isinstance(value, list | tuple):
        items = [redact(item, show_numbers=show_numbers) for item in value]
        return value if all(map(_same, items, value)) else items
    return value


def without_digests(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value without the digests in it: whoever knows most of what was hashed could guess the rest."""
    if isinstance(value, str):
        return _DIGEST if _DIGEST_LIKE.fullmatch(value) else value
    if value is None or isinstance(value, int | float):
        return value
    if isinstance(value, dict | Mapping):
        return {key: without_digests(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [without_digests(item) for item in value]
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
    sort = _sort_of(path)
    if sort is _Sort.SENSITIVE and value is not None:
        return REDACTED
    if sort is _Sort.PARTY:
        return redact_party(value, show_numbers=show_numbers)
    if sort is _Sort.PERSONAL:
        return _redact_rows(value, show_numbers)
    return redact(value, show_numbers=show_numbers)


def _redact_rows(value: Any, show_numbers: bool) -> Any:  # noqa: ANN401 - any JSON value
    """Rows about people with the number, masked, and the instant of each; the rest is theirs."""
    if isinstance(value, list | tuple):
        return [_redact_rows(item, show_numbers) for item in value]
    if not isinstance(value, str):
        return redact(value, show_numbers=show_numbers)
    number, _, rest = value.partition("\t")
    instant = rest.partition("\t")[0]
    shown = [number if show_numbers else mask_party(number)]
    if _INSTANT.fullmatch(instant):
        shown.append(instant)
    return " ".join([*shown, REDACTED])


def _same(one: Any, other: Any) -> bool:  # noqa: ANN401 - any JSON value
    return one is other


def _plain(name: str) -> str:
    return name.replace("_", "").replace("-", "").lower()

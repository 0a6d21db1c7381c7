"""Phone numbers are for the phone network: everything that people and CI logs see shows them masked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_NUMBER = re.compile(r"\+[1-9]\d{6,14}(?!\d)")
_KEPT_IN_FRONT = 2
_KEPT_BEHIND = 4


def mask_number(number: str) -> str:
    """`+15558675310` as `+1•••••5310`; the dots are always five, so the length does not show."""
    return f"{number[:_KEPT_IN_FRONT]}•••••{number[-_KEPT_BEHIND:]}"


def mask_text(text: str) -> str:
    """`text` with every E.164 number in it masked."""
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

"""SIDs: two letters and 32 hexadecimal digits."""

from __future__ import annotations

import re
from random import Random

_SHAPE = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}", re.ASCII)


def is_sid(text: str, prefix: str) -> bool:
    """Whether a text has the shape of a SID of this prefix."""
    return text.startswith(prefix) and _SHAPE.fullmatch(text) is not None


def new_sid(random: Random, prefix: str) -> str:
    """A new SID."""
    return f"{prefix}{random.getrandbits(128):032x}"

"""Keys for objects that are named in the account and not yet in a configuration."""

from __future__ import annotations

import re
import unicodedata

_NOT_IN_KEYS = re.compile(r"[^a-z0-9]+")
_LONGEST_KEY = 60


def free_key(name: str, taken: set[str], otherwise: str) -> str:
    """A key made of a name, that is not `taken`; of `otherwise` where nothing of the name can be used."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    stem = _NOT_IN_KEYS.sub("-", plain).strip("-")[:_LONGEST_KEY] or otherwise
    key, number = stem, 2
    while key in taken:
        key, number = f"{stem}-{number}", number + 1
    return key

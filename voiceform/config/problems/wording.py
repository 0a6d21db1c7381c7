"""How values from the files are quoted in messages: short, on one line, nothing private in clear."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

ODD_BLANKS = frozenset("\u00a0\u1680\u202f\u205f\u3000\u200b\ufeff").union(map(chr, range(0x2000, 0x200B)))
"""Characters that look like a blank and are none to YAML."""

_LIMIT = 60
_CANDIDATES = 1000
_COMPARED = 40
_SLACK = 3


def shorten(text: str, limit: int = _LIMIT) -> str:
    """At most `limit` characters of `text`, with an ellipsis where it was cut."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def quote(text: str) -> str:
    """`text` in quotes, shortened, with control characters escaped. Masked first: what a cut leaves of a
    number or a login is not known for one."""
    from voiceform.model.masking import redact_text

    return repr(shorten(redact_text(shorten(text, 10 * _LIMIT))))


def bare(text: str) -> str:
    """`text` as `quote` gives it, without quotes where it is an ordinary name."""
    from voiceform.model.masking import redact_text

    return shorten(redact_text(text)) if text.isprintable() and " " not in text and text else quote(text)


def describe(value: Any) -> str:  # noqa: ANN401 - any YAML value
    """A value as it reads after "must be ..., not"."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, str):
        return quote(value)
    return "a list" if isinstance(value, list) else "a mapping"


def either(words: Iterable[str]) -> str:
    """`a, b or c`."""
    *front, last = words
    return f"{', '.join(front)} or {last}" if front else last


def both(words: Iterable[str]) -> str:
    """`a, b and c`."""
    *front, last = words
    return f"{', '.join(front)} and {last}" if front else last


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant: another spelling (`MaxSize`, `max-size`) or a near miss.

    Of very many known words the first ones are looked at, and only words of about the same length: this is
    help, and must not cost more than the work.
    """
    if len(word) > _LIMIT:
        return None
    plain = _letters(word)
    near: list[str] = []
    for candidate in islice(known, _CANDIDATES):
        if abs(len(candidate) - len(word)) > max(_SLACK, len(word) // 2):
            continue
        if _letters(candidate) == plain:
            return candidate
        if len(near) < _COMPARED and len(set(candidate) & set(word)) * 2 >= len(set(word)):
            near.append(candidate)
    from difflib import get_close_matches

    matches = get_close_matches(word, near, n=1, cutoff=0.6)
    return matches[0] if matches else None


def _letters(word: str) -> str:
    """Only letters and digits, in lower case."""
    return "".join(character for character in word.lower() if character.isalnum())

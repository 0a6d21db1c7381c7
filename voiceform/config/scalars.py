"""What an unquoted scalar means.

The rules are those of YAML 1.2's core schema, narrowed where they surprise: what looks like a number but
would not be written back the same way stays text. Everything that is not text here is not text in YAML 1.1
either, so what PyYAML and other writers leave unquoted keeps its meaning.

    null      (nothing)  ~  null  Null  NULL
    boolean   true  True  TRUE  false  False  FALSE      not yes, no, on, off: `NO` is a country
    integer   0  -5  200                                 not 010, 0x10, 1_000, 12:30, +15558675310
    float     0.5  -1.5e+3  (2.0 is the integer 2)       not 1e3, .5, .inf, .nan
    text      everything else, timestamps included
"""

from __future__ import annotations

import math
import re

Scalar = str | int | float | bool | None

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\Z")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,30}(?:[eE][-+][0-9]{1,3})?\Z")
_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
NOT_TEXT = frozenset("-0123456789tTfFnN~")
"""With one of these begins every unquoted scalar that is not text, but for the empty one."""


def resolve_plain(text: str) -> Scalar:
    """The value of an unquoted scalar."""
    if text and text[0] not in NOT_TEXT:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.match(text):
        return int(text)
    if _FLOAT.match(text):
        return _number(text)
    return text


def _number(text: str) -> Scalar:
    """A float, as an integer where it is one; text when it is too large to be either."""
    value = float(text)
    if not math.isfinite(value):
        return text
    return int(value) if value.is_integer() and abs(value) < 2**53 else value

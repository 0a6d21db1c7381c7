"""Where phone numbers stand in a text, in any spelling, and what looks like one and is none.

A number is found in the spellings that numbers.py reads and in those that people, carriers and URLs write:
with `+` and any punctuation, bare digits, `00` and `011` in front, groups with blanks, dots, dashes,
slashes and parentheses, decimal digits of every script, characters of no width in between, percent-encoded
once or more. SIDs, hashes, UUIDs, dates, instants, IP addresses, amounts with commas and sizes with a unit
are left alone.

Where a text can be read both ways it counts as a number: a count that is masked is a nuisance, a number
that is shown is a leak.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from urllib.parse import unquote

DOTS = "•••••"
"""What stands for the digits that are not shown: always five, so that the length does not show."""

EXAMPLES = ("+15558675310", "+15017122661")
"""Numbers of nobody, for our own messages: `such as +15558675310` is no data and is shown."""

_BLANK = " \\t\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_UNSEEN = "\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
_DASHES = "\\-\u2010-\u2015\u2043\u2212\u30fc\ufe58\ufe63\uff0d"
_MARKS = f"()./~{_DASHES}\uff08\uff09\uff0e\uff0f\u00b7"
_ENCODED_MARK = r"%(?:25)*(?:20|2[89DEFdef]|[Cc]2%(?:25)*[Aa]0)"
_PLUS = r"(?:[+\uff0b\ufe62\u207a]|%(?:25)*2[Bb]|\\u002[Bb]|&#43;|&#[xX]2[Bb];|&plus;)"
_DATE = (
    r"(?:19|20|21)\d\d(?P<between>[-./])(?:0?[1-9]|1[0-2])(?P=between)"
    r"(?:0[1-9]|[12]\d|3[01]|[1-9])(?!\d|[-.]\d)"
)
_DAY = _DATE.replace("?P<between>", "").replace("(?P=between)", "[-./]")
_CLOCK = r"(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?: ?Z| ?[+-]\d\d:?\d\d)?)?"
_NO_NUMBERS = "|".join(
    (
        r"(?<![^\W_])[A-Za-z]{2}[0-9a-fA-F]{32}(?![^\W_])",  # SIDs
        r"(?<![^\W_])[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}(?![^\W_])",  # UUIDs
        r"(?<![^\W_])(?=[0-9]*[a-fA-F])[0-9a-fA-F]{16,}(?![^\W_])",  # hashes
        rf"(?<!\d){_DATE}{_CLOCK}",
        r"(?<!\d)\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?!\d)",
        r"(?<!\d)\d\d?[./]\d\d?[./](?:19|20|21)\d\d(?!\d)",
        r"(?<!\d)\d\d? [A-Z][a-z]{2} \d{4}(?: \d\d:\d\d(?::\d\d)?(?: [+-]\d{4})?)?(?!\d)",
        r"(?<!\d)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:(?:[01]\d|2[0-3])(?:[0-5]\d){2})?(?!\d)",
        r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\d.])",
        r"(?<![\d.])0\.\d+(?!\d)",
        r"(?<![^\W_])[1-9]\d?0{6,8}(?!\d)",  # a bound, such as 10000000
        r"(?<!\d)\d{7,9} (?:bytes|B|[kKMG]i?B|ms|seconds|minutes|s)\b",
        r"\b(?:pid|process|line|port) \d{1,9}(?!\d)",
        r"(?<!\d)(?:\d{1,5}|(?:19|20)\d\d[-/]\d\d)/0\d{5}(?:\.\d{4})?\.jsonl\b",  # a file of evidence
    )
)


def _compiled(digit: str, mark: str, start: str) -> re.Pattern[str]:
    """Numbers and what is none, from the left; `digit` and `mark` say how each may be written."""
    gap = f"(?:{mark}|(?<=\\d)\\+(?=\\d))*"
    following = f"(?:(?![{_BLANK}]+{_DAY}){gap}{digit})"
    joint = f"(?:(?!  |(?:{mark}){{1,3}}{_DAY})(?:{mark})){{1,4}}"
    numbers = (
        f"(?P<plus>{_PLUS}){gap}(?!0)(?:{digit}{{11,}}|1{following}{{10}}(?!{digit})|{digit}{following}{{6,14}}{digit}*)",
        f"tel:{gap}(?:{digit}{gap}){{4,14}}{digit}",
        f"{start}(?P<run>{digit}{{10,15}}|(?=0(?:0|11)){digit}{{10,18}})(?!\\d)",
        f"{start}(?P<grouped>(?:1{joint})?(?:\\((?={digit}{{3}}\\)))?{digit}{{3}}{joint}{digit}{{3}}{joint}{digit}{{4}}(?!\\d))",
        f"{start}(?P<loose>(?:[(\uff08](?={digit}{{1,5}}[)\uff09]))?{digit}(?:(?:{joint})?{digit}){{6,17}})(?!\\d)",
    )
    return re.compile(f"(?P<other>{_NO_NUMBERS})|" + "|".join(numbers))


_PLAIN_MARK = f"[{_MARKS}{_BLANK}{_UNSEEN}]"
_MAYBE = re.compile(rf"\d(?:(?:{_PLAIN_MARK}|\+)*\d){{6}}|tel:", re.IGNORECASE)
_ENCODING = re.compile(r"%(?:25)*[23][0-9A-Fa-f]")
_ENCODED_SCRIPT = re.compile(r"(?:%(?:25)*[89A-Fa-f][0-9A-Fa-f])+")
_RUN = re.compile(r"(?<!\d)\d{10,15}(?!\d)")
_WHOLE = re.compile(r"\+[1-9][0-9]{9,14}", re.ASCII)
"""A text that is a number and nothing else, as lists have them by the hundred thousand."""
_EXAMPLE = re.compile(rf"(?<=\bas )(?:{'|'.join(map(re.escape, EXAMPLES))})(?!\d)")
_SCRIPT = re.compile(rf"\d|[\uff0b\ufe62\u207a{_UNSEEN}\u00a0\uff08\uff09\uff0d\u2010-\u2015]")
_GROUPS = re.compile(r"\d+")
_LEADING_PLUS = re.compile(_PLUS)


@cache
def _plain() -> re.Pattern[str]:
    """Compiled when the first text may have a number: that takes longer than many a command."""
    return _compiled(r"\d", _PLAIN_MARK, f"(?<![\\d{DOTS[0]}])")


@cache
def _encoded() -> re.Pattern[str]:
    """As `_plain`, of texts with percent-encoding."""
    return _compiled(
        r"(?:\d|%(?:25)*3\d)",
        f"(?:{_PLAIN_MARK}|{_ENCODED_MARK})",
        f"(?<!%)(?<!%[0-9A-Fa-f])(?:(?<![\\d{DOTS[0]}])|(?<=%[0-9A-Fa-f]{{2}}))",
    )


def mask_numbers(text: str) -> str:
    """`text` with every phone number in it masked: `+1•••••5310`; masking twice changes nothing more."""
    if _WHOLE.fullmatch(text):
        return f"{text[:2]}{DOTS}{text[-4:]}"
    if "%" in text:
        text = _ENCODED_SCRIPT.sub(_decoded_digits, text)
    if "%" in text and _ENCODING.search(text):
        return _encoded().sub(_masked, text)
    return _plain().sub(_masked, text) if _MAYBE.search(text) else text


def mask_number(number: str) -> str:
    """A text that is known to be a number: its country calling code's first digit and the last four.

    Of a number of less than ten digits the last two are shown, of one of less than five nothing.
    """
    plus = _LEADING_PLUS.match(number)
    plain = unquote_all(number[plus.end() :] if plus else number)
    digits = "".join(str(unicodedata.decimal(char)) for char in plain if char.isdecimal())
    kept = digits[-4:] if len(digits) >= 10 else digits[-2:] if len(digits) >= 5 else ""
    return f"{plus[0]}{digits[0] if digits else ''}{DOTS}{kept}" if plus else f"{DOTS}{kept}"


def unquote_all(text: str) -> str:
    """`text` without its percent-encoding, however often it was encoded."""
    while "%" in text and (decoded := unquote(text)) != text:
        text = decoded
    return text


def _decoded_digits(match: re.Match[str]) -> str:
    """Encoded characters beyond ASCII, decoded where they are digits or marks of a number."""
    text = unquote_all(match[0])
    return text if _SCRIPT.search(text) else match[0]


def _masked(match: re.Match[str]) -> str:
    if match["other"] is not None:
        return match[0]
    if match["plus"] is not None:
        return match[0] if _EXAMPLE.match(match.string, match.start()) else mask_number(match[0])
    if match["loose"] is not None and not _is_number(match):
        return _RUN.sub(lambda run: mask_number(run[0]), match[0])
    scheme = match[0][:4] if match[0][:4].lower() == "tel:" else ""
    return scheme + mask_number(match[0][len(scheme) :])


def _is_number(match: re.Match[str]) -> bool:
    """Whether digits that stand close together are a number, and no part of a word, decimal or identifier."""
    text = unquote_all(match[0])
    groups = _GROUPS.findall(text)
    count = sum(map(len, groups))
    if len(groups) == 1 and count > 9:
        return False  # too long for a number; those of the right length are matched as such
    if len(groups) == 2 and len(groups[0]) < 3 and "." in text and text[0] != "(":
        return False  # a decimal
    return count >= 10 or not _beside_letter(match)


def _beside_letter(match: re.Match[str]) -> bool:
    before, after = match.string[: match.start()][-3:], match.string[match.end() : match.end() + 1]
    encoded = before.startswith("%")
    return after.isalpha() or (before[-1:].isalpha() and not encoded)

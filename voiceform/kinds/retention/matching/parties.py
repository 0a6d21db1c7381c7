"""Who a rule or a hold is about, compared with what the API and carriers write about a call.

A wrong "no" destroys evidence, so what nobody can read is neither a yes nor a no.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from voiceform.kinds.retention.matching.truth import Truth
from voiceform.model.numbers import person

SUFFIX = 6
"""Numbers that differ in their last six digits are two numbers, however they are written."""
_PLAIN = re.compile(r"\+[1-9][0-9]{9,14}", re.ASCII)
_SIP = re.compile(r"(sips?):([^@]*)@(.*)", re.ASCII | re.IGNORECASE | re.DOTALL)
_USER = re.compile(r"(?:(?:sips?|tel|client):)?([^@;?:]*)", re.ASCII | re.IGNORECASE)
_PUNCTUATION = re.compile(r"[\s().\-/\u00a0]")
_KEYS = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
_WITHHELD = ("ANONYMOUS", "BLOCKED", "RESTRICTED", "UNAVAILABLE", "UNKNOWN")
"""What carriers send instead of a number: such a word as the user of a SIP address, or as one would dial it.
https://support.twilio.com/hc/en-us/articles/223179988 and RFC 3261, 8.1.1.3"""
_NOBODY = frozenset(f"+{word.translate(_KEYS)}" for word in _WITHHELD)


@dataclass(frozen=True, slots=True)
class Parties:
    """Numbers, SIP addresses and clients in their normal form (voiceform.model.numbers.normal_number)."""

    persons: frozenset[str]
    folded: frozenset[str] = field(init=False, compare=False)
    """They without regard to case."""
    suffixes: frozenset[str] = field(init=False, compare=False)
    """The last digits of the numbers among them."""
    _numbers: tuple[str, ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        numbers = tuple(sorted(item for item in self.persons if item.startswith("+")))
        object.__setattr__(self, "folded", frozenset(item.casefold() for item in self.persons))
        object.__setattr__(self, "suffixes", frozenset(item[-SUFFIX:] for item in numbers))
        object.__setattr__(self, "_numbers", numbers)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Parties:
        """From what the configuration or the state holds."""
        return cls(frozenset(who_is(text) or text for text in texts))

    def test(self, value: str) -> Truth:
        """Whether a live value is one of them; UNKNOWN for what nobody can read, and for a national number
        that may be one."""
        if is_plain(value):
            if value in self.persons:
                return Truth.YES
            if value[-SUFFIX:] not in self.suffixes:
                return Truth.NO
        who = who_calls(value)
        if who is None:
            return Truth.UNKNOWN
        if who in self.persons:
            return Truth.YES
        maybe = who.casefold() in self.folded or self._may_be_national(value)
        return Truth.UNKNOWN if maybe else Truth.NO

    def _may_be_national(self, value: str) -> bool:
        """Whether digits without a + could be one of the numbers, written without its country: `2125550101`
        is also a number of Morocco."""
        digits = national_digits(value)
        return bool(digits) and any(number.endswith(digits) for number in self._numbers)


def is_plain(value: str) -> bool:
    """Whether it is a number as the API writes them, and of somebody."""
    return _PLAIN.fullmatch(value) is not None and value not in _NOBODY


def who_calls(value: str) -> str | None:
    """`who_is` of a live value."""
    return None if value in _NOBODY else who_is(value)


def national_digits(value: str) -> str:
    """The digits by which a value may be a number without its country; empty where it cannot be one."""
    match = _USER.match(value.strip())
    digits = _PUNCTUATION.sub("", unquote(match[1]) if match else "").lstrip("+0")
    return digits if len(digits) >= SUFFIX and digits.isascii() and digits.isdigit() else ""


def who_is(text: str) -> str | None:
    """The person, and for a SIP address the user and the host alone: ports, parameters and passwords are of
    the way there. None for what nobody can read, and for a caller who withholds the number."""
    who = person(text)
    sip = _SIP.fullmatch(who) if who is not None else None
    if sip is None:
        return who
    user = re.split("[;:]", unquote(sip[2]))[0]
    if user.upper() in _WITHHELD:
        return None
    if user.startswith("+"):
        return person(user)
    host = re.split("[;?:>]", sip[3])[0].rstrip(".").lower()
    return f"sip:{user}@{host}"

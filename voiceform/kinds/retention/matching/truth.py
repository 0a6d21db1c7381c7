"""The answers to whether something matches, and how they combine."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum


class Truth(IntEnum):
    """The answer of a match. There are four, because a wrong "no" destroys evidence.

    UNKNOWN: the account does not tell (no duration, a call that can no longer be read); the caller keeps it.
    NEEDED: only calls can tell, and they were not looked up yet.
    """

    NO = 0
    YES = 1
    UNKNOWN = 2
    NEEDED = 3


def every(answers: Iterable[Truth]) -> Truth:
    """Whether all are met: one NO decides, then what is not known."""
    result = Truth.YES
    for answer in answers:
        if answer is Truth.NO:
            return answer
        if answer > result:
            result = answer
    return result


def some(answers: Iterable[Truth]) -> Truth:
    """Whether one at least is met: one YES decides, then what is not known."""
    result = Truth.NO
    for answer in answers:
        if answer is Truth.YES:
            return answer
        if answer > result:
            result = answer
    return result

"""Of very many who ask for numbers, those whom a leg of a call may concern."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Generic, TypeVar

from voiceform.kinds.retention.matching.legs import Leg
from voiceform.kinds.retention.matching.match import Match
from voiceform.kinds.retention.matching.parties import (
    SUFFIX,
    Parties,
    is_plain,
    national_digits,
    who_calls,
)

T = TypeVar("T")


class PartyIndex(Generic[T]):
    """Finds by a live value whose parties it may be: all of whom `Parties.test` says something else than NO,
    and a few more."""

    def __init__(self, asked: Iterable[tuple[Parties, T]]) -> None:
        self._folded: dict[str, list[T]] = {}
        self._suffixes: dict[str, list[T]] = {}
        for parties, item in asked:
            for folded in parties.folded:
                self._folded.setdefault(folded, []).append(item)
            for suffix in parties.suffixes:
                self._suffixes.setdefault(suffix, []).append(item)

    def meeting(self, value: str) -> Collection[T] | None:
        """Those; None where nobody can read the value, so that it may be anybody."""
        if is_plain(value):
            return self._suffixes.get(value[-SUFFIX:], ())
        who = who_calls(value)
        if who is None:
            return None
        found = {*self._folded.get(who.casefold(), ())}
        digits = national_digits(value)  # a number that ends with all of them ends with the last of them
        return found.union(self._suffixes.get(digits[-SUFFIX:], ())) if digits else found


class Sides(Generic[T]):
    """The parties of matches, by the side of a call that they may be on."""

    def __init__(self, asked: Iterable[tuple[Match, T]]) -> None:
        asked = tuple(asked)
        self._from = PartyIndex(
            (who, item) for match, item in asked for who in (match.from_, match.number) if who is not None
        )
        self._to = PartyIndex(
            (who, item) for match, item in asked for who in (match.to, match.number) if who is not None
        )

    def near(self, legs: Iterable[Leg]) -> tuple[set[T], bool, bool]:
        """Those whom anything on the legs that can be read may concern; and whether who calls cannot be read
        on one of them, and who is called."""
        found: set[T] = set()
        callers = called = False
        for leg in legs:
            from_, to = self._from.meeting(leg.from_), self._to.meeting(leg.to)
            callers, called = callers or from_ is None, called or to is None
            found.update(from_ or (), to or ())
        return found, callers, called

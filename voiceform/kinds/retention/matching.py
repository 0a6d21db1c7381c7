"""What a rule or a hold is about: criteria, and whether a recording (or a call) meets them.

The answer has four values, because a wrong "no" destroys evidence:

    NO       it does not match
    YES      it matches
    UNKNOWN  the account does not tell (no duration, a call that can no longer be read): the caller keeps it
    NEEDED   only the call's from, to and direction can tell, and they were not looked up yet
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Protocol

from voiceform.model.durations import parse_duration
from voiceform.model.plan_codec import instant_from_text


class Truth(IntEnum):
    """The answer of a match."""

    NO = 0
    YES = 1
    UNKNOWN = 2
    NEEDED = 3


class Row(Protocol):
    """What is matched: a recording as the API lists it, or a call made to look like one.

    `duration` is in seconds, `date_created` aware UTC; None is what the API did not say.
    """

    @property
    def sid(self) -> str:
        """Its SID."""

    @property
    def call_sid(self) -> str | None:
        """The call it is of: the parent leg."""

    @property
    def conference_sid(self) -> str | None:
        """The conference it is of, if any."""

    @property
    def source(self) -> str:
        """What started it; empty when the API did not say."""

    @property
    def status(self) -> str:
        """Its state; empty when the API did not say."""

    @property
    def channels(self) -> int | None:
        """1 or 2."""

    @property
    def duration(self) -> int | None:
        """Seconds."""

    @property
    def date_created(self) -> datetime | None:
        """When it began."""


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What a rule may ask about a call."""

    from_: str
    to: str
    direction: str


class Calls(Protocol):
    """Where the facts of calls come from."""

    def facts(self, call_sid: str) -> CallFacts | Truth:
        """The facts; UNKNOWN when the call cannot be read any more, NEEDED when nobody looked yet."""


class NoCalls:
    """Nothing was looked up yet."""

    def facts(self, call_sid: str) -> Truth:
        """Always NEEDED."""
        return Truth.NEEDED


@dataclass(frozen=True, slots=True)
class Match:
    """Criteria that must all be met; None is not asked. `end` is exclusive, durations are inclusive."""

    source: frozenset[str] | None = None
    status: frozenset[str] | None = None
    channels: frozenset[int] | None = None
    call_sid: frozenset[str] | None = None
    conference_sid: frozenset[str] | None = None
    min_seconds: float | None = None
    max_seconds: float | None = None
    start: datetime | None = None
    end: datetime | None = None
    from_: frozenset[str] | None = None
    to: frozenset[str] | None = None
    direction: frozenset[str] | None = None

    @classmethod
    def read(cls, attributes: Mapping[str, Any]) -> Match:
        """From the attributes of a rule or hold (voiceform.kinds.retention.parse writes them)."""
        created = attributes.get("created", {})
        low, high = attributes.get("min_duration"), attributes.get("max_duration")
        return cls(
            source=_words(attributes, "source"),
            status=_words(attributes, "status"),
            channels=_words(attributes, "channels"),
            call_sid=_words(attributes, "call_sid"),
            conference_sid=_words(attributes, "conference_sid"),
            min_seconds=parse_duration(low).total_seconds() if low else None,
            max_seconds=parse_duration(high).total_seconds() if high else None,
            start=_instant(created.get("start")),
            end=_instant(created.get("end")),
            from_=_words(attributes, "from"),
            to=_words(attributes, "to"),
            direction=_words(attributes, "direction"),
        )

    @property
    def needs_call(self) -> bool:
        """Whether only the call's record can decide."""
        return self.from_ is not None or self.to is not None or self.direction is not None

    def test(self, row: Row, calls: Calls) -> Truth:
        """Whether `row` meets every criterion. What the row itself says is tried first, since it is free."""
        own = self.of_row(row)
        if own is Truth.NO or not self.needs_call:
            return own
        if row.call_sid is None:
            return Truth.UNKNOWN
        facts = calls.facts(row.call_sid)
        if not isinstance(facts, CallFacts):
            return facts
        told = self.of_call(facts)
        return told if told is Truth.NO else max(told, own)

    def of_row(self, row: Row) -> Truth:
        """Whether the row meets what can be asked of itself; never NEEDED."""
        answer = self._of_date(row.date_created)
        if answer is Truth.NO:
            return answer
        for allowed, value in (
            (self.source, row.source or None),
            (self.status, row.status or None),
            (self.channels, row.channels),
            (self.call_sid, row.call_sid),
        ):
            if allowed is not None:
                if value is None:
                    answer = Truth.UNKNOWN
                elif value not in allowed:
                    return Truth.NO
        if self.conference_sid is not None and row.conference_sid not in self.conference_sid:
            return Truth.NO
        if self.min_seconds is None and self.max_seconds is None:
            return answer
        return self._of_duration(row.duration, answer)

    def of_call(self, facts: CallFacts) -> Truth:
        """Whether the call meets what is asked of it."""
        answer = Truth.YES
        for allowed, value in (
            (self.from_, facts.from_),
            (self.to, facts.to),
            (self.direction, facts.direction),
        ):
            if allowed is not None:
                if not value:
                    answer = Truth.UNKNOWN
                elif value not in allowed:
                    return Truth.NO
        return answer

    def covers(self, other: Match) -> bool:
        """Whether everything that `other` matches is certainly matched by this one too."""
        sets = (
            (self.source, other.source),
            (self.status, other.status),
            (self.channels, other.channels),
            (self.call_sid, other.call_sid),
            (self.conference_sid, other.conference_sid),
            (self.from_, other.from_),
            (self.to, other.to),
            (self.direction, other.direction),
        )
        return (
            all(mine is None or (theirs is not None and mine >= theirs) for mine, theirs in sets)
            and _not_above(self.min_seconds, other.min_seconds)
            and _not_above(other.max_seconds, self.max_seconds, open_end=True)
            and _not_above(self.start, other.start)
            and _not_above(other.end, self.end, open_end=True)
        )

    def _of_date(self, created: datetime | None) -> Truth:
        if self.start is None and self.end is None:
            return Truth.YES
        if created is None:
            return Truth.UNKNOWN
        if self.start is not None and created < self.start:
            return Truth.NO
        return Truth.NO if self.end is not None and created >= self.end else Truth.YES

    def _of_duration(self, seconds: int | None, answer: Truth) -> Truth:
        if seconds is None:
            return Truth.UNKNOWN
        if self.min_seconds is not None and seconds < self.min_seconds:
            return Truth.NO
        return Truth.NO if self.max_seconds is not None and seconds > self.max_seconds else answer


def _not_above(low: Any, high: Any, *, open_end: bool = False) -> bool:  # noqa: ANN401 - two of one kind
    """Whether a lower bound `low` lets in all that `high` does; with `open_end` the reverse."""
    unbounded = high if open_end else low
    bounded = low if open_end else high
    if unbounded is None:
        return True
    return bounded is not None and bool(low <= high)


def _words(attributes: Mapping[str, Any], key: str) -> frozenset[Any] | None:
    values = attributes.get(key)
    return None if values is None else frozenset(values)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else instant_from_text(text)

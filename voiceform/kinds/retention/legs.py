"""What calls tell about a recording: the legs of its call, and how a call that somebody named is related.

A call that dials somebody is a parent leg; each number that it reaches is a child leg, a call of its own with
`parent_call_sid`. A recording belongs to one of them and is of both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from voiceform.kinds.retention.truth import Truth


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of a call, as the API writes it."""

    sid: str
    from_: str
    to: str
    direction: str


@dataclass(frozen=True, slots=True)
class CallFacts:
    """What a rule may ask about a call: its own leg, and its parent and children among `others`.

    `related` are the SIDs of all of them, also of those that cannot be read. `complete` is False when there
    may be legs that nobody can name or read.
    """

    own: Leg
    others: tuple[Leg, ...] = ()
    related: frozenset[str] = frozenset()
    complete: bool = True

    @property
    def legs(self) -> tuple[Leg, ...]:
        """All that are known."""
        return (self.own, *self.others)


@dataclass(frozen=True, slots=True)
class Life:
    """When a call certainly was over or not begun: outside of [start, end]. None is not known."""

    start: datetime | None = None
    end: datetime | None = None

    def may_meet(self, start: datetime, end: datetime) -> bool:
        """Whether the call may have gone on at some time between."""
        return (self.start is None or self.start <= end) and (self.end is None or start <= self.end)


@dataclass(frozen=True, slots=True)
class Family:
    """The calls that somebody named by their SIDs: `sids` with their parents and children, and their lives.

    `lost` says that at least one cannot be read, so that its parent and children are not known.
    """

    sids: frozenset[str]
    lives: tuple[Life, ...] = ()
    lost: bool = False

    @classmethod
    def of(cls, families: Iterable[Family]) -> Family:
        """Several as one."""
        parts = tuple(families)
        return cls(
            frozenset().union(*(part.sids for part in parts)),
            tuple(life for part in parts for life in part.lives),
            any(part.lost for part in parts),
        )


class Calls(Protocol):
    """Where the facts of calls come from."""

    def facts(self, call_sid: str) -> CallFacts | Truth:
        """The facts; UNKNOWN when the call cannot be read any more, NEEDED when nobody looked yet."""

    def family(self, call_sids: frozenset[str]) -> Family | Truth:
        """Those calls with their parents and children; NEEDED when nobody looked yet."""


class NoCalls:
    """Nothing was looked up yet."""

    def facts(self, call_sid: str) -> Truth:
        """Always NEEDED."""
        return Truth.NEEDED

    def family(self, call_sids: frozenset[str]) -> Truth:
        """Always NEEDED."""
        return Truth.NEEDED

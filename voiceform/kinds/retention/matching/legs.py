"""What calls tell about a recording: the legs of its call, and how a call that somebody named is related.

A call that dials somebody is a parent leg; each number that it reaches is a child leg, a call of its own with
`parent_call_sid`. A recording belongs to one of them and is of both.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from voiceform.kinds.retention.matching.truth import Truth
from voiceform.twilio.sids import normal_sid

if TYPE_CHECKING:
    from voiceform.twilio.resources import Call


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

    `beside` are the other children of its parent: whether they can be heard in its recordings, nobody knows.
    `related` are the SIDs of parent and children, also of those that cannot be read. `complete` is False when
    there may be legs that nobody can name or read.
    """

    own: Leg
    others: tuple[Leg, ...] = ()
    beside: tuple[Leg, ...] = ()
    related: frozenset[str] = frozenset()
    complete: bool = True

    @property
    def legs(self) -> tuple[Leg, ...]:
        """All that are known and certainly heard."""
        return (self.own, *self.others)


def leg_of(call: Call) -> Leg:
    """What rules may ask about one leg."""
    return Leg(normal_sid(call.sid, "CA") or call.sid, call.from_, call.to, sys.intern(call.direction))


def facts_of(
    own: Leg,
    others: Iterable[Leg] = (),
    beside: Iterable[Leg] = (),
    related: Iterable[str] = (),
    *,
    complete: bool = True,
) -> CallFacts:
    """The facts of a call, of what was found of its legs; `own` may be among those `beside` it."""
    legs = tuple(others)
    siblings = tuple(leg for leg in beside if leg.sid != own.sid)
    return CallFacts(own, legs, siblings, frozenset({*related, *(leg.sid for leg in legs)}), complete)


class Legs:
    """The legs of a list of calls, put together."""

    def __init__(self) -> None:
        self._legs: dict[str, Leg] = {}
        self._parents: dict[str, str] = {}
        self._children: defaultdict[str, list[Leg]] = defaultdict(list)

    def add(self, call: Call) -> None:
        """One row of the list."""
        leg = leg_of(call)
        self._legs[leg.sid] = leg
        parent = normal_sid(call.parent_call_sid, "CA")
        if parent is not None:
            self._parents[leg.sid] = parent
            self._children[parent].append(leg)

    def facts(self, wanted: Iterable[str]) -> Iterator[tuple[str, CallFacts]]:
        """The facts of those calls that are in the list, with their parents."""
        for sid in wanted:
            own, above = self._legs.get(sid), self._parents.get(sid)
            parent = None if above is None else self._legs.get(above)
            if own is None or (parent is None) is not (above is None):
                continue
            others = [*self._children.get(sid, ()), *((parent,) if parent is not None else ())]
            beside = () if above is None else self._children[above]
            yield sid, facts_of(own, others, beside)


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

    `beside` are the other children of those parents. `lost` says that at least one call cannot be read, so
    that its parent and children are not known.
    """

    sids: frozenset[str]
    lives: tuple[Life, ...] = ()
    lost: bool = False
    beside: frozenset[str] = frozenset()

    @classmethod
    def of(cls, families: Iterable[Family]) -> Family:
        """Several as one."""
        parts = tuple(families)
        return cls(
            frozenset().union(*(part.sids for part in parts)),
            tuple(life for part in parts for life in part.lives),
            any(part.lost for part in parts),
            frozenset().union(*(part.beside for part in parts)),
        )


class Calls(Protocol):
    """Where the facts of calls come from."""

    def facts(self, call_sid: str) -> CallFacts | Truth:
        """The facts; UNKNOWN when the call cannot be read any more, NEEDED when nobody looked yet."""

    def family(self, call_sids: frozenset[str]) -> Family | Truth:
        """Those calls with their parents and children; NEEDED when nobody looked yet."""

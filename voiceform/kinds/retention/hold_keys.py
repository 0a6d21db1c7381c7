"""What holds of one sort ask for beside the row itself, and how those among very many are found that a row
may concern: by SIDs, by named calls, by numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, Protocol

from voiceform.kinds.retention.matching.legs import Calls, Family
from voiceform.kinds.retention.matching.match import Match, Row, heard_between, may_be_of_conference
from voiceform.kinds.retention.matching.party_index import Sides
from voiceform.kinds.retention.matching.truth import Truth, every
from voiceform.kinds.retention.spans import Spans
from voiceform.model.runtime import Runtime
from voiceform.twilio.sids import normal_sid

Placed = Sequence[tuple[int, Match]]
"""What some holds match, each with its place among all."""
Said = list[tuple[int, Truth]]
"""The places of holds, with what each says of a row."""


class Answer(NamedTuple):
    """What holds of one sort say of a row: some of them, each by itself, and all the `rest` alike."""

    some: Said
    rest: Truth


NOBODY = Answer([], Truth.NO)
_ALL = Answer([], Truth.YES)
_UNKNOWN, _NEEDED = Answer([], Truth.UNKNOWN), Answer([], Truth.NEEDED)


class Key(Protocol):
    """One sort of question, of many holds."""

    def answer(self, row: Row, calls: Calls) -> Answer:
        """What they say; NOBODY where all say NO. Raises what `calls` does."""


class NoKey:
    """Holds that ask for nothing more."""

    def answer(self, row: Row, calls: Calls) -> Answer:
        """All of them match."""
        return _ALL


class ByRecording:
    """Holds that name recordings by their SIDs."""

    def __init__(self, placed: Placed) -> None:
        self._by_sid = _by_sid((place, match.recording_sid) for place, match in placed)

    def answer(self, row: Row, calls: Calls) -> Answer:
        """See Key."""
        sid = normal_sid(row.sid, "RE")
        return _UNKNOWN if sid is None else _named(self._by_sid, sid)


class ByRoom:
    """Holds that name conferences by their SIDs."""

    def __init__(self, placed: Placed) -> None:
        self._by_sid = _by_sid((place, match.conference_sid) for place, match in placed)

    def answer(self, row: Row, calls: Calls) -> Answer:
        """See Key."""
        if row.conference_sid is None:
            return _UNKNOWN if may_be_of_conference(row) else NOBODY
        sid = normal_sid(row.conference_sid, "CF")
        return _UNKNOWN if sid is None else _named(self._by_sid, sid)


class ByCall:
    """Holds that name calls by their SIDs: those calls with their parents and children."""

    def __init__(self, placed: Placed, runtime: Runtime) -> None:
        self._placed = placed
        self._by_sid = _by_sid((place, match.call_sid) for place, match in placed)
        self._lock = runtime.lock()
        self._families: _Known | None = None

    def answer(self, row: Row, calls: Calls) -> Answer:
        """See Key."""
        sid = normal_sid(row.call_sid, "CA")
        if sid is None:
            return _UNKNOWN
        known, in_room = self._known(calls), may_be_of_conference(row)
        if known is None:
            return Answer(_named(self._by_sid, sid).some, Truth.NEEDED)
        span = heard_between(row) if in_room else None
        some = [*known.legs.get(sid, ())]
        some += [(place, match.test(row, calls)) for place, match in known.lost]
        if not in_room:
            return Answer(some, Truth.NO) if some else NOBODY
        if span is None:
            return Answer(some, Truth.UNKNOWN)
        told = {place for place, _ in some}
        met = set(known.lives.meeting(*span)) - told
        return Answer(some + [(place, Truth.UNKNOWN) for place in met], Truth.NO)

    def _known(self, calls: Calls) -> _Known | None:
        """What is known of the calls that are named; None while they were not looked up."""
        with self._lock:
            if self._families is None:
                self._families = _families_of(self._placed, calls)
            return self._families


@dataclass(slots=True)
class _Known:
    """Holds that name calls, by what was found of these: by each leg that they keep, or might; by when the
    calls went on; and those with a call whose legs nobody knows, which are tried one by one."""

    legs: dict[str, Said]
    lives: Spans[int]
    lost: Placed = field(default_factory=list)


def _families_of(placed: Placed, calls: Calls) -> _Known | None:
    legs: dict[str, Said] = {}
    lives: list[tuple[datetime | None, datetime | None, int]] = []
    lost = []
    for place, match in placed:
        named = match.call_sid or frozenset()
        family = calls.family(named)
        if family is Truth.NEEDED:
            return None
        if isinstance(family, Truth) or family.lost:
            lost.append((place, match))
            continue
        for sid, truth in _legs_of(named, family):
            legs.setdefault(sid, []).append((place, truth))
        lives += [(life.start, life.end, place) for life in family.lives]
    return _Known(legs, Spans(lives), lost)


def _legs_of(named: frozenset[str], family: Family) -> Iterable[tuple[str, Truth]]:
    sure = named | family.sids
    return [(sid, Truth.YES if sid in sure else Truth.UNKNOWN) for sid in sure | family.beside]


class ByParty:
    """Holds that ask for numbers of the same sides, and for the same directions."""

    def __init__(self, placed: Placed) -> None:
        self._matches = dict(placed)
        self._sides = Sides((match, place) for place, match in placed)
        asked = placed[0][1]
        self._direction = Match(direction=asked.direction)
        sides = (asked.from_, asked.to, asked.number)
        self._sides_asked = [side for side, parties in enumerate(sides) if parties is not None]

    def answer(self, row: Row, calls: Calls) -> Answer:
        """See Key. Of a conference's recording nobody says that a number was not in it."""
        sid = normal_sid(row.call_sid, "CA")
        if sid is None:
            return _UNKNOWN
        facts = calls.facts(sid)
        if isinstance(facts, Truth):
            return Answer([], facts)
        near, callers, called = self._sides.near((*facts.legs, *facts.beside))
        # Whoever is on no leg may be on one that nobody can read, or name.
        hidden = (callers, called, callers or called)
        may_be = all(hidden[side] or not facts.complete for side in self._sides_asked)
        sides = Truth.YES if not self._sides_asked else Truth.UNKNOWN if may_be else Truth.NO
        rest = every((self._direction.of_call(facts), sides))
        some = [(place, self._matches[place].of_call(facts)) for place in near]
        if may_be_of_conference(row):
            some = [(place, truth or Truth.UNKNOWN) for place, truth in some]
            rest = rest or Truth.UNKNOWN
        return Answer(some, rest)


class Mixed:
    """Holds that ask for several of these: each is tried by itself."""

    def __init__(self, placed: Placed) -> None:
        self._placed = placed

    def answer(self, row: Row, calls: Calls) -> Answer:
        """See Key."""
        return Answer([(place, match.test(row, calls)) for place, match in self._placed], Truth.NO)


def _by_sid(placed: Iterable[tuple[int, frozenset[str] | None]]) -> dict[str, Said]:
    found: dict[str, Said] = {}
    for place, sids in placed:
        for sid in sids or ():
            found.setdefault(sid, []).append((place, Truth.YES))
    return found


def _named(by_sid: dict[str, Said], sid: str) -> Answer:
    found = by_sid.get(sid)
    return NOBODY if found is None else Answer(found, Truth.NO)

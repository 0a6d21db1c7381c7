"""Holds, asked about very many recordings one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from voiceform.kinds.retention.matching.legs import Calls, Family
from voiceform.kinds.retention.matching.match import Match, Row, heard_between, may_be_of_conference
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.model.runtime import MACHINE, Runtime
from voiceform.twilio.sids import normal_sid

if TYPE_CHECKING:
    from voiceform.kinds.retention.policy import Hold

_FIRST, _LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
_Placed = list[tuple[int, Match]]
"""What some holds match, each with its place among all."""
Met = list[tuple[int, Truth]]
"""The places of holds that match a row, or might, with what each says of it: anything but NO."""


@dataclass(slots=True)
class _Known:
    """Holds that name calls, by what was found of these: by each leg that they keep, or might; by when the
    calls went on; and those with a call whose legs nobody knows, which are tried one by one."""

    legs: dict[str, Met] = field(default_factory=dict)
    lives: list[tuple[datetime, datetime, int]] = field(default_factory=list)
    lost: _Placed = field(default_factory=list)

    def add(self, place: int, named: frozenset[str], family: Family) -> None:
        """A hold whose calls' legs are known."""
        sure = named | family.sids
        for sid in sure | family.beside:
            self.legs.setdefault(sid, []).append((place, Truth.YES if sid in sure else Truth.UNKNOWN))
        self.lives += [(life.start or _FIRST, life.end or _LAST, place) for life in family.lives]

    def in_room(self, start: datetime, end: datetime, but: set[int]) -> Met:
        """Those of which a call may have been in a room at that time."""
        places = {place for begun, over, place in self.lives if begun <= end and start <= over}
        return [(place, Truth.UNKNOWN) for place in places - but]


class HoldIndex:
    """Says which of `holds` match a row, as trying them one after another does. Safe for many threads.

    Those that name recordings, or calls, and ask for nothing else are found by the row's SIDs, so that a
    thousand cost what one does.
    """

    def __init__(self, holds: Iterable[Hold], runtime: Runtime = MACHINE) -> None:
        self.holds = tuple(holds)
        placed = [(place, hold.match) for place, hold in enumerate(self.holds)]
        self._recordings = [item for item in placed if _names_recordings(item[1])]
        self._calls = [item for item in placed if _names_calls(item[1])]
        by_sid = {*_places(self._recordings), *_places(self._calls)}
        self._others = [item for item in placed if item[0] not in by_sid]
        self._by_recording: dict[str, list[int]] = {}
        for place, match in self._recordings:
            for sid in match.recording_sid or ():
                self._by_recording.setdefault(sid, []).append(place)
        self._lock = runtime.lock()
        self._families: _Known | None = None

    def keeping(self, row: Row, calls: Calls) -> tuple[str, ...]:
        """The names of those that match the row, or might; each once. Raises what `calls` does."""
        met = self.meeting(row, calls)
        return self.names(met) if met else ()

    def names(self, met: Met) -> tuple[str, ...]:
        """The names of those that were met, each once."""
        return tuple(dict.fromkeys(self.holds[place].name for place, _ in met))

    def meeting(self, row: Row, calls: Calls) -> Met:
        """Those that match the row, or might, in their order. Raises what `calls` does."""
        met = self._naming_it(row) if self._recordings else []
        if self._others:
            met += _meeting(self._others, row, calls)
        if self._calls:
            met += self._naming_its_call(row, calls)
        return sorted(met) if len(met) > 1 else met

    def _naming_it(self, row: Row) -> Met:
        sid = normal_sid(row.sid, "RE")
        if sid is None:
            return [(place, Truth.UNKNOWN) for place, _ in self._recordings]
        return [(place, Truth.YES) for place in self._by_recording.get(sid, ())]

    def _naming_its_call(self, row: Row, calls: Calls) -> Met:
        sid = normal_sid(row.call_sid, "CA")
        if sid is None:
            return [(place, Truth.UNKNOWN) for place, _ in self._calls]
        known, in_room = self._known(calls), may_be_of_conference(row)
        span = heard_between(row) if in_room else None
        if known is None or (in_room and span is None):
            return _meeting(self._calls, row, calls)
        met = [*known.legs.get(sid, ()), *_meeting(known.lost, row, calls)]
        return met if span is None else [*met, *known.in_room(*span, {place for place, _ in met})]

    def _known(self, calls: Calls) -> _Known | None:
        """What is known of the calls that are named; None while they were not looked up."""
        with self._lock:
            if self._families is None:
                found = _Known()
                for place, match in self._calls:
                    named = match.call_sid or frozenset()
                    family = calls.family(named)
                    if family is Truth.NEEDED:
                        return None
                    if isinstance(family, Truth) or family.lost:
                        found.lost.append((place, match))
                    else:
                        found.add(place, named, family)
                self._families = found
            return self._families


def _names_recordings(match: Match) -> bool:
    """Whether it asks for recordings by their SIDs and for nothing else."""
    return match.recording_sid is not None and match == Match(recording_sid=match.recording_sid)


def _names_calls(match: Match) -> bool:
    """Whether it asks for calls by their SIDs and for nothing else."""
    return match.call_sid is not None and match == Match(call_sid=match.call_sid)


def _places(placed: _Placed) -> list[int]:
    return [place for place, _ in placed]


def _meeting(placed: _Placed, row: Row, calls: Calls) -> Met:
    return [(place, truth) for place, match in placed if (truth := match.test(row, calls)) is not Truth.NO]

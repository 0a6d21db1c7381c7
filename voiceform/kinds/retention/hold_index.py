"""Holds, asked about very many recordings one by one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from voiceform.kinds.retention.matching.legs import Calls
from voiceform.kinds.retention.matching.match import Match, Row, may_be_of_conference
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.kinds.retention.policy import Hold
from voiceform.model.runtime import MACHINE, Runtime
from voiceform.twilio.sids import normal_sid

_Placed = list[tuple[int, Match]]
"""What some holds match, each with its place among all."""


class HoldIndex:
    """Says which of `holds` keep a row, as trying them one after another does. Safe for many threads.

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
        self._families: tuple[Mapping[str, list[int]], _Placed] | None = None

    def keeping(self, row: Row, calls: Calls) -> tuple[str, ...]:
        """The names of those that match the row, or might; each once. Raises what `calls` does."""
        places = [*self._naming_it(row), *_matching(self._others, row, calls)]
        if self._calls:
            places += self._naming_its_call(row, calls)
        return tuple(dict.fromkeys(self.holds[place].name for place in sorted(places))) if places else ()

    def _naming_it(self, row: Row) -> Iterable[int]:
        sid = normal_sid(row.sid, "RE")
        return _places(self._recordings) if sid is None else self._by_recording.get(sid, ())

    def _naming_its_call(self, row: Row, calls: Calls) -> Iterable[int]:
        sid = normal_sid(row.call_sid, "CA")
        if sid is None:
            return _places(self._calls)
        if may_be_of_conference(row):  # when each call went on decides
            return _matching(self._calls, row, calls)
        legs, lost = self._known(calls)
        return [*legs.get(sid, ()), *_matching(lost, row, calls)]

    def _known(self, calls: Calls) -> tuple[Mapping[str, list[int]], _Placed]:
        """The places of holds by each leg that they keep, or might; and those that name a call whose legs
        nobody knows, which are tried."""
        with self._lock:
            if self._families is None:
                legs: dict[str, list[int]] = {}
                lost: _Placed = []
                for place, match in self._calls:
                    named = match.call_sid or frozenset()
                    family = calls.family(named)
                    if isinstance(family, Truth) or family.lost:
                        lost.append((place, match))
                        continue
                    for sid in named | family.sids | family.beside:
                        legs.setdefault(sid, []).append(place)
                self._families = legs, lost
            return self._families


def _names_recordings(match: Match) -> bool:
    """Whether it asks for recordings by their SIDs and for nothing else."""
    return match.recording_sid is not None and match == Match(recording_sid=match.recording_sid)


def _names_calls(match: Match) -> bool:
    """Whether it asks for calls by their SIDs and for nothing else."""
    return match.call_sid is not None and match == Match(call_sid=match.call_sid)


def _places(placed: _Placed) -> list[int]:
    return [place for place, _ in placed]


def _matching(placed: _Placed, row: Row, calls: Calls) -> list[int]:
    return [place for place, match in placed if match.test(row, calls) is not Truth.NO]

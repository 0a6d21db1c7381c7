"""Holds, asked about very many recordings one by one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from voiceform.kinds.retention.matching.legs import Calls
from voiceform.kinds.retention.matching.match import Match, Row
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.kinds.retention.policy import Hold
from voiceform.twilio.sids import normal_sid

_EVERYTHING = Match()


class HoldIndex:
    """Says which of `holds` keep a row, as trying them one after another does.

    Those that only name recordings are found by the row's SID, so that a thousand cost what one does.
    """

    def __init__(self, holds: Iterable[Hold]) -> None:
        self.holds = tuple(holds)
        self._naming: list[int] = []
        self._by_sid: dict[str, list[int]] = {}
        self._others: list[tuple[int, Match]] = []
        for place, hold in enumerate(self.holds):
            sids = hold.match.recording_sid
            if sids is None or replace(hold.match, recording_sid=None) != _EVERYTHING:
                self._others.append((place, hold.match))
                continue
            self._naming.append(place)
            for sid in sids:
                self._by_sid.setdefault(sid, []).append(place)

    def keeping(self, row: Row, calls: Calls) -> tuple[str, ...]:
        """The names of those that match the row, or might; each once. Raises what `calls` does."""
        sid = normal_sid(row.sid, "RE")
        places = list(self._naming if sid is None else self._by_sid.get(sid, ()))
        places += [place for place, match in self._others if match.test(row, calls) is not Truth.NO]
        return tuple(dict.fromkeys(self.holds[place].name for place in sorted(places))) if places else ()

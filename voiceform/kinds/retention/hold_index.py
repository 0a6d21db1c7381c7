"""Holds, asked about very many recordings one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from voiceform.kinds.retention.hold_keys import (
    NOBODY,
    Answer,
    ByCall,
    ByParty,
    ByRecording,
    ByRoom,
    Key,
    Mixed,
    NoKey,
    Placed,
    Said,
)
from voiceform.kinds.retention.matching.legs import Calls
from voiceform.kinds.retention.matching.match import Match, Row
from voiceform.kinds.retention.matching.truth import Truth, every
from voiceform.kinds.retention.spans import FIRST, LAST, Spans
from voiceform.model.runtime import MACHINE, Runtime

if TYPE_CHECKING:
    from voiceform.kinds.retention.policy import Hold

_YES, _NO = Truth.YES, Truth.NO
_ANYTHING = Match()


class Group:
    """Holds of one sort that ask the same of the row itself. `names` are theirs, each once; those of a group
    that is `alone` are no other group's."""

    def __init__(self, own: Match, places: Sequence[int], names: Iterable[str]) -> None:
        self.own = own
        self.places = places
        self.names = tuple(dict.fromkeys(names))
        self.alone = True

    def says(self, row: Row) -> Truth:
        """Whether the row meets what is asked of itself; never NEEDED."""
        return self.own.of_row(row)


@dataclass(frozen=True, slots=True)
class Met:
    """Which holds match a row, or might: what some say, each by itself (also NO), and what all others of
    these groups say."""

    some: Said
    rest: list[tuple[Group, Truth]]

    @property
    def is_needed(self) -> bool:
        """Whether calls have to be looked up first."""
        return any(truth is Truth.NEEDED for _, truth in (*self.rest, *self.some))

    def each(self) -> Said:
        """All of them in their order, by their places, with anything but NO."""
        told = {place for place, _ in self.some}
        found = [said for said in self.some if said[1]]
        for group, truth in self.rest:
            found += [(place, truth) for place in group.places if place not in told]
        return sorted(found)


class _Sort:
    """Holds that ask the same sort of question beside what they ask of the row itself."""

    def __init__(self, key: Key, groups: Sequence[Group]) -> None:
        self._key = key
        self.groups = groups
        self._any_row = groups[0] if len(groups) == 1 and groups[0].own == _ANYTHING else None
        self.ask = key.answer if self._any_row else self._ask
        self._of = {} if self._any_row else {place: group for group in groups for place in group.places}
        dated = [group for group in groups if _is_dated(group)]
        self._dated = Spans((group.own.start, group.own.end, group) for group in dated)
        self._undated = [group for group in groups if not _is_dated(group)]

    def _ask(self, row: Row, calls: Calls) -> Answer:
        """What they say but for what is asked of the row itself. Where that is not met by any, calls are not
        asked for."""
        created = row.date_created
        if created is not None and not self._undated and not self._dated.covers(created):
            return NOBODY
        return NOBODY if next(self._meeting(row), None) is None else self._key.answer(row, calls)

    def add(self, answer: Answer, row: Row, met: Met, *, whole: bool) -> None:
        """Add to `met` what they say."""
        some, rest = answer
        any_row = self._any_row
        if any_row is None:
            some = [(place, self._with_own(place, truth, row)) for place, truth in some]
        met.some.extend(some)
        if not rest:
            return
        told = {place for place, _ in some}
        for group, own in self._meeting(row) if any_row is None else ((any_row, _YES),):
            if not told or any(place not in told for place in group.places):
                met.rest.append((group, max(own, rest)))
                if rest is Truth.NEEDED and not whole:
                    return

    def _with_own(self, place: int, truth: Truth, row: Row) -> Truth:
        return every((self._of[place].says(row), truth)) if truth else truth

    def _meeting(self, row: Row) -> Iterator[tuple[Group, Truth]]:
        """The groups whose holds the row may meet by itself."""
        created = row.date_created
        span = (FIRST, LAST) if created is None else (created, created)
        for group in chain(self._undated, self._dated.meeting(*span)):
            own = group.says(row)
            if own is not _NO:
                yield group, own


class HoldIndex:
    """Says which of `holds` match a row, as trying them one after another does. Safe for many threads.

    They are found by SIDs, numbers and dates, and told together where all say the same: ten thousand cost
    what a few do, unless they match. Where calls that are named were not looked up yet, it says NEEDED of all
    that do not name the row's own.
    """

    def __init__(self, holds: Iterable[Hold], runtime: Runtime = MACHINE) -> None:
        self.holds = tuple(holds)
        sorts: dict[_Asked, dict[Match, list[tuple[int, Match]]]] = {}
        for place, hold in enumerate(self.holds):
            alike = sorts.setdefault(_asked(hold.match), {})
            alike.setdefault(_own(hold.match), []).append((place, hold.match))
        self._sorts = [self._sort(alike, runtime) for alike in sorts.values()]
        _find_alone(group for sort in self._sorts for group in sort.groups)

    def keeping(self, row: Row, calls: Calls) -> tuple[str, ...]:
        """The names of those that match the row, or might; each once. Raises what `calls` does."""
        met = self.meeting(row, calls)
        return () if met is None else self.names(met)

    def names(self, met: Met) -> tuple[str, ...]:
        """The names of those that were met, each once."""
        if not met.some and len(met.rest) == 1:
            return met.rest[0][0].names
        return tuple(dict.fromkeys(self.holds[place].name for place, _ in met.each()))

    def meeting(self, row: Row, calls: Calls, *, whole: bool = True) -> Met | None:
        """Those that match the row, or might; None where there are none. Raises what `calls` does.

        Unless it is to be `whole`, one is enough that says that calls have to be looked up first.
        """
        met = None
        for sort in self._sorts:
            answer = sort.ask(row, calls)
            if answer is NOBODY:
                continue
            met = met or Met([], [])
            sort.add(answer, row, met, whole=whole)
        return met if met and (met.rest or any(truth for _, truth in met.some)) else None

    def _sort(self, alike: Mapping[Match, Placed], runtime: Runtime) -> _Sort:
        groups = [
            Group(own, [place for place, _ in placed], (self.holds[place].name for place, _ in placed))
            for own, placed in alike.items()
        ]
        return _Sort(_key_of([item for placed in alike.values() for item in placed], runtime), groups)


def _own(match: Match) -> Match:
    """What it asks of the row itself, but for SIDs."""
    return replace(
        match,
        recording_sid=None,
        call_sid=None,
        conference_sid=None,
        from_=None,
        to=None,
        number=None,
        direction=None,
    )


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a hold asks for beside: SIDs of which things, which sides of a call, which directions."""

    recordings: bool
    rooms: bool
    calls: bool
    sides: tuple[bool, ...]
    direction: frozenset[str] | None


def _asked(match: Match) -> _Asked:
    return _Asked(
        match.recording_sid is not None,
        match.conference_sid is not None,
        match.call_sid is not None,
        tuple(side is not None for side in (match.from_, match.to, match.number)),
        match.direction,
    )


def _key_of(placed: Placed, runtime: Runtime) -> Key:
    """How holds of one sort are found."""
    first = placed[0][1]
    sorts = {
        "recordings": first.recording_sid is not None,
        "rooms": first.conference_sid is not None,
        "calls": first.call_sid is not None,
        "parties": first.asks_parties,
    }
    asked = [name for name, asks in sorts.items() if asks]
    if not asked:
        return NoKey()
    if len(asked) > 1:
        return Mixed(placed)
    keys: dict[str, Callable[[], Key]] = {
        "recordings": lambda: ByRecording(placed),
        "rooms": lambda: ByRoom(placed),
        "calls": lambda: ByCall(placed, runtime),
        "parties": lambda: ByParty(placed),
    }
    return keys[asked[0]]()


def _is_dated(group: Group) -> bool:
    return group.own.start is not None or group.own.end is not None


def _find_alone(groups: Iterable[Group]) -> None:
    """Say of groups whose names another has that they are not alone."""
    owners: dict[str, Group] = {}
    for group in groups:
        for name in group.names:
            other = owners.setdefault(name, group)
            if other is not group:
                other.alone = group.alone = False

"""Rules and holds, and what they say about one recording. Pure.

The first rule that matches decides; no rule, no deletion. What is not certain is kept: a recording that is
not finished, one without a readable date or length, one for which a rule or a hold cannot be decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from voiceform.kinds.retention.hold_index import HoldIndex, Met
from voiceform.kinds.retention.matching.legs import Calls
from voiceform.kinds.retention.matching.match import Match, Row
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.kinds.retention.parts import CALL_RECORDS as CALL_RECORDS
from voiceform.kinds.retention.parts import HOLDS as HOLDS
from voiceform.kinds.retention.parts import KIND as KIND
from voiceform.kinds.retention.parts import RECORDINGS as RECORDINGS
from voiceform.model.address import Address
from voiceform.model.durations import parse_duration
from voiceform.model.instants import instant_from_text
from voiceform.model.resource import Attributes, fingerprint

ERASURE = "erasure"
"""Stands where else a part of the configuration does, in addresses of what is done to one person's data."""

FOREVER = "forever"

FINISHED_RECORDING = frozenset({"completed", "absent", "failed"})
"""A recording in any other state, known or not, is left alone."""
FINISHED_CALL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
"""States that a call does not leave any more."""

_YES, _NO = Truth.YES, Truth.NO
"""To look up a member of an enumeration takes as long, in Python 3.11, as all else that a row is asked."""
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_NEVER = datetime.min.replace(tzinfo=UTC)


class Ruling(StrEnum):
    """Why something is to be deleted or kept."""

    DUE = "due"
    YOUNG = "younger-than-its-rule"
    NO_RULE = "no-rule"
    HELD = "on-hold"
    GUARDED = "its-recordings-stay"
    UNDECIDED = "undecided"
    UNFINISHED = "not-finished"
    UNDATED = "no-readable-date"
    NEEDED = "needs-the-call"


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of one row: the ruling, the rule that decided, the holds that keep it."""

    ruling: Ruling
    rule: str | None = None
    holds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule as of one instant: what was created at or before `cutoff` may go."""

    name: str
    match: Match
    cutoff: datetime
    due: Decision = field(init=False, repr=False, compare=False)
    young: Decision = field(init=False, repr=False, compare=False)
    """What it says of most rows, made once."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "due", Decision(Ruling.DUE, self.name))
        object.__setattr__(self, "young", Decision(Ruling.YOUNG, self.name))

    @classmethod
    def read(cls, name: str, attributes: Attributes, now: datetime) -> Rule:
        """From the attributes of a declared or recorded rule."""
        return cls(name, Match.read(attributes["match"]), cutoff(attributes, now))

    def is_due(self, created: datetime) -> bool:
        """Whether something created then has been kept for long enough."""
        return created <= self.cutoff


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold: whatever matches, or might match, is kept."""

    name: str
    match: Match
    identity: str

    @classmethod
    def read(cls, name: str, attributes: Attributes) -> Hold:
        """From the attributes of a declared or recorded hold."""
        return cls(name, Match.read(attributes["match"]), hold_identity(attributes))


@dataclass(frozen=True, slots=True)
class Policy:
    """Rules in their order and holds, as of one instant; `finished` are the states in which a row may go."""

    rules: tuple[Rule, ...] = ()
    holds: tuple[Hold, ...] = ()
    finished: frozenset[str] = FINISHED_RECORDING
    index: HoldIndex = field(init=False, repr=False, compare=False)
    """Those holds, to be asked about many rows."""
    youngest: datetime = field(init=False)
    """What was created after this is young for every rule, so nothing has to be looked up for it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "index", HoldIndex(self.holds))
        object.__setattr__(self, "youngest", max((rule.cutoff for rule in self.rules), default=_NEVER))

    def decide(self, row: Row, calls: Calls, *, young_too: bool = False) -> Decision:
        """What becomes of `row`. NEEDED only if `calls` answers so. With `young_too` it also says which rule
        is about what no rule would delete yet."""
        created = row.date_created
        if row.status not in self.finished:
            return _UNFINISHED
        if created is None:
            return _UNDATED
        if not self.rules:
            return _NO_RULE
        if created > self.youngest and not young_too:
            return _YOUNG
        if lacks_length(row):
            return _UNDECIDED
        rule = self._rule(row, calls)
        if isinstance(rule, Decision):
            return rule
        if not rule.is_due(created):
            return rule.young
        met = self.index.meeting(row, calls, whole=False)
        return rule.due if met is None else _kept(self.index, met, rule.name)

    def _rule(self, row: Row, calls: Calls) -> Rule | Decision:
        for rule in self.rules:
            truth = rule.match.test(row, calls)
            if truth is _YES:
                return rule
            if truth is not _NO:
                return _UNDECIDED if truth is Truth.UNKNOWN else _NEEDED
        return _NO_RULE


_UNFINISHED = Decision(Ruling.UNFINISHED)
_UNDATED = Decision(Ruling.UNDATED)
_NO_RULE = Decision(Ruling.NO_RULE)
_YOUNG = Decision(Ruling.YOUNG)
_UNDECIDED = Decision(Ruling.UNDECIDED)
_NEEDED = Decision(Ruling.NEEDED)


def held_by(holds: HoldIndex, row: Row, calls: Calls, rule: str | None) -> Decision:
    """HELD with every hold that matches or might match, else DUE; NEEDED when a call must be looked up."""
    met = holds.meeting(row, calls, whole=False)
    return Decision(Ruling.DUE, rule) if met is None else _kept(holds, met, rule)


def _kept(holds: HoldIndex, met: Met, rule: str | None) -> Decision:
    """What becomes of a row that `met` some holds, or might have."""
    if met.is_needed:
        return _NEEDED
    return Decision(Ruling.HELD, rule, holds.names(met))


def lacks_length(row: Row) -> bool:
    """Whether it is completed and has no length: -1 is how the service says that it is not done with it."""
    return row.status == "completed" and row.duration is None


def call_holds(holds: Iterable[Hold]) -> tuple[Hold, ...]:
    """The holds that keep call records by themselves: those that ask for nothing only a recording has.

    The others keep the calls of the recordings that they cover.
    """
    return tuple(
        hold
        for hold in holds
        if hold.match.source is None
        and hold.match.status is None
        and hold.match.channels is None
        and hold.match.conference_sid is None
        and hold.match.recording_sid is None
    )


def cutoff(attributes: Attributes, now: datetime) -> datetime:
    """The instant up to which what a rule matches may go: exact, in UTC, a day being 24 hours."""
    until = attributes.get("until")
    if until is not None:
        return now if now >= instant_from_text(until) else _NEVER
    keep = attributes["keep"]
    return _NEVER if keep == FOREVER else now.replace(microsecond=0) - parse_duration(keep)


def due_at(attributes: Attributes, created: datetime) -> datetime | None:
    """From when on what was created then may go by a rule; None for never."""
    until = attributes.get("until")
    if until is not None:
        return instant_from_text(until)
    keep = attributes["keep"]
    try:
        return None if keep == FOREVER else created + parse_duration(keep)
    except OverflowError:
        return None


def hold_identity(attributes: Attributes) -> str:
    """A digest of what a hold matches: equal holds were weighed alike."""
    return fingerprint(attributes["match"])


def address(part: str, name: str) -> Address:
    """The address of a rule or hold: its path in the configuration, `retention.holds.case-4711`."""
    return Address(KIND, f"{part}.{name}")


def split(where: Address) -> tuple[str, str]:
    """The part (recordings, call_records, holds) and the name in an address."""
    part, _, name = where.name.partition(".")
    return part, name


def check_recorded(items: Mapping[Address, Any]) -> None:
    """Read every rule and hold; ValueError, naming it, for one that says what nobody can understand."""
    for where, item in items.items():
        part, name = split(where)
        try:
            if part == HOLDS:
                Hold.read(name, item.attributes)
            else:
                Rule.read(name, item.attributes, _SOME_DAY)
        except ValueError as error:
            raise ValueError(f"{where}: {error}") from error


def rules_of(items: Mapping[Address, Any], part: str, now: datetime) -> tuple[Rule, ...]:
    """The rules of one part among declared or recorded objects, in their order."""
    found = [(where, item.attributes) for where, item in items.items() if split(where)[0] == part]
    found.sort(key=lambda pair: pair[1]["order"])
    return tuple(Rule.read(split(where)[1], attributes, now) for where, attributes in found)


def holds_of(items: Mapping[Address, Any]) -> tuple[Hold, ...]:
    """The holds among declared or recorded objects, by name."""
    found = ((split(where), item.attributes) for where, item in sorted(items.items()))
    return tuple(Hold.read(name, attributes) for (part, name), attributes in found if part == HOLDS)

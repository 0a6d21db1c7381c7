"""What a rule or a hold is about: criteria, and whether a recording (or a call) meets them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from voiceform.kinds.retention.matching.legs import CallFacts, Calls, Family, Leg
from voiceform.kinds.retention.matching.parties import Parties
from voiceform.kinds.retention.matching.truth import Truth, every, some
from voiceform.model.durations import parse_duration
from voiceform.model.instants import instant_from_text
from voiceform.twilio.sids import normal_sid

CALL_RECORD = "call record"
"""The source of what is no recording but a call's own record."""

CONFERENCE_SOURCES = frozenset({"conference", "startconferencerecordingapi"})
_CALL_SOURCES = frozenset(
    {"dialverb", "outboundapi", "trunking", "recordverb", "startcallrecordingapi", CALL_RECORD}
)
_SOURCES = CONFERENCE_SOURCES | _CALL_SOURCES
_STATUSES = frozenset(
    {"in-progress", "paused", "stopped", "processing", "completed", "absent", "failed", "deleted"}
    | {"queued", "ringing", "busy", "no-answer", "canceled"}
)
_DIRECTIONS = frozenset(
    {"inbound", "outbound-api", "outbound-dial", "trunking-terminating", "trunking-originating"}
)
_YES, _NO = Truth.YES, Truth.NO
"""To look up a member of an enumeration takes as long, in Python 3.11, as all else that a row is asked."""
_LONGEST_CALL = timedelta(hours=24)
_SLACK = timedelta(hours=1)
"""A recording's clock may differ from that of its call by less than that."""


class Row(Protocol):
    """What is matched: a recording as the API lists it, or a call made to look like one.

    `duration` is in seconds, `date_created` aware UTC; None is what the API did not say.
    """

    @property
    def sid(self) -> str:
        """Its SID."""

    @property
    def call_sid(self) -> str | None:
        """The call it is of: the parent leg, and of a conference's recording any participant."""

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
class Match:
    """Criteria that must all be met; None is not asked. `end` is exclusive, durations are inclusive.

    `from_`, `to` and `number` (either side) are met by any leg of the call, `direction` by its own leg, and
    `call_sid` by the call, its parent and its children. Another child of the same parent may be heard or not:
    UNKNOWN. Who was in a conference cannot be read back, so a
    conference's recording never fails a question about calls: it meets it, or it is UNKNOWN.
    """

    source: frozenset[str] | None = None
    status: frozenset[str] | None = None
    channels: frozenset[int] | None = None
    recording_sid: frozenset[str] | None = None
    call_sid: frozenset[str] | None = None
    conference_sid: frozenset[str] | None = None
    min_seconds: float | None = None
    max_seconds: float | None = None
    start: datetime | None = None
    end: datetime | None = None
    from_: Parties | None = None
    to: Parties | None = None
    number: Parties | None = None
    direction: frozenset[str] | None = None
    asks_parties: bool = field(init=False, repr=False, compare=False)
    """Whether it asks for numbers or directions."""
    needs_call: bool = field(init=False, repr=False, compare=False)
    """Whether calls can decide: about numbers and directions, and about legs that are related."""
    _of_row: tuple[Callable[[Row], Truth], ...] = field(init=False, repr=False, compare=False)
    """What is asked of the row itself, and nothing else: a million rows are asked for it."""

    def __post_init__(self) -> None:
        parties = any(asked is not None for asked in (self.from_, self.to, self.number, self.direction))
        object.__setattr__(self, "asks_parties", parties)
        object.__setattr__(self, "needs_call", parties or self.call_sid is not None)
        object.__setattr__(self, "_of_row", tuple(self._questions()))

    @classmethod
    def read(cls, attributes: Mapping[str, Any]) -> Match:
        """From the attributes of a rule or hold (voiceform.kinds.retention.parse writes them)."""
        created = attributes.get("created", {})
        low, high = attributes.get("min_duration"), attributes.get("max_duration")
        channels = attributes.get("channels")
        return cls(
            source=_words(attributes, "source"),
            status=_words(attributes, "status"),
            channels=None if channels is None else frozenset(channels),
            recording_sid=_sids(attributes, "recording_sid", "RE"),
            call_sid=_sids(attributes, "call_sid", "CA"),
            conference_sid=_sids(attributes, "conference_sid", "CF"),
            min_seconds=parse_duration(low).total_seconds() if low else None,
            max_seconds=parse_duration(high).total_seconds() if high else None,
            start=_instant(created.get("start")),
            end=_instant(created.get("end")),
            from_=_parties(attributes, "from"),
            to=_parties(attributes, "to"),
            number=_parties(attributes, "number"),
            direction=_words(attributes, "direction"),
        )

    def test(self, row: Row, calls: Calls) -> Truth:
        """Whether `row` meets every criterion. What the row itself says is tried first, since it is free."""
        own = self.of_row(row) if self._of_row else _YES
        if own is _NO or not self.needs_call:
            return own
        call_sid = normal_sid(row.call_sid, "CA")
        if call_sid is None:
            return Truth.UNKNOWN
        named = Truth.YES if self.call_sid is None else self._of_named(row, call_sid, calls)
        if named is Truth.NO or not self.asks_parties:
            return every((own, named))
        return every((own, named, self._of_parties(row, call_sid, calls)))

    def of_row(self, row: Row) -> Truth:
        """Whether the row meets what can be asked of itself; never NEEDED. What calls decide is left out."""
        result = _YES
        for ask in self._of_row:
            answer = ask(row)
            if answer is _NO:
                return answer
            if answer > result:
                result = answer
        return result

    def _questions(self) -> Iterator[Callable[[Row], Truth]]:
        source, status, channels = self.source, self.status, self.channels
        recordings, rooms = self.recording_sid, self.conference_sid
        if source is not None:
            yield lambda row: _word(source, row.source, _SOURCES)
        if status is not None:
            yield lambda row: _word(status, row.status, _STATUSES)
        if channels is not None:
            yield lambda row: _channels(channels, row.channels)
        if recordings is not None:
            yield lambda row: _sid(recordings, row.sid, "RE")
        if rooms is not None:
            yield lambda row: self._of_conference(row, rooms)
        if self.min_seconds is not None or self.max_seconds is not None:
            yield lambda row: self._of_duration(row.duration)
        if self.start is not None or self.end is not None:
            yield lambda row: self._of_date(row.date_created)

    def of_call(self, facts: CallFacts) -> Truth:
        """Whether the call meets what is asked of its legs."""
        answers = []
        if self.from_ is not None:
            answers.append(_legs(self.from_, facts, lambda leg: (leg.from_,)))
        if self.to is not None:
            answers.append(_legs(self.to, facts, lambda leg: (leg.to,)))
        if self.number is not None:
            answers.append(_legs(self.number, facts, lambda leg: (leg.from_, leg.to)))
        if self.direction is not None:
            answers.append(_word(self.direction, facts.own.direction, _DIRECTIONS))
        return every(answers)

    def touches(self, leg: Leg) -> bool:
        """Whether any of the numbers asked for is, or might be, on that leg."""
        sides = ((self.from_, (leg.from_,)), (self.to, (leg.to,)), (self.number, (leg.from_, leg.to)))
        return any(
            wanted.test(value) is not Truth.NO
            for wanted, values in sides
            if wanted is not None
            for value in values
        )

    def covers(self, other: Match) -> bool:
        """Whether everything that `other` matches, or might match, is matched by this one in the same way."""
        sets = (
            (self.source, other.source),
            (self.status, other.status),
            (self.channels, other.channels),
            (self.recording_sid, other.recording_sid),
            (self.call_sid, other.call_sid),
            (self.conference_sid, other.conference_sid),
            (self.direction, other.direction),
        )
        return (
            all(mine is None or (theirs is not None and mine >= theirs) for mine, theirs in sets)
            and _covers_parties(self.from_, other.from_)
            and _covers_parties(self.to, other.to)
            and _covers_parties(self.number, other.number, other.from_, other.to)
            and _not_above(self.min_seconds, other.min_seconds)
            and _not_above(other.max_seconds, self.max_seconds, open_end=True)
            and _not_above(self.start, other.start)
            and _not_above(other.end, self.end, open_end=True)
        )

    def _of_named(self, row: Row, call_sid: str, calls: Calls) -> Truth:
        """Whether the row's call is one of those that `call_sid` names, or a leg of the same call."""
        named = self.call_sid or frozenset()
        if call_sid in named:
            return Truth.YES
        family = calls.family(named)
        if isinstance(family, Truth):
            return family
        if call_sid in family.sids:
            return Truth.YES
        if call_sid in family.beside:
            return Truth.UNKNOWN
        if may_be_of_conference(row):
            return _may_have_met(row, family)
        if not family.lost:
            return Truth.NO
        facts = calls.facts(call_sid)
        if isinstance(facts, Truth):
            return facts
        if facts.related & named:
            return Truth.YES
        return Truth.NO if facts.complete else Truth.UNKNOWN

    def _of_parties(self, row: Row, call_sid: str, calls: Calls) -> Truth:
        facts = calls.facts(call_sid)
        if isinstance(facts, Truth):
            return facts
        told = self.of_call(facts)
        return Truth.UNKNOWN if told is Truth.NO and may_be_of_conference(row) else told

    def _of_conference(self, row: Row, wanted: frozenset[str]) -> Truth:
        if row.conference_sid is None:
            return Truth.UNKNOWN if may_be_of_conference(row) else Truth.NO
        return _sid(wanted, row.conference_sid, "CF")

    def _of_date(self, created: datetime | None) -> Truth:
        if created is None:
            return Truth.UNKNOWN
        if self.start is not None and created < self.start:
            return Truth.NO
        return Truth.NO if self.end is not None and created >= self.end else Truth.YES

    def _of_duration(self, seconds: int | None) -> Truth:
        if seconds is None or seconds < 0:
            return Truth.UNKNOWN
        if self.min_seconds is not None and seconds < self.min_seconds:
            return Truth.NO
        return Truth.NO if self.max_seconds is not None and seconds > self.max_seconds else Truth.YES


def may_be_of_conference(row: Row) -> bool:
    """Whether it is, or might be, the recording of a conference, whose participants nobody can name."""
    return row.conference_sid is not None or row.source.casefold() not in _CALL_SOURCES


def heard_between(row: Row) -> tuple[datetime, datetime] | None:
    """A call that was in the room while it was recorded went on at some time between; None is not known."""
    created = row.date_created
    if created is None:
        return None
    length = _LONGEST_CALL if row.duration is None else timedelta(seconds=max(row.duration, 0))
    return created - _SLACK, created + length + _SLACK


def _may_have_met(row: Row, family: Family) -> Truth:
    """Whether a call that was named may have been in the room while it was recorded."""
    span = heard_between(row)
    met = span is None or any(life.may_meet(*span) for life in family.lives)
    return Truth.UNKNOWN if met else Truth.NO


def _legs(wanted: Parties, facts: CallFacts, sides: Callable[[Leg], tuple[str, ...]]) -> Truth:
    """Whether any leg has one of those numbers on one of its `sides`."""
    answer = some(wanted.test(side) for leg in facts.legs for side in sides(leg))
    if answer is not Truth.NO:
        return answer
    beside = any(wanted.test(side) is not Truth.NO for leg in facts.beside for side in sides(leg))
    return Truth.UNKNOWN if beside or not facts.complete else Truth.NO


def _word(wanted: frozenset[str], value: str, known: frozenset[str]) -> Truth:
    """Whether a word of the API's is wanted; UNKNOWN for none, and for one that nobody knows."""
    folded = value.casefold()
    if folded in wanted:
        return Truth.YES
    return Truth.NO if folded in known else Truth.UNKNOWN


def _sid(wanted: frozenset[str], value: str, prefix: str) -> Truth:
    normal = normal_sid(value, prefix)
    if normal is None:
        return Truth.UNKNOWN
    return Truth.YES if normal in wanted else Truth.NO


def _channels(wanted: frozenset[int], value: int | None) -> Truth:
    if value in wanted:
        return Truth.YES
    return Truth.NO if value in (1, 2) else Truth.UNKNOWN


def _covers_parties(mine: Parties | None, *theirs: Parties | None) -> bool:
    return mine is None or any(item is not None and mine.persons >= item.persons for item in theirs)


def _not_above(low: Any, high: Any, *, open_end: bool = False) -> bool:  # noqa: ANN401 - two of one kind
    """Whether a lower bound `low` lets in all that `high` does; with `open_end` the reverse."""
    unbounded = high if open_end else low
    bounded = low if open_end else high
    if unbounded is None:
        return True
    return bounded is not None and bool(low <= high)


def _words(attributes: Mapping[str, Any], key: str) -> frozenset[str] | None:
    values = attributes.get(key)
    return None if values is None else frozenset(value.casefold() for value in values)


def _sids(attributes: Mapping[str, Any], key: str, prefix: str) -> frozenset[str] | None:
    values = attributes.get(key)
    return None if values is None else frozenset(normal_sid(value, prefix) or value for value in values)


def _parties(attributes: Mapping[str, Any], key: str) -> Parties | None:
    values = attributes.get(key)
    return None if values is None else Parties.of(values)


def _instant(text: str | None) -> datetime | None:
    return None if text is None else instant_from_text(text)

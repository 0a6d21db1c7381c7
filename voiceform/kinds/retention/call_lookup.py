"""Calls' records, looked up only where a rule or a hold asks for calls; once per call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter
from typing import TYPE_CHECKING, TypeVar

from voiceform.kinds.retention.matching.legs import (
    CallFacts,
    Calls,
    Family,
    Leg,
    Legs,
    Life,
    facts_of,
    leg_of,
)
from voiceform.kinds.retention.matching.match import CALL_RECORD
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.kinds.retention.policy import FINISHED_CALL
from voiceform.twilio.errors import InvalidArgumentError, NotFoundError, ProtocolError
from voiceform.twilio.operations import PAGE_SIZE
from voiceform.twilio.paging import Unreadable
from voiceform.twilio.sids import normal_sid

if TYPE_CHECKING:
    from voiceform.twilio.client import Client
    from voiceform.twilio.resources import Call, Recording

S = TypeVar("S")
T = TypeVar("T")

_REMEMBERED = 5_000
_READ_REMEMBERED = 10_000
_LIST_FROM = 50
"""With so many calls of one time to look up, it is listed: a thousand calls come with one request."""
_LIST_AT_MOST = 20
"""Rows read for each call that is looked for; in a denser account the rest is fetched one by one."""
_DAY = timedelta(days=1)
"""A call starts before its recordings and dials its children while it lasts, which is a day at most."""
_OF_PARENT_LEGS = frozenset({"DialVerb", "OutboundAPI", "RecordVerb", "Trunking"})
"""What such recordings belong to is no child of another call."""
_UNANSWERED = FINISHED_CALL - {"completed"}


class CallBook:
    """The facts of calls with their legs. `facts` and `family` never ask the account; `look_up`, `relate` and
    `fetch` do.

    A call that is gone is UNKNOWN: records are readable for 13 months and can be deleted, and recordings
    stay.
    """

    def __init__(self, client: Client, threads: int = 8) -> None:
        self._client = client
        self._threads = threads
        self._known: dict[str, CallFacts | Truth] = {}
        self._families: dict[str, Family] = {}
        self._related: dict[frozenset[str], Family] = {}
        self._read_calls: dict[str, Call] = {}
        self._reading = client.runtime.lock()

    def facts(self, call_sid: str) -> CallFacts | Truth:
        """What is known of a call; NEEDED when nobody looked yet."""
        return self._known.get(call_sid, Truth.NEEDED)

    def family(self, call_sids: frozenset[str]) -> Family | Truth:
        """What is known of calls that somebody named; NEEDED when nobody looked yet."""
        return self._related.get(call_sids, Truth.NEEDED)

    def read(self, call_sid: str) -> Call | None:
        """One call; None when it is gone. Raises TwilioError.

        What was read a moment ago is remembered, because a run may have deleted the record of a parent when
        it comes to the child.
        """
        known = self._read_calls.get(call_sid)
        if known is not None:
            return known
        try:
            call = self._client.fetch_call(call_sid)
        except NotFoundError:
            return None
        with self._reading:
            if len(self._read_calls) >= _READ_REMEMBERED:
                del self._read_calls[next(iter(self._read_calls))]
            self._read_calls[call_sid] = call
        return call

    def fetch(self, call_sid: str) -> CallFacts | Truth:
        """What the account says of a call, asked for by itself: no list is believed. Raises TwilioError."""
        return self._ask(call_sid)

    def relate(self, call_sids: frozenset[str]) -> Family:
        """Get to know the parents and children of calls that somebody named. Raises TwilioError."""
        known = self._related.get(call_sids)
        if known is None:
            missing = [sid for sid in call_sids if sid not in self._families]
            self._families.update(zip(missing, self._side_by_side(self._family_of, missing), strict=True))
            known = self._related[call_sids] = Family.of(self._families[sid] for sid in call_sids)
        return known

    def look_up(self, calls: Mapping[str, datetime]) -> None:
        """Get to know calls, given with the time of what was recorded of them. Raises TwilioError.

        Where many are of one time, a list of it tells of them. A row that it leaves out, such as a child, is
        missing in the facts; so each call is asked for by itself (`fetch`) before anything of it is
        destroyed.
        """
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        missing = {sid: made for sid, made in calls.items() if sid not in self._known}
        times = [calls for calls in _by_time(missing) if len(calls) >= _LIST_FROM]
        self._side_by_side(self._list, times)
        left = [sid for sid in missing if sid not in self._known]
        self._known.update(zip(left, self._side_by_side(self._ask, left), strict=True))

    def _side_by_side(self, ask: Callable[[S], T], items: Sequence[S]) -> list[T]:
        if not items:
            return []
        with self._client.runtime.pool(self._threads, "voiceform-calls") as pool:
            return list(pool.map(ask, items))

    def _list(self, wanted: Mapping[str, datetime]) -> None:
        """Read a span whole: it holds the calls that are wanted, and with them their parents and children.

        Nothing is known from a list with an entry that cannot be read: it may be anybody's leg.
        """
        budget = max(len(wanted) * _LIST_AT_MOST, PAGE_SIZE)
        start, end = min(wanted.values()) - _DAY, max(wanted.values()) + _DAY
        unreadable = Unreadable()
        legs = Legs()
        for call in self._client.list_calls(started_from=start, started_before=end, unreadable=unreadable):
            legs.add(call)
            budget -= 1
            if budget < 0 or unreadable.count:
                return
        if not unreadable.count:
            self._known.update(legs.facts(wanted))

    def _ask(self, call_sid: str) -> CallFacts | Truth:
        """One call with its parent, its children, and the other children of its parent."""
        call = self._read(call_sid)
        if call is None:
            return Truth.UNKNOWN
        children = self._children(call_sid)
        others = list(children or ())
        parent_sid = normal_sid(call.parent_call_sid, "CA")
        if parent_sid is None:
            return facts_of(leg_of(call), others, complete=children is not None)
        parent, beside = self._read(parent_sid), self._children(parent_sid)
        if parent is not None:
            others.append(leg_of(parent))
        complete = parent is not None and None not in (children, beside)
        return facts_of(leg_of(call), others, beside or (), {parent_sid}, complete=complete)

    def _family_of(self, call_sid: str) -> Family:
        call = self._read(call_sid)
        if call is None:
            return self._lost(call_sid)
        children = self._children(call_sid)
        parent = normal_sid(call.parent_call_sid, "CA")
        beside: list[Leg] | None = [] if parent is None else self._children(parent)
        sids = {call_sid, *(leg.sid for leg in children or ()), *((parent,) if parent else ())}
        return Family(
            frozenset(sids),
            (_life(call),),
            lost=children is None or beside is None,
            beside=frozenset(leg.sid for leg in beside or ()) - sids,
        )

    def _children(self, call_sid: str) -> list[Leg] | None:
        """The legs that a call dialled; None when nobody can tell."""
        try:
            children = self._client.child_calls(call_sid)
        except ProtocolError:
            return None
        return None if children is None else [leg_of(child) for child in children]

    def _lost(self, call_sid: str) -> Family:
        """A call whose record is gone, by what its recordings still tell: when it was, and whether it is a
        parent leg."""
        try:
            listed = list(self._client.list_call_recordings(call_sid))
        except (NotFoundError, InvalidArgumentError, ProtocolError):
            listed = []
        own = [row for row in listed if normal_sid(row.call_sid, "CA") == call_sid]
        lost = not any(row.source in _OF_PARENT_LEGS for row in own)
        return Family(frozenset({call_sid}), (_life_around(own),), lost)

    def _read(self, call_sid: str) -> Call | None:
        """As `read`; None also for an answer that cannot be read."""
        try:
            return self.read(call_sid)
        except (InvalidArgumentError, ProtocolError):
            return None


@dataclass(frozen=True, slots=True)
class OneCall:
    """The facts of the very call whose record is weighed: its own leg. `book` knows what is named."""

    call: Call
    book: CallBook

    def facts(self, call_sid: str) -> CallFacts:
        """Those facts."""
        parent = normal_sid(self.call.parent_call_sid, "CA")
        return facts_of(leg_of(self.call), related={parent} if parent else ())

    def family(self, call_sids: frozenset[str]) -> Family | Truth:
        """As the book knows it."""
        return self.book.family(call_sids)


class FetchingCalls:
    """A book that asks the account as it is read; for looking again at single recordings."""

    def __init__(self, book: CallBook) -> None:
        self._book = book

    def facts(self, call_sid: str) -> CallFacts | Truth:
        """What is known, or what the account says. Raises TwilioError."""
        return self._book.fetch(call_sid)

    def family(self, call_sids: frozenset[str]) -> Family:
        """What is known, or what the account says. Raises TwilioError."""
        return self._book.relate(call_sids)


class _NotAsked:
    """No call was looked up, whatever is asked."""

    def facts(self, _: str) -> CallFacts | Truth:
        """NEEDED."""
        return Truth.NEEDED

    def family(self, _: frozenset[str]) -> Family | Truth:
        """NEEDED."""
        return Truth.NEEDED


NOT_ASKED: Calls = _NotAsked()
"""What says where calls would have to be asked for; it holds nothing."""


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call made to look like what rules match: it has neither channels nor a conference."""

    call: Call
    source: str = CALL_RECORD
    channels: int | None = None
    conference_sid: str | None = None

    @property
    def sid(self) -> str:
        """The call's SID."""
        return self.call.sid

    @property
    def call_sid(self) -> str | None:
        """The call's SID again."""
        return self.call.sid

    @property
    def status(self) -> str:
        """The call's state."""
        return self.call.status

    @property
    def duration(self) -> int | None:
        """Seconds; 0 for a call that was not answered."""
        return 0 if self.call.duration is None and self.call.status in _UNANSWERED else self.call.duration

    @property
    def date_created(self) -> datetime | None:
        """When the call was made."""
        return self.call.date_created


def _by_time(calls: Mapping[str, datetime]) -> Iterator[dict[str, datetime]]:
    """The calls in groups; between two groups nothing is asked for during more than a day."""
    group: dict[str, datetime] = {}
    last: datetime | None = None
    for sid, made in sorted(calls.items(), key=itemgetter(1)):
        if last is not None and made - last > _DAY:
            yield group
            group = {}
        group[sid] = last = made
    if group:
        yield group


def _life(call: Call) -> Life:
    begun = [moment for moment in (call.start_time, call.date_created) if moment is not None]
    start = min(begun, default=None)
    if call.end_time is not None or call.status not in FINISHED_CALL:
        return Life(start, call.end_time)
    return Life(start, None if start is None else max(begun) + _DAY)


def _life_around(rows: Iterable[Recording]) -> Life:
    dates = [row.date_created for row in rows]
    known = [date for date in dates if date is not None]
    if not known or len(known) < len(dates):
        return Life()
    return Life(min(known) - _DAY, max(known) + _DAY)

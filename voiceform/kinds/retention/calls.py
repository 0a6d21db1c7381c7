"""Calls' records, looked up only where a rule or a hold asks for calls; once per call."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

from voiceform.kinds.retention.legs import CallFacts, Family, Leg, Life
from voiceform.kinds.retention.matching import CALL_RECORD
from voiceform.kinds.retention.policy import FINISHED_CALL
from voiceform.kinds.retention.truth import Truth
from voiceform.twilio.errors import InvalidArgumentError, NotFoundError
from voiceform.twilio.sids import normal_sid

if TYPE_CHECKING:
    from voiceform.twilio.client import Client
    from voiceform.twilio.resources import Call, Recording

T = TypeVar("T")

_REMEMBERED = 100_000
_LIST_FROM = 300
"""With so many calls to look up, their span is listed: a thousand calls come with one request."""
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

    def facts(self, call_sid: str) -> CallFacts | Truth:
        """What is known of a call; NEEDED when nobody looked yet."""
        return self._known.get(call_sid, Truth.NEEDED)

    def family(self, call_sids: frozenset[str]) -> Family | Truth:
        """What is known of calls that somebody named; NEEDED when nobody looked yet."""
        return self._related.get(call_sids, Truth.NEEDED)

    def fetch(self, call_sid: str) -> CallFacts | Truth:
        """What is known of a call, asking the account if need be. Raises TwilioError."""
        known = self._known.get(call_sid)
        if known is None:
            known = self._known[call_sid] = self._ask(call_sid)
        return known

    def relate(self, call_sids: frozenset[str]) -> Family:
        """Get to know the parents and children of calls that somebody named. Raises TwilioError."""
        known = self._related.get(call_sids)
        if known is None:
            missing = [sid for sid in call_sids if sid not in self._families]
            self._families.update(self._side_by_side(self._family_of, missing))
            known = self._related[call_sids] = Family.of(self._families[sid] for sid in call_sids)
        return known

    def look_up(self, call_sids: Iterable[str], first: datetime, last: datetime) -> None:
        """Get to know calls whose recordings were made from `first` to `last`. Raises TwilioError."""
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        missing = {sid for sid in call_sids if sid not in self._known}
        if len(missing) >= _LIST_FROM:
            self._list(missing, first - _DAY, last + _DAY)
            missing = {sid for sid in missing if sid not in self._known}
        self._known.update(self._side_by_side(self._ask, missing))

    def _side_by_side(self, ask: Callable[[str], T], sids: Iterable[str]) -> dict[str, T]:
        wanted = list(sids)
        with ThreadPoolExecutor(self._threads, thread_name_prefix="voiceform-calls") as pool:
            return dict(zip(wanted, pool.map(ask, wanted), strict=True))

    def _list(self, wanted: set[str], start: datetime, end: datetime) -> None:
        """Read a span whole: it holds the calls that are wanted, and with them their parents and children."""
        budget = len(wanted) * _LIST_AT_MOST
        legs: dict[str, Leg] = {}
        parents: dict[str, str] = {}
        children: defaultdict[str, list[str]] = defaultdict(list)
        for call in self._client.list_calls(started_from=start, started_before=end):
            leg = leg_of(call)
            legs[leg.sid] = leg
            budget -= 1
            if budget <= 0:
                return
            if call.parent_call_sid:
                parent = parents[leg.sid] = normal_sid(call.parent_call_sid, "CA") or ""
                children[parent].append(leg.sid)
        for sid in wanted & legs.keys():
            above = [parents[sid]] if sid in parents else []
            if all(parent in legs for parent in above):
                around = [*children.get(sid, ()), *above]
                self._known[sid] = _facts(legs[sid], [legs[item] for item in around])

    def _ask(self, call_sid: str) -> CallFacts | Truth:
        """One call with its parent and its children."""
        call = self._read(call_sid)
        if call is None:
            return Truth.UNKNOWN
        children = self._client.child_calls(call_sid)
        others = [leg_of(child) for child in children or ()]
        complete = children is not None
        related = set()
        if call.parent_call_sid:
            parent = self._read(call.parent_call_sid)
            related.add(normal_sid(call.parent_call_sid, "CA") or "")
            complete = complete and parent is not None
            others += [leg_of(parent)] if parent is not None else []
        return _facts(leg_of(call), others, related, complete=complete)

    def _family_of(self, call_sid: str) -> Family:
        call = self._read(call_sid)
        if call is None:
            return self._lost(call_sid)
        children = self._client.child_calls(call_sid)
        parent = normal_sid(call.parent_call_sid, "CA")
        sids = {call_sid, *(leg_of(child).sid for child in children or ())}
        lost = children is None or (parent is None and call.parent_call_sid is not None)
        return Family(frozenset({*sids, parent} if parent else sids), (_life(call),), lost)

    def _lost(self, call_sid: str) -> Family:
        """A call whose record is gone, by what its recordings still tell: when it was, and whether it is a
        parent leg."""
        try:
            listed = list(self._client.list_call_recordings(call_sid))
        except (NotFoundError, InvalidArgumentError):
            listed = []
        own = [row for row in listed if normal_sid(row.call_sid, "CA") == call_sid]
        lost = not any(row.source in _OF_PARENT_LEGS for row in own)
        return Family(frozenset({call_sid}), (_life_around(own),), lost)

    def _read(self, call_sid: str) -> Call | None:
        try:
            return self._client.fetch_call(call_sid)
        except (NotFoundError, InvalidArgumentError):
            return None


@dataclass(frozen=True, slots=True)
class OneCall:
    """The facts of the very call whose record is weighed: its own leg. `book` knows what is named."""

    call: Call
    book: CallBook

    def facts(self, call_sid: str) -> CallFacts:
        """Those facts."""
        parent = normal_sid(self.call.parent_call_sid, "CA")
        return _facts(leg_of(self.call), (), {parent} if parent else ())

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


def leg_of(call: Call) -> Leg:
    """What rules may ask about one leg."""
    return Leg(normal_sid(call.sid, "CA") or call.sid, call.from_, call.to, sys.intern(call.direction))


def _facts(
    own: Leg, others: Iterable[Leg], related: Iterable[str] = (), *, complete: bool = True
) -> CallFacts:
    legs = tuple(others)
    return CallFacts(own, legs, frozenset({own.sid, *related, *(leg.sid for leg in legs)}), complete)


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

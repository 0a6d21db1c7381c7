"""Look for everything that is known of one person: in the account, in archives, in the state. Only reads."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from voiceform.kinds.base import RefreshContext
from voiceform.kinds.forgetting import Keeper
from voiceform.kinds.retention.added import standing
from voiceform.kinds.retention.call_lookup import CallBook, CallRow, FetchingCalls
from voiceform.kinds.retention.erasure.whom import Whom
from voiceform.kinds.retention.figures import Figures
from voiceform.kinds.retention.hold_index import HoldIndex
from voiceform.kinds.retention.matching.match import CONFERENCE_SOURCES
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.kinds.retention.policy import (
    FINISHED_CALL,
    FINISHED_RECORDING,
    Decision,
    Policy,
    Ruling,
    call_holds,
    held_by,
)
from voiceform.kinds.retention.sid_chunks import Column, seconds_of
from voiceform.kinds.retention.storage.copies import Copies, Described
from voiceform.kinds.retention.survey import all_calls, standing_holds
from voiceform.kinds.retention.weighing import weighed
from voiceform.twilio.paging import Unreadable
from voiceform.twilio.rows import column
from voiceform.twilio.sids import is_sid, normal_sid

if TYPE_CHECKING:
    from voiceform.twilio.resources import Call, Recording

LOOKING_AT_CALLS = "looking for calls of this person"
LOOKING_AT_RECORDINGS = "looking for recordings of this person"
LOOKING_AT_COPIES = "looking for archived copies"
LOOKING_AT_STATE = "looking through the state"

_LIVE = ("queued", "ringing", "in-progress")
"""What was not dialled yet has no start, and no list that is cut by starts has it."""
_DAY = timedelta(days=1)
_BATCH = 5000
_STEP = 1000
NAMED = 20
"""So many of those whose parties nobody can tell are named; all are counted."""


@dataclass(slots=True)
class Pile:
    """What was seen of one sort: what is to go, and why the rest of the person's stays.

    `held` counts by hold, `left` by reason. `unsure` is what may or may not be of the person, `named` some
    of it.
    """

    prefix: str = ""
    seen: int = 0
    due: Column = field(default_factory=Column)
    tally: Figures = field(default_factory=Figures)
    created: array[int] = field(default_factory=lambda: array("q"))
    held: Counter[str] = field(default_factory=Counter)
    on_hold: int = 0
    left: Counter[str] = field(default_factory=Counter)
    unsure: int = 0
    named: list[str] = field(default_factory=list)
    unreadable: Unreadable = field(default_factory=Unreadable)

    def doubt(self, name: str) -> None:
        """One more of which nobody can tell whose it is."""
        self.unsure += 1
        if len(self.named) < NAMED:
            self.named.append(name)

    def hold(self, holds: Iterable[str]) -> None:
        """One more that is kept by these."""
        self.on_hold += 1
        self.held.update(holds)


@dataclass(slots=True)
class Trace:
    """Everything that was found of a person. `documents` are the things of the state that can forget them, by
    the keeper's name and theirs; `copies` are those in archives, `URL KEY` each."""

    recordings: Pile = field(default_factory=lambda: Pile("RE"))
    calls: Pile = field(default_factory=lambda: Pile("CA"))
    archived: Pile = field(default_factory=Pile)
    copies: list[str] = field(default_factory=list)
    documents: dict[tuple[str, str], int] = field(default_factory=dict)
    left: Counter[str] = field(default_factory=Counter)
    known_calls: frozenset[str] = frozenset()
    recorded: tuple[str, ...] = ()


class Tracer:
    """One look for one person."""

    def __init__(
        self,
        context: RefreshContext,
        whom: Whom,
        digest: str,
        keepers: Sequence[Keeper],
        archives: Sequence[str],
    ) -> None:
        self.context = context
        self.whom = whom
        self.digest = digest
        self.keepers = keepers
        self.archives = archives
        self.book = CallBook(context.client)
        self.holds = HoldIndex(standing_holds(context, standing(context.store)))
        self.trace = Trace()
        self._own: dict[str, Call] = {}
        self._voices: set[str] = set()
        """Calls in whose recordings the person is heard: their own, and those that dialled them."""
        self._days: set[date] = set()
        self._guarded: set[str] = set()
        """Calls of which a recording or its copy stays, so that the records by which it is found do."""

    def run(self) -> Trace:
        """Look everywhere. Raises TwilioError, StateError, ArchiveError."""
        self._state()
        self._find_calls()
        self._recordings()
        self._copies()
        self._decide_calls()
        return self.trace

    def is_in(self, value: object) -> bool:
        """As kinds.forgetting.Sought has it."""
        return self.whom.is_in(value)

    def _state(self) -> None:
        progress, trace = self.context.progress, self.trace
        progress.start(LOOKING_AT_STATE)
        known: dict[str, datetime] = {}
        for keeper in self.keepers:
            knowledge = keeper.knows(self.context.store, self)
            trace.documents.update({(keeper.name, name): n for name, n in knowledge.found.items()})
            trace.left.update(knowledge.left)
            for text, at in knowledge.calls.items():
                known[normal_sid(text, "CA") or text] = at
                self._days.update(_days_between(at, at + _DAY))
        trace.known_calls = frozenset(known)
        recorded = []
        for stored in self.context.store.list(""):
            if stored.key.startswith((*(keeper.prefix for keeper in self.keepers), "lease")):
                continue
            if stored.key == "meta" or not self.whom.is_in(stored.document):
                continue
            kind, _, name = stored.key.partition("/")
            if kind == "resources":
                recorded.append(name)
            else:
                trace.left[f"the document {stored.key} of the state, which nobody knows how to change"] += 1
        trace.recorded = tuple(sorted(recorded))
        progress.finish(LOOKING_AT_STATE)

    def _find_calls(self) -> None:
        progress, pile = self.context.progress, self.trace.calls
        progress.start(LOOKING_AT_CALLS)
        doubtful: set[str] = set()
        for call in all_calls(self.context.client, pile.unreadable):
            pile.seen += 1
            if pile.seen % _STEP == 0:
                progress.advance(LOOKING_AT_CALLS, _STEP)
            if call.date_created is not None:
                pile.created.append(int(call.date_created.timestamp()))
            self._sort(call, doubtful)
        for call in self._listed_again(pile.unreadable):
            self._sort(call, doubtful)
        for sid, call in self._own.items():
            self._voices |= {sid, normal_sid(call.parent_call_sid, "CA") or sid}
            self._days.update(_days_of(call))
        self._voices |= self.trace.known_calls
        progress.advance(LOOKING_AT_CALLS, pile.seen % _STEP)
        progress.finish(LOOKING_AT_CALLS)

    def _sort(self, call: Call, doubtful: set[str]) -> None:
        truth = self.whom.of_call(call)
        if truth is Truth.YES:
            self._own[normal_sid(call.sid, "CA") or call.sid] = call
        elif truth is Truth.UNKNOWN and call.sid not in doubtful:
            doubtful.add(call.sid)
            self.trace.calls.doubt(call.sid)

    def _listed_again(self, unreadable: Unreadable) -> Iterator[Call]:
        """What is live, and what is listed by this number: what one list leaves out the other may have."""
        client, person = self.context.client, self.whom.person
        for status in _LIVE:
            yield from client.list_calls(status=status, unreadable=unreadable)
        yield from client.list_calls(to=person, unreadable=unreadable)
        yield from client.list_calls(from_=person, unreadable=unreadable)

    def _recordings(self) -> None:
        progress, pile = self.context.progress, self.trace.recordings
        progress.start(LOOKING_AT_RECORDINGS)
        policy = Policy((), self.holds.holds)
        for decided in weighed(self._listed(pile), self._weigh, self.book, policy):
            for row, decision in decided:
                self._put(pile, row, decision)
        progress.finish(LOOKING_AT_RECORDINGS)

    def _listed(self, pile: Pile) -> Iterator[Sequence[Recording]]:
        for rows in self.context.client.scan_recordings(unreadable=pile.unreadable):
            pile.seen += len(rows)
            pile.created.extend(seconds_of(column(rows, "date_created")))
            self.context.progress.advance(LOOKING_AT_RECORDINGS, len(rows))
            yield rows

    def _weigh(self, row: Recording) -> Decision:
        """DUE for what may go; NO_RULE for what certainly is of somebody else."""
        truth = self._is_theirs(row)
        if truth is Truth.NEEDED:
            return Decision(Ruling.NEEDED)
        if truth is not Truth.YES:
            return Decision(Ruling.NO_RULE if truth is Truth.NO else Ruling.UNDECIDED)
        if row.status not in FINISHED_RECORDING:
            return Decision(Ruling.UNFINISHED)
        if row.date_created is None or not is_sid(row.sid, "RE"):
            return Decision(Ruling.UNDATED)
        return held_by(self.holds, row, self.book, None)

    def _is_theirs(self, row: Recording) -> Truth:
        call_sid = normal_sid(row.call_sid, "CA")
        if call_sid is None:
            return self._met(row)
        if call_sid in self._voices:
            return Truth.YES
        facts = self.book.facts(call_sid)
        if facts is Truth.NEEDED:
            return Truth.NEEDED
        if isinstance(facts, Truth):
            return Truth.UNKNOWN
        if any(self.whom.of_leg(leg) for leg in facts.legs):
            return Truth.YES
        sides = [side for leg in (*facts.legs, *facts.beside) for side in (leg.from_, leg.to)]
        if not facts.complete or any(self.whom.parties.test(side) is not Truth.NO for side in sides):
            return Truth.UNKNOWN
        return self._met(row)

    def _met(self, row: Recording) -> Truth:
        """Whether the person may be heard in a recording of a conference, of which nobody can say who was in
        it; in any other they are not."""
        if row.conference_sid is None and row.source.casefold() not in CONFERENCE_SOURCES:
            return Truth.UNKNOWN if row.call_sid is None else Truth.NO
        if row.date_created is None:
            return Truth.UNKNOWN
        end = row.date_created + timedelta(seconds=max(row.duration or 0, 0))
        return Truth.NO if self._days.isdisjoint((row.date_created.date(), end.date())) else Truth.UNKNOWN

    def _put(self, pile: Pile, row: Recording, decision: Decision) -> None:
        ruling = decision.ruling
        if ruling is Ruling.DUE and row.date_created is not None:
            pile.due.add(row.sid, row.date_created)
            pile.tally.add(row.date_created, row.duration)
        elif ruling is Ruling.HELD:
            pile.hold(decision.holds)
        elif ruling is Ruling.UNDECIDED:
            pile.doubt(row.sid)
        elif ruling is Ruling.UNFINISHED:
            pile.left["recordings that are not finished"] += 1
        elif ruling is Ruling.UNDATED:
            pile.left["recordings without a date or a SID that can be read"] += 1
        if ruling not in (Ruling.DUE, Ruling.NO_RULE, Ruling.UNDECIDED):
            self._guarded.add(normal_sid(row.call_sid, "CA") or "")

    def _decide_calls(self) -> None:
        """What becomes of the records of the person's own legs, once it is known which recordings stay."""
        pile = self.trace.calls
        own = list(self._own.items())
        for start in range(0, len(own), _BATCH):
            batch = own[start : start + _BATCH]
            for sid, call in batch:
                ruling = self._ruling(sid, call)
                if ruling is not None:
                    pile.left[ruling] += 1
            self._hold_or_go(pile, [(s, c) for s, c in batch if self._ruling(s, c) is None])

    def _ruling(self, sid: str, call: Call) -> str | None:
        if call.status not in FINISHED_CALL:
            return "calls that have not ended"
        if not self._guarded.isdisjoint((sid, normal_sid(call.parent_call_sid, "CA"))):
            return "call records whose recordings stay"
        if call.date_created is None or not is_sid(call.sid, "CA"):
            return "call records without a date or a SID that can be read"
        return None

    def _hold_or_go(self, pile: Pile, calls: Sequence[tuple[str, Call]]) -> None:
        holds = HoldIndex(call_holds(self.holds.holds))
        if any(hold.match.needs_call for hold in holds.holds):
            self.book.look_up({sid: made for sid, call in calls if (made := call.date_created) is not None})
            for hold in holds.holds:
                if hold.match.call_sid is not None:
                    self.book.relate(hold.match.call_sid)
        for _, call in calls:
            decision = held_by(holds, CallRow(call), self.book, None)
            if decision.ruling is Ruling.DUE and call.date_created is not None:
                pile.due.add(call.sid, call.date_created)
                pile.tally.add(call.date_created, call.duration)
            else:
                pile.hold(decision.holds)

    def _copies(self) -> None:
        """Copies of recordings of the person's calls, which their descriptions name."""
        progress = self.context.progress
        if not self.archives or not self._days:
            return
        progress.start(LOOKING_AT_COPIES)
        for url in self.archives:
            copies = Copies(url)
            for found in copies.of_days(self.context.client.account_sid, self._days):
                progress.advance(LOOKING_AT_COPIES)
                self._put_copy(copies, found)
        progress.finish(LOOKING_AT_COPIES)

    def _put_copy(self, copies: Copies, found: Described | str) -> None:
        pile = self.trace.archived
        if isinstance(found, str):
            pile.doubt(f"{copies.url}/{found}")
            return
        pile.seen += 1
        if normal_sid(found.call_sid, "CA") not in self._voices:
            return
        decision = held_by(self.holds, found, FetchingCalls(self.book), None)
        if decision.ruling is Ruling.DUE:
            self.trace.copies.append(f"{copies.url} {found.stem}")
        else:
            pile.hold(decision.holds)
            self._guarded.add(normal_sid(found.call_sid, "CA") or "")


def _days_of(call: Call) -> Iterator[date]:
    """The days, in UTC, on which recordings of a call were made, with one at each end: the call that dialled
    it may be older, and a call lasts for a day at most."""
    known = [moment for moment in (call.date_created, call.start_time, call.end_time) if moment is not None]
    if known:
        yield from _days_between(min(known), max(known))


def _days_between(first: datetime, last: datetime) -> Iterator[date]:
    day = (first - _DAY).date()
    while day <= (last + _DAY).date():
        yield day
        day += _DAY

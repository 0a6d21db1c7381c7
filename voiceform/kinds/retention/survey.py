"""Read what the account holds and weigh each row as it comes: a million recordings are never in memory."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from voiceform.kinds.base import RefreshContext
from voiceform.kinds.retention.added import AddedHold, standing
from voiceform.kinds.retention.call_lookup import CallBook, CallRow, OneCall
from voiceform.kinds.retention.hold_index import HoldIndex
from voiceform.kinds.retention.hold_tally import HoldTally
from voiceform.kinds.retention.matching.legs import Calls, Leg, leg_of
from voiceform.kinds.retention.matching.match import Row
from voiceform.kinds.retention.matching.party_index import Sides
from voiceform.kinds.retention.pacing.pace import pacing_of
from voiceform.kinds.retention.pacing.share import spent_on
from voiceform.kinds.retention.pacing.window import day_in
from voiceform.kinds.retention.policy import (
    CALL_RECORDS,
    FINISHED_CALL,
    RECORDINGS,
    Decision,
    Hold,
    Policy,
    Ruling,
    call_holds,
    held_by,
    holds_of,
    rules_of,
)
from voiceform.kinds.retention.sid_chunks import DueCall, DueCalls, SidSet
from voiceform.kinds.retention.tally import Part
from voiceform.kinds.retention.weighing import relate, weighed
from voiceform.model.plan import Mode
from voiceform.twilio.paging import Unreadable
from voiceform.twilio.rows import column
from voiceform.twilio.sids import is_sid, normal_sid

if TYPE_CHECKING:
    from voiceform.twilio.client import Client
    from voiceform.twilio.resources import Call, Recording

LOOKING_AT_RECORDINGS = "reading recordings"
LOOKING_AT_CALLS = "reading call records"

_BATCH = 5000
_STEP = 1000
_DUE = Ruling.DUE
_LEAVES_ITS_CALL = (Ruling.DUE, Ruling.NO_RULE)
_NEVER_DIALLED = ("canceled", "failed")


@dataclass(slots=True)
class Survey:
    """Recordings and call records, weighed by the rules and holds of one plan.

    `looked` says whether the account was read at all. `added` are the holds that were added by command.
    `spent` is how many were deleted today, where there is a share of a day.
    """

    recordings: Part = field(default_factory=lambda: Part("RE"))
    calls: Part = field(default_factory=lambda: Part("CA"))
    looked: bool = False
    spent: int = 0
    guarded_calls: SidSet = field(default_factory=SidSet)
    added: tuple[AddedHold, ...] = ()


def survey(context: RefreshContext) -> Survey:
    """List and weigh whatever the rules of this plan, declared and recorded, ask for. Only reads."""
    return _Surveyor(context).run()


def standing_holds(context: RefreshContext, added: tuple[AddedHold, ...]) -> tuple[Hold, ...]:
    """Every hold that counts while this plan runs: declared ones, recorded ones until they are released, and
    those that were added by command.

    A hold whose match is changed counts twice, as it was and as it will be.
    """
    declared, recorded = holds_of(context.desired), holds_of(context.recorded)
    known = {(hold.name, hold.identity) for hold in declared}
    others = (hold for hold in recorded if (hold.name, hold.identity) not in known)
    return (*declared, *others, *(item for hold in added for item in hold.holds()))


def leaving_holds(context: RefreshContext) -> frozenset[tuple[str, str]]:
    """The holds, by name and identity, that are recorded but not declared as such: this plan ends them."""
    declared = {(hold.name, hold.identity) for hold in holds_of(context.desired)}
    return frozenset(
        (hold.name, hold.identity)
        for hold in holds_of(context.recorded)
        if (hold.name, hold.identity) not in declared
    )


class _Surveyor:
    """One survey; collects as it goes."""

    def __init__(self, context: RefreshContext) -> None:
        self.context = context
        self.book = CallBook(context.client)
        added = standing(context.store)
        self.holds = standing_holds(context, added)
        self.asked = (*holds_of(context.desired), *(item for hold in added for item in hold.holds()))
        leaving = leaving_holds(context)
        self.staying = HoldIndex(hold for hold in self.holds if (hold.name, hold.identity) not in leaving)
        rules = context.desired
        self.policy = Policy(rules_of(rules, RECORDINGS, context.now), self.holds)
        self.call_policy = Policy(
            rules_of(rules, CALL_RECORDS, context.now), call_holds(self.holds), FINISHED_CALL
        )
        self.found = Survey(added=added)
        self.held: Counter[tuple[str, tuple[str, ...]]] = Counter()
        self.released: Counter[tuple[str, tuple[str, ...]]] = Counter()
        """How many of a list the same holds keep: ten thousand may keep each of a million rows."""

    def run(self) -> Survey:
        if self.context.mode is Mode.REFRESH_ONLY:
            return self.found
        pacing = pacing_of(self.context.desired)
        if pacing is not None and pacing.per_day is not None:
            self.found.spent = spent_on(self.context.store, day_in(pacing.zone, self.context.now))
        if self.policy.rules or self.asked or (self.call_policy.rules and self.holds):
            self.found.looked = True
            self._recordings()
        if self.call_policy.rules:
            self.found.looked = True
            self._calls()
        for part in (self.found.recordings, self.found.calls):
            part.held.update(_each_name(self.held, part.prefix))
            part.released.update(_each_name(self.released, part.prefix))
        return self.found

    def _recordings(self) -> None:
        progress, part = self.context.progress, self.found.recordings
        progress.start(LOOKING_AT_RECORDINGS)
        tally = HoldTally(self.asked) if self.asked else None
        for decided in weighed(self._listed(part), self._weighing(), self.book, self.policy):
            self._put_recordings(decided, tally)
        if tally is not None:
            part.answers.update(tally.counts())
        progress.finish(LOOKING_AT_RECORDINGS)

    def _listed(self, part: Part) -> Iterator[Sequence[Recording]]:
        for rows in self.context.client.scan_recordings(unreadable=part.unreadable):
            part.note(column(rows, "date_created"), column(rows, "duration"))
            self.context.progress.advance(LOOKING_AT_RECORDINGS, len(rows))
            yield rows

    def _weighing(self) -> Callable[[Recording], Decision]:
        if self.holds and self.call_policy.rules:
            return self._weigh
        decide, book = self.policy.decide, self.book
        return lambda recording: decide(recording, book)  # `partial` with a keyword takes twice as long

    def _weigh(self, recording: Recording) -> Decision:
        """The decision, and which holds cover a recording that no rule would delete: they keep its call."""
        decision = self.policy.decide(recording, self.book)
        if decision.ruling is not Ruling.NO_RULE:
            return decision
        held = held_by(self.policy.index, recording, self.book, None)
        return held if held.ruling is Ruling.NEEDED else Decision(Ruling.NO_RULE, None, held.holds)

    def _put_recordings(self, decided: Sequence[tuple[Recording, Decision]], tally: HoldTally | None) -> None:
        part, guards = self.found.recordings, bool(self.call_policy.rules)
        due: defaultdict[str, list[Recording]] = defaultdict(list)
        for recording, decision in decided:
            if guards:
                self._guard_call(recording, decision)
            if tally is not None:
                tally.add(recording, self.book)
            if decision.ruling is _DUE and decision.rule is not None:
                due[decision.rule].append(recording)
            else:
                self._keep(part, recording, decision, self.book)
        for rule, rows in due.items():
            part.due(rule, [row.sid for row in rows], column(rows, "date_created"), column(rows, "duration"))

    def _guard_call(self, recording: Recording, decision: Decision) -> None:
        if decision.holds or decision.ruling not in _LEAVES_ITS_CALL:
            call = normal_sid(recording.call_sid, "CA")
            if call is not None:
                self.found.guarded_calls.add(call)

    def _calls(self) -> None:
        progress, part = self.context.progress, self.found.calls
        progress.start(LOOKING_AT_CALLS)
        relate(self.call_policy, self.book)
        tally = HoldTally(call_holds(self.asked))
        family = _Relatives(self.call_policy.holds)
        for call in all_calls(self.context.client, part.unreadable):
            row, book = CallRow(call), OneCall(call, self.book)
            part.note((row.date_created,), (row.duration,))
            if part.seen % _STEP == 0:
                progress.advance(LOOKING_AT_CALLS, _STEP)
            family.note(call)
            decision = self.call_policy.decide(row, book)
            if decision.ruling is Ruling.DUE and leg_of(call).sid in self.found.guarded_calls:
                decision = Decision(Ruling.GUARDED, decision.rule)
            if decision.ruling is Ruling.DUE and family.postpones(row, decision):
                continue
            tally.add(row, book)
            self._put(part, row, decision, book)
        self._relatives(family, tally)
        part.answers.update(tally.counts())
        progress.advance(LOOKING_AT_CALLS, part.seen % _STEP)
        progress.finish(LOOKING_AT_CALLS)

    def _relatives(self, family: _Relatives, tally: HoldTally) -> None:
        """Decide about call records whose related calls had to be seen first."""
        part = self.found.calls
        waiting: list[DueCall] = []
        for row in family.waiting:
            # A leg that cannot be read may be anybody's, and the one that a hold is about.
            if part.unreadable.count or family.concerns(row):
                waiting.append(row)
            else:
                self._put(part, row, Decision(Ruling.DUE, row.rule), self.book)
        for start in range(0, len(waiting), _BATCH):
            batch = waiting[start : start + _BATCH]
            self.book.look_up({row.sid: row.date_created for row in batch})
            for row in batch:
                tally.add(row, self.book)
                self._put(part, row, held_by(self.call_policy.index, row, self.book, row.rule), self.book)

    def _put(self, part: Part, row: Row, decision: Decision, calls: Calls) -> None:
        if decision.ruling is _DUE and decision.rule is not None:
            part.due(decision.rule, (row.sid,), (row.date_created,), (row.duration,))
        else:
            self._keep(part, row, decision, calls)

    def _keep(self, part: Part, row: Row, decision: Decision, calls: Calls) -> None:
        part.kept[decision.rule, decision.ruling] += 1
        if decision.ruling is Ruling.HELD:
            self.held[part.prefix, decision.holds] += 1
            if held_by(self.staying, row, calls, decision.rule).ruling is Ruling.DUE:
                self.released[part.prefix, decision.holds] += 1


def _each_name(counted: Counter[tuple[str, tuple[str, ...]]], prefix: str) -> Counter[str]:
    """How many of one list each hold keeps."""
    found: Counter[str] = Counter()
    for (part, names), count in counted.items():
        if part == prefix:
            found.update(dict.fromkeys(names, count))
    return found


class _Relatives:
    """Which call records may be related to one that a hold asks for by number.

    A hold by number keeps the records of all legs of a call, and those come in any order: what is due waits
    until all calls were seen. Only neighbours of a leg that has, or might have, such a number are looked up.
    """

    def __init__(self, holds: tuple[Hold, ...]) -> None:
        self._matches = [hold.match for hold in holds if hold.match.asks_parties]
        self._sides = Sides((match, place) for place, match in enumerate(self._matches))
        self._asks_from = any(match.from_ or match.number for match in self._matches)
        self._asks_to = any(match.to or match.number for match in self._matches)
        self._near = SidSet()
        self._seen = SidSet()
        self.waiting = DueCalls()

    def note(self, call: Call) -> None:
        """A call was listed."""
        leg = leg_of(call)
        if not self._matches or not is_sid(leg.sid, "CA"):
            return
        self._seen.add(leg.sid)
        if self._touched(leg):
            self._near.add(leg.sid)
            parent = normal_sid(call.parent_call_sid, "CA")
            if parent is not None:
                self._near.add(parent)

    def _touched(self, leg: Leg) -> bool:
        """Whether any of the numbers that holds ask for is, or might be, on the leg."""
        near, caller_unread, called_unread = self._sides.near((leg,))
        if (caller_unread and self._asks_from) or (called_unread and self._asks_to):
            return True
        return any(self._matches[place].touches(leg) for place in near)

    def postpones(self, row: CallRow, decision: Decision) -> bool:
        """Whether a record that is due has to wait; it is remembered then."""
        created, sid = row.date_created, normal_sid(row.sid, "CA")
        if not self._matches or sid is None or created is None or decision.rule is None:
            return False
        parent = normal_sid(row.call.parent_call_sid, "CA")
        self.waiting.add(DueCall(sid, parent, created, row.duration or 0, decision.rule))
        return True

    def concerns(self, row: DueCall) -> bool:
        """Whether a related call has, or might have, a number that a hold asks for."""
        parent = row.parent
        return row.sid in self._near or (
            parent is not None and (parent in self._near or parent not in self._seen)
        )


def all_calls(client: Client, unreadable: Unreadable | None = None) -> Iterator[Call]:
    """Every call of the account, each once, but for those that `unreadable` takes.

    Long lists are read by date of start, which calls that were never dialled do not have; those are asked for
    by their status.
    """
    undialled: set[str] = set()
    for rows in client.scan_calls(unreadable=unreadable):
        undialled.update(call.sid for call in rows if call.start_time is None)
        yield from rows
    for status in _NEVER_DIALLED:
        for call in client.list_calls(status=status, unreadable=unreadable):
            if call.start_time is None and call.sid not in undialled:
                undialled.add(call.sid)
                yield call

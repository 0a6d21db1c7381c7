"""Which wave of an occurrence may be called, and whether what is known of it stops the schedule.

Who belongs to which wave follows from the order of people and from the ledger alone, and the ledger only
grows. So whoever finds a wave open, in whatever process and with however old a look at the ledger, is right,
and no two can begin more than its people. Pure.

People who have an entry come first, also those who were taken off the list since: who is added to a list
meanwhile belongs to a later wave, and takes no place of one that has begun.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.pauses import Halt, Stopped
from voiceform.kinds.call.waves import SHORT, Waves

GOES_ON = timedelta(days=1)
"""How long after a stop a person may let the rest be called; who is left later than that was missed."""

_NOT_SENT = frozenset({CallStatus.MISSED, CallStatus.SUPPRESSED, CallStatus.DEFERRED})
_ENDED = frozenset(
    {
        CallStatus.ANSWERED,
        CallStatus.MACHINE,
        CallStatus.BUSY,
        CallStatus.NO_ANSWER,
        CallStatus.FAILED,
        CallStatus.CANCELED,
    }
)

Attempts = Mapping[int, LedgerEntry]


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is: `now`, the `present` from which being late is measured, and `begin`, up to which everything
    was judged before."""

    now: datetime
    present: datetime
    begin: datetime


@dataclass(slots=True)
class Unfolded:
    """What there is to do about one occurrence.

    `ready` are those who may be called, with the instant since when; `held` those who wait for a wave that is
    to settle, at `until` at the latest, or for a person. `stop` says why nobody may be called any more,
    `learn` are calls whose outcome has to be asked for before that is known.
    """

    occurrence: datetime
    ready: list[tuple[Key, datetime]] = field(default_factory=list)
    held: list[tuple[Key, str]] = field(default_factory=list)
    until: datetime | None = None
    stop: Stopped | None = None
    learn: list[Key] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Resumption:
    """What stops mean for an occurrence: whether there were any, whether one stands, or has stood for too
    long, since when others are called again, and up to when a person has decided about calls."""

    any: bool = False
    standing: bool = False
    over: bool = False
    since: datetime | None = None
    judged_until: datetime | None = None

    @classmethod
    def of(cls, halts: Sequence[Halt], occurrence: datetime, now: datetime) -> Resumption:
        """Of the halts of a ledger. A stop that stands for longer than GOES_ON holds nobody any more."""
        own = [halt for halt in halts if halt.occurrence == occurrence]
        if not own:
            return cls()
        resumed = [halt for halt in own if halt.resumed is not None]
        in_time = [halt.resumed for halt in resumed if halt.resumed and halt.resumed - halt.at <= GOES_ON]
        last = own[-1]
        return cls(
            any=True,
            standing=last.resumed is None and now - last.at <= GOES_ON,
            over=last.resumed is None and now - last.at > GOES_ON,
            since=in_time[-1] if in_time else None,
            judged_until=resumed[-1].resumed if resumed else None,
        )

    def later(self, since: datetime) -> datetime:
        """`since`, or when it went on."""
        return since if self.since is None else max(since, self.since)


def is_recent(waves: Waves, called: Mapping[str, Attempts], moment: Moment, grace: timedelta) -> bool:
    """Whether there may be something to do about an occurrence of which these calls are known."""
    latest = max(entry.at for attempts in called.values() for entry in attempts.values())
    return latest >= moment.begin - waves.settle - grace


def begun(entries: Mapping[Key, LedgerEntry]) -> dict[datetime, dict[str, dict[int, LedgerEntry]]]:
    """The entries of schedules by occurrence, person and attempt; without those of calls by hand."""
    found: dict[datetime, dict[str, dict[int, LedgerEntry]]] = {}
    for key, entry in entries.items():
        if key.attempt > 0:
            found.setdefault(key.occurrence, {}).setdefault(key.to, {})[key.attempt] = entry
    return found


@dataclass(frozen=True, slots=True)
class Unfolding:
    """Goes through the waves of one occurrence. `people` are all who are to be called, in order, `called`
    their entries and those of others; whoever is in neither is not concerned."""

    waves: Waves
    grace: timedelta
    occurrence: datetime
    people: Sequence[str]
    called: Mapping[str, Attempts]
    resumption: Resumption
    moment: Moment

    def run(self) -> Unfolded:
        """What there is to do."""
        found = Unfolded(self.occurrence)
        opened: datetime | None = self.occurrence
        first = True
        for number, (group, later) in enumerate(self._waves(), 1):
            if opened is None:
                self._hold(found, group, f"wave {number} begins when wave {number - 1} has settled")
                continue
            since = self.resumption.later(opened)
            self._let(found, group, since)
            opened = self._following(found, group, opened, since)
            self._judge(found, number, group, later, opened, first=first)
            first = first and not self._sent(group)
        if found.stop is not None or self.resumption.standing:
            self._stand_still(found)
        return found

    def _judge(
        self,
        found: Unfolded,
        number: int,
        group: Sequence[str],
        following: Sequence[str] | None,
        opened: datetime | None,
        *,
        first: bool,
    ) -> None:
        """Look whether this wave stops the schedule, and what has to be asked for before the next one in
        which anybody is left, `following`. `first`: nobody was called in those before.

        Of what is over (no call of late, and nobody left whose time is not over) nothing is concluded.
        """
        more = following is not None
        next_is_late = opened is not None and self._is_late(self.resumption.later(opened))
        if not self._is_fresh(group) and (next_is_late or not more):
            return
        if found.stop is None and not self.resumption.standing and not self.resumption.over:
            found.stop = self._wrong(number, group, first=first, settled=opened is not None, more=more)
        if opened is not None and following is not None and not self._sent(following):
            firsts = {to: self._first(to) for to in group}
            found.learn += [Key(self.occurrence, to) for to, entry in firsts.items() if entry and entry.live]

    def _waves(self) -> Sequence[tuple[list[str], list[str] | None]]:
        """Each wave, with the next one in which anybody is left."""
        found: list[tuple[list[str], list[str] | None]] = []
        following: list[str] | None = None
        for group in reversed(list(self._groups())):
            found.append((group, following))
            if any(map(self._open, group)):
                following = group
        return found[::-1]

    def _groups(self) -> Iterator[list[str]]:
        """The waves: people who have a first attempt in the ledger, and then the others in their order."""
        known = frozenset(self.people)
        tried = {to for to, attempts in self.called.items() if 1 in attempts}
        order = [
            *sorted(tried - known),
            *(to for to in self.people if to in tried),
            *(to for to in self.people if to not in tried),
        ]
        begin = 0
        for size in self.waves.sizes(len(order)):
            yield order[begin : begin + size]
            begin += size

    def _first(self, to: str) -> LedgerEntry | None:
        return self.called.get(to, {}).get(1)

    def _open(self, to: str) -> bool:
        """Whether the person may still be called for the first time."""
        entry = self._first(to)
        return entry is None or entry.status is CallStatus.DEFERRED

    def _sent(self, group: Iterable[str]) -> list[LedgerEntry]:
        """The first calls to these people."""
        firsts = (self._first(to) for to in group)
        return [entry for entry in firsts if entry is not None and _was_sent(entry)]

    def _let(self, found: Unfolded, group: Iterable[str], since: datetime) -> None:
        """Whose time was over when it was looked before is dealt with, or came later; but not who was held by
        a stop."""
        if since >= self.moment.begin or self.resumption.any:
            found.ready += [(Key(self.occurrence, to), since) for to in group if self._open(to)]

    def _hold(self, found: Unfolded, group: Iterable[str], reason: str) -> None:
        found.held += [(Key(self.occurrence, to), reason) for to in group if self._open(to)]

    def _stand_still(self, found: Unfolded) -> None:
        reason = "stopped" if found.stop is None else f"stopped: {found.stop}"
        found.held = [(key, reason) for key, _ in found.ready] + [(key, reason) for key, _ in found.held]
        found.ready, found.until = [], None

    def _following(
        self, found: Unfolded, group: Sequence[str], opened: datetime, since: datetime
    ) -> datetime | None:
        """When the next wave is open: this one has settled; None while it has not.

        A wave whose people were all left out counts for nothing; so does one whose time is over.
        """
        sent = self._sent(group)
        left = [self._first(to) for to in group if self._open(to)]
        if left and not self._is_late(since) and (None in left or not sent):
            return None
        if not sent:
            return opened
        limit = max(_made_at(entry) for entry in sent) + self.waves.settle
        if all(entry.status in _ENDED for entry in sent):
            return min(limit, max(entry.at for entry in sent))
        if self.moment.now >= limit:
            return limit
        found.until = limit
        return None

    def _is_late(self, since: datetime) -> bool:
        return self.moment.present > since + self.grace

    def _is_fresh(self, group: Sequence[str]) -> bool:
        """Whether the wave's last call was placed less than `settle` ago."""
        limit = self.moment.now - self.waves.settle
        return any(_made_at(entry) >= limit for entry in self._sent(group))

    def _wrong(
        self, number: int, group: Sequence[str], *, first: bool, settled: bool, more: bool
    ) -> Stopped | None:
        """Why what is known of a wave stops the schedule, if it does. `first`: nobody was called in those
        before."""
        sent = sum(self._counts(entry) for entry in self._sent(group))
        judgement = _Judgement(self.waves, [last for to in group if (last := self._last(to)) is not None])
        on_trial = first and self.resumption.judged_until is None
        enough = settled and (on_trial or sent >= self.waves.sample)
        exceeded = judgement.exceeded(1 if enough else self.waves.sample)
        if exceeded is not None:
            rule, count, of = exceeded
            return Stopped(self.occurrence, number, count, of, rule, f"{self.waves.stop[rule]:f}")
        if settled and more and sent and not judgement.told:
            return Stopped(self.occurrence, number, 0, sent)
        return None

    def _last(self, to: str) -> LedgerEntry | None:
        """The last call to a person of which is told how it ended: that of a retry stands for the first."""
        attempts = self.called.get(to, {})
        told = [attempts[n] for n in sorted(attempts) if self._counts(attempts[n]) and _is_told(attempts[n])]
        return told[-1] if told else None

    def _counts(self, entry: LedgerEntry) -> bool:
        """Whether it is a call on which nobody has decided yet by letting the schedule go on."""
        judged = self.resumption.judged_until
        return _was_sent(entry) and (judged is None or _made_at(entry) > judged)


class _Judgement:
    """Shares of calls of which is told how they ended."""

    def __init__(self, waves: Waves, told: Collection[LedgerEntry]) -> None:
        self.waves = waves
        self.told = len(told)
        self.outcomes = Counter(str(entry.status) for entry in told)
        lengths = [entry.duration for entry in told if entry.status is CallStatus.ANSWERED]
        self.lengths = [timedelta(seconds=length) for length in lengths if length is not None]

    def exceeded(self, least: int) -> tuple[str, int, int] | None:
        """The first rule whose share is exceeded, of `least` calls at least: its name, and how many of how
        many."""
        for rule, limit in self.waves.stop.items():
            of = len(self.lengths) if rule == SHORT else self.told
            count = self.outcomes[rule]
            if rule == SHORT:
                count = sum(length <= self.waves.short_call for length in self.lengths)
            if of >= least and count * 100 > limit * of:
                return rule, count, of
        return None


def _made_at(entry: LedgerEntry) -> datetime:
    return entry.reserved_at or entry.at


def _was_sent(entry: LedgerEntry) -> bool:
    """Whether a call was made, was refused because of the number, or may have been made."""
    taken_back = entry.status is CallStatus.CANCELED and entry.sid is None
    return entry.status not in _NOT_SENT and not taken_back


def _is_told(entry: LedgerEntry) -> bool:
    """Whether it is known how the call ended, or that it is answered and goes on."""
    return entry.status in _ENDED or entry.call == "in-progress"

"""One look at one schedule: what is due of it is judged, recorded, and placed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from voiceform.kinds.call.dialling.dialler import Placer
from voiceform.kinds.call.dialling.donotcall import DoNotCallError
from voiceform.kinds.call.dialling.due import due_keys, lookback, pending_keys, retries, unfolded
from voiceform.kinds.call.dialling.list_files import DoNotCallList, list_of
from voiceform.kinds.call.dialling.logins import missing_login
from voiceform.kinds.call.dialling.losses import Losses, tell_of_losses
from voiceform.kinds.call.dialling.pacing import Pace, PassCounts, record_undialled
from voiceform.kinds.call.dialling.stopping import learnt, stopped_if_wrong
from voiceform.kinds.call.dialling.verdicts import Due, Verdict
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.pauses import Halt, Pause
from voiceform.kinds.call.ledger.store import Head, Ledger, days_before
from voiceform.kinds.call.limits.book import ContactBook, ContactReader
from voiceform.kinds.call.rules.book import Memo
from voiceform.kinds.call.rules.faults import RuleError
from voiceform.kinds.call.spec import CallSpec, digest_of
from voiceform.kinds.call.timing.faults import ScheduleError
from voiceform.kinds.lost import LostAnswers
from voiceform.kinds.turns import Turns
from voiceform.kinds.userfiles import Places
from voiceform.model.address import Address
from voiceform.model.clock import Clock
from voiceform.model.errors import CredentialsError, DamagedDocumentsError
from voiceform.model.resource import Recorded
from voiceform.model.runtime import MACHINE
from voiceform.model.store import DocumentStore
from voiceform.twilio.errors import TwilioError

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

_AGAIN_SOON = timedelta(seconds=15)
_HEAD_AGE = timedelta(seconds=60)
_AT_LATEST = timedelta(minutes=5)
"""How soon a schedule that cannot be read is looked at again."""
_UNFINISHED = (
    "nobody is called: an apply is changing the schedule, or was interrupted while it did; if none is at"
    " work, apply again"
)
_AT_ONCE = 8
"""Requests of one pass that ask how calls are."""


@dataclass(frozen=True, slots=True)
class DispatchContext:
    """What a dispatcher works with. `may_send` raises when it must not send any more; `stop` ends it after
    the calls in flight; `hide` hears of every record before anything is told of it, `tell` of every key that
    was dealt with; whoever phones takes one of the `turns`, and `lost` hears what came of it."""

    client: Client
    store: DocumentStore
    clock: Clock
    places: Places
    may_send: Callable[[], None]
    stop: threading.Event = field(default_factory=MACHINE.event)
    tell: Callable[[Address, Key, LedgerEntry | None], None] = lambda _address, _key, _entry: None
    hide: Callable[[Sequence[Recorded]], object] = lambda _records: None
    threads: int = 16
    turns: Turns = field(default_factory=Turns)
    lost: LostAnswers = field(default_factory=LostAnswers)


@dataclass(frozen=True, slots=True)
class Left:
    """How many are still due because a pass was stopped, and until when at most they may be called."""

    people: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Pass:
    """One look at one schedule: what was done, when to look again (None: not for its own sake), who is left
    when the pass was interrupted, and why the schedule has stopped by itself, if it has, and of how
    many calls was learnt how they ended, by outcome."""

    address: Address
    tally: PassCounts
    look_again: datetime | None
    left: Left | None = None
    stopped: Pause | None = None
    ended: Mapping[str, int] = field(default_factory=dict)

    @property
    def lost(self) -> int:
        """Of how many calls of this pass nobody knows whether they were placed."""
        return self.tally.statuses[CallStatus.UNKNOWN]


def work_off(context: DispatchContext, record: Recorded) -> Pass:
    """Look at one schedule and place what is due of it. One that cannot be read stops no other."""
    try:
        return _work_off(context, record)
    except (ScheduleError, DamagedDocumentsError, TwilioError) as error:
        # Of Twilio only reading how calls ended raises here; without that no wave may begin.
        tally = PassCounts()
        tally.problem(f"nobody is called: {error.what}")
        soon = _AGAIN_SOON if isinstance(error, TwilioError) else _AT_LATEST
        return Pass(record.address, tally, context.clock.now() + soon)


def _work_off(context: DispatchContext, record: Recorded) -> Pass:
    contacts = ContactBook(context.store)
    spec = contacts.bound(CallSpec.of(record.address, record.attributes))
    ledger = Ledger(context.store, spec.ledger)
    head = ledger.head()
    if head.closed:
        return Pass(record.address, PassCounts(), None)
    _require_account(context, record.address, head)
    look = Look(spec, ledger, head, context.clock.now())
    do_not_call = list_of(spec, context.places)
    if head.applied not in (None, digest_of(record.attributes)):
        return _being_changed(context, look, do_not_call)
    look.stop_if_wrong(context.client)
    counted = ContactReader(context.store)
    look.found = due_keys(spec, look.entries, head, look.now, do_not_call, counted, look.halts)
    tally = _undialled(context, look, do_not_call)
    placer = Placer(
        spec,
        ledger,
        contacts,
        context.client,
        context.clock,
        do_not_call,
        context.may_send,
        version=head.version,
    )
    ready = [item for item in look.found if item.verdict is Verdict.PLACE]
    tell_of_losses(context.lost, spec.ledger, look.entries)
    pace = Pace(spec, context.clock, context.turns, context.lost, context.stop.is_set)
    placed = pace.place_all(
        placer,
        ready,
        lambda key, entry: context.tell(record.address, key, entry),
        Losses.of(look.entries.values()),
    )
    tally.merge(placed)
    left = _left(spec, ready, placed)
    look.stopped = _stopped(placer)
    look_again = _look_again(context, look, tally, soon=left is not None)
    left = left if context.stop.is_set() else None
    return Pass(record.address, tally, look_again, left, look.stopped, look.ended)


def _being_changed(context: DispatchContext, look: Look, do_not_call: DoNotCallList | None) -> Pass:
    """An apply has begun to put another version in force than the recorded one: it has not ended, or it died.
    Nobody is called by the old one; that is told where anybody would be."""
    entries, halts = look.read(look.now), look.ledger.halts()
    counted = ContactReader(context.store)
    found = due_keys(look.spec, entries, look.head, look.now, do_not_call, counted, halts)
    tally = PassCounts(waiting=sum(item.verdict is Verdict.PLACE for item in found))
    if tally.waiting:
        tally.problem(_UNFINISHED)
    return Pass(look.spec.address, tally, look.now + _AGAIN_SOON)


def _require_account(context: DispatchContext, address: Address, head: Head) -> None:
    """CredentialsError where the schedule is another account's."""
    if head.account is not None and head.account != context.client.account_sid:
        raise CredentialsError(
            f"{address} was applied with account {head.account}, the credentials are for"
            f" {context.client.account_sid}",
            hint="nothing was sent; use that account's credentials",
        )


def _undialled(context: DispatchContext, look: Look, do_not_call: DoNotCallList | None) -> PassCounts:
    """Record who is never to be called, and that the ledger was looked at; who waits, and why some are not
    called."""
    tally = record_undialled(look.ledger, look.found, look.now)
    tally.waiting += sum(item.verdict in (Verdict.WAIT, Verdict.HOLD) for item in look.found)
    _count_blocked(look.spec, look.found, do_not_call, look.now, tally)
    unset = None if look.found else missing_login(look.spec, context.client.transport.secrets)
    if unset is not None:
        tally.problem(f"nobody with a sip: address will be called: {unset}")
    high_water = look.head.high_water
    if look.found or high_water is None or look.now - high_water > _HEAD_AGE:
        look.ledger.set_head(high_water=look.now)
    return tally


@dataclass(slots=True)
class Look:
    """What one pass knows of a schedule at `now`."""

    spec: CallSpec
    ledger: Ledger
    head: Head
    now: datetime
    entries: dict[Key, LedgerEntry] = field(default_factory=dict)
    halts: tuple[Halt, ...] = ()
    found: list[Due] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    stopped: Pause | None = None

    def read(self, now: datetime) -> dict[Key, LedgerEntry]:
        """The entries that matter."""
        return self.ledger.entries(days_before(now, lookback(self.spec)), self.spec.to)

    def stop_if_wrong(self, client: Client) -> None:
        """Learn how the calls before a next wave are, and stop the schedule if they went wrong. TwilioError
        when that cannot be asked."""
        with client.runtime.pool(_AT_ONCE) as pool:
            entries, ask = self.read(self.now), pool.map
            self.entries = learnt(
                self.spec, self.ledger, client, entries, self.head, self.now, ask, self.ended
            )
        self.halts = stopped_if_wrong(self.spec, self.ledger, self.entries, self.head, self.now)


def _stopped(placer: Placer) -> Pause | None:
    """The pause by which the schedule stopped itself, if that stands."""
    pause = placer.pause()
    return pause if pause is not None and pause.stopped is not None else None


def _left(spec: CallSpec, ready: Sequence[Due], placed: PassCounts) -> Left | None:
    """Who is left of those that were ready: never tried, or put off."""
    tried = (
        sum(placed.statuses.values()) + placed.waiting + placed.paused - placed.statuses[CallStatus.DEFERRED]
    )
    if len(ready) <= tried:
        return None
    memo: Memo = {}
    begins = (spec.rules_of(item.key.to).counts_from(item.since, memo) or item.since for item in ready)
    return Left(len(ready) - tried, max(begins) + spec.grace)


def _count_blocked(
    spec: CallSpec, found: Iterable[Due], do_not_call: DoNotCallList | None, now: datetime, tally: PassCounts
) -> None:
    """Who is not called because of a list or a rule that cannot be relied on; also told when nobody is due
    yet."""
    blocked = [item.reason or "" for item in found if item.verdict is Verdict.BLOCK]
    for reason in blocked:
        tally.problem(f"not called: {reason}")
    if blocked:
        return
    try:
        if do_not_call is not None:
            do_not_call.require(now)
        spec.rules.require(now)
    except (DoNotCallError, RuleError) as error:
        tally.problem(f"nobody will be called: {error.what}")


def _look_again(context: DispatchContext, look: Look, tally: PassCounts, *, soon: bool) -> datetime | None:
    """The next occurrence, retry, wave or opening of calling hours; `soon`, when somebody could not be
    called, or could not be judged."""
    now, spec, head, halts = context.clock.now(), look.spec, look.head, look.halts
    entries = (
        look.entries if spec.waves is None else look.read(now)
    )  # what was placed decides when the next begins
    moments = [item.until for item in look.found if item.until is not None]
    moments += [wave.until for wave in unfolded(spec, entries, head, now, halts) if wave.until is not None]
    moments += [since for _, since in retries(spec, entries) if since > now]
    moments += [occurrence.instant for occurrence in spec.schedule.following(now, 1)]
    refused = any(item.verdict is Verdict.BLOCK for item in look.found)
    if soon or tally.paused or refused or look.stopped is not None:
        moments.append(now + _AGAIN_SOON)
    # What became due while this pass was at work is found by looking once more.
    known = {item.key for item in look.found if item.verdict is not Verdict.HOLD}
    if any(key not in known for key, _ in pending_keys(spec, entries, head, now, halts)):
        moments.append(now + _AGAIN_SOON)
    return min(moments, default=None)

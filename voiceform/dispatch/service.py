"""Placing what is due of applied schedules: once, or as a service. Never reads the configuration.

Each schedule is worked off on a thread of its own, at its own pace, so that a long one does not make another
miss its time. That nobody is called twice is not this loop's doing but the ledger's
(kinds/call/ledger/store.py): the lease that a dispatcher holds only keeps the pace from being exceeded.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from voiceform.dispatch.reconcile import Reconciled, reconcile
from voiceform.kinds.call.dialling.dialler import Placer
from voiceform.kinds.call.dialling.donotcall import DoNotCallError
from voiceform.kinds.call.dialling.list_files import DoNotCallList, list_of
from voiceform.kinds.call.dialling.pacing import Pace, PassCounts, record_undialled
from voiceform.kinds.call.dialling.verdicts import Due, Verdict, due_keys, lookback, pending_keys, retries
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.store import Head, Ledger, days_before
from voiceform.kinds.call.limits.book import ContactBook, ContactReader
from voiceform.kinds.call.rules.faults import RuleError
from voiceform.kinds.call.spec import KIND, CallSpec
from voiceform.kinds.call.timing.faults import ScheduleError
from voiceform.kinds.userfiles import Places
from voiceform.model.address import Address
from voiceform.model.clock import Clock
from voiceform.model.errors import CredentialsError, DamagedDocumentsError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.resource import Recorded
from voiceform.model.store import DocumentReader, DocumentStore
from voiceform.state.resources import load_resources

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

_AGAIN_SOON = timedelta(seconds=15)
_HEAD_AGE = timedelta(seconds=60)
_RECONCILE_WHILE_LIVE = timedelta(seconds=30)
_RECONCILE_AT_REST = timedelta(minutes=10)
_AT_LATEST = timedelta(minutes=5)
"""How soon a schedule that cannot be read is looked at again."""
_SLICE = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class DispatchContext:
    """What a dispatcher works with. `may_send` raises when it must not send any more; `stop` ends it after
    the calls in flight; `hide` hears of every record before anything is told of it, `tell` of every key that
    was dealt with."""

    client: Client
    store: DocumentStore
    clock: Clock
    places: Places
    may_send: Callable[[], None]
    stop: threading.Event = field(default_factory=threading.Event)
    tell: Callable[[Address, Key, LedgerEntry | None], None] = lambda _address, _key, _entry: None
    hide: Callable[[Sequence[Recorded]], object] = lambda _records: None
    threads: int = 16


@dataclass(frozen=True, slots=True)
class Left:
    """How many are still due because a pass was stopped, and until when at most they may be called."""

    people: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Pass:
    """One look at one schedule: what was done, when to look again (None: not for its own sake), and, when it
    was stopped, who is left."""

    address: Address
    tally: PassCounts
    look_again: datetime | None
    left: Left | None = None

    @property
    def lost(self) -> int:
        """Of how many calls of this pass nobody knows whether they were placed."""
        return self.tally.statuses[CallStatus.UNKNOWN]


@dataclass(slots=True)
class DispatchReport:
    """What a dispatcher did so far. `unknown` is how many outcomes nobody knows at present: what was found
    when the ledgers were last looked through, and what was lost since."""

    tallies: dict[Address, PassCounts] = field(default_factory=dict)
    problems: dict[str, int] = field(default_factory=dict)
    unknown: int = 0
    next_look: datetime | None = None
    left: dict[Address, Left] = field(default_factory=dict)

    def add(self, done: Pass) -> None:
        """Take in one pass."""
        self.unknown += done.lost
        self.tallies.setdefault(done.address, PassCounts()).merge(done.tally)
        if done.left is not None:
            self.left[done.address] = done.left

    @property
    def exit_code(self) -> ExitCode:
        """8 when an outcome is unknown, else 5 when something failed, else 0."""
        lost = any(tally.statuses[CallStatus.UNKNOWN] for tally in self.tallies.values())
        if self.unknown or lost:
            return ExitCode.UNKNOWN
        failed = self.problems or any(tally.problems for tally in self.tallies.values())
        return ExitCode.INCOMPLETE if failed else ExitCode.DONE


def dispatch_once(context: DispatchContext) -> DispatchReport:
    """Settle what is in doubt, learn how calls ended, and place everything that is due now."""
    report = DispatchReport()
    seen = reconcile(context.store, context.client, context.clock.now())
    report.problems.update(seen.problems)
    report.unknown = seen.unknown
    records = _records(context)
    with ThreadPoolExecutor(max_workers=context.threads) as pool:
        for done in pool.map(lambda record: work_off(context, record), records):
            report.add(done)
    return report


def watch(
    context: DispatchContext, *, poll: timedelta, on_look: Callable[[DispatchReport], None]
) -> DispatchReport:
    """Go on placing what becomes due until `stop` is set.

    Sleeps until the next occurrence, `poll` at most, since schedules are applied and removed meanwhile.
    `on_look` hears after each round how things stand.
    """
    with ThreadPoolExecutor(max_workers=context.threads) as pool:
        service = _Service(context, pool)
        try:
            while not context.stop.is_set():
                service.round()
                on_look(service.report)
                _sleep_until(context, service.wake(poll), poll, service.busy)
            service.finish()
        except BaseException:
            context.stop.set()  # the threads end after their calls in flight
            raise
    on_look(service.report)
    return service.report


def call_records(reader: DocumentReader) -> list[Recorded]:
    """The schedules that were applied, by address."""
    recorded = load_resources(reader).recorded
    return [recorded[address] for address in sorted(recorded) if address.kind == KIND]


def _records(context: DispatchContext) -> list[Recorded]:
    found = call_records(context.store)
    context.hide(found)
    return found


def work_off(context: DispatchContext, record: Recorded) -> Pass:
    """Look at one schedule and place what is due of it. One that cannot be read stops no other."""
    try:
        return _work_off(context, record)
    except (ScheduleError, DamagedDocumentsError) as error:
        tally = PassCounts()
        tally.problem(f"nobody is called: {error.what}")
        return Pass(record.address, tally, context.clock.now() + _AT_LATEST)


def _work_off(context: DispatchContext, record: Recorded) -> Pass:
    contacts = ContactBook(context.store)
    spec = contacts.bound(CallSpec.of(record.address, record.attributes))
    ledger = Ledger(context.store, spec.ledger)
    head = ledger.head()
    if head.closed:
        return Pass(record.address, PassCounts(), None)
    if head.account is not None and head.account != context.client.account_sid:
        raise CredentialsError(
            f"{record.address} was applied with account {head.account}, the credentials are for"
            f" {context.client.account_sid}",
            hint="nothing was sent; use that account's credentials",
        )
    now = context.clock.now()
    do_not_call = list_of(spec, context.places)
    entries = ledger.entries(days_before(now, lookback(spec)), spec.to)
    found = due_keys(spec, entries, head, now, do_not_call, ContactReader(context.store))
    tally = record_undialled(ledger, found, now)
    _count_blocked(spec, found, do_not_call, now, tally)
    if found or head.high_water is None or now - head.high_water > _HEAD_AGE:
        ledger.set_head(high_water=now)
    placer = Placer(spec, ledger, contacts, context.client, context.clock, do_not_call, context.may_send)
    ready = [item for item in found if item.verdict is Verdict.PLACE]
    pace = Pace(spec, context.clock, context.stop.is_set)
    placed = pace.place_all(placer, ready, lambda key, entry: context.tell(record.address, key, entry))
    tally.merge(placed)
    tally.waiting += sum(item.verdict is Verdict.WAIT for item in found)
    left = _left(spec, ready, placed) if context.stop.is_set() else None
    return Pass(record.address, tally, _look_again(context, spec, found, entries, head, tally), left)


def _left(spec: CallSpec, ready: Sequence[Due], placed: PassCounts) -> Left | None:
    """Who is left of those that were ready: never tried, or put off."""
    tried = (
        sum(placed.statuses.values()) + placed.waiting + placed.paused - placed.statuses[CallStatus.DEFERRED]
    )
    if len(ready) <= tried:
        return None
    return Left(len(ready) - tried, max(item.key.occurrence for item in ready) + spec.grace)


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


def _look_again(
    context: DispatchContext,
    spec: CallSpec,
    found: Iterable[Due],
    entries: dict[Key, LedgerEntry],
    head: Head,
    tally: PassCounts,
) -> datetime | None:
    """The next occurrence, retry or opening of calling hours; soon, when something could not be placed."""
    now = context.clock.now()
    moments = [item.until for item in found if item.until is not None]
    moments += [since for _, since in retries(spec, entries) if since > now]
    moments += [occurrence.instant for occurrence in spec.schedule.following(now, 1)]
    refused = any(item.verdict is Verdict.BLOCK for item in found)
    if tally.statuses[CallStatus.DEFERRED] or tally.paused or refused:
        moments.append(now + _AGAIN_SOON)
    # What became due while this pass was at work is found by looking once more.
    known = {item.key for item in found}
    if any(key not in known for key, _ in pending_keys(spec, entries, head, now)):
        moments.append(now + _AGAIN_SOON)
    return min(moments, default=None)


class _Service:
    """The state of a watching dispatcher: which schedules are being worked off, and when to look at each."""

    def __init__(self, context: DispatchContext, pool: ThreadPoolExecutor) -> None:
        self.context = context
        self.pool = pool
        self.report = DispatchReport()
        self.looks: dict[Address, datetime | None] = {}
        self.seen: dict[Address, Recorded] = {}
        self.working: dict[Address, Future[Pass]] = {}
        self.reconciling: Future[Reconciled] | None = None
        self.next_reconcile: datetime | None = None
        self.lost_meanwhile = 0

    def round(self) -> None:
        """Take in what has ended and begin what is due."""
        self.context.may_send()
        self._collect()
        now = self.context.clock.now()
        records = {record.address: record for record in _records(self.context)}
        if self.reconciling is None and (self.next_reconcile is None or now >= self.next_reconcile):
            self.reconciling = self.pool.submit(reconcile, self.context.store, self.context.client, now)
            self.lost_meanwhile = 0
        for address, record in records.items():
            look = self.looks.get(address)
            fresh = self.seen.get(address) != record
            if address not in self.working and (fresh or (look is not None and now >= look)):
                self.working[address] = self.pool.submit(work_off, self.context, record)
        self.seen = records
        self.looks = {address: look for address, look in self.looks.items() if address in records}
        looks = [
            look for look in (*self.looks.values(), self.next_reconcile) if look is not None and look > now
        ]
        self.report.next_look = min(looks, default=None)

    def wake(self, poll: timedelta) -> datetime:
        """When the next round is due, if nothing ends before."""
        limit = self.context.clock.now() + poll
        return limit if self.report.next_look is None else min(limit, self.report.next_look)

    def busy(self) -> bool:
        """Whether something has ended that `round` has not taken in."""
        jobs: list[Future[Pass] | Future[Reconciled]] = [*self.working.values()]
        if self.reconciling is not None:
            jobs.append(self.reconciling)
        return any(job.done() for job in jobs)

    def finish(self) -> None:
        """Wait for the calls in flight."""
        for job in self.working.values():
            job.exception()
        self._collect()

    def _collect(self) -> None:
        for address in [address for address, job in self.working.items() if job.done()]:
            done = self.working.pop(address).result()
            self.report.add(done)
            self.lost_meanwhile += done.lost
            self.looks[address] = done.look_again
        if self.reconciling is None or not self.reconciling.done():
            return
        seen = self.reconciling.result()
        self.reconciling = None
        # What was lost while it looked it may have missed; better counted twice, until it looks again.
        self.report.unknown = seen.unknown + self.lost_meanwhile
        self.report.problems = seen.problems
        now = self.context.clock.now()
        self.next_reconcile = now + (
            _RECONCILE_WHILE_LIVE if seen.live or seen.in_doubt else _RECONCILE_AT_REST
        )
        if seen.changed:
            # An attempt that ended may be followed by a retry.
            self.looks = dict.fromkeys(self.looks, now)


def _sleep_until(
    context: DispatchContext, wake: datetime, poll: timedelta, interrupted: Callable[[], bool]
) -> None:
    """Sleep in slices; never longer than `poll`, also when the clock is turned back meanwhile."""
    left = min(wake - context.clock.now(), poll)
    while left > timedelta(0) and not context.stop.is_set() and not interrupted():
        context.clock.wait(context.stop, min(left, _SLICE).total_seconds())
        left -= _SLICE

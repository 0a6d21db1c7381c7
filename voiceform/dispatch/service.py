"""Placing what is due of applied schedules: once, or as a service. Never reads the configuration.

Each schedule is worked off on a thread of its own, at its own pace, so that a long one does not make another
miss its time. That nobody is called twice is not this loop's doing but the ledger's
(kinds/call/ledger/store.py): the lease that a dispatcher holds only keeps the pace from being exceeded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from voiceform.dispatch.passes import DispatchContext, Left, Look, Pass, work_off
from voiceform.dispatch.reconcile import Reconciled, reconcile
from voiceform.kinds.call.dialling.pacing import PassCounts
from voiceform.kinds.call.ledger.entries import CallStatus
from voiceform.kinds.call.ledger.pauses import Pause
from voiceform.kinds.call.ledger.store import Ledger
from voiceform.kinds.call.live import ledger_of
from voiceform.kinds.call.spec import KIND, CallSpec
from voiceform.kinds.call.timing.faults import ScheduleError
from voiceform.model.address import Address
from voiceform.model.errors import DamagedDocumentsError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.resource import Recorded
from voiceform.model.store import DocumentReader
from voiceform.model.wording import counted
from voiceform.state.resources import load_resources
from voiceform.twilio.errors import TwilioError

_AGAIN_SOON = timedelta(seconds=15)
_HEAD_AGE = timedelta(seconds=60)
_RECONCILE_WHILE_LIVE = timedelta(seconds=30)
_RECONCILE_AT_REST = timedelta(minutes=10)
_AT_LATEST = timedelta(minutes=5)
"""How soon a schedule that cannot be read is looked at again."""
_SLICE = timedelta(seconds=1)
_AT_ONCE = 8
"""Requests of one pass that ask how calls are."""


@dataclass(slots=True)
class DispatchReport:
    """What a dispatcher did so far. `unknown` is how many outcomes nobody knows at present: what was found
    when the ledgers were last looked through, and what was lost since. `reserved` are calls that a process
    that died, or waits, had reserved and said no more of: from when on each can be looked for. `stopped` are
    schedules that stopped by themselves and that nobody let go on; `ended` counts, by ledger and outcome,
    calls of which was learnt how they ended."""

    tallies: dict[Address, PassCounts] = field(default_factory=dict)
    problems: dict[str, int] = field(default_factory=dict)
    unknown: int = 0
    reserved: tuple[datetime, ...] = ()
    next_look: datetime | None = None
    left: dict[Address, Left] = field(default_factory=dict)
    stopped: dict[Address, Pause] = field(default_factory=dict)
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, done: Pass) -> None:
        """Take in one pass."""
        self.unknown += done.lost
        self.tallies.setdefault(done.address, PassCounts()).merge(done.tally)
        if done.left is not None:
            self.left[done.address] = done.left
        for status, count in done.ended.items():
            self.ended[str(done.address), status] += count
        self.stopped.pop(done.address, None)
        if done.stopped is not None:
            self.stopped[done.address] = done.stopped

    def hear(self, seen: Reconciled, records: Iterable[Recorded]) -> None:
        """Take in how calls ended."""
        owners = {ledger_of(record.address, record.attributes): str(record.address) for record in records}
        for (ledger, status), count in seen.ended.items():
            self.ended[owners.get(ledger, ledger), status] += count

    @property
    def in_doubt(self) -> str:
        """What is to be said of `reserved`."""
        calls = counted(len(self.reserved), "call")
        return (
            f"{calls} in doubt: reserved by a process that has not said what came of it; a dispatch from"
            f" {max(self.reserved):%Y-%m-%d %H:%M:%S} UTC on looks for what it placed"
        )

    @property
    def exit_code(self) -> ExitCode:
        """8 when an outcome is unknown, also if only for now, else 5 when something failed or has stopped,
        else 0."""
        lost = any(tally.statuses[CallStatus.UNKNOWN] for tally in self.tallies.values())
        if self.unknown or self.reserved or lost:
            return ExitCode.UNKNOWN
        failed = self.problems or self.stopped or any(tally.problems for tally in self.tallies.values())
        return ExitCode.INCOMPLETE if failed else ExitCode.DONE


def dispatch_once(context: DispatchContext) -> DispatchReport:
    """Settle what is in doubt, learn how calls ended, and place everything that is due now."""
    report = DispatchReport()
    seen = reconcile(context.store, context.client, context.clock.now(), lost=context.lost)
    report.problems.update(seen.problems)
    report.unknown, report.reserved = seen.unknown, tuple(seen.reserved)
    records = _records(context)
    report.hear(seen, records)
    with context.clock.runtime.pool(context.threads, "voiceform-schedules") as pool:
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
    with context.clock.runtime.pool(context.threads, "voiceform-schedules") as pool:
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


def _look_after(
    context: DispatchContext, now: datetime, records: Sequence[Recorded], began: datetime
) -> Reconciled:
    """Reconcile, and stop what is at work on a wave that goes wrong."""
    seen = reconcile(context.store, context.client, now, began=began, lost=context.lost)
    for record in records if seen.changed else ():
        try:
            spec = CallSpec.of(record.address, record.attributes)
            if spec.waves is not None:
                ledger = Ledger(context.store, spec.ledger)
                look = Look(spec, ledger, ledger.head(), now)
                look.stop_if_wrong(context.client)
                seen.ended.update({(spec.ledger, status): count for status, count in look.ended.items()})
        except (ScheduleError, DamagedDocumentsError, TwilioError):
            continue  # the pass of that schedule tells it
    return seen


class _Service:
    """The state of a watching dispatcher: which schedules are being worked off, and when to look at each."""

    def __init__(self, context: DispatchContext, pool: Executor) -> None:
        self.context = context
        self.pool = pool
        self.began = context.clock.now()
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
            self.reconciling = self.pool.submit(
                _look_after, self.context, now, [*records.values()], self.began
            )
            self.lost_meanwhile = 0
        for address, record in records.items():
            look = self.looks.get(address)
            fresh = self.seen.get(address) != record
            if address not in self.working and (fresh or (look is not None and now >= look)):
                self.working[address] = self.pool.submit(work_off, self.context, record)
        self.seen = records
        self.looks = {address: look for address, look in self.looks.items() if address in records}
        self.report.stopped = {
            address: pause for address, pause in self.report.stopped.items() if address in records
        }
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
        self.report.reserved = tuple(seen.reserved)
        self.report.problems = seen.problems
        self.report.hear(seen, self.seen.values())
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

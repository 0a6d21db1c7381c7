"""How a stack stands: what can be told without listing the account's calls and recordings; only reads.

Each part is read by itself. What cannot be read is said, and keeps nothing else from being told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from voiceform.model.errors import ConfigurationError, InterruptedRunError, VoiceformError
from voiceform.model.wording import counted
from voiceform.stack.parts import Parts

if TYPE_CHECKING:
    from voiceform.model.store import DocumentReader
    from voiceform.stack.account import Account
    from voiceform.stack.holding import ListedHold
    from voiceform.state.backend import Backend
    from voiceform.state.journal_codec import RunRecord
    from voiceform.state.lease_document import LeaseRecord

RECENT = timedelta(hours=24)
"""How far back calls are counted."""
_PATIENCE = timedelta(seconds=15)
"""After so long the account is one that cannot be read."""

LOCKS, RUNS, OBJECTS, CALLS, HOLDS = "locks", "runs", "objects", "calls", "holds"
"""Parts of the state that are read each by itself."""


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be read, and why; `server` as in VoiceformError."""

    what: str
    error: str
    hint: str | None = None
    server: str = ""


@dataclass(frozen=True, slots=True)
class Coming:
    """The next occurrence of a schedule that is applied, and how many people it calls; `when` says the
    instant in the zone of the schedule, and in UTC. `paused` says why nobody is called, if so."""

    address: str
    instant: datetime
    people: int
    when: str
    paused: str | None = None


@dataclass(frozen=True, slots=True)
class Live:
    """What goes on in the account: `waiting` callers in `busy` of its queues, and open rooms."""

    queues: int
    busy: int
    waiting: int
    rooms: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the state says. `began` is False where nothing was ever written.

    `objects` counts what is recorded by kind, `rules` those of retention. `unfinished` are runs that began
    and did not end. `unknown` are calls, and attempts to phone participants, of which nobody knows whether
    they were made; `recent` counts by their status the calls of the last RECENT. `coming` is the next
    occurrence of each schedule, the earliest first, `stopped` says by address why schedules stopped by
    themselves. Of the parts in `missing` (LOCKS, RUNS, OBJECTS, CALLS,
    HOLDS) nothing is known, or not all: what is empty there says nothing.
    """

    label: str
    began: bool = False
    lineage: str | None = None
    serial: int = 0
    objects: Mapping[str, int] = field(default_factory=dict)
    rules: int = 0
    lock: LeaseRecord | None = None
    dispatch_lock: LeaseRecord | None = None
    last_run: RunRecord | None = None
    unfinished: tuple[str, ...] = ()
    unknown: int = 0
    recent: Mapping[str, int] = field(default_factory=dict)
    coming: tuple[Coming, ...] = ()
    stopped: Mapping[str, str] = field(default_factory=dict)
    holds: tuple[ListedHold, ...] = ()
    missing: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Status:
    """One look at a stack. `state` and `live` are None where they could not be read; `unread` says why, and
    what else could not."""

    at: datetime
    account_sid: str | None
    account_name: str | None
    origin: str | None
    state: Recorded | None
    live: Live | None
    unread: tuple[Unread, ...]


def status(parts: Parts) -> Status:
    """Look at everything that is cheap to know."""
    return _Look(parts).status()


class _Look:
    """One look; collects what could not be read."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.now = parts.clock.now()
        self.unread: list[Unread] = []
        self.missing: set[str] = set()

    @contextmanager
    def reading(self, what: str, *parts: str) -> Iterator[None]:
        """What goes wrong inside is remembered as `what` that could not be read, and `parts` as missing."""
        before = len(self.unread)
        try:
            yield
        except InterruptedRunError:
            raise
        except ConfigurationError as error:
            self.unread.append(Unread(what, error.what, "`voiceform validate` says what is wrong"))
        except VoiceformError as error:
            where = f"{error.where}: " if error.where else ""
            self.unread.append(Unread(what, where + error.what, error.hint, error.server))
        if len(self.unread) > before:
            self.missing.update(parts)

    def status(self) -> Status:
        """Configuration, state, account, in this order: each says whether the next is the right one."""
        declared = name = None
        with self.reading("the configuration"):
            configuration = self.parts.load()
            declared, name = configuration.account, configuration.name
        state = sid = None
        with self.reading("the recorded state"), self.parts.opened_store() as store:
            state, sid = self._recorded(store)
        account = live = None
        with self.reading("the account"):
            account = self.parts.account_for(declared)
            live = self._live(account)
        if account is not None:
            sid = account.sid
        origin = account.origin if account is not None else None
        return Status(self.now, sid or declared, name, origin, state, live, tuple(self.unread))

    def _recorded(self, store: Backend) -> tuple[Recorded, str | None]:
        """What the state says, and whose it is."""
        from voiceform.state.meta import read_meta

        meta = read_meta(store)
        found = Recorded(store.label)
        if meta is None:
            return found, None
        found = replace(
            found, began=True, lineage=meta.lineage, serial=meta.serial, unfinished=meta.unfinished
        )
        found = self._locks(store, found)
        with self.reading("the runs", RUNS):
            from voiceform.state.journal import list_runs

            found = replace(found, last_run=next(reversed(list_runs(store)), None))
        with self.reading("the recorded objects", OBJECTS, CALLS):
            found = self._schedules(store, self._objects(store, found))
        with self.reading("the holds", HOLDS):
            from voiceform.stack.holding import listed_in

            found = replace(found, holds=listed_in(self.parts, store))
        return replace(found, missing=frozenset(self.missing)), meta.account_sid

    def _locks(self, store: Backend, found: Recorded) -> Recorded:
        from voiceform.state.lease import show_lease
        from voiceform.state.side_lease import DISPATCH_LEASE, SideLease

        with self.reading("the locks", LOCKS):
            lock, dispatch_lock = show_lease(store), show_lease(SideLease(store, DISPATCH_LEASE))
            return replace(found, lock=lock, dispatch_lock=dispatch_lock)
        return found

    def _objects(self, store: DocumentReader, found: Recorded) -> Recorded:
        from voiceform.kinds.retention.policy import HOLDS, KIND, split

        records = self.parts.resources(store)
        kinds = Counter(where.kind for where in records if where.kind != KIND)
        rules = sum(where.kind == KIND and split(where)[0] != HOLDS for where in records)
        return replace(found, objects=kinds, rules=rules)

    def _schedules(self, store: DocumentReader, found: Recorded) -> Recorded:
        from voiceform.dispatch.service import call_records
        from voiceform.kinds.call.ledger.pauses import read_pauses
        from voiceform.kinds.call.ledger.recovery import in_doubt
        from voiceform.kinds.call.live import ledger_of
        from voiceform.kinds.conference.memory import read_memories
        from voiceform.stack.calls import listed_in

        recent: Counter[str] = Counter()
        unknown = 0
        planned: Counter[tuple[datetime, str, str | None]] = Counter()
        with self.reading("the ledgers of calls", CALLS):
            for call in listed_in(store, self.now):
                if call.entry is None:
                    why = None if call.pause is None else str(call.pause)
                    planned[call.key.occurrence, call.address, why] += 1
                    continue
                unknown += in_doubt(call.entry, self.now)
                if self.now - RECENT <= call.entry.at <= self.now:
                    recent[call.status] += 1
        stopped: dict[str, str] = {}
        with self.reading("the pauses of calls", CALLS):
            pauses = read_pauses(store)
            for record in call_records(store):
                pause = pauses.get(ledger_of(record.address, record.attributes))
                if pause is not None and pause.stopped is not None:
                    stopped[str(record.address)] = str(pause)
        with self.reading("the calls to participants", CALLS):
            memories = read_memories(store).values()
            unknown += sum(a.call_sid is None for memory in memories for a in memory.attempts.values())
        zones = self._zones(store)
        coming = [
            Coming(address, instant, people, _moment(instant, zones.get(address)), paused)
            for (instant, address, paused), people in planned.items()
        ]
        coming.sort(key=lambda one: (one.instant, one.address))
        return replace(found, unknown=unknown, recent=recent, coming=tuple(coming), stopped=stopped)

    def _zones(self, store: DocumentReader) -> dict[str, ZoneInfo]:
        """The zone of each schedule; those that cannot be read call nobody, which is said."""
        from voiceform.dispatch.service import call_records
        from voiceform.kinds.call.spec import CallSpec
        from voiceform.kinds.call.timing.faults import ScheduleError

        found = {}
        for record in call_records(store):
            try:
                spec = CallSpec.of(record.address, record.attributes)
            except ScheduleError as error:
                self.unread.append(Unread(str(record.address), error.what, error.hint))
            else:
                found[str(record.address)] = spec.schedule.zone
        return found

    def _live(self, account: Account) -> Live:
        from voiceform.kinds.conference.live import LIVE_STATUSES
        from voiceform.state.meta import require_home
        from voiceform.twilio.paging import Unreadable

        limit = min(self.parts.timeout or _PATIENCE, _PATIENCE)
        lost = Unreadable()
        with self.parts.opened_store() as store:
            require_home(store, account.sid, account.origin)
        with replace(self.parts, timeout=limit).reader(account) as client:
            sizes = {queue.sid: queue.current_size for queue in client.list_queues(unreadable=lost)}
            rooms = {
                room.sid
                for status in LIVE_STATUSES
                for room in client.list_conferences(status=status, unreadable=lost)
                if room.status in LIVE_STATUSES  # the service ignores filters that it does not know
            }
        if lost.count:
            self.unread.append(Unread("some of the account", f"{lost.count} entries of its lists"))
        waiting = [size for size in sizes.values() if size]
        unsaid = sum(size is None for size in sizes.values())
        if unsaid:
            self.unread.append(Unread("some of the account", f"how many wait in {counted(unsaid, 'queue')}"))
        return Live(len(sizes), len(waiting), sum(waiting), len(rooms))


def _moment(instant: datetime, zone: ZoneInfo | None) -> str:
    shown = f"{instant:%Y-%m-%d %H:%M} UTC"
    return shown if zone is None else f"{instant.astimezone(zone):%a %Y-%m-%d %H:%M %Z} ({shown})"

"""What the replays of models in which plans are applied have in common: whole stacks whose threads stop at
their state. It is an object store in memory, written document by document, or a database, whose batches are
whole."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from queue import Empty
from threading import Condition, Event
from typing import TYPE_CHECKING, Any

from obstore.store import MemoryStore

from tests.models.dispatchers import NOON, World, account
from tests.models.gates import END, SECONDS, WIRE, Actor, Gated, Killed
from tests.support import ACCOUNT, TOKEN
from voiceform import Account, Stack
from voiceform.engine.applier import ApplyContext
from voiceform.engine.settle import settle_unfinished
from voiceform.kinds.kind import Kind
from voiceform.model.clock import ManualClock
from voiceform.model.plan import Plan
from voiceform.model.runtime import Channel, Machine
from voiceform.model.store import Document, StoredDocument, Write
from voiceform.stack.parts import Parts
from voiceform.state.backend import LEASE_KEY, Backend, Guard
from voiceform.state.lease import Lease
from voiceform.state.meta import bump_serial
from voiceform.state.objects import ObjectStore
from voiceform.state.open import open_store

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutMode

_ENOUGH = 60
TTL = timedelta(days=1)
"""Of leases; nobody beats meanwhile, however slow the machine is."""
IDLE = "idle"
"""Where the thread that writes waits for what others have done."""


class Uptime(Machine):
    """A machine whose uptime moves when told, and on which a thread that finds nothing in a channel says
    so. `made` is the last channel."""

    def __init__(self, idle: Callable[[], None]) -> None:
        self.up = 0.0
        self.made = Told(idle)
        self._idle = idle

    def lifetime(self) -> float:
        return self.up

    def channel(self) -> Channel[Any]:
        self.made = Told(self._idle)
        return self.made


class Told:
    """A channel that calls a function before somebody waits at it."""

    def __init__(self, idle: Callable[[], None]) -> None:
        self._items: deque[Any] = deque()
        self._came = Condition()
        self._idle = idle

    def put(self, item: Any) -> None:
        with self._came:
            self._items.append(item)
            self._came.notify_all()

    def get(self) -> Any:
        if not self._items:
            self._idle()
        self.wait_for(1)
        return self._items.popleft()

    def get_nowait(self) -> Any:
        if not self._items:
            raise Empty
        return self._items.popleft()

    def wait_for(self, number: int) -> None:
        """Until so many are in it."""
        with self._came:
            assert self._came.wait_for(lambda: len(self._items) >= number, SECONDS)


class Clock(ManualClock):
    """The clock of one process."""

    def __init__(self, idle: Callable[[], None] = lambda: None) -> None:
        super().__init__(NOON)
        self.runtime: Uptime = Uptime(idle)


class Bucket(ObjectStore):
    """The object store, in memory. Its user stops before each batch (`batch KEY`, the first), before each put
    twice, in front of what asks whether the lease has run out (`check KEY`) and behind it (`put KEY`), and
    before it lists what is recorded (`list`). Behind a put of outcomes it stops as well (`done KEY`). Leases
    are not stopped at; `alive` is asked for them."""

    def __init__(
        self,
        memory: MemoryStore,
        stop: Callable[[str], None] = lambda _: None,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._label = "the bucket"
        self._store = memory  # type: ignore[assignment]
        self._bucket_seen = True
        self._stop, self._alive = stop, alive

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        if writes[0].key != LEASE_KEY:
            self._stop(f"batch {writes[0].key}")
        return super().write_guarded(writes, guard, lease_key=lease_key)

    def _put(self, key: str, body: bytes, mode: PutMode, check: Callable[[], None]) -> str:
        if key == LEASE_KEY:
            self._alive()
            return super()._put(key, body, mode, check)

        def checked() -> None:
            self._stop(f"check {key}")
            check()
            self._stop(f"put {key}")

        version = super()._put(key, body, mode, checked)
        if "/outcomes/" in key:
            self._stop(f"done {key}")
        return version

    def _listed(self, prefix: str) -> Mapping[str, ObjectMeta]:
        if prefix == "resources/":
            self._stop("list")
        return super()._listed(prefix)


class Database(Gated):
    """A database, where a batch is one step. Its user stops where a bucket's does, but not inside of one."""

    def __init__(
        self,
        inner: Backend,
        stop: Callable[[str], None] = lambda _: None,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(inner, stop)
        self._alive = alive

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        if prefix == "resources/":
            self._stop("list")
        return super().list(prefix)

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        if writes[0].key == LEASE_KEY:
            self._alive()
            return self._inner.write_guarded(writes, guard, lease_key=lease_key)
        self._stop(f"batch {writes[0].key}")
        versions = self.written(self._inner, writes, guard, lease_key)
        if "/outcomes/" in writes[-1].key:
            self._stop(f"done {writes[-1].key}")
        return versions


class State:
    """One state in a store, and all who have opened it."""

    def __init__(self, open_one: Callable[[Callable[[str], None], Callable[[], None]], Backend]) -> None:
        self._open_one = open_one
        self._opened: list[Backend] = []

    def opened(
        self, stop: Callable[[str], None] = lambda _: None, alive: Callable[[], None] = lambda: None
    ) -> Backend:
        """The store, with the gates of one process."""
        self._opened.append(self._open_one(stop, alive))
        return self._opened[-1]

    def close(self) -> None:
        """Nobody uses it any more."""
        for store in self._opened:
            store.close()


States = Iterator[State]
"""States in which nothing is yet."""


def buckets(kind: type[Bucket] = Bucket) -> States:
    """In object stores, which tear batches."""
    while True:
        memory = MemoryStore()
        yield State(lambda stop, alive, memory=memory: kind(memory, stop, alive))  # type: ignore[misc]


def databases(urls: Iterator[str], kind: type[Database] = Database) -> States:
    """In databases, whose batches are whole."""
    for url in urls:
        yield State(
            lambda stop, alive, url=url: kind(open_store(url, base_dir=Path()), stop, alive)  # type: ignore[misc]
        )


@dataclass(frozen=True, slots=True)
class OpenedParts(Parts):
    """The parts of a stack whose state is opened by a function."""

    opener: Callable[[], Backend] = lambda: Bucket(MemoryStore())

    def opened_store(self) -> Any:
        return self.opener()


def stack_on(opener: Callable[[], Backend], folder: Path, origin: str, clock: Clock, **options: Any) -> Stack:
    """A stack of the configuration in `folder` with a state of its own."""
    account = Account.with_token(ACCOUNT, TOKEN, base_url=origin)
    stack = Stack(folder=folder, account=account, environ={}, clock=clock, lease_ttl=TTL, **options)
    known = {item.name: getattr(stack.parts, item.name) for item in fields(Parts)}
    stack.parts = OpenedParts(**known, opener=opener)
    return stack


@dataclass(frozen=True)
class Start:
    """An account, a state of serial 1, and a plan that was made from it."""

    world: World
    folder: Path
    meta: Document
    plan: Plan

    def begin(self, state: State) -> Backend:
        """Put that into a state, and nothing into the account; the state for who only looks."""
        self.world.emulator.reset()
        watcher = state.opened()
        watcher.put("meta", self.meta, None)
        return watcher


@contextmanager
def started(folder: Path, queues: str) -> Iterator[Start]:
    """Where `queues` are declared, and nothing was applied."""
    (folder / "voiceform.yaml").write_text(f"version: 1\nqueues: {queues}\n", encoding="utf-8")
    with account() as world:
        bucket = Bucket(MemoryStore())
        bump_serial(bucket)
        stored = bucket.get("meta")
        assert stored is not None
        plan = stack_on(lambda: bucket, folder, world.road.url, Clock()).plan()
        yield Start(world, folder, stored.document, plan)


class Program:
    """One process that applies the plan, or settles."""

    def __init__(self, start: Start, name: str, state: State) -> None:
        self.start, self.name, self.state = start, name, state
        self.actor = Actor()
        self.clock = Clock(self._idle)
        self.side_by_side = False
        self.stop = Event()

    def opened(self) -> Backend:
        """The state, with the gates of this process."""
        return self.state.opened(self.actor.stop, self._require_alive)

    def _require_alive(self) -> None:
        if self.actor.dead:
            raise Killed

    def apply(self, parallelism: int) -> None:
        """Begin to apply the plan. Where changes go side by side, the thread that writes stops when it has
        nothing to write."""
        self.side_by_side = parallelism > 1
        self.stop.clear()
        self.actor.error = None
        stack = stack_on(
            self.opened,
            self.start.folder,
            self.start.world.road.url,
            self.clock,
            parallelism=parallelism,
            stop=self.stop,
            who=self.name,
        )
        self.actor.begin(lambda: stack.apply(self.start.plan))

    def until(self, *gates: str) -> None:
        """Go on until it stands at one of these."""
        for _ in range(_ENOUGH):
            if self.actor.at in (END, WIRE, IDLE) or self.actor.at.startswith(gates):
                break
            self.actor.go()
        assert self.actor.at.startswith(gates), f"it stands at {self.actor.at} with {self.actor.error!r}"

    def ends_with(self, error: type[Exception] | None = None) -> None:
        """Go on to the end, which is this."""
        self.until(END)
        found = self.actor.error
        assert found is None if error is None else isinstance(found, error), f"it ended with {found!r}"

    def _idle(self) -> None:
        if self.side_by_side:
            self.actor.stop(IDLE)


def settles(
    start: Start, lease: Lease, opener: Callable[[], Backend], kinds: Sequence[Kind[Any]] = ()
) -> None:
    """Settle what dead runs left, by what the account shows."""
    parts = stack_on(opener, start.folder, start.world.road.url, Clock()).parts
    with parts.reader(parts.account_for(None)) as client:
        settle_unfinished(ApplyContext(kinds or parts.kinds(), client, lease, parts.clock, "ada"))

"""The runtime of one simulated process: everything that threads wait for is in the hands of the scheduler."""

from __future__ import annotations

import socket
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from queue import Empty
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from tests.simulation.scheduler import KilledError, Process, Scheduler, Task

if TYPE_CHECKING:
    from tests.simulation.network import Network

T = TypeVar("T")
BEGINNING = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


class SimLock:
    """A lock, also one that its thread may take again."""

    def __init__(self, scheduler: Scheduler, *, again: bool = False) -> None:
        self._scheduler = scheduler
        self._again = again
        self._owner: Task | None = None
        self._depth = 0
        self._waiters: list[Task] = []

    def acquire(self, blocking: bool = True) -> bool:
        self._scheduler.pass_by("lock", always=False)
        me = self._scheduler.current
        while self._owner is not None and not (self._again and self._owner is me):
            if not blocking:
                return False
            self._scheduler.block(self._waiters)
        self._owner = me
        self._depth += 1
        return True

    def release(self) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._owner = None
            self._scheduler.wake(self._waiters)

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class SimEvent(threading.Event):
    """An event."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self._scheduler = scheduler
        self._waiters: list[Task] = []

    def set(self) -> None:
        super().set()
        self._scheduler.wake(self._waiters)

    def wait(self, timeout: float | None = None) -> bool:
        scheduler = self._scheduler
        scheduler.pass_by("event", always=False)
        until = None if timeout is None else scheduler.now + max(0.0, timeout)
        while not self.is_set() and scheduler.block(self._waiters, until=until):
            pass
        return self.is_set()


class SimQueue:
    """A queue without bound."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._items: deque[Any] = deque()
        self._waiters: list[Task] = []

    def put(self, item: Any) -> None:
        self._items.append(item)
        self._scheduler.wake(self._waiters, 1)

    def get(self) -> Any:
        self._scheduler.pass_by("queue", always=False)
        while not self._items:
            self._scheduler.block(self._waiters)
        return self._items.popleft()

    def get_nowait(self) -> Any:
        if not self._items:
            raise Empty
        return self._items.popleft()


class SimThread:
    """A thread that was started."""

    def __init__(self, scheduler: Scheduler, task: Task) -> None:
        self._scheduler, self._task = scheduler, task

    def join(self) -> None:
        self._scheduler.join(self._task)


class SimFuture(Future[T]):
    """What becomes of work."""

    def __init__(self, scheduler: Scheduler) -> None:
        super().__init__()
        self._scheduler = scheduler
        self.watchers: list[Task] = []

    def set_result(self, result: T) -> None:
        super().set_result(result)
        self._scheduler.wake(self.watchers)

    def set_exception(self, exception: BaseException | None) -> None:
        super().set_exception(exception)
        self._scheduler.wake(self.watchers)

    def cancel(self) -> bool:
        canceled = super().cancel()
        self._scheduler.wake(self.watchers)
        return canceled

    def result(self, timeout: float | None = None) -> T:
        self._wait()
        return super().result(0)

    def exception(self, timeout: float | None = None) -> BaseException | None:
        self._wait()
        return super().exception(0)

    def _wait(self) -> None:
        while not self.done():
            self._scheduler.block(self.watchers)


class SimPool(Executor):
    """Threads that share work."""

    def __init__(self, scheduler: Scheduler, process: Process, most: int) -> None:
        self._scheduler, self._process, self._most = scheduler, process, most
        self._work: deque[tuple[SimFuture[Any], Callable[[], Any]]] = deque()
        self._threads = self._idle = 0
        self._closed = False
        self._sleepers: list[Task] = []
        self._joiners: list[Task] = []

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> Future[T]:
        if self._closed:
            raise RuntimeError("cannot schedule new futures after shutdown")
        self._scheduler.pass_by("submit", always=False)
        future: SimFuture[T] = SimFuture(self._scheduler)
        self._work.append((future, lambda: fn(*args, **kwargs)))
        if self._idle < len(self._work) and self._threads < self._most:
            self._threads += 1
            self._scheduler.spawn(self._serve, self._process)
        else:
            self._scheduler.wake(self._sleepers, 1)
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._closed = True
        if cancel_futures:
            while self._work:
                self._work.popleft()[0].cancel()
        self._scheduler.wake(self._sleepers)
        while wait and self._threads:
            self._scheduler.block(self._joiners)

    def _serve(self) -> None:
        try:
            while self._work or not self._closed:
                if not self._work:
                    self._rest()
                    continue
                future, call = self._work.popleft()
                if future.set_running_or_notify_cancel():
                    self._done(future, call)
        finally:
            self._threads -= 1
            self._scheduler.wake(self._joiners)

    def _rest(self) -> None:
        me = self._scheduler.current
        self._idle += 1
        me.idle = True
        try:
            self._scheduler.block(self._sleepers)
        finally:
            me.idle = False
            self._idle -= 1

    def _done(self, future: SimFuture[Any], call: Callable[[], Any]) -> None:
        try:
            result = call()
        except KilledError:
            raise
        except BaseException as error:  # as ThreadPoolExecutor has it
            future.set_exception(error)
        else:
            future.set_result(result)


class SimRuntime:
    """A runtime whose threads belong to one process."""

    def __init__(self, scheduler: Scheduler, process: Process, network: Network) -> None:
        self.scheduler, self.process = scheduler, process
        self._network = network
        self._random = Random(scheduler.random.random())

    def lock(self) -> SimLock:
        return SimLock(self.scheduler)

    def reentrant(self) -> SimLock:
        return SimLock(self.scheduler, again=True)

    def event(self) -> threading.Event:
        return SimEvent(self.scheduler)

    def channel(self) -> SimQueue:
        return SimQueue(self.scheduler)

    def start(self, function: Callable[[], object], name: str, *, daemon: bool = False) -> SimThread:
        return SimThread(self.scheduler, self.scheduler.spawn(function, self.process))

    def pool(self, threads: int, name: str = "voiceform") -> Executor:
        return SimPool(self.scheduler, self.process, threads)

    def on_one_processor(self) -> AbstractContextManager[None]:
        return nullcontext()

    def first_of(self, futures: Iterable[Future[T]]) -> list[Future[T]]:
        every = cast("list[SimFuture[T]]", list(futures))
        while not any(future.done() for future in every):
            self.scheduler.block(*(future.watchers for future in every))
        return [future for future in every if future.done()]

    def sleep(self, seconds: float) -> None:
        self.scheduler.sleep(seconds)

    def uptime(self) -> float:
        return self.scheduler.now

    def lifetime(self) -> float:
        return self.scheduler.now

    def token(self, size: int) -> str:
        return f"{self._random.getrandbits(8 * size):0{2 * size}x}"

    def uuid(self) -> UUID:
        return UUID(int=self._random.getrandbits(128), version=4)

    def random(self) -> Random:
        return Random(self._random.random())

    def addresses(self, host: str, port: int) -> list[tuple[Any, ...]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    def socket(self, family: int, kind: int, protocol: int) -> socket.socket:
        return self._network.socket(self)


class SimClock:
    """The time of day of one process: it can be wrong, and jump."""

    def __init__(self, runtime: SimRuntime) -> None:
        self.runtime = runtime
        self.ahead = 0.0
        """Seconds."""

    def now(self) -> datetime:
        return BEGINNING + timedelta(seconds=self.runtime.scheduler.now + self.ahead)

    def sleep(self, seconds: float) -> None:
        self.runtime.scheduler.sleep(seconds)

    def wait(self, event: threading.Event, seconds: float) -> bool:
        return event.wait(seconds)

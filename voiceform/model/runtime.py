"""What runs code and lets it wait: threads, locks, pools, sockets, uptime and chance.

Logic asks for them here and never the machine, so that whole runs can be replayed under a scheduler of their
own. It comes with the clock (`Clock.runtime`): whoever waits by a clock waits for what the same runtime made.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import socket
    from concurrent.futures import Executor, Future
    from contextlib import AbstractContextManager
    from random import Random
    from types import TracebackType
    from uuid import UUID

T = TypeVar("T")


class Lock(Protocol):
    """A lock as the standard library has it."""

    def acquire(self, blocking: bool = True) -> bool:
        """Take it; whether that was done."""

    def release(self) -> None:
        """Give it back."""

    def __enter__(self) -> bool: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Channel(Protocol[T]):
    """Hands things from threads to threads, in order."""

    def put(self, item: T) -> None:
        """Add one; never waits."""

    def get(self) -> T:
        """Wait for the next one."""

    def get_nowait(self) -> T:
        """The next one; queue.Empty when there is none."""


class Started(Protocol):
    """A thread that was started."""

    def join(self) -> None:
        """Wait for its end."""


class Runtime(Protocol):
    """Makes what threads work and wait with. Safe for many threads."""

    def lock(self) -> Lock:
        """A lock."""

    def reentrant(self) -> Lock:
        """A lock that its thread may take again."""

    def event(self) -> threading.Event:
        """An event."""

    def channel(self) -> Channel[Any]:
        """A queue without bound."""

    def start(self, function: Callable[[], object], name: str, *, daemon: bool = False) -> Started:
        """Run `function` on a thread of its own."""

    def pool(self, threads: int, name: str = "voiceform") -> Executor:
        """Threads that share work; its `shutdown`, or leaving it, waits for their end."""

    def on_one_processor(self) -> AbstractContextManager[None]:
        """See processors.py."""

    def first_of(self, futures: Iterable[Future[T]]) -> Collection[Future[T]]:
        """Wait until one of them has ended; all that have."""

    def sleep(self, seconds: float) -> None:
        """Let the thread rest, where what is waited for has nothing to do with the time of day."""

    def uptime(self) -> float:
        """Seconds since some fixed point; unmoved by corrections of the time of day, and it may stand still
        while the machine sleeps."""

    def lifetime(self) -> float:
        """As `uptime`, counting also the seconds that the machine slept through, where the system can
        tell."""

    def token(self, size: int) -> str:
        """So many random bytes, in hexadecimal, that nobody can guess."""

    def uuid(self) -> UUID:
        """A random UUID."""

    def random(self) -> Random:
        """A source of chance that nothing depends on: for spreading what would meet."""

    def addresses(self, host: str, port: int) -> list[tuple[Any, ...]]:
        """The addresses of a host, as socket.getaddrinfo gives them. OSError."""

    def socket(self, family: int, kind: int, protocol: int) -> socket.socket:
        """A socket that is not connected yet. OSError."""


class Machine:
    """The runtime of this machine: the standard library as it is, imported when it is needed."""

    lock = staticmethod(threading.Lock)
    reentrant = staticmethod(threading.RLock)
    event = staticmethod(threading.Event)
    sleep = staticmethod(time.sleep)
    uptime = staticmethod(time.monotonic)

    def channel(self) -> Channel[Any]:
        """queue.SimpleQueue."""
        from queue import SimpleQueue

        return SimpleQueue()

    def start(self, function: Callable[[], object], name: str, *, daemon: bool = False) -> Started:
        """threading.Thread."""
        thread = threading.Thread(target=function, name=name, daemon=daemon)
        thread.start()
        return thread

    def pool(self, threads: int, name: str = "voiceform") -> Executor:
        """ThreadPoolExecutor."""
        from concurrent.futures import ThreadPoolExecutor

        return ThreadPoolExecutor(threads, thread_name_prefix=name)

    def on_one_processor(self) -> AbstractContextManager[None]:
        """processors.on_one_processor."""
        from voiceform.model.processors import on_one_processor

        return on_one_processor()

    def first_of(self, futures: Iterable[Future[T]]) -> Collection[Future[T]]:
        """concurrent.futures.wait."""
        from concurrent.futures import FIRST_COMPLETED, wait

        return wait(futures, return_when=FIRST_COMPLETED).done

    def lifetime(self) -> float:
        """The clock that goes on while the machine sleeps, where there is one."""
        if hasattr(time, "CLOCK_BOOTTIME"):
            return time.clock_gettime(time.CLOCK_BOOTTIME)
        return time.monotonic()

    def token(self, size: int) -> str:
        """secrets.token_hex."""
        from secrets import token_hex

        return token_hex(size)

    def uuid(self) -> UUID:
        """uuid.uuid4."""
        from uuid import uuid4

        return uuid4()

    def random(self) -> Random:
        """random.Random, seeded by the system."""
        from random import Random

        return Random()

    def addresses(self, host: str, port: int) -> list[tuple[Any, ...]]:
        """socket.getaddrinfo."""
        from socket import SOCK_STREAM, getaddrinfo

        return list(getaddrinfo(host, port, type=SOCK_STREAM))

    def socket(self, family: int, kind: int, protocol: int) -> socket.socket:
        """socket.socket."""
        from socket import socket

        return socket(family, kind, protocol)


MACHINE: Runtime = Machine()
"""There is one; it holds nothing."""

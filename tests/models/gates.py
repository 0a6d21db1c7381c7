"""Real code that stops where its model may let somebody else go on: before each step to the store that
counts, and while its request is on the way to the API or back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue

from tests.hostile.proxy import Proxy
from tests.twilio.scripted import RESET, Seen, answer
from voiceform.model.store import StoredDocument, Write
from voiceform.state.backend import LEASE_KEY, Backend, Guard

SECONDS = 60
"""After which a thread that does not come to a gate is taken for one that never does."""
WIRE = "wire"
END = "end"
EMPTY: dict[str, object] = {"calls": [], "queues": [], "next_page_uri": None, "page": 0, "page_size": 50}


class Killed(BaseException):
    """The process is gone."""


class Actor:
    """One thread of a process. `at` is the gate at which it stands, or END."""

    def __init__(self) -> None:
        self.at = END
        self.dead = False
        self.requests: list[Request] = []
        self.error: BaseException | None = None
        self._arrived: SimpleQueue[str] = SimpleQueue()
        self._let = threading.Semaphore(0)
        self._thread: threading.Thread | None = None

    def begin(self, work: Callable[[], object]) -> None:
        """Start, and wait until it stands at its first gate or has ended."""
        assert self.at == END
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()
        self._wait()

    def go(self) -> str:
        """Let it through the gate at which it stands; where it stands next."""
        assert self.at not in (WIRE, END)
        self._let.release()
        return self._wait()

    def release(self) -> None:
        """Let it through the gate at which it stands, and do not wait for it."""
        assert self.at not in (WIRE, END)
        self._let.release()

    def arrive(self) -> str:
        """Wait until it stands somewhere; where."""
        return self._wait()

    def answered(self, reply: bytes) -> str:
        """Let the answer to its request arrive; where it stands next."""
        assert self.at == WIRE
        self.requests[-1].answer.put(reply)
        return self._wait()

    def kill(self) -> None:
        """It does nothing more; a request of its goes on."""
        self.dead = True
        if self.at not in (WIRE, END):
            self._let.release()

    def close(self) -> None:
        """Let its thread end."""
        self.kill()
        for request in self.requests:
            request.answer.put(RESET)
        if self._thread is not None:
            self._thread.join(SECONDS)

    def stop(self, gate: str) -> None:
        """Called on its thread: wait until it is let through. Other threads of the process just pass."""
        if self.dead:
            raise Killed
        if threading.current_thread() is not self._thread:
            return
        self._arrived.put(gate)
        assert self._let.acquire(timeout=SECONDS)
        if self.dead:
            raise Killed

    def sends(self, request: Request) -> None:
        """Called on the server's thread."""
        self.requests.append(request)
        self._arrived.put(WIRE)

    def _wait(self) -> str:
        self.at = self._arrived.get(timeout=SECONDS)
        return self.at

    def _run(self, work: Callable[[], object]) -> None:
        try:
            work()
        except Killed:
            return
        except BaseException as error:
            self.error = error
        self._arrived.put(END)


@dataclass
class Request:
    """A request on its way; `reply` is what the API said when it was carried out."""

    seen: Seen
    reply: bytes = RESET
    answer: SimpleQueue[bytes] = field(default_factory=SimpleQueue)


@dataclass
class Road(Proxy):
    """Holds each write until it is told what becomes of it. `sender` is whose turn it is. While `blind`,
    lists show nothing: they may lag behind."""

    sender: Actor | None = None
    blind: bool = False

    def reply_to(self, seen: Seen) -> bytes:
        if seen.method == "GET":
            return answer(200, EMPTY, Content_Type="application/json") if self.blind else self._forward(seen)
        assert self.sender is not None
        if self.sender.dead:
            return RESET
        request = Request(seen)
        self.sender.sends(request)
        return request.answer.get(timeout=SECONDS)

    def end(self, actor: Actor) -> None:
        """Let the thread of an actor end, whatever it still sends."""
        self.sender = actor
        actor.close()

    def carry_out(self, request: Request) -> None:
        """Let the API do what a request asks."""
        request.reply = self._forward(request.seen)


class Gated(Backend):
    """A store before whose every batch an actor stops (`write KEY`, the first key), and before it looks at
    the documents that begin with `looks`. `whole` False: it writes document by document."""

    def __init__(
        self, inner: Backend, stop: Callable[[str], None], *, whole: bool = True, looks: str = "\0"
    ) -> None:
        self._inner, self._stop, self._whole, self._looks = inner, stop, whole, looks

    @property
    def label(self) -> str:
        return self._inner.label

    def get(self, key: str) -> StoredDocument | None:
        return self._inner.get(key)

    def get_all(self, keys: Collection[str]) -> dict[str, StoredDocument]:
        if any(key.startswith(self._looks) for key in keys):
            self._stop("look")
        return self._inner.get_all(keys)

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        return self._inner.list(prefix)

    def version(self, key: str) -> str | None:
        return self._inner.version(key)

    def versions(self, prefix: str) -> Mapping[str, str]:
        return self._inner.versions(prefix)

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        versions: list[str | None] = []
        for batch in [writes] if self._whole else [[write] for write in writes]:
            self._stop(f"write {batch[0].key}")
            versions += self.written(self._inner, batch, guard, lease_key)
        return tuple(versions)

    def written(
        self, inner: Backend, batch: Sequence[Write], guard: Guard | None, lease_key: str
    ) -> tuple[str | None, ...]:
        """Store one batch."""
        return inner.write_guarded(batch, guard, lease_key=lease_key)

    def close(self) -> None:
        self._inner.close()


class Blindly(Gated):
    """A store that does not compare before it swaps."""

    def written(
        self, inner: Backend, batch: Sequence[Write], guard: Guard | None, lease_key: str
    ) -> tuple[str | None, ...]:
        there = {write.key: inner.get(write.key) for write in batch}
        found = [
            Write(write.key, write.document, None if (now := there[write.key]) is None else now.version)
            for write in batch
        ]
        return inner.write_guarded(found, guard, lease_key=lease_key)

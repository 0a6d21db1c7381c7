"""What the replays of models in which plans are applied have in common: whole stacks whose state is an object
store in memory, written document by document, and whose threads stop at it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from obstore.store import MemoryStore

from tests.models.dispatchers import NOON
from tests.support import ACCOUNT, TOKEN
from voiceform import Account, Stack
from voiceform.model.clock import ManualClock
from voiceform.model.runtime import Machine
from voiceform.model.store import Write
from voiceform.stack.parts import Parts
from voiceform.state.backend import LEASE_KEY, Guard
from voiceform.state.objects import ObjectStore

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutMode


class Uptime(Machine):
    """A machine whose uptime moves when told."""

    def __init__(self) -> None:
        self.up = 0.0

    def lifetime(self) -> float:
        return self.up


class Clock(ManualClock):
    """The clock of one process."""

    def __init__(self) -> None:
        super().__init__(NOON)
        self.runtime: Uptime = Uptime()


class Bucket(ObjectStore):
    """The object store, in memory. Its user stops before each batch (`batch KEY`, the first), before each put
    twice, in front of what asks whether the lease has run out (`check KEY`) and behind it (`put KEY`), and
    before it lists what is recorded (`list`). Leases are not stopped at; `alive` is asked for them."""

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

        return super()._put(key, body, mode, checked)

    def _listed(self, prefix: str) -> Mapping[str, ObjectMeta]:
        if prefix == "resources/":
            self._stop("list")
        return super()._listed(prefix)


@dataclass(frozen=True, slots=True)
class BucketParts(Parts):
    """The parts of a stack whose state is opened by a function."""

    opener: Callable[[], ObjectStore] = lambda: Bucket(MemoryStore())

    def opened_store(self) -> Any:
        return self.opener()


def stack_on(
    opener: Callable[[], ObjectStore], folder: Path, origin: str, clock: Clock, **options: Any
) -> Stack:
    """A stack of the configuration in `folder` with a state of its own."""
    account = Account.with_token(ACCOUNT, TOKEN, base_url=origin)
    stack = Stack(folder=folder, account=account, environ={}, clock=clock, **options)
    known = {item.name: getattr(stack.parts, item.name) for item in fields(Parts)}
    stack.parts = BucketParts(**known, opener=opener)
    return stack

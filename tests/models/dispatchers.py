"""What the replays of models in which people are called have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.hostile.proxy import serving
from tests.kinds.call.specs import spec
from tests.models.gates import END, WIRE, Actor, Gated, Road
from tests.support import ACCOUNT, TOKEN
from tests.twilio.scripted import RESET, error
from voiceform.dispatch.reconcile import reconcile
from voiceform.emulator import Emulator
from voiceform.kinds.call.dialling.dialler import Placer
from voiceform.kinds.call.ledger.entries import Key
from voiceform.kinds.call.ledger.store import Ledger
from voiceform.kinds.call.limits.book import ContactBook
from voiceform.model.clock import ManualClock
from voiceform.state.backend import Backend
from voiceform.state.open import open_store
from voiceform.twilio.client import Client, open_client
from voiceform.twilio.credentials import Credentials

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CREDENTIALS = Credentials(ACCOUNT, ACCOUNT, TOKEN)
REFUSED = error(403, 20003)
_ENOUGH = 5


@dataclass
class World:
    """The account, and how one gets there."""

    emulator: Emulator
    road: Road
    reader: Client
    people: Iterator[str] = field(
        default_factory=lambda: (f"+1555867{number:04d}" for number in range(10_000))
    )

    def calls(self, to: str) -> int:
        """How many calls to a person the account has."""
        return len(list(self.reader.list_calls(to=to)))

    @contextmanager
    def lagging(self, clock: ManualClock, *, lags: bool) -> Iterator[Client]:
        """A client that reads, and for which lists may show nothing yet."""
        self.road.blind = lags
        with open_client(CREDENTIALS, self.road.url, read_only=True, clock=clock) as client:
            yield client
        self.road.blind = False


@contextmanager
def account() -> Iterator[World]:
    """An account in which time stands still."""
    with ExitStack() as stack:
        emulator = stack.enter_context(Emulator(port=0, calls_per_second=100_000.0))
        emulator.clock(now=NOON.isoformat())
        road = stack.enter_context(serving(Road([], upstream=emulator.url)))
        reader = open_client(CREDENTIALS, emulator.url, read_only=True, clock=ManualClock(NOON))
        yield World(emulator, road, stack.enter_context(reader))


@dataclass(frozen=True)
class Code:
    """What is replayed: the store, what places and what settles, or one of them with one thing wrong."""

    store: type[Gated] = Gated
    placer: type[Placer] = Placer
    settle: Callable[[Backend, Client, datetime], object] = reconcile


class Dispatcher:
    """One process that places one call. Its schedule has the attributes `schedule`."""

    def __init__(
        self,
        world: World,
        stack: ExitStack,
        inner: Backend,
        name: str,
        key: Key,
        clock: ManualClock,
        code: Code,
        *,
        whole: bool = True,
        **schedule: Any,
    ) -> None:
        self.world, self.key, self.clock = world, key, clock
        self.actor = Actor()
        store = code.store(inner, self.actor.stop, whole=whole, looks="ledger-heads/")
        client = open_client(CREDENTIALS, world.road.url, read_only=False, clock=clock)
        self.placer = code.placer(
            spec(to=[key.to], **schedule),
            Ledger(store, name),
            ContactBook(store),
            stack.enter_context(client),
            clock,
            None,
        )

    def begin(self) -> None:
        """Begin to place the call, unless that has begun; up to where it looks."""
        self.world.road.sender = self.actor
        if self.actor.at == END:
            self.actor.begin(lambda: self.placer.place(self.key, NOON))
        assert self.actor.at == "look"

    def go(self, *to: str) -> None:
        """Go on, and come to one of these places."""
        self.world.road.sender = self.actor
        at = self.actor.go()
        assert at.startswith(to), f"it stands at {at}"

    def on_the_road(self, rule: str) -> None:
        """What becomes of the request."""
        request = self.actor.requests[-1]
        if rule == "served":
            self.world.road.carry_out(request)
        else:
            request.reply = REFUSED if rule in ("refused", "turned_down") else RESET

    def hear(self) -> None:
        """Get the answer, if it waits for one."""
        if self.actor.at == WIRE:
            self.actor.answered(self.actor.requests[-1].reply)

    def end(self) -> None:
        """Go on to the end."""
        for _ in range(_ENOUGH):  # what it wrote upon may have changed
            if self.actor.at == END:
                return
            self.actor.go()
        assert self.actor.at == END


def opened(stack: ExitStack, url: str) -> Backend:
    """A connection of its own to a state."""
    return stack.enter_context(open_store(url, base_dir=Path()))


def files(folder: Path) -> Iterator[str]:
    """States in SQLite that are not there yet."""
    return (f"sqlite:///{folder}/{number}.db" for number in range(10_000))

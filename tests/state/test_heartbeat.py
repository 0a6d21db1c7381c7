"""How a held lease is kept alive: on a thread that the test plays itself, beat by beat."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from voiceform.model.clock import ManualClock
from voiceform.model.errors import LeaseLostError, StateError
from voiceform.model.runtime import MACHINE
from voiceform.state.backend import LEASE_KEY
from voiceform.state.heartbeat import Heartbeat
from voiceform.state.lease import break_lease, show_lease
from voiceform.state.lease_document import LeaseRecord
from voiceform.state.sqlite import SqliteStore

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
TTL = 60.0


class Played:
    """The runtime of a clock whose one thread the test plays: what happens while it waits is a list."""

    def __init__(self) -> None:
        self.beat: Callable[[], object] = lambda: None
        self.meanwhile: Iterator[Callable[[], object]] = iter(())
        self.pauses: list[float] = []
        self.joined = False

    def __getattr__(self, name: str) -> Any:
        return getattr(MACHINE, name)

    def start(self, function: Callable[[], object], name: str, *, daemon: bool = False) -> Played:
        assert (name, daemon) == ("voiceform-lease", True), "it never keeps a program from ending"
        self.beat = function
        return self

    def join(self) -> None:
        self.joined = True

    def event(self) -> threading.Event:
        played = self

        class Scripted(threading.Event):
            def wait(self, timeout: float | None = None) -> bool:
                played.pauses.append(timeout or 0)
                happens = next(played.meanwhile, None)
                if happens is None:
                    return True
                happens()
                return False

        return Scripted()


class ShakyStore(SqliteStore):
    """A store that is away, slow, or loses its answer to a write, when told to."""

    away = False
    loses_answer = False
    slow: Callable[[], object] | None = None

    def put(self, key: str, document: Any, expected_version: str | None) -> str:
        if self.away:
            raise StateError("the store is away")
        if self.slow is not None:
            self.slow()
        version = super().put(key, document, expected_version)
        if self.loses_answer:
            raise StateError("its answer was lost")
        return version


class World:
    """A lease that is held, and all that its heartbeat has to do with."""

    def __init__(self, path: Path, ttl: float = TTL) -> None:
        self.store, self.uptime, self.runtime = ShakyStore(path), 1000.0, Played()
        self.clock = ManualClock(START)
        self.clock.runtime = self.runtime
        taken = LeaseRecord.taken(
            None, holder="ada", operation="apply", now=START, ttl=timedelta(seconds=ttl)
        )
        version = self.store.put(LEASE_KEY, taken.document(), None)
        self.heart = Heartbeat(
            self.store, taken, version, timedelta(seconds=ttl), self.clock, lambda: self.uptime, self.uptime
        )

    def play(self, *meanwhile: Callable[[], object]) -> list[float]:
        """Let the thread run while these happen, one in each pause; how long the pauses were."""
        self.runtime.meanwhile = iter(meanwhile)
        self.runtime.pauses.clear()
        self.runtime.beat()
        return self.runtime.pauses

    def later(self, seconds: float) -> Callable[[], None]:
        def passes() -> None:
            self.uptime += seconds
            self.clock.sleep(seconds)

        return passes

    def turn(self, **changed: Any) -> Callable[[], None]:
        def turns() -> None:
            for name, value in changed.items():
                setattr(self.store, name, value)

        return turns

    def record(self) -> LeaseRecord:
        found = show_lease(self.store)
        assert found is not None
        return found

    @property
    def held(self) -> bool:
        try:
            self.heart.ensure_held()
        except LeaseLostError:
            return False
        return True


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "state.db")
    with world.store:
        yield world


def test_it_beats_three_times_in_a_life(world: World) -> None:
    assert world.play(world.later(20), world.later(20)) == [20, 20, 20]
    assert world.record().heartbeat_at == START + timedelta(seconds=40)
    assert world.record().expires_at == START + timedelta(seconds=100)


@pytest.mark.parametrize(("ttl", "pause"), [(60.0, 1.0), (20.0, 1.0), (6.0, 0.3)])
def test_a_beat_that_fails_is_tried_again_soon(tmp_path: Path, ttl: float, pause: float) -> None:
    world = World(tmp_path / "state.db", ttl)
    pauses = world.play(world.turn(away=True), world.later(1), world.turn(away=False), world.later(1))
    assert pauses == pytest.approx([ttl / 3, pause, pause, ttl / 3, ttl / 3])
    assert world.held
    world.store.close()


def test_it_stops_by_itself_a_sixth_of_its_life_before_others_may_take_over(world: World) -> None:
    for left, held in ((0.0, True), (0.001, False)):
        world.uptime = 1050 + left
        assert world.held is held
    world.uptime = 1000
    assert not world.held, "once lost it stays lost"


def test_a_life_is_counted_from_before_the_beat_was_written(world: World) -> None:
    world.play(world.later(20), world.turn(slow=world.later(5)))
    world.uptime = 1020 + 50
    assert world.held
    world.uptime += 0.001
    assert not world.held


def test_a_beat_whose_answer_was_lost_is_told_from_another_holder(world: World) -> None:
    lost = world.turn(loses_answer=True)
    pauses = world.play(lost, world.turn(loses_answer=False), world.later(20), world.later(20))
    assert pauses == [20, 1, 1, 20, 20]
    assert world.held
    assert world.record().heartbeat_at == START + timedelta(seconds=40)


def test_a_lease_that_was_broken_is_lost_at_the_next_beat(world: World) -> None:
    world.play(lambda: break_lease(world.store, reason="test", who="bob", clock=world.clock), world.later(1))
    with pytest.raises(LeaseLostError, match="somebody broke it"):
        world.heart.ensure_held()
    assert len(world.runtime.pauses) == 1, "and no more are tried"
    world.heart.stop()
    assert world.record().holder is None


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"token": 2, "holder": "bob"}, "bob holds it now"),
        ({"holder": None}, "somebody broke it"),
        (None, "somebody broke it"),
    ],
)
def test_whose_lease_it_is_not_may_not_write(world: World, changed: dict[str, Any] | None, told: str) -> None:
    document = world.record().document()
    world.heart.guard(document)
    with pytest.raises(LeaseLostError, match=told):
        world.heart.guard(None if changed is None else {**document, **changed})
    world.uptime += TTL
    with pytest.raises(LeaseLostError, match=told):
        world.heart.guard(document)


def test_a_lease_whose_document_is_gone_is_lost(world: World) -> None:
    version = world.record().version
    assert version is not None
    assert world.play(lambda: world.store.delete(LEASE_KEY, version), world.later(1)) == [20]
    with pytest.raises(LeaseLostError, match="somebody broke it"):
        world.heart.ensure_held()


def test_it_is_given_back_once(world: World) -> None:
    world.heart.stop()
    assert (world.record().holder, world.runtime.joined, world.held) == (None, True, False)
    with pytest.raises(LeaseLostError, match="it was released"):
        world.heart.ensure_held()
    other = LeaseRecord.taken(
        world.record(), holder="bob", operation="apply", now=START, ttl=timedelta(seconds=60)
    )
    world.store.put(LEASE_KEY, other.document(), world.record().version)
    world.heart.stop()
    assert world.record().holder == "bob"


def test_what_is_lost_is_not_given_back_and_a_store_that_is_away_is_no_error(world: World) -> None:
    world.turn(away=True)()
    world.heart.stop()
    assert world.record().holder == "ada"


def test_what_ran_out_is_not_given_back(world: World) -> None:
    world.uptime += 51
    world.heart.stop()
    assert world.record().holder == "ada"
    with pytest.raises(LeaseLostError, match="could not be renewed in time"):
        world.heart.ensure_held()

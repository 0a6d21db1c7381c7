"""Waves: whoever looks, however old the look, no two waves are begun before the first is known."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.kinds.call.specs import spec
from voiceform.kinds.call.dialling.due import due_keys, lookback
from voiceform.kinds.call.dialling.stopping import stopped_if_wrong
from voiceform.kinds.call.dialling.verdicts import Due, Verdict
from voiceform.kinds.call.dialling.waves import Moment, Resumption, Unfolding
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.pauses import Pause, pause, pause_of, resume
from voiceform.kinds.call.ledger.store import Ledger, if_undecided
from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.call.waves import Waves
from voiceform.state.sqlite import SqliteStore

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PEOPLE = [f"+1212555{number:04d}" for number in range(1000, 1012)]
FIRST, THEN, SETTLE = 3, 4, timedelta(minutes=5)
KNOWN = (CallStatus.ANSWERED, CallStatus.BUSY, CallStatus.FAILED)
ACTIONS = (
    "look",
    "look",
    "place",
    "place",
    "place",
    "end",
    "end",
    "die",
    "put off",
    "wait",
    "resume",
    "pause",
)


def waves(first: int = FIRST, then: int | None = THEN, **stop: str) -> dict[str, object]:
    return {"first": first, "then": then, "settle": "5m", "stop": stop, "short_call": "6s"}


def wave_of(to: str) -> int:
    """Which wave somebody belongs to, from 0."""
    index = PEOPLE.index(to)
    return 0 if index < FIRST else 1 + (index - FIRST) // THEN


@dataclass
class World:
    """Dispatchers with looks of different ages at one ledger; and what must never be."""

    store: SqliteStore
    now: datetime = NOON
    spec: CallSpec = field(
        default_factory=lambda: spec(to=PEOPLE, misfire_grace="2h", waves=waves(failed="40%"))
    )
    looks: dict[int, list[Due]] = field(default_factory=dict)
    settled: set[int] = field(default_factory=set)
    dialled: list[str] = field(default_factory=list)

    @property
    def ledger(self) -> Ledger:
        return Ledger(self.store, self.spec.ledger)

    def entries(self) -> dict[Key, LedgerEntry]:
        return self.ledger.entries()

    def step(self, action: str, number: int) -> None:
        who = number % 3
        if action == "look":
            self.look(who)
        elif action == "turn":
            self.look(who)
            self.place(who, number)
        elif action == "place":
            self.place(who, number)
        elif action == "wait":
            self.now += timedelta(seconds=20 * (number % 20))
        elif action == "resume":
            resume(self.store, self.spec.ledger, who="me", now=self.now)
        elif action == "pause" and number % 3 == 0:
            pause(self.store, self.spec.ledger, reason=None, who="me", now=self.now)
        else:
            self.change(action, number)
        self.note_what_settled()

    def look(self, who: int) -> None:
        ledger, entries = self.ledger, self.entries()
        halts = stopped_if_wrong(self.spec, ledger, entries, ledger.head(), self.now)
        self.looks[who] = due_keys(self.spec, entries, ledger.head(), self.now, None, halts=halts)

    def place(self, who: int, number: int) -> None:
        ready = [item.key for item in self.looks.get(who, ()) if item.verdict is Verdict.PLACE]
        if not ready or self.pause() is not None:
            return
        key = ready[number % len(ready)]
        claim = f"{who}-{len(self.dialled)}"
        entry = LedgerEntry(CallStatus.RESERVED, self.now, reserved_at=self.now, claim=claim)
        stored, changed = self.ledger.change(key, if_undecided(entry))
        if changed and stored is not None:
            wave = wave_of(key.to)
            assert wave == 0 or set(range(wave)) <= self.settled, f"wave {wave} began too early"
            self.dialled.append(key.to)

    def pause(self) -> Pause | None:
        return pause_of(self.store, self.spec.ledger)

    def change(self, action: str, number: int) -> None:
        """An outcome of a call, a process that dies with one, or a refusal that was certainly not a call."""
        states = {
            "end": (CallStatus.RESERVED, CallStatus.PLACED, CallStatus.UNKNOWN),
            "die": (CallStatus.RESERVED,),
            "put off": (CallStatus.RESERVED,),
        }
        fitting = [(k, e) for k, e in self.entries().items() if e.status in states.get(action, ())]
        if not fitting:
            return
        key, _ = fitting[number % len(fitting)]
        status = {"die": CallStatus.UNKNOWN, "put off": CallStatus.DEFERRED}.get(action, KNOWN[number % 3])
        sid = "CA" + f"{number:032d}" if action == "end" else None
        self.ledger.change(
            key,
            lambda before: before and replace(before, status=status, at=self.now, sid=sid, duration=30),
        )

    def note_what_settled(self) -> None:
        """By hand, from the list alone: a wave has settled once everybody of it was tried, and the outcomes
        are known or the last call is old enough. What has settled once may be followed."""
        found = self.entries()
        for wave in range(wave_of(PEOPLE[-1]) + 1):
            own = [found.get(Key(NOON, to)) for to in PEOPLE if wave_of(to) == wave]
            calls = [entry for entry in own if entry and entry.status is not CallStatus.DEFERRED]
            if None in own or not calls:
                continue
            old = self.now >= max(entry.reserved_at or NOON for entry in calls) + SETTLE
            if old or all(entry.status in KNOWN for entry in calls):
                self.settled.add(wave)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.sampled_from(ACTIONS), st.integers(0, 59)), min_size=25, max_size=80))
def test_no_wave_begins_before_the_last_one_has_settled_nor_while_it_is_stopped(
    steps: list[tuple[str, int]],
) -> None:
    """Three dispatchers whose looks are as old as may be; calls that end in any order, die or are put off."""
    with tempfile.TemporaryDirectory() as folder, SqliteStore(Path(folder) / "state.db") as store:
        world = World(store)
        for action, number in steps:
            standing = world.pause()
            before = len(world.dialled)
            world.step(action, number)
            if standing is not None:
                assert len(world.dialled) == before


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(KNOWN), min_size=12, max_size=12), st.integers(1, 5), st.integers(1, 5))
def test_everybody_is_called_once_in_order_unless_it_stops(
    outcomes: Sequence[CallStatus], first: int, then: int
) -> None:
    with tempfile.TemporaryDirectory() as folder, SqliteStore(Path(folder) / "state.db") as store:
        world = World(store, spec=spec(to=PEOPLE, misfire_grace="2h", waves=waves(first, then, failed="40%")))
        for _ in range(14):
            world.look(0)
            for item in world.looks[0]:
                if item.verdict is Verdict.PLACE and world.pause() is None:
                    status = outcomes[PEOPLE.index(item.key.to)]
                    entry = LedgerEntry(status, world.now, reserved_at=world.now, sid="CA" + "0" * 32)
                    world.ledger.change(item.key, if_undecided(entry))
                    world.dialled.append(item.key.to)
            world.now += timedelta(seconds=1)
        sizes = [*Waves.of(waves(first, then)).sizes(len(PEOPLE))]
        called, begin = 0, 0
        for number, size in enumerate(sizes):
            called += size
            failed = outcomes[begin:called].count(CallStatus.FAILED)
            begin = called
            if failed * 100 > 40 * size and (number == 0 or size >= min(first, 20)):
                break
        assert world.dialled == PEOPLE[:called]
        assert (world.pause() is not None) == (failed * 100 > 40 * size and (number == 0 or size >= first))


@pytest.mark.parametrize(
    ("first", "then", "people", "sizes"),
    [
        (20, 200, 501, [20, 200, 200, 81]),
        (20, None, 501, [20, 481]),
        (20, 200, 1, [1]),
        (20, 200, 0, []),
        (1, 1, 3, [1, 1, 1]),
        (5, 3, 5, [5]),
    ],
)
def test_the_sizes_of_waves(first: int, then: int | None, people: int, sizes: list[int]) -> None:
    assert [*Waves.of(waves(first, then)).sizes(people)] == sizes


@pytest.mark.parametrize(
    ("people", "text"),
    [
        (5, "one wave"),
        (25, "2 waves of 20 and 5"),
        (501, "4 waves of 20, 200, 200 and 81"),
        (2001, "11 waves of 20, 200, 200 and so on"),
    ],
)
def test_waves_in_words(people: int, text: str) -> None:
    assert Waves.of(waves(20, 200)).text(people) == text


def test_the_ledger_is_read_as_far_back_as_waves_may_take() -> None:
    many = spec(to=PEOPLE, misfire_grace="1h", waves={**waves(1, 1), "settle": "20h"})
    assert lookback(many) > timedelta(hours=21) * len(PEOPLE)


class Asked(dict[str, dict[int, LedgerEntry]]):
    """Calls by person, which count how often somebody is looked up."""

    times = 0

    def get(self, to: str, default: object = None) -> Any:
        self.times += 1
        return super().get(to, default)


@pytest.mark.parametrize("status", [CallStatus.ANSWERED, CallStatus.MISSED])
def test_each_of_very_many_waves_is_looked_at_a_few_times(status: CallStatus) -> None:
    """Also where one person is left behind them, and where nobody was called."""
    people = [f"+1212{5550000 + number}" for number in range(400)]
    called = Asked({to: {1: LedgerEntry(status, NOON)} for to in people[:-1]})
    now, grace = NOON + timedelta(hours=1), timedelta(hours=2)
    found = Unfolding(
        Waves.of(waves(1, 1)), grace, NOON, people, called, Resumption(), Moment(now, now, NOON)
    ).run()
    assert [key.to for key, _ in found.ready] == people[-1:]
    assert called.times <= 20 * len(people)

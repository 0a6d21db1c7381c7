"""Limits of contacts as a state machine: whatever happens in whatever order, the calls that the emulator has
are within every limit, and nobody is spared whom no limit spares.

Two schedules call two people in several spellings, one call inside of another as two dispatchers would;
requests fail before and after their effect, the process dies between any two writes, outcomes are learnt, and
time goes on. Documents are written one by one, as in object stores. The reference only keeps lists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.kinds.call.one_by_one import Killed, OneByOne
from tests.kinds.call.specs import US, spec
from tests.support import ACCOUNT, TOKEN
from voiceform.dispatch.reconcile import reconcile
from voiceform.emulator import Emulator
from voiceform.kinds.call.dialling.dialler import Placer
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.store import Ledger
from voiceform.kinds.call.limits.book import ContactBook
from voiceform.kinds.call.spec import CallSpec
from voiceform.model.clock import ManualClock
from voiceform.model.numbers import person
from voiceform.state.meta import bump_serial
from voiceform.state.sqlite import SqliteStore
from voiceform.twilio.client import open_client
from voiceform.twilio.credentials import Credentials

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANNA, BUSY = "+12125550101", "+15005550010"
SPELLINGS = (ANNA, f"sip:{ANNA}@pbx.example.com", BUSY)
SPAN, TALK = timedelta(hours=6), timedelta(hours=3)
LIMITS = [
    {"name": "often", "max": 2, "per": "6h"},
    {"name": "one", "max": 1, "per": "6h", "purpose": "collection"},
    {"name": "talk", "max": 0, "per": "3h", "after": "answered", "purpose": "care"},
]
CALLERS = {"care": US, "collection": "+15017122662"}
FAULTS: dict[str, dict[str, Any] | None] = {
    "well": None,
    "refused": {"kind": "status", "status": 403, "code": 20003},
    "dropped": {"kind": "drop-before"},
    "lost": {"kind": "drop-after"},
    "error": {"kind": "status", "status": 500},
}
CREDENTIALS = Credentials(ACCOUNT, ACCOUNT, TOKEN)


@dataclass
class Tried:
    """One attempt that may have become a call."""

    who: str
    purpose: str
    at: datetime
    reserved: bool = True


takes = st.builds(
    lambda to, purpose, fault, dies: (to, purpose, fault, dies),
    st.sampled_from(SPELLINGS),
    st.sampled_from(sorted(CALLERS)),
    st.sampled_from(sorted(FAULTS)),
    st.sampled_from([None, None, None, 0, 1, 2, 3]),
)
Take = tuple[str, str, str, int | None]


class Counters(RuleBasedStateMachine):
    """Places calls, and compares with what the emulator has."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.store = SqliteStore(Path(self.folder.name) / "state.db")
        self.emulator = Emulator(port=0, calls_per_second=100_000.0).__enter__()
        self.clock = ManualClock(NOON)
        self.emulator.clock(now=NOON.isoformat())
        bump_serial(self.store)
        for purpose in CALLERS:
            Ledger(self.store, f"call.{purpose}").set_head(account=ACCOUNT, since=NOON)
        self.doubtful: list[Tried] = []

    def teardown(self) -> None:
        self.store.close()
        self.emulator.__exit__(None, None, None)
        self.folder.cleanup()

    @rule(take=takes, inner=st.one_of(st.none(), takes), when=st.integers(0, 2))
    def place(self, take: Take, inner: Take | None, when: int) -> None:
        """One dispatcher places a call, and in the midst of that perhaps another one does."""
        to, purpose, fault, dies = take
        asked = 0

        def meanwhile() -> None:
            nonlocal asked
            asked += 1
            if inner is not None and asked == when + 1:
                self._one(to, *inner[1:], lambda: None, lambda: None)

        def between() -> None:
            if inner is not None and when == 2:
                self._one(to, *inner[1:], lambda: None, lambda: None)

        allowed = inner is None and dies is None and fault == "well" and self._surely_allowed(to, purpose)
        before = len(self._calls())
        entry = self._one(to, purpose, fault, dies, meanwhile, between)
        if allowed:
            assert entry is not None
            assert entry.status is CallStatus.PLACED, f"spared, and no limit is reached: {entry.reason}"
            assert len(self._calls()) == before + 1

    @rule(minutes=st.sampled_from([1, 5, 60, 170, 181, 355]))
    def pass_time(self, minutes: int) -> None:
        self.clock.sleep(60 * minutes)
        self.emulator.clock(now=self.clock.now().isoformat())

    @rule()
    def learn(self) -> None:
        """As dispatchers do from time to time."""
        self.emulator.faults([])
        with open_client(CREDENTIALS, self.emulator.url, read_only=False, clock=self.clock) as client:
            reconcile(self.store, client, self.clock.now())

    @invariant()
    def within_every_limit(self) -> None:
        calls = self._calls()
        for who in (ANNA, BUSY):
            mine = [(at, purpose) for to, purpose, at in calls if person(to) == who]
            for at, _ in mine:
                window = [purpose for other, purpose in mine if at - SPAN < other <= at]
                assert len(window) <= 2, "often"
                assert window.count("collection") <= 1, "one"
            care = [at for at, purpose in mine if purpose == "care"]
            if who != BUSY:
                assert all(later - earlier >= TALK for earlier, later in pairwise(care)), "talk"

    def _one(
        self,
        to: str,
        purpose: str,
        fault: str,
        dies: int | None,
        meanwhile: Callable[[], None],
        between: Callable[[], None],
    ) -> LedgerEntry | None:
        found = FAULTS[fault]
        self.emulator.faults([] if found is None else [{**found, "operation": "createCall", "times": 1}])
        store = OneByOne(self.store, dies, between)
        key = Key(self._moment(), to)
        entry = None
        with open_client(CREDENTIALS, self.emulator.url, read_only=False, clock=self.clock) as client:
            placer = Placer(
                self._spec(to, purpose),
                Ledger(store, f"call.{purpose}"),
                ContactBook(store),
                client,
                self.clock,
                None,
                meanwhile,
            )
            with suppress(Killed):
                entry = placer.place(key, self.clock.now())
        self.emulator.clock(now=self.clock.now().isoformat())
        if dies is not None or entry is None or entry.status is CallStatus.UNKNOWN:
            reserved = dies is None or dies > 1
            self.doubtful.append(Tried(person(to) or to, purpose, self.clock.now(), reserved))
        return entry

    def _moment(self) -> datetime:
        """Each attempt is of an occurrence of its own."""
        self.clock.sleep(0.001)
        return self.clock.now()

    def _spec(self, to: str, purpose: str) -> CallSpec:
        limits = [limit for limit in LIMITS if limit.get("purpose", purpose) == purpose]
        return spec(to=[to], purpose=purpose, contact_limits=limits, **{"from": CALLERS[purpose]})

    def _calls(self) -> list[tuple[str, str, datetime]]:
        """What the emulator has, oldest first."""
        with open_client(CREDENTIALS, self.emulator.url, read_only=True, clock=self.clock) as client:
            purposes = {caller: purpose for purpose, caller in CALLERS.items()}
            found = [
                (call.to, purposes[call.from_], call.date_created)
                for call in client.list_calls()
                if call.date_created is not None
            ]
        return sorted(found, key=lambda call: call[2])

    def _surely_allowed(self, to: str, purpose: str) -> bool:
        """Whether no limit could be reached, whatever became of what nobody knows."""
        who, now = person(to), self.clock.now()
        known = [Tried(person(other) or other, made, at) for other, made, at in self._calls()]
        mine = [
            one
            for one in (*known, *self.doubtful)
            if one.who == who and one.at > now - SPAN - timedelta(minutes=1)
        ]
        collected = sum(one.purpose == "collection" for one in mine)
        if len(mine) >= 2 or (purpose == "collection" and collected >= 1):
            return False
        recent = [one for one in mine if one.purpose == "care" and one.at > now - TALK - timedelta(minutes=5)]
        return purpose != "care" or not recent


@pytest.fixture
def counters() -> Iterator[Counters]:
    """One more call is allowed."""
    machine = Counters()
    try:
        machine.place((BUSY, "care", "well", None), None, 0)
        machine.pass_time(1)
        machine.learn()  # nobody answered
        yield machine
    finally:
        machine.teardown()


def test_a_call_that_is_counted_and_not_yet_reserved_counts(counters: Counters) -> None:
    """Another dispatcher, with another ledger, comes between the two writes."""
    counters.place((BUSY, "collection", "well", None), (BUSY, "care", "well", None), 2)
    counters.within_every_limit()
    assert len(counters._calls()) == 2


def test_a_count_without_a_reservation_is_forgotten_when_nobody_can_still_make_one(
    counters: Counters,
) -> None:
    counters.place((BUSY, "collection", "well", 1), None, 0)
    refused = counters._one(BUSY, "care", "well", None, lambda: None, lambda: None)
    assert refused is None, "it waits to know"
    counters.doubtful.pop()
    counters.pass_time(5)
    counters.place((BUSY, "care", "well", None), None, 0)
    assert len(counters._calls()) == 2


def test_who_sleeps_between_count_and_reservation_counts_again(counters: Counters) -> None:
    """By then nobody believes in the first count any more."""

    def sleeps() -> None:
        counters.pass_time(10)
        counters._one(BUSY, "care", "well", None, lambda: None, lambda: None)

    late = counters._one(BUSY, "collection", "well", None, lambda: None, sleeps)
    assert late is not None
    assert late.status is CallStatus.DEFERRED
    counters.within_every_limit()
    assert len(counters._calls()) == 2


TestCounters = Counters.TestCase
TestCounters.settings = settings(
    max_examples=30,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

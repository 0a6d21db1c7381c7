"""Many dispatchers at once, and limits of contacts over schedules that call the same people.

Twenty processes share one state, and none respects the lock of dispatchers. Connections are dropped, answers
are lost, 429 and 500 come back, and many of the processes are killed. In the end the calls that the emulator
really has are counted: nobody was called more often than any limit allows, nobody twice for one key, and
nobody was spared whom no limit spares.
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.conftest import postgres_state
from tests.engine.test_dispatch_crash import Runner
from tests.support import ACCOUNT, TOKEN
from voiceform.cli import main
from voiceform.emulator import Emulator
from voiceform.model.clock import ManualClock
from voiceform.twilio.client import open_client
from voiceform.twilio.credentials import Credentials
from voiceform.twilio.resources import Call

DISPATCHERS, PEOPLE, SEED = 20, 100, 20261201
NOON = datetime(2026, 12, 1, 17, 0, tzinfo=UTC)
PURPOSES = {"a": "collection", "b": "collection", "c": "collection", "d": "care", "e": "care"}
CALLERS = {f"+1501712266{number}": name for number, name in enumerate(PURPOSES)}
BUSY = "+15005550010"
NUMBERS = [BUSY, *(f"+1212555{number:04d}" for number in range(PEOPLE - 1))]
LIMITS = """\
contact_limits:
  - {name: a-day, max: 3, per: day}
  - {name: two-in-seven, max: 2, per: 7d, purpose: collection}
  - {name: after-talk, max: 0, per: 24h, after: answered, purpose: care}
"""
FAULTS = (
    {"kind": "drop-after"},
    {"kind": "drop-before"},
    {"kind": "status", "status": 500, "after": True},
    {"kind": "status", "status": 429},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 403, "code": 20003},
)


def configuration() -> str:
    schedules = "".join(
        f"  {name}:\n"
        "    to: {csv: people.csv}\n"
        f'    from: "{caller}"\n'
        "    schedule: {at: 2026-12-01T12:00:00, timezone: America/New_York}\n"
        f"    purpose: {PURPOSES[name]}\n"
        "    misfire_grace: 1h\n"
        "    answer: {say: Hello}\n"
        "    pace: 1000\n"
        for caller, name in CALLERS.items()
    )
    return f"version: 1\n{LIMITS}calls:\n{schedules}"


@pytest.fixture(params=["sqlite", "postgres"])
def state(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgres":
        return postgres_state(request.getfixturevalue("postgres_server"))
    return f"sqlite:///{tmp_path}/state.db"


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(port=0, calls_per_second=100_000.0) as emulator:
        yield emulator


def test_no_limit_is_passed_by_twenty_dispatchers(
    tmp_path: Path, emulator: Emulator, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    random = Random(SEED)
    environ = {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "VOICEFORM_BASE_URL": emulator.url,
        "VOICEFORM_STATE": state,
    }
    (tmp_path / "voiceform.yaml").write_text(configuration(), encoding="utf-8")
    (tmp_path / "people.csv").write_text("\n".join(["phone", *NUMBERS]) + "\n", encoding="utf-8")

    def command(now: datetime, *argv: str) -> int:
        emulator.clock(now=now.isoformat())
        return main(["-C", str(tmp_path), *argv], environ=environ, clock=ManualClock(now))

    approved = f"call={PEOPLE * len(PURPOSES)}"
    assert command(NOON - timedelta(hours=1), "apply", "--auto-approve", "--approve", approved) == 0
    runner = Runner(tmp_path, environ)
    killed = 0
    try:
        for minutes, dispatchers in ((0, DISPATCHERS), (6, 6)):
            now = NOON + timedelta(minutes=minutes, seconds=5)
            emulator.clock(now=now.isoformat())
            emulator.faults(faults(random))
            runs: list[dict[str, Any]] = [
                {
                    "now": now.isoformat(),
                    "kill_after": random.uniform(0.1, 1.0) if number % 2 else None,
                    "log": str(tmp_path / f"{minutes}-{number}.log"),
                }
                for number in range(dispatchers)
            ]
            codes = runner.run(runs)
            killed += codes.count(-9)
            for run, code in zip(runs, codes, strict=True):
                assert code in (-9, 0, 5, 8), f"{code}\n{Path(run['log']).read_text(encoding='utf-8')}"
    finally:
        runner.close()
    emulator.faults([])
    for minutes in (12, 18, 24):
        command(NOON + timedelta(minutes=minutes), "dispatch", "--once")
    capsys.readouterr()
    command(NOON + timedelta(minutes=24), "calls", "list", "--format", "json", "--show-numbers")
    ledger = json.loads(capsys.readouterr().out)["calls"]
    calls = all_calls(emulator)
    check(calls, ledger)
    statuses = Counter(row["status"] for row in ledger)
    with capsys.disabled():
        sys.stdout.write(f"\n{len(calls)} calls, {killed} dispatchers killed; ledger: {dict(statuses)}\n")
    assert killed >= DISPATCHERS // 3, "the kills must hit processes that are alive"
    assert statuses["unknown"] > 0
    assert statuses["suppressed"] > PEOPLE


def faults(random: Random) -> list[dict[str, Any]]:
    """Something goes wrong with many requests, in between others go well."""
    kinds = [random.choice(FAULTS) for _ in range(120)]
    well = {"kind": "latency", "delay_ms": 0}
    rules = islice(cycle(kinds), 120)
    return [
        rule
        for fault in rules
        for rule in (
            {**fault, "operation": "createCall", "times": 1},
            {**well, "operation": "createCall", "times": random.randrange(1, 8)},
        )
    ]


def all_calls(emulator: Emulator) -> list[Call]:
    who = Credentials.from_environment({"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN})
    with open_client(who, emulator.url, read_only=True, clock=ManualClock(NOON)) as client:
        return list(client.list_calls())


def check(calls: list[Call], ledger: list[dict[str, Any]]) -> None:
    """What the emulator has against every limit, and the ledger against both."""
    keys = Counter((call.to, CALLERS[call.from_]) for call in calls)
    assert max(keys.values()) == 1, "somebody was called twice for one key"
    placed: dict[str, set[str]] = defaultdict(set)
    for to, name in keys:
        placed[to].add(name)
    maybe: dict[str, set[str]] = defaultdict(set)
    for row in ledger:
        if row["status"] in ("unknown", "reserved"):
            maybe[row["to"]].add(row["address"].removeprefix("call."))
    assert len({(row["to"], row["address"]) for row in ledger}) == PEOPLE * len(PURPOSES)
    for to in NUMBERS:
        names = placed[to]
        assert len(names) <= 3, f"a-day: {to} by {names}"
        assert sum(PURPOSES[name] == "collection" for name in names) <= 2, f"two-in-seven: {to} by {names}"
        if to != BUSY:
            assert sum(PURPOSES[name] == "care" for name in names) <= 1, f"after-talk: {to} by {names}"
        possible = names | maybe[to]
        collected = sum(PURPOSES[name] == "collection" for name in possible)
        assert collected == 2, f"{to} was spared by no limit: {possible}"
        assert len(possible) == 3, f"{to} was spared by no limit: {possible}"

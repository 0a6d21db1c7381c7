"""Whatever happens, nobody is called twice, and who was not called is accounted for.

Real processes (apply, dispatch, both at once, two dispatchers) against the emulator: connections dropped
before and after the effect, 500 after the commit, cut and garbled answers, 429, and kill -9 at random
moments. In the end the calls that the emulator really received are compared with the ledger.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from tests.conftest import postgres_state, s3_state
from tests.helpers import Helper
from tests.support import ACCOUNT, TOKEN, Account
from voiceform.cli import main
from voiceform.emulator import Emulator
from voiceform.model.clock import ManualClock

ROUNDS = {"sqlite": 60, "postgres": 25, "s3": 12}
"""What a moment at random may find; every request and every write are tried one by one in tests/matrix."""
SEED = 20261129
STEP = timedelta(minutes=10)
START = datetime(2026, 11, 30, 0, 0, 5, tzinfo=UTC)
NUMBERS = ("+12125550101", "+12125550102", "+12125550103")
CONFIGURATION = """\
version: 1
calls:
  often:
    to: ["+12125550101", "+12125550102", "+12125550103"]
    from: "+15017122661"
    schedule: {cron: "*/10 * * * *", timezone: UTC}
    misfire_grace: 2m
    answer: {say: Hello}
    pace: 1000
"""
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "drop-after"},
    {"kind": "drop-before"},
    {"kind": "status", "status": 500, "after": True},
    {"kind": "status", "status": 503},
    {"kind": "status", "status": 429},
    {"kind": "truncate"},
    {"kind": "garbage"},
)
DELAYS = (0, 10, 40)
COMMANDS = (
    ["dispatch", "--once"],
    ["dispatch", "--once"],
    ["apply", "--auto-approve"],
)


class Runner(Helper):
    """The helper process."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        super().__init__("tests.engine.crash_runner", folder)
        self._environ = environ

    def run(self, runs: list[dict[str, Any]]) -> list[int]:
        codes: list[int] = self.ask({"environ": self._environ, "runs": runs})
        return codes


@pytest.fixture
def own_emulator() -> Iterator[Emulator]:
    """An emulator that dials as fast as it is asked."""
    with Emulator(port=0, calls_per_second=10_000.0) as emulator:
        yield emulator


@pytest.fixture(params=list(ROUNDS))
def store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, str]:
    """The name of a store, and the URL of a fresh state in it."""
    if request.param == "postgres":
        return "postgres", postgres_state(request.getfixturevalue("postgres_server"))
    if request.param == "s3":
        return "s3", s3_state(request.getfixturevalue("s3_server"), monkeypatch)
    return "sqlite", f"sqlite:///{tmp_path}/state.db"


def test_no_key_is_requested_twice(
    tmp_path: Path, own_emulator: Emulator, store: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    emulator, random, rounds = own_emulator, Random(SEED), ROUNDS[store[0]]
    environ = {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "VOICEFORM_BASE_URL": emulator.url,
        "VOICEFORM_STATE": store[1],
    }
    (tmp_path / "voiceform.yaml").write_text(CONFIGURATION, encoding="utf-8")

    def command(now: datetime, *argv: str) -> int:
        return main(["-C", str(tmp_path), *argv], environ=environ, clock=ManualClock(now))

    assert command(START - timedelta(minutes=5), "apply", "--auto-approve") == 0
    runner = Runner(tmp_path, environ)
    killed = 0
    try:
        for number in range(rounds):
            now = START + number * STEP
            emulator.clock(now=now.isoformat())
            emulator.faults(_faults(random))
            runs = [_run(random, tmp_path, now, index) for index in range(random.choice((1, 1, 2)))]
            codes = runner.run(runs)
            killed += codes.count(-9)
            for run, code in zip(runs, codes, strict=True):
                assert code in (-9, 0, 5, 6, 7, 8), f"round {number}: {code}\n{Path(run['log']).read_text()}"
            if -9 in codes:
                _let_requests_end(emulator)
    finally:
        runner.close()
    emulator.faults([])
    end = START + rounds * STEP
    for later in (0, 5, 7):
        emulator.clock(now=(end + timedelta(minutes=later)).isoformat())
        command(end + timedelta(minutes=later), "dispatch", "--once")
    capsys.readouterr()
    command(end + timedelta(minutes=7), "calls", "list", "--format", "json", "--show-numbers")
    ledger = json.loads(capsys.readouterr().out)["calls"]

    assert killed > rounds // 10, "the kills must hit processes that are alive"
    _check(emulator, ledger, rounds)


def _let_requests_end(emulator: Emulator) -> None:
    """Requests of killed processes may still wait in the server, which would carry them out at the next
    round's time: make it wait for longer than any of them."""
    emulator.faults([{"kind": "latency", "operation": "listQueues", "delay_ms": 2 * max(DELAYS)}])
    Account(emulator).queues()


def _check(emulator: Emulator, ledger: list[dict[str, Any]], rounds: int) -> None:
    # What a 429 or a failed connection refused was not processed and may be sent again.
    requests = Counter(
        _slot(entry["params"]["To"], entry["at"])
        for entry in emulator.requests("createCall")
        if entry["status"] != 429
    )
    assert max(requests.values()) == 1, "a key was requested twice"
    received = _received(emulator)
    rows = {(row["to"], row["occurrence"]): row for row in ledger if row["status"] not in ("planned", "due")}
    statuses: Counter[str] = Counter()
    for slot in ((to, _text(START + number * STEP)) for number in range(rounds) for to in NUMBERS):
        row, sids = rows.get(slot), received.get(slot, [])
        assert len(sids) <= 1, f"{slot} was called twice"
        assert row is not None, f"{slot} is not accounted for"
        statuses[row["status"]] += 1
        if not sids:
            assert row["status"] in ("unknown", "missed", "suppressed"), row
        elif row["status"] != "unknown":
            assert row["sid"] == sids[0], row
    assert statuses["answered"] > rounds, statuses
    assert statuses["unknown"] + statuses["missed"] > 0, statuses


def _received(emulator: Emulator) -> dict[tuple[str, str], list[str]]:
    """SIDs of all calls in the account, by number and occurrence: rounds are further apart than the grace."""
    from voiceform.twilio.client import open_client
    from voiceform.twilio.credentials import Credentials

    found: dict[tuple[str, str], list[str]] = {}
    who = Credentials.from_environment({"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN})
    with open_client(who, emulator.url, read_only=True, clock=ManualClock(START)) as client:
        for call in client.list_calls():
            assert call.date_created is not None
            found.setdefault(_slot(call.to, call.date_created.isoformat()), []).append(call.sid)
    return found


def _slot(to: str, at: str) -> tuple[str, str]:
    instant = datetime.fromisoformat(at)
    return to, _text(instant)


def _text(instant: datetime) -> str:
    """The occurrence to which an instant belongs."""
    return f"{instant - (instant - datetime.min.replace(tzinfo=UTC)) % STEP:%Y-%m-%dT%H:%M:%SZ}"


def _run(random: Random, folder: Path, now: datetime, index: int) -> dict[str, Any]:
    kill_after = random.choice((None, random.uniform(0.0, 0.25)))
    return {
        "argv": ["-C", str(folder), *random.choice(COMMANDS)],
        "now": now.isoformat(),
        "kill_after": kill_after,
        "log": str(folder / f"run-{index}.log"),
    }


def _faults(random: Random) -> list[dict[str, Any]]:
    """Some of the next calls meet a fault, others take a while, so that kills strike in their midst."""
    rules: list[dict[str, Any]] = []
    for _ in range(random.randrange(4)):
        rule = random.choice((*FAULTS, {"kind": "latency"}, {"kind": "latency"}))
        rules.append({**rule, "operation": "createCall", "times": 1, "delay_ms": random.choice(DELAYS)})
    return rules

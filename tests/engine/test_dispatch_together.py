"""Several dispatchers, and apply, on one state at the same moment."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.engine.test_dispatch_crash import Runner
from tests.support import ACCOUNT, TOKEN
from voiceform.cli import main
from voiceform.dispatch.passes import DispatchContext
from voiceform.dispatch.service import DispatchReport, dispatch_once
from voiceform.emulator import Emulator
from voiceform.kinds.call.ledger.entries import CallStatus
from voiceform.kinds.userfiles import Places
from voiceform.model.clock import ManualClock
from voiceform.model.exit_codes import ExitCode
from voiceform.state.open import open_store
from voiceform.twilio.client import open_client
from voiceform.twilio.credentials import Credentials

COUNT = 1000
APPLY = ["apply", "--auto-approve", "--approve", f"call={COUNT}"]
NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
CONFIGURATION = """\
version: 1
calls:
  everybody:
    to: {csv: people.csv}
    from: "+15017122661"
    schedule: {at: 2026-12-01T12:00:00, timezone: UTC}
    answer: {say: Hello}
    pace: 1000
"""
NUMBERS = [f"+1212555{number:04d}" for number in range(COUNT)]


class Crowd:
    """A thousand people who are to be called at noon."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder = folder
        self.emulator = emulator
        self.environ = {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "VOICEFORM_BASE_URL": emulator.url,
        }
        (folder / "voiceform.yaml").write_text(CONFIGURATION, encoding="utf-8")
        (folder / "people.csv").write_text("\n".join(["phone", *NUMBERS]) + "\n", encoding="utf-8")
        emulator.clock(now=NOON.isoformat())
        assert (
            self.run(NOON - timedelta(hours=1), "apply", "--auto-approve", "--approve", f"call={COUNT}") == 0
        )

    def run(self, moment: datetime, *argv: str) -> int:
        return main(["-C", str(self.folder), *argv], environ=self.environ, clock=ManualClock(moment))

    def dispatch(self, moment: datetime, may_send: Callable[[], None]) -> DispatchReport:
        """As a dispatcher would whose lease nobody respects: a clock that is wrong, a machine that slept.
        `may_send` is asked when it has looked through the ledger, before anything is reserved."""
        clock = ManualClock(moment)
        who = Credentials.from_environment(self.environ)
        with (
            open_store("sqlite:///.voiceform/state.db", base_dir=self.folder) as store,
            open_client(who, self.emulator.url, read_only=False, clock=clock) as client,
        ):
            return dispatch_once(DispatchContext(client, store, clock, Places(self.folder), may_send))

    def check(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Everybody was called once, and the ledger knows it."""
        called = Counter(entry["params"]["To"] for entry in self.emulator.requests("createCall"))
        assert called == Counter(NUMBERS)
        capsys.readouterr()
        self.run(NOON + timedelta(minutes=1), "calls", "list", "--format", "json", "--show-numbers")
        rows = json.loads(capsys.readouterr().out)["calls"]
        assert sorted(row["to"] for row in rows if row["sid"]) == NUMBERS
        assert len({row["sid"] for row in rows}) == COUNT


@pytest.fixture
def crowd(tmp_path: Path) -> Iterator[Crowd]:
    with Emulator(port=0, calls_per_second=100_000.0) as emulator:
        yield Crowd(tmp_path, emulator)


class Meeting:
    """Lets no thread of a dispatcher go on before the other dispatcher has come as far."""

    def __init__(self, barrier: threading.Barrier) -> None:
        self.barrier = barrier
        self.lock = threading.Lock()
        self.met = False

    def __call__(self) -> None:
        with self.lock:
            if not self.met:
                self.barrier.wait(60)
            self.met = True


def test_two_dispatchers_place_a_thousand_calls_once(
    crowd: Crowd, capsys: pytest.CaptureFixture[str]
) -> None:
    """Both find everybody due before either begins: one that came later would find calls in doubt."""
    both = threading.Barrier(2)
    with ThreadPoolExecutor(2) as pool:
        reports = pool.map(lambda _: crowd.dispatch(NOON + timedelta(seconds=5), Meeting(both)), range(2))
    assert [report.exit_code for report in reports] == [ExitCode.DONE, ExitCode.DONE]
    crowd.check(capsys)


def test_apply_and_two_dispatchers_as_processes(crowd: Crowd, capsys: pytest.CaptureFixture[str]) -> None:
    runner = Runner(crowd.folder, crowd.environ)
    commands = (
        APPLY,
        ["dispatch", "--once"],
        ["dispatch", "--once"],
    )
    try:
        codes = runner.run(
            [
                {
                    "argv": ["-C", str(crowd.folder), *argv],
                    "now": (NOON + timedelta(seconds=5)).isoformat(),
                    "kill_after": None,
                    "log": str(crowd.folder / f"{index}.log"),
                }
                for index, argv in enumerate(commands)
            ]
        )
    finally:
        runner.close()
    assert codes[0] == 0
    assert sorted(codes[1:]) in ([0, 0], [0, 7]), "the second is locked out, or came when all was done"
    crowd.check(capsys)


def test_one_key_has_one_winner(crowd: Crowd) -> None:
    """Sixteen threads with connections of their own reserve the same keys."""
    from voiceform.kinds.call.ledger.entries import Key, LedgerEntry
    from voiceform.kinds.call.ledger.store import Ledger, if_undecided

    keys = [Key(NOON, number) for number in NUMBERS[:50]]
    won: list[Key] = []
    start = threading.Barrier(16)

    def reserve(name: str) -> None:
        with open_store("sqlite:///.voiceform/state.db", base_dir=crowd.folder) as store:
            ledger = Ledger(store, "call.contested")
            start.wait()
            for key in keys:
                entry, _ = ledger.change(
                    key, if_undecided(LedgerEntry(CallStatus.RESERVED, NOON, claim=name))
                )
                assert entry is not None
                if entry.claim == name:
                    won.append(key)

    threads = [threading.Thread(target=reserve, args=(f"thread-{number}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == sorted(keys)

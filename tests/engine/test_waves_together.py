"""Waves under twenty dispatchers that respect no lock, and under a service that watches."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support import ACCOUNT, TOKEN
from voiceform.cli import main
from voiceform.dispatch.passes import DispatchContext
from voiceform.dispatch.service import DispatchReport, dispatch_once, watch
from voiceform.emulator import Emulator
from voiceform.kinds.call.ledger.pauses import read_halts, resume
from voiceform.kinds.userfiles import Places
from voiceform.model.clock import ManualClock
from voiceform.model.exit_codes import ExitCode
from voiceform.state.open import open_store
from voiceform.twilio.client import open_client
from voiceform.twilio.credentials import Credentials

NOON = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
PEOPLE = [f"+1212555{number:04d}" for number in range(60)]
DISPATCHERS = 20
STATE = "sqlite:///.voiceform/state.db"


class Campaign:
    """Sixty people, five of them first, then twenty at a time."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder, self.emulator = folder, emulator
        self.environ = {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "VOICEFORM_BASE_URL": emulator.url,
        }
        (folder / "people.csv").write_text("\n".join(["phone", *PEOPLE]) + "\n", encoding="utf-8")
        (folder / "voiceform.yaml").write_text(
            "version: 1\n"
            "safety: {max_calls: 100}\n"
            "calls:\n"
            "  everybody:\n"
            "    to: {csv: people.csv}\n"
            '    from: "+15017122661"\n'
            "    schedule: {at: 2026-12-01T12:00:00, timezone: UTC}\n"
            "    answer: {twiml: \"<Response><Pause length='20'/></Response>\"}\n"
            "    pace: 1000\n"
            "    misfire_grace: 12h\n"
            "    waves: {first: 5, then: 20, settle: 5m, stop: {failed: 20%}}\n",
            encoding="utf-8",
        )
        emulator.clock(now=NOON.isoformat())
        moment = ManualClock(NOON - timedelta(hours=1))
        argv = ["-C", str(folder), "apply", "--auto-approve"]
        assert main(argv, environ=self.environ, clock=moment) == 0

    def dispatch(self, clock: ManualClock) -> DispatchReport:
        """As one whose lease nobody respects."""
        who = Credentials.from_environment(self.environ)
        with (
            open_store(STATE, base_dir=self.folder) as store,
            open_client(who, self.emulator.url, read_only=False, clock=clock) as client,
        ):
            return dispatch_once(DispatchContext(client, store, clock, Places(self.folder), lambda: None))

    def at(self, minute: float) -> list[DispatchReport]:
        """All dispatchers at once; what each did."""
        moment = NOON + timedelta(minutes=minute)
        self.emulator.clock(now=moment.isoformat())
        start = threading.Barrier(DISPATCHERS)
        reports: list[DispatchReport] = []

        def work() -> None:
            start.wait()
            reports.append(self.dispatch(ManualClock(moment)))

        threads = [threading.Thread(target=work) for _ in range(DISPATCHERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(reports) == DISPATCHERS
        return reports

    def called(self) -> list[str]:
        return [entry["params"]["To"] for entry in self.emulator.requests("createCall")]

    def fails(self, numbers: list[str]) -> None:
        self.emulator.seed({"numbers": [{"phone_number": to, "outcome": "failed"} for to in numbers]})


@pytest.fixture
def campaign(tmp_path: Path) -> Iterator[Campaign]:
    with Emulator(port=0, calls_per_second=100_000.0) as emulator:
        yield Campaign(tmp_path, emulator)


def test_twenty_dispatchers_begin_one_wave_at_a_time(campaign: Campaign) -> None:
    found = []
    for minute in range(6):
        campaign.at(minute)
        found.append(len(campaign.called()))
    assert found == [5, 25, 45, 60, 60, 60]
    assert Counter(campaign.called()) == Counter(PEOPLE)
    assert set(campaign.called()[:5]) == set(PEOPLE[:5])


def test_twenty_dispatchers_stop_once_and_go_on_once(campaign: Campaign) -> None:
    campaign.fails(PEOPLE[:2])
    campaign.at(0)
    for minute in (1, 2, 3):
        reports = campaign.at(minute)
        assert len(campaign.called()) == 5
        assert {report.exit_code for report in reports} == {ExitCode.INCOMPLETE}
    with open_store(STATE, base_dir=campaign.folder) as store:
        [halt] = read_halts(store, "call.everybody")
        assert (halt.occurrence, halt.resumed) == (NOON, None)
        resume(store, "call.everybody", who="me", now=NOON + timedelta(minutes=4))
    campaign.at(5)
    assert len(campaign.called()) == 25
    with open_store(STATE, base_dir=campaign.folder) as store:
        assert len(read_halts(store, "call.everybody")) == 1


class SharedClock(ManualClock):
    """Moves the emulated account too, and ends the service a quarter of an hour after its work is done."""

    def __init__(self, campaign: Campaign, stop: threading.Event, done: Callable[[], bool]) -> None:
        super().__init__(NOON - timedelta(minutes=1))
        self._campaign, self._stop, self._done = campaign, stop, done
        self._since: datetime | None = None

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        self._campaign.emulator.clock(now=self.now().isoformat())
        self._stop.wait(0.002)
        if self._since is None and self._done():
            self._since = self.now()
        if self._since is not None and self.now() - self._since > timedelta(minutes=15):
            self._stop.set()


def _watch(campaign: Campaign, done: Callable[[], bool]) -> DispatchReport:
    stop = threading.Event()
    clock = SharedClock(campaign, stop, done)
    who = Credentials.from_environment(campaign.environ)
    with (
        open_store(STATE, base_dir=campaign.folder) as store,
        open_client(who, campaign.emulator.url, read_only=False, clock=clock) as client,
    ):
        context = DispatchContext(client, store, clock, Places(campaign.folder), lambda: None, stop)
        return watch(context, poll=timedelta(minutes=20), on_look=lambda _: None)


def test_a_service_goes_from_wave_to_wave(campaign: Campaign) -> None:
    report = _watch(campaign, lambda: len(campaign.called()) >= len(PEOPLE))
    assert campaign.called() == PEOPLE
    assert (report.exit_code, report.stopped) == (ExitCode.DONE, {})
    assert report.ended["call.everybody", "answered"] == len(PEOPLE)


def test_a_service_stops_by_itself_and_says_so(campaign: Campaign) -> None:
    campaign.fails(PEOPLE[5:12])

    def stopped() -> bool:
        with open_store(STATE, base_dir=campaign.folder) as store:
            return bool(read_halts(store, "call.everybody"))

    report = _watch(campaign, stopped)
    assert set(PEOPLE[:10]) <= set(campaign.called()) <= set(PEOPLE[:25]), "perhaps in the middle of the wave"
    assert report.exit_code == ExitCode.INCOMPLETE
    [pause] = report.stopped.values()
    assert "calls in wave 2 of 2026-12-01T12:00:00Z failed: " in str(pause)

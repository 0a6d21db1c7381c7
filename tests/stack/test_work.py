"""Destroying and phoning from Python: evidence, holds, locks and at most once, as from the command line."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import voiceform
from tests.cli.pruning import days_ago, re_sid, recording
from tests.stack.conftest import Place
from tests.stack.test_safety import approve, refused
from tests.support import ACCOUNT
from voiceform.model.errors import EvidenceError, StateError, UsageError
from voiceform.testing import ManualClock

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
RETENTION = """safety: {max_recording_deletes: 100, max_delete_percent: 100}
retention:
  recordings: [{name: all, keep: 30d}]
"""
REMINDER = """calls:
  reminder:
    to: ["+12125550101", "+12125550102"]
    from: "+15017122661"
    schedule: {at: 2026-06-01T08:01:00, timezone: America/New_York}
    answer: {say: Hello}
"""
DUE = datetime(2026, 6, 1, 12, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Moment:
    """A place whose stacks and account are at one instant."""

    place: Place
    clock: ManualClock

    def stack(self, **options: Any) -> voiceform.Stack:
        return self.place.stack(**{"clock": self.clock, **options})

    def at(self, instant: datetime) -> None:
        self.place.emulator.clock(now=instant.isoformat())
        self.clock.set(instant)

    def dialled(self) -> list[str]:
        return sorted(entry["params"]["To"] for entry in self.place.emulator.requests("createCall"))


@pytest.fixture
def moment(place: Place) -> Moment:
    found = Moment(place, ManualClock(NOW))
    found.at(NOW)
    return found


@pytest.fixture
def recorded(moment: Moment) -> Moment:
    """Three recordings, two of which are due."""
    rows = [recording(number, days) for number, days in ((1, 90), (2, 60), (3, 5))]
    moment.place.emulator.seed({"account_sid": ACCOUNT, "recordings": rows})
    moment.place.write(RETENTION)
    return moment


@pytest.fixture
def scheduled(moment: Moment) -> Moment:
    """A schedule that calls two people a minute from now."""
    moment.place.write(REMINDER)
    stack = moment.stack()
    stack.apply(stack.plan())
    moment.place.emulator.clear_requests()
    return moment


def deleted(moment: Moment) -> list[str]:
    return sorted(
        entry["path"].rpartition("/")[2].removesuffix(".json")
        for entry in moment.place.emulator.requests("deleteRecording")
    )


def test_prune_deletes_what_is_due_and_takes_it_down(recorded: Moment) -> None:
    heard: list[tuple[str, str]] = []
    stack = recorded.stack(listener=voiceform.Listener(evidence=lambda *found: heard.append(found)))
    plan = stack.plan_prune()
    assert plan.summary == stack.plan().summary
    report = stack.prune(confirm=approve)
    assert report.exit_code is voiceform.ExitCode.DONE
    assert deleted(recorded) == [re_sid(1), re_sid(2)]
    found = stack.verify_evidence("evidence")
    assert (found.problems, found.removed, found.looked) == ([], 2, True)
    assert heard[0][1] == found.head


def test_evidence_says_how_the_run_was_approved(recorded: Moment) -> None:
    recorded.place.write(RETENTION.replace("max_recording_deletes: 100", "max_recording_deletes: 1"))
    recorded.stack().prune(confirm=approve, approve=["delete:recording=2"])
    (file,) = recorded.place.folder.glob("evidence/*.jsonl")
    begin = json.loads(file.read_text().splitlines()[0])
    assert "approve delete:recording=2" in json.dumps(begin)


def test_nothing_is_deleted_where_evidence_cannot_be_written(recorded: Moment) -> None:
    (recorded.place.folder / "evidence").write_text("a file")
    refused(recorded.place, EvidenceError, lambda: recorded.stack().prune(confirm=approve))


@pytest.mark.parametrize("where", ["off", "", "ftp://somewhere"])
def test_evidence_is_not_switched_off_by_an_argument(recorded: Moment, where: str) -> None:
    refused(recorded.place, UsageError, lambda: recorded.stack().prune(confirm=approve, evidence=where))


def test_a_hold_that_lands_after_the_plan_keeps(recorded: Moment) -> None:
    stack = recorded.stack()
    plan = stack.plan()
    hold = f"  holds: {{case: {{reason: dispute, match: {{created: {{end: '{days_ago(70)[:10]}'}}}}}}}}\n"
    recorded.place.write(RETENTION + hold)
    stack.apply(confirm=lambda _: True, targets=["retention.holds.case"])
    refused(recorded.place, voiceform.StalePlanError, lambda: stack.apply(plan))
    stack.prune(confirm=approve)
    assert deleted(recorded) == [re_sid(2)]


def test_each_call_is_placed_once_whoever_dispatches(scheduled: Moment) -> None:
    scheduled.at(DUE)
    told: list[Any] = []
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(scheduled.stack().dispatch_once, on_call=lambda *found: told.append(found))
            for _ in range(4)
        ]
        errors = [job.exception() for job in jobs]
    assert all(error is None or isinstance(error, voiceform.LockedError) for error in errors)
    assert scheduled.stack().dispatch_once().exit_code is voiceform.ExitCode.DONE
    assert scheduled.dialled() == ["+12125550101", "+12125550102"]
    assert len(told) == 2


def test_nobody_is_called_before_the_time(scheduled: Moment) -> None:
    scheduled.stack().dispatch_once()
    assert scheduled.dialled() == []


def test_a_service_places_what_becomes_due_and_stops(scheduled: Moment) -> None:
    stop, both = threading.Event(), threading.Event()
    looks: list[datetime] = []
    told: list[Any] = []

    def on_call(*found: Any) -> None:
        told.append(found)
        if len(told) == 2:
            both.set()

    def looked(_: Any) -> None:
        looks.append(scheduled.clock.now())
        # A clock that leaps must not outrun who dials; nor may this wait keep back the round that lets them.
        if scheduled.clock.now() >= DUE and both.wait(1):
            stop.set()

    report = scheduled.stack(stop=stop).watch(on_look=looked, on_call=on_call)
    assert report.exit_code is voiceform.ExitCode.DONE
    assert scheduled.dialled() == ["+12125550101", "+12125550102"]
    assert len(looks) > 1


def test_what_nobody_knows_is_said_by_a_person_and_never_by_silence(scheduled: Moment) -> None:
    scheduled.at(DUE)
    scheduled.place.emulator.faults([{"operation": "createCall", "kind": "drop-before", "times": 1}])
    assert scheduled.stack().dispatch_once().exit_code is voiceform.ExitCode.UNKNOWN
    (doubt,) = scheduled.stack().calls(statuses=["unknown"]).calls
    scheduled.at(DUE + timedelta(hours=1))
    stack: Any = scheduled.stack()
    with pytest.raises(TypeError, match="placed"):
        stack.resolve_call("call.reminder", DUE)
    stack.resolve_call("call.reminder", DUE, placed=None)
    assert [call.status for call in stack.calls().calls if call.key == doubt.key] == ["failed"]


def test_state_is_mended_under_the_lock(place: Place) -> None:
    place.queues(old=10)
    stack = place.stack()
    stack.apply(stack.plan())
    plan = stack.plan()
    stack.rename("queue.old", "queue.new")
    assert [str(address) for address in stack.recorded()] == ["queue.new"]
    assert stack.home()[0] == ACCOUNT
    with pytest.raises(voiceform.StalePlanError):
        stack.apply(plan)  # the state moved on
    stack.forget("queue.new")
    assert stack.recorded() == {}
    with pytest.raises(UsageError, match="not recorded"):
        stack.forget("queue.new")


def test_a_state_is_carried_elsewhere(place: Place) -> None:
    place.queues(support=10)
    stack = place.stack()
    stack.apply(stack.plan())
    other = place.stack(state="sqlite:///other.db")
    other.push(stack.pull())
    assert other.recorded() == stack.recorded()
    assert [run.run_id for run in other.runs()] == [run.run_id for run in stack.runs()]


def test_reading_makes_no_state_and_says_that_there_is_none(place: Place) -> None:
    heard: list[str] = []
    stack = place.stack(listener=voiceform.Listener(stateless=heard.append))
    assert (stack.recorded(), stack.runs(), stack.calls().calls, stack.lock()) == ({}, (), (), None)
    assert len(heard) == 4
    assert not (place.folder / ".voiceform").exists()
    with pytest.raises(StateError, match="no state"):
        stack.forget("queue.support")


def test_a_broken_lock_is_told_of(place: Place) -> None:
    place.queues(support=10)
    stack = place.stack(who="first")
    seen: list[Any] = []

    def ask(_: voiceform.Plan) -> bool:
        other = place.stack(who="second")
        held = other.lock()
        seen.append(None if held is None else held.holder)
        other.break_lock("it hangs")
        return True

    with pytest.raises(voiceform.VoiceformError, match="somebody broke it"):
        stack.apply(confirm=ask)
    assert seen == ["first"]
    assert place.live.writes() == []


def test_what_is_live_becomes_configuration_and_is_taken_over(place: Place) -> None:
    sid = place.live.post("Queues.json", FriendlyName="Support", MaxSize=70)["sid"]
    stack = place.stack()
    exported = stack.export("voiceform.yaml")
    assert exported.declared == 1
    (place.folder / "voiceform.yaml").write_text(exported.text)
    assert stack.import_object("queue.support", sid).sid == sid
    assert not stack.plan().pending


def test_many_stacks_are_at_work_in_one_process(place: Place) -> None:
    def work(number: int) -> voiceform.RunReport:
        folder = place.folder / str(number)
        folder.mkdir()
        (folder / "voiceform.yaml").write_text(f"version: 1\nqueues: {{q{number}: {{max_size: {number}}}}}\n")
        stack = place.stack(folder=folder)
        return stack.apply(stack.plan())

    with ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(work, range(1, 17)))
    assert {report.exit_code for report in reports} == {voiceform.ExitCode.DONE}
    live = {name: queue["max_size"] for name, queue in place.live.queues().items()}
    assert live == {f"q{number}": number for number in range(1, 17)}

"""Rollouts: groups one after the other, which stop by themselves and go on where they were."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fleet.fleets import FleetFolder, sid
from tests.fleet.processes import children, start, wait_for_requests
from tests.fleet.test_reading import problems
from voiceform.fleet.member import Member
from voiceform.fleet.rollout import Ended, Gate, Record, RolloutGroup
from voiceform.model.clock import ManualClock
from voiceform.model.diagnostics import Position
from voiceform.model.errors import PlanFileError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import StackResult
from voiceform.state.lease import acquire
from voiceform.state.open import open_store

BEGIN = datetime(2026, 12, 1, tzinfo=UTC)
NAMES = ("acme", "beta", "gamma", "delta")
ROLLOUT = """rollout:
  groups:
    - {select: {ring: ring0}, max_failed: 0, wait: 10m}
    - {max_failed: 50%, parallel: 2}
"""


def rolled(fleet: FleetFolder, rollout: str = ROLLOUT, bad: str = "") -> None:
    """Two stacks in each ring; of `bad` ones the plan does not fit any more."""
    fleet.of(*NAMES)
    head = f"state: sqlite:///states/{{stack}}.db\n{rollout}"
    fleet.fleet("  - {template: template, csv: accounts.csv}\n", head)
    fleet.ok("plan", "--out", "plans")
    for name in bad.split():
        fleet.post(NAMES.index(name) + 1, "Queues.json", FriendlyName="support", MaxSize=7)
    fleet.emulator.clear_requests()


def order(fleet: FleetFolder) -> list[str]:
    """The accounts in the order in which they were written to."""
    return [entry["path"].split("/")[3] for entry in fleet.emulator.requests("createQueue")]


def test_one_group_after_the_other_with_a_wait_between(fleet: FleetFolder) -> None:
    rolled(fleet)
    clock = ManualClock(BEGIN)
    done = fleet.ok("apply", "plans", clock=clock)
    assert sorted(order(fleet)[:2]) == [sid(2), sid(4)]
    assert sorted(order(fleet)[2:]) == [sid(1), sid(3)]
    assert clock.now() >= BEGIN + timedelta(minutes=10)
    assert "Done: ring=ring0. The next group begins in 10 min." in done.err


def test_it_stops_by_itself_and_goes_on_with_what_was_not_carried_out(fleet: FleetFolder) -> None:
    rolled(fleet, bad="beta")
    clock = ManualClock(BEGIN)
    stopped = fleet.run("apply", "plans", "--format", "json", clock=clock)
    summary = stopped.json["summary"]
    assert stopped.code in (5, 6)
    assert "Stopped: 1 of ring=ring0 failed" in stopped.err
    assert summary["done"] < summary["stacks"] == 4
    assert "voiceform fleet apply plans --resume --exclude NAME" in stopped.err
    assert sid(1) not in order(fleet)
    again = fleet.run("apply", "plans", "--resume", "--exclude", "beta", "--format", "json", clock=clock)
    codes = {each["stack"]: each["exit_code"] for each in again.json["stacks"]}
    assert codes == {"acme": 0, "gamma": 0, "delta": 0}
    assert set(order(fleet)) >= {sid(1), sid(3), sid(4)}
    assert order(fleet).count(sid(4)) == 1


def test_a_group_whose_plans_are_used_up_stays_stopped(fleet: FleetFolder) -> None:
    rolled(fleet, bad="beta")
    fleet.run("apply", "plans", clock=ManualClock(BEGIN))
    fleet.emulator.clear_requests()
    again = fleet.run("apply", "plans", "--resume", "--format", "json", clock=ManualClock(BEGIN))
    assert fleet.emulator.requests() == []
    assert again.code in (5, 6)
    results = {each["stack"]: each["result"] for each in again.json["stacks"]}
    assert results["beta"] == "failed before"
    assert "Stopped: 1 of ring=ring0 failed" in again.err
    assert "has nothing to do then: voiceform fleet plan --out plans" in again.err
    assert "Go on with" not in again.err


def test_planned_again_a_rollout_goes_on_where_it_stopped(fleet: FleetFolder) -> None:
    rolled(fleet)
    clock = ManualClock(BEGIN)
    fleet.emulator.faults([{"operation": "createQueue", "times": 1, "kind": "status", "status": 400}])
    assert fleet.run("apply", "plans", clock=clock).code == 5
    fleet.ok("plan", "--out", "plans")
    fleet.emulator.clear_requests()
    fleet.ok("apply", "plans", clock=clock)
    assert sorted(order(fleet)[:2]) == [sid(2), sid(4)]
    assert sorted(order(fleet)[2:]) == [sid(1), sid(3)]


def test_what_failed_within_the_limit_counts_when_it_goes_on(fleet: FleetFolder) -> None:
    rolled(fleet, "rollout: {groups: [{select: {ring: ring0}, max_failed: 1}, {}]}\n", bad="beta acme")
    stopped = fleet.run("apply", "plans")
    assert "Stopped: 1 of all stacks failed" in stopped.err
    again = fleet.run("apply", "plans", "--resume", "--exclude", "acme")
    assert "failed before" not in again.err
    assert again.code in (5, 6)
    assert fleet.queues(3) == {"support": 100}


@pytest.mark.parametrize("resumed", [True, False])
def test_what_can_be_tried_again_is_tried_first(fleet: FleetFolder, *, resumed: bool) -> None:
    rolled(fleet, ROLLOUT.replace("ring0}, max_failed: 0", "ring1}, max_failed: 0"))
    clock = ManualClock(BEGIN)
    with open_store("sqlite:///states/gamma.db", base_dir=fleet.folder) as store:
        day = timedelta(days=1)
        other = acquire(store, operation="apply", holder="other", clock=clock, ttl=day)
        stopped = fleet.run("apply", "plans", "--exclude", "acme", clock=clock)
        other.release()
    assert "gamma (exit 7)" in stopped.out
    place = f"{fleet.folder}/states/gamma.db".replace(" ", "")
    assert f"commandsmeanthisstackwith:voiceform--statesqlite:///{place}" in "".join(stopped.out.split())
    assert "Go on with: voiceform fleet apply plans --resume" in stopped.err
    fleet.ok("apply", "plans", *(["--resume"] if resumed else []), clock=clock)
    assert order(fleet)[:2] == ([sid(3), sid(1)] if resumed else [sid(1), sid(3)])


def test_a_group_has_no_more_processes_than_the_machine_has_processors(fleet: FleetFolder) -> None:
    names = [f"stack-{number}" for number in range(2 * (os.cpu_count() or 1) + 2)]
    fleet.of(*names)
    head = "state: sqlite:///states/{stack}.db\nrollout: {groups: [{parallel: 50}]}\n"
    fleet.fleet("  - {template: template, csv: accounts.csv}\n", head)
    fleet.ok("plan", "--out", "plans")
    fleet.emulator.faults(
        [{"operation": "createQueue", "times": len(names), "kind": "latency", "delay_ms": 300}]
    )
    program = start(fleet, "apply", "plans", "--format", "json")
    wait_for_requests(fleet, os.cpu_count() or 1, "createQueue")
    assert len(children(program.pid)) == (os.cpu_count() or 1)
    _, err = program.communicate(timeout=120)
    assert program.returncode == 0, err


class Stopping(ManualClock):
    """A clock at which Ctrl-C comes after so long in a wait."""

    after = 0.0

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if seconds < 600:  # another wait than that between groups
            return super().wait(event, seconds)
        self.set(self.now() + timedelta(seconds=self.after))
        event.set()
        return True


@pytest.mark.parametrize(("after", "later", "left"), [(60, 0, "9 min"), (60, 240, "5 min"), (60, 540, None)])
def test_a_wait_that_was_broken_off_is_waited_to_its_end(
    fleet: FleetFolder, after: int, later: int, left: str | None
) -> None:
    rolled(fleet)
    clock = Stopping(BEGIN)
    clock.after = after
    stopped = fleet.run("apply", "plans", clock=clock)
    assert stopped.code == 130
    assert "Go on with: voiceform fleet apply plans --resume" in stopped.err
    assert sorted(order(fleet)) == [sid(2), sid(4)]
    goes_on = ManualClock(clock.now() + timedelta(seconds=later))
    done = fleet.ok("apply", "plans", "--resume", clock=goes_on)
    assert sorted(order(fleet)[2:]) == [sid(1), sid(3)]
    assert goes_on.now() >= BEGIN + timedelta(minutes=10)
    if left is None:
        assert "begins in" not in done.err
    else:
        assert f"Done: ring=ring0. The next group begins in {left}." in done.err


def test_a_share_of_failures_may_pass(fleet: FleetFolder) -> None:
    rolled(fleet, ROLLOUT.replace("50%", "49%"), bad="acme")
    done = fleet.run("apply", "plans", clock=ManualClock(BEGIN))
    assert done.code != 0
    rolled_all = {number: fleet.queues(number) for number in (2, 4)}
    assert rolled_all == {2: {"support": 100}, 4: {"support": 100}}


def test_a_part_goes_through_the_groups_too(fleet: FleetFolder) -> None:
    rolled(fleet)
    clock = ManualClock(BEGIN)
    fleet.ok("apply", "plans", "--select", "ring=ring1", clock=clock)
    assert sorted(order(fleet)) == [sid(1), sid(3)]
    assert clock.now() < BEGIN + timedelta(minutes=10)  # nobody is waited for


def test_what_was_not_saved_cannot_be_gone_on_with(fleet: FleetFolder) -> None:
    rolled(fleet, ROLLOUT.replace("ring0", "ring1"))
    fleet.emulator.faults([{"operation": "createQueue", "times": 1, "kind": "status", "status": 400}])
    stopped = fleet.run("apply", "--auto-approve", clock=ManualClock(BEGIN))
    assert "Stopped: 1 of ring=ring1 failed" in stopped.err
    assert "Go on with" not in stopped.err


def test_resuming_what_is_done_does_nothing(fleet: FleetFolder) -> None:
    rolled(fleet)
    clock = ManualClock(BEGIN)
    fleet.ok("apply", "plans", clock=clock)
    fleet.emulator.clear_requests()
    done = fleet.ok("apply", "plans", "--resume", clock=clock)
    assert "acme: done before" in done.out
    assert fleet.emulator.requests() == []
    assert fleet.run("apply", "--resume").code == 64


def test_plans_that_are_made_anew_have_no_record(fleet: FleetFolder) -> None:
    rolled(fleet)
    fleet.ok("apply", "plans", clock=ManualClock(BEGIN))
    assert (fleet.folder / "plans/rollout.jsonl").is_file()
    fleet.ok("plan", "--out", "plans")
    assert not (fleet.folder / "plans/rollout.jsonl").exists()


def result(name: str, code: ExitCode) -> StackResult:
    return StackResult(name, sid(1), code, "")


def test_the_record_survives_a_death_in_the_midst_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "rollout.jsonl"
    record = Record(path, "sha256:a")
    record.add(result("acme", ExitCode.LOCKED), BEGIN)
    record.add(result("acme", ExitCode.DONE), BEGIN)
    record.add(result("beta", ExitCode.INCOMPLETE), BEGIN)
    for length in range(len(path.read_bytes()) - 20, len(path.read_bytes())):
        torn = tmp_path / "torn.jsonl"
        torn.write_bytes(path.read_bytes()[:length])
        assert Record(torn, "sha256:a").read()["acme"].code is ExitCode.DONE
    known = {"acme": Ended(ExitCode.DONE, BEGIN), "beta": Ended(ExitCode.INCOMPLETE, BEGIN)}
    assert record.read() == known
    with pytest.raises(PlanFileError, match="other plans"):
        Record(path, "sha256:b").read()


def test_what_is_done_stays_done_also_when_its_plan_is_tried_once_more(fleet: FleetFolder) -> None:
    rolled(fleet)
    fleet.ok("apply", "plans", clock=ManualClock(BEGIN))
    assert "beta (exit 6)" in fleet.run("apply", "plans", clock=ManualClock(BEGIN)).out
    assert "used up" not in fleet.ok("apply", "plans", "--resume", clock=ManualClock(BEGIN)).out


def test_what_is_written_behind_a_torn_line_counts(tmp_path: Path) -> None:
    path = tmp_path / "rollout.jsonl"
    Record(path, "sha256:a").add(result("acme", ExitCode.DONE), BEGIN)
    path.write_bytes(path.read_bytes()[:-5])
    Record(path, "sha256:a").add(result("beta", ExitCode.DONE), BEGIN)
    assert Record(path, "sha256:a").read()["beta"].code is ExitCode.DONE


@pytest.mark.parametrize(
    ("limit", "percent", "stacks", "allowed"),
    [(0, None, 9, 0), (3, None, 9, 3), (0, 1, 99, 0), (0, 1, 250, 2)],
)
def test_how_many_may_fail(limit: int, percent: int | None, stacks: int, allowed: int) -> None:
    assert RolloutGroup({}, limit, percent).allowed(stacks) == allowed


def test_a_gate_closes_with_one_failure_too_many() -> None:
    gate = Gate(1)
    gate.ended(result("a", ExitCode.DONE))
    gate.ended(result("b", ExitCode.BLOCKED))
    assert not gate.closed
    gate.ended(result("c", ExitCode.LOCKED))
    assert gate.closed


def test_a_stack_is_in_a_group_by_all_of_its_labels() -> None:
    member = Member("acme", sid(1), Path(), (), Position("f", 1, 1), labels={"ring": "a", "team": "b"})
    assert member in RolloutGroup({"ring": "a", "team": "b"})
    assert member in RolloutGroup({"stack": "acme"})
    assert member not in RolloutGroup({"ring": "a", "team": "c"})


@pytest.mark.parametrize(
    ("rollout", "said"),
    [
        ("{groups: [{select: {ring: nobody}}]}", "1 stack would never be reached: acme"),
        ("{groups: [{select: {ring: canary}}, {}]}", "no stack is in the group ring=canary"),
        ("{groups: [{select: {rnig: canary}, wait: 1h}, {}]}", "no stack is in the group rnig=canary"),
        ("{groups: [{}, {select: {stack: acme}}]}", "no stack is in the group stack=acme"),
        ("{groups: [{}, {}]}", "no stack is in the group all stacks"),
        ("{groups: []}", "groups must"),
        ("{groups: [{max_failed: 101%}]}", "max_failed"),
        ("{groups: [{max_failed: -1}]}", "max_failed"),
        ("{groups: [{wait: soon}]}", "wait must be a duration"),
        ("{groups: [{parallel: 0}]}", "parallel must be at least 1"),
        ("{waves: []}", "waves"),
    ],
)
def test_what_is_wrong_in_a_rollout_is_told(tmp_path: Path, rollout: str, said: str) -> None:
    (tmp_path / "voiceform.yaml").write_text("version: 1\n", encoding="utf-8")
    text = json.dumps({"path": "voiceform.yaml", "name": "acme", "account": sid(1)})
    head = f"version: 1\ncredentials: {{token: {{env: T}}}}\nrollout: {rollout}\nstacks: [{text}]\n"
    assert any(said in each for each in problems(tmp_path, head)), problems(tmp_path, head)

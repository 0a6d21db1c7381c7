"""Saved fleet plans: exactly what was reviewed, stack by stack, and nothing where it was touched."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.declared import VOCABULARY
from tests.fleet.fleets import FleetFolder, sid
from tests.fleet.processes import children, start, wait_for_requests
from tests.terminal.terminal import Terminal
from voiceform.engine.planfile import read_plan_file
from voiceform.fleet.folder import held, read_folder
from voiceform.model.errors import PlanFileError
from voiceform.model.plan_codec import document_digest
from voiceform.state.journal import begin_run
from voiceform.state.open import open_store

NAMES = ("acme", "beta", "gamma")
FILED = ("file", "sha256", "plan_id")


@pytest.fixture
def planned(fleet: FleetFolder) -> FleetFolder:
    fleet.of(*NAMES)
    fleet.ok("plan", "--out", "plans")
    fleet.emulator.clear_requests()
    return fleet


def writes(fleet: FleetFolder) -> list[str]:
    return [entry["operation"] for entry in fleet.emulator.requests() if entry["method"] != "GET"]


def test_exactly_what_was_saved_is_applied_and_only_once(planned: FleetFolder) -> None:
    digest = read_folder(planned.folder / "plans").digest
    shown = planned.ok("show", "plans").out
    assert "in 3 accounts" in shown
    assert digest in shown
    done = planned.ok("apply", "plans", "--expect-digest", digest)
    assert "acme: Applied: 1 created." in done.out
    assert [planned.queues(number) for number in (1, 2, 3)] == [{"support": 100}] * 3
    again = planned.run("apply", "plans", "--format", "json")
    assert again.code == 6
    assert {each["exit_code"] for each in again.json["stacks"]} == {6}
    planned.ok("plan", "--out", "plans")  # an earlier folder of plans is replaced
    assert planned.ok("apply", "plans").out.startswith("acme: nothing to do\n")
    assert len(writes(planned)) == 3


def test_the_files_are_the_owners_alone(planned: FleetFolder) -> None:
    files = sorted((planned.folder / "plans").iterdir())
    assert [file.name for file in files] == [*(f"{name}.plan.json" for name in NAMES), "index.json"]
    assert {file.stat().st_mode & 0o077 for file in files} == {0}


def test_a_part_may_be_applied_and_the_rest_later(planned: FleetFolder) -> None:
    planned.ok("apply", "plans", "--select", "ring=ring0")
    assert [planned.queues(number) for number in (1, 2, 3)] == [{}, {"support": 100}, {}]
    done = planned.run("apply", "plans", "--exclude", "beta")
    assert done.code == 0
    assert [planned.queues(number) for number in (1, 2, 3)] == [{"support": 100}] * 3


def edit(folder: Path, name: str) -> None:
    path = folder / name
    path.write_text(path.read_text().replace("100", "101"), encoding="utf-8")


def forge(folder: Path, name: str) -> None:
    """With a digest that fits: the index has another."""
    path = folder / name
    document = json.loads(path.read_text().replace("100", "101"))
    document["digest"] = document_digest(document)
    path.write_text(json.dumps(document), encoding="utf-8")


def swap(folder: Path, name: str) -> None:
    other = folder / "beta.plan.json"
    (folder / name).write_bytes(other.read_bytes())


def reindex(folder: Path, change: Callable[[list[dict[str, Any]]], object]) -> None:
    """Another list of stacks, with a digest that fits."""
    path = folder / "index.json"
    document = json.loads(path.read_text())
    change(document["stacks"])
    document["digest"] = document_digest(document)
    path.write_text(json.dumps(document), encoding="utf-8")


@pytest.mark.parametrize(
    ("touch", "said"),
    [
        (lambda folder: edit(folder, "acme.plan.json"), "not the plan that was saved"),
        (lambda folder: forge(folder, "acme.plan.json"), "not the plan that was saved"),
        (lambda folder: swap(folder, "acme.plan.json"), "not the plan that was saved"),
        (lambda folder: (folder / "gamma.plan.json").unlink(), "cannot read the plan"),
        (lambda folder: (folder / "more.plan.json").write_text("{}"), "is not in the index"),
        (lambda folder: (folder / "index.json").unlink(), "cannot read the index"),
        (lambda folder: (folder / "index.json").write_text("{"), "this is no index"),
        (lambda folder: edit(folder, "index.json"), "the index was edited"),
        (lambda folder: reindex(folder, lambda each: each.append(each[1])), "has beta more than once"),
        (lambda folder: reindex(folder, lambda each: [each[0].pop(key) for key in FILED]), "stacks[0]"),
        (lambda folder: reindex(folder, lambda each: each[0].pop("account")), "stacks[0]"),
    ],
)
def test_what_was_touched_refuses_the_whole(
    planned: FleetFolder, touch: Callable[[Path], object], said: str
) -> None:
    index = planned.folder / "plans" / "index.json"
    index.write_text(index.read_text().replace('"result": "', '"result": "100 '), encoding="utf-8")
    document = json.loads(index.read_text())
    document["digest"] = document_digest(document)
    index.write_text(json.dumps(document), encoding="utf-8")
    assert planned.run("show", "plans").code == 0
    planned.emulator.clear_requests()
    touch(planned.folder / "plans")
    done = planned.run("apply", "plans")
    assert done.code == 1
    assert said in done.err
    assert planned.run("show", "plans").code == 1
    assert planned.emulator.requests() == []


def test_other_plans_than_were_reviewed_are_refused(planned: FleetFolder) -> None:
    done = planned.run("apply", "plans", "--expect-digest", "sha256:" + "0" * 64)
    assert done.code == 6
    assert planned.emulator.requests() == []


def test_a_fleet_that_changed_since_is_refused(planned: FleetFolder) -> None:
    path = planned.folder / "accounts.csv"
    planned.write("accounts.csv", path.read_text().replace(sid(2), sid(9)))
    done = planned.run("apply", "plans")
    assert done.code == 6
    assert "is not as it was when this was planned" in done.err
    assert planned.emulator.requests() == []


@pytest.mark.parametrize("how", ["", "--resume", "--select stack=acme", "--exclude gamma", "--shard 1/1"])
def test_a_stack_that_was_planned_and_is_no_more_is_not_passed_over(fleet: FleetFolder, how: str) -> None:
    for number, name in enumerate(NAMES, 1):
        text = f"version: 1\naccount: {sid(number)}\nqueues: {{support: {{}}}}\n"
        fleet.write(f"stacks/{name}/voiceform.yaml", text)
    fleet.fleet("  - path: stacks/*\n")
    fleet.ok("plan", "--out", "plans")
    (fleet.folder / "stacks/beta/voiceform.yaml").unlink()
    fleet.emulator.clear_requests()
    done = fleet.run("apply", "plans", *how.split())
    assert done.code == 6
    assert "1 planned stack is no more in the fleet: beta" in done.err
    assert fleet.emulator.requests() == []


def test_a_plan_of_another_account_is_not_carried_out_and_others_are(fleet: FleetFolder) -> None:
    fleet.write("template/voiceform.yaml", "version: 1\naccount: ${ACCOUNT}\nqueues: {support: {}}\n")
    rows = "".join(
        f"  - {{name: {name}, path: template{more}}}\n"
        for name, more in (("acme", ""), ("beta", f", account: {sid(2)}, variables: {{ACCOUNT: {sid(2)}}}"))
    )
    fleet.fleet(rows)
    fleet.environ["ACCOUNT"] = sid(1)
    fleet.ok("plan", "--out", "plans")
    fleet.environ["ACCOUNT"] = sid(3)
    done = fleet.run("apply", "plans")
    assert done.code == 6
    told = " ".join(done.out.split())
    assert f"acme (exit 6): it was planned for account {sid(1)}, and now is {sid(3)}" in told
    assert "beta: Applied: 1 created." in told
    assert [fleet.queues(number) for number in (1, 2, 3)] == [{}, {"support": 1000}, {}]


def test_plans_that_changed_places_in_the_index_are_not_carried_out(planned: FleetFolder) -> None:
    index = json.loads((planned.folder / "plans/index.json").read_text())
    one, other = index["stacks"][:2]
    for key in ("file", "sha256", "plan_id"):
        one[key], other[key] = other[key], one[key]
    index["digest"] = document_digest(index)
    (planned.folder / "plans/index.json").write_text(json.dumps(index))
    done = planned.run("apply", "plans", "--format", "json")
    told = {each["stack"]: each.get("error", "") for each in done.json["stacks"]}
    assert done.code == 1
    for each in (one, other):
        assert "the plan is for account" in told[each["stack"]]
    assert planned.queues(1) == planned.queues(2) == {}


def test_a_stack_whose_account_moved_on_fails_alone(planned: FleetFolder) -> None:
    planned.post(2, "Queues.json", FriendlyName="support", MaxSize=7)
    done = planned.run("apply", "plans", "--format", "json")
    codes = {each["stack"]: each["exit_code"] for each in done.json["stacks"]}
    assert codes["acme"] == codes["gamma"] == 0
    assert codes["beta"] != 0
    assert done.code == codes["beta"]
    assert planned.queues(2) == {"support": 7}


def test_a_stack_that_could_not_be_planned_is_told_and_the_others_are_applied(fleet: FleetFolder) -> None:
    fleet.of(*NAMES)
    entry = f"  - {{name: lost, path: template, account: {sid(9)}, variables: {{SIZE: 1}}, "
    entry += "credentials: {token: {env: NO}}}\n"
    fleet.fleet("  - {template: template, csv: accounts.csv}\n" + entry)
    assert fleet.run("plan", "--out", "plans").code == 1
    done = fleet.run("apply", "plans")
    assert done.code == 1
    assert "lost (exit 1): the variable NO is not set" in done.out
    assert fleet.queues(1) == {"support": 100}


def test_without_a_folder_it_plans_shows_and_applies_that(fleet: FleetFolder) -> None:
    fleet.of(*NAMES)
    refused = fleet.run("apply")
    assert refused.code == 64
    assert "nobody can be asked" in refused.err
    assert fleet.emulator.requests() == []
    done = fleet.ok("apply", "--auto-approve")
    assert "in 3 accounts" in done.out
    assert "gamma: Applied: 1 created." in done.out
    assert fleet.ok("apply", "--auto-approve").out == "3 stacks: 3 well.\n"


@pytest.mark.parametrize(("answer", "code", "size"), [("yes", 0, {"support": 100}), ("y", 1, {})])
def test_one_question_for_all(fleet: FleetFolder, answer: str, code: int, size: dict[str, int]) -> None:
    fleet.of(*NAMES)
    terminal = Terminal(fleet.folder, fleet.environ, "fleet", "apply", "--jobs", "1")
    terminal.until("Apply these plans in 3 accounts: 3 to create? Only 'yes' is accepted:")
    assert fleet.queues(1) == {}
    terminal.type(f"{answer}\r")
    assert terminal.end() == code
    assert [fleet.queues(number) for number in (1, 2, 3)] == [size] * 3


def test_who_is_asked_sees_the_plans_also_where_stdout_has_another_format(fleet: FleetFolder) -> None:
    fleet.of(*NAMES)
    command = [*(sys.executable, "-m", "voiceform", "fleet", "apply", "--jobs", "1", "--format", "json")]
    shell = f"{shlex.join(command)} > report.json"
    terminal = Terminal(fleet.folder, fleet.environ, "-c", shell, program=("/bin/sh",))
    terminal.until("Only 'yes' is accepted:")
    assert 'create queue.support: friendly_name "support"' in " ".join(terminal.text.split())
    terminal.type("yes\r")
    assert terminal.end() == 0
    assert json.loads((fleet.folder / "report.json").read_text())["summary"]["done"] == 3


def test_a_limit_blocks_its_stack_alone_until_it_is_lifted(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta")
    fleet.ok("apply", "--auto-approve")
    fleet.write("other/voiceform.yaml", "version: 1\nqueues: {}\n")
    rows = (fleet.folder / "accounts.csv").read_text().replace("label.ring", "label.ring,template")
    rows = rows.replace("ring1\n", "ring1,other\n").replace("ring0\n", "ring0,template\n")
    fleet.write("accounts.csv", rows)
    fleet.fleet("  - {csv: accounts.csv}\n")
    blocked = fleet.run("apply", "--auto-approve", "--format", "json")
    assert blocked.code == 4
    assert {each["stack"]: each["exit_code"] for each in blocked.json["stacks"]} == {"acme": 4, "beta": 0}
    assert fleet.queues(1) == {"support": 100}
    fleet.ok("apply", "--auto-approve", "--approve", "delete:queue=1")
    assert fleet.queues(1) == {}


@pytest.mark.parametrize("there", ["precious.txt", "index.json"])
def test_plans_replace_nothing_that_is_not_theirs(fleet: FleetFolder, there: str) -> None:
    fleet.of("acme")
    fleet.write(f"plans/{there}", "{}")
    fleet.write("plans/precious.txt", "x")
    done = fleet.run("plan", "--out", "plans")
    assert done.code == 64
    assert (fleet.folder / "plans/precious.txt").read_text() == "x"


def test_an_index_that_points_elsewhere_is_refused(planned: FleetFolder) -> None:
    index = planned.folder / "plans" / "index.json"
    document = json.loads(index.read_text())
    document["stacks"][0]["file"] = "../fleet.yaml"
    document["digest"] = document_digest(document)
    index.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(PlanFileError):
        read_folder(planned.folder / "plans")


def test_stacks_that_share_a_folder_have_each_an_evidence_of_their_own(fleet: FleetFolder) -> None:
    fleet.of(
        "acme",
        "beta",
        more="safety: {max_delete_percent: 100}\nretention: {recordings: [{name: all, keep: 90d}]}\n",
    )
    for number in (1, 2):
        recording = {"date_created": "2020-01-01T00:00:00Z", "duration": "60"}
        fleet.emulator.seed({"account_sid": sid(number), "recordings": [recording]})
    fleet.ok("apply", "--auto-approve")
    assert sorted(path.name for path in (fleet.folder / "template/evidence").iterdir()) == ["acme", "beta"]
    assert (fleet.folder / "template/evidence/acme/000001.jsonl").is_file()


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_lets_nothing_more_begin_and_the_next_run_goes_on(planned: FleetFolder, jobs: int) -> None:
    fault = {"operation": "createQueue", "times": jobs, "kind": "latency", "delay_ms": 20_000}
    planned.emulator.faults([fault])
    program = start(planned, "apply", "plans", "--jobs", str(jobs))
    wait_for_requests(planned, jobs, operation="createQueue")
    os.kill(program.pid, signal.SIGINT)
    out, err = program.communicate(timeout=60)
    assert program.returncode in (130, 8), err
    assert "Traceback" not in err
    assert f"{3 - jobs} not begun" in out
    assert len(writes(planned)) == jobs
    planned.ok("apply", "--auto-approve")
    assert [planned.queues(number) for number in (1, 2, 3)] == [{"support": 100}] * 3


def died(fleet: FleetFolder, name: str) -> None:
    """A run of a stack that died when nothing was open any more."""
    with open_store(f"sqlite:///states/{name}.db", base_dir=fleet.folder) as store:
        plan = read_plan_file(fleet.folder / f"plans/{name}.plan.json", VOCABULARY)
        begin_run(store, replace(plan, changes=()), who="ada", now=datetime.now(UTC))


def test_a_run_that_died_with_nothing_open_does_not_fit_plans_and_is_settled_where_nobody_reviewed(
    fleet: FleetFolder,
) -> None:
    fleet.of("acme", "beta")
    fleet.ok("apply", "--auto-approve")
    fleet.of("acme", "beta", size=200)
    fleet.ok("plan", "--out", "plans")
    died(fleet, "acme")
    shown = fleet.ok("plan", "--out", "plans")
    assert "1 run did not end; the next apply finds out first what became of it" in shown.out
    stale = fleet.run("apply", "plans")
    assert stale.code == 6
    assert "acme (exit 6): the state moved on since the plan was made" in stale.out
    assert "beta: Applied: 1 updated." in stale.out
    fleet.ok("plan", "--out", "plans")
    died(fleet, "acme")
    assert "acme: Applied: 1 updated." in fleet.ok("apply", "--auto-approve").out
    assert [fleet.queues(number) for number in (1, 2)] == [{"support": 200}] * 2


def test_a_process_that_is_killed_in_an_apply_concerns_its_stack_alone(planned: FleetFolder) -> None:
    """Whichever is killed is in the midst of its stack: both are."""
    fault = {"operation": "createQueue", "times": 2, "kind": "latency", "delay_ms": 3_000}
    planned.emulator.faults([fault])
    program = start(planned, "apply", "plans", "--jobs", "2", "--format", "json", "--select", "stack!=gamma")
    wait_for_requests(planned, 2, operation="createQueue")
    os.kill(children(program.pid)[0], signal.SIGKILL)
    out, err = program.communicate(timeout=60)
    codes = {each["stack"]: each["exit_code"] for each in json.loads(out)["stacks"]}
    assert sorted(codes.values()) == [0, 5], err
    assert program.returncode == max(codes.values())
    assert "finds out first what became of it" in out


def test_two_do_not_save_plans_into_one_folder_nor_one_where_another_carries_them_out(
    planned: FleetFolder,
) -> None:
    planned.emulator.faults([{"operation": "listQueues", "times": 1, "kind": "latency", "delay_ms": 60_000}])
    planned.emulator.clear_requests()
    first = start(planned, "plan", "--out", "plans", "--jobs", "1")
    wait_for_requests(planned, 1, "listQueues")
    for command in (("plan", "--out", "plans"), ("apply", "plans")):
        refused = planned.run(*command)
        assert refused.code == 7, refused.err
        assert "plans is in use: another run saves plans there, or carries them out" in refused.err
    first.terminate()
    first.communicate(timeout=60)
    with held(planned.folder / "plans"):
        assert planned.run("plan", "--out", "plans").code == 7
        planned.ok("apply", "plans")
    planned.ok("plan", "--out", "plans")

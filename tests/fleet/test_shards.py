"""A fleet in shares, each a process of its own as in a matrix of CI jobs or an Indexed Job: together they are
the whole, and each account is worked on once."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.fleet.fleets import TOKEN, FleetFolder, sid
from tests.warm.programs import path_of
from voiceform.cli import main
from voiceform.fleet.selecting import Shard
from voiceform.model.clock import ManualClock
from voiceform.model.instants import instant_to_text

PAGE = (Path(__file__).parents[2] / "docs/fleets.md").read_text(encoding="utf-8")
NAMES = [f"tenant-{number}" for number in range(1, 10)]
COUNT = 3
RETENTION = "safety: {max_delete_percent: 100}\nretention: {recordings: [{name: all, keep: 90d}]}\n"


def manifest() -> dict[str, Any]:
    """The Job of docs/fleets.md."""
    (text,) = re.findall(r"<!-- tests: kubernetes -->\n```yaml\n(.*?)```", PAGE, re.DOTALL)
    return dict(yaml.safe_load(text))


class Shares:
    """The shares of a fleet as programs that run at the same time."""

    def __init__(self, fleet: FleetFolder, programs: Path) -> None:
        self._fleet = fleet
        self._environ = {**os.environ, **fleet.environ, "PATH": path_of(programs)}

    def run(self, script: str) -> list[dict[str, Any]]:
        """What each share reports of a line of shell, `$SHARE` being which it is; all must end well."""
        running = [
            subprocess.Popen(
                ["sh", "-c", script],
                cwd=self._fleet.folder,
                env={**self._environ, "SHARE": str(number + 1), "JOB_COMPLETION_INDEX": str(number)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for number in range(COUNT)
        ]
        ended = [program.communicate(timeout=120) for program in running]
        assert [program.returncode for program in running] == [0] * COUNT, ended
        return [json.loads(out) for out, _ in ended]


def stacks_of(reports: list[dict[str, Any]]) -> list[list[str]]:
    return [sorted(each["stack"] for each in report["stacks"]) for report in reports]


def recordings(fleet: FleetFolder, number: int) -> list[str]:
    url = f"{fleet.emulator.url}/2010-04-01/Accounts/{sid(number)}/Recordings.json"
    found = requests.get(url, auth=(sid(number), TOKEN), timeout=10).json()["recordings"]
    return [each["duration"] for each in found]


def test_three_programs_plan_apply_and_prune_the_whole_fleet_and_nothing_twice(
    fleet: FleetFolder, programs: Path
) -> None:
    fleet.of(*NAMES, more=RETENTION)
    for number in range(1, len(NAMES) + 1):
        rows = [{"date_created": "2020-01-01T00:00:00Z", "duration": "60"} for _ in range(number)]
        rows.append({"date_created": instant_to_text(datetime.now(UTC)), "duration": "61"})
        fleet.emulator.seed({"account_sid": sid(number), "recordings": rows})
    fleet.emulator.clear_requests()
    shares = Shares(fleet, programs)
    parts = [[name for name in NAMES if name in Shard(number + 1, COUNT)] for number in range(COUNT)]
    assert sorted(name for part in parts for name in part) == NAMES
    assert all(parts)

    planned = shares.run(f"voiceform fleet plan --shard $SHARE/{COUNT} --jobs 1 --format json")
    assert stacks_of(planned) == parts
    assert sum(report["summary"]["counts"]["create"] for report in planned) == 2 * len(NAMES)

    fleet.ok("plan", "--out", "plans")  # one folder that was reviewed, of which each applies its share
    applied = shares.run(f"voiceform fleet apply plans --shard $SHARE/{COUNT} --jobs 1 --format json")
    assert stacks_of(applied) == parts
    record = (fleet.folder / "plans/rollout.jsonl").read_text().split("\n")
    ended = [json.loads(line)["stack"] for line in record if line]  # nobody's line was torn by another
    assert sorted(ended) == NAMES
    created = Counter(entry["path"] for entry in fleet.emulator.requests("createQueue"))
    assert created == {f"/2010-04-01/Accounts/{sid(n)}/Queues.json": 1 for n in range(1, len(NAMES) + 1)}

    (container,) = manifest()["spec"]["template"]["spec"]["containers"]
    script = container["command"][2].replace("/5", f"/{COUNT}") + " --jobs 1 --format json"
    pruned = shares.run(script)
    assert stacks_of(pruned) == parts
    deleted = fleet.emulator.requests("deleteRecording")
    assert len(deleted) == len({entry["path"] for entry in deleted}) == sum(range(1, len(NAMES) + 1))
    for number, name in enumerate(NAMES, 1):
        assert recordings(fleet, number) == ["61"]
        assert main(["prune", "verify", str(fleet.folder / f"template/evidence/{name}")], environ={}) == 0


def test_an_indexed_job_asks_a_person_where_it_must_and_tries_again_where_it_may() -> None:
    """Kubernetes takes the first rule that fits; an exit code without one counts towards the limit."""
    spec = manifest()["spec"]
    pod = spec["template"]["spec"]
    (container,) = pod["containers"]
    assert spec["completionMode"] == "Indexed"
    assert pod["restartPolicy"] == "Never"  # what podFailurePolicy wants
    assert container["command"][:2] == ["sh", "-c"]
    assert container["command"][2].startswith("exec voiceform ")  # signals reach it
    assert container["command"][2].endswith(f"--shard $((JOB_COMPLETION_INDEX + 1))/{spec['completions']}")
    assert spec["maxFailedIndexes"] <= spec["completions"]
    assert spec["backoffLimitPerIndex"] > 0
    drained, *rules = spec["podFailurePolicy"]["rules"]
    assert drained == {
        "action": "Ignore",
        "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
    }
    for code in range(1, 256):
        action = next(
            (
                rule["action"]
                for rule in rules
                if rule["onExitCodes"]["operator"] == "In"
                and rule["onExitCodes"]["containerName"] == container["name"]
                and code in rule["onExitCodes"]["values"]
            ),
            "Count",
        )
        assert action == ("FailIndex" if code in (4, 6, 8) else "Count")
    assert {volume["name"] for volume in pod["volumes"]} == {
        mount["name"] for mount in container["volumeMounts"]
    }


def test_a_matrix_has_each_share_of_its_count() -> None:
    (text,) = re.findall(r"```yaml\n(jobs:\n  plan:\n.*?)```", PAGE, re.DOTALL)
    job = yaml.safe_load(text)["jobs"]["plan"]
    (line,) = [step["run"] for step in job["steps"]]
    shares = [line.replace("${{ matrix.shard }}", str(each)) for each in job["strategy"]["matrix"]["shard"]]
    found = [Shard.parse(re.findall(r"--shard (\S+)", each)[0]) for each in shares]
    assert sorted(share.number for share in found) == list(range(1, found[0].count + 1))
    assert job["strategy"]["fail-fast"] is False  # one share that fails stops no other


def test_a_fleet_in_a_config_map_is_read_as_kubernetes_lays_it_out(fleet: FleetFolder) -> None:
    """Every file is a link into a folder that is replaced as a whole."""
    fleet.of("acme")
    data = fleet.folder / "mounted/..2026_11_28"
    (data / "template").mkdir(parents=True)
    for name in ("fleet.yaml", "accounts.csv", "template/voiceform.yaml"):
        (fleet.folder / name).rename(data / name)
    (fleet.folder / "mounted/..data").symlink_to(data.name)
    for name in ("fleet.yaml", "accounts.csv", "template"):
        (fleet.folder / "mounted" / name).symlink_to(f"..data/{name}")
    assert "1 with changes" in fleet.ok("plan", "--fleet", "mounted/fleet.yaml").out


def empty_share(*names: str) -> str:
    """A share in which none of them is."""
    return next(
        f"{number}/9" for number in range(1, 10) if not any(name in Shard(number, 9) for name in names)
    )


def test_a_share_without_a_stack_is_planned_and_applied_and_well(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta")
    share = ("--shard", empty_share("acme", "beta"))
    for more in (share, ()):
        fleet.ok("plan", "--out", "plans", *share)
        assert fleet.ok("apply", "plans", *more).out == "0 stacks: nothing to do.\n"
        assert fleet.ok("apply", "plans", "--resume", *more).out == "0 stacks: nothing to do.\n"
        fleet.ok("show", "plans")
    assert fleet.emulator.requests() == []


class Stopped(ManualClock):
    """A clock at which the service is told to stop in the third wait."""

    waits = 0

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self.waits += 1
        if self.waits == 3:
            event.set()
        return super().wait(event, seconds)


def test_a_service_of_a_share_without_a_stack_goes_on_until_it_is_told_to_stop(fleet: FleetFolder) -> None:
    """Else what keeps it running would start it again and again."""
    fleet.of("acme", "beta")
    clock = Stopped(datetime(2026, 12, 1, tzinfo=UTC))
    done = fleet.ok("dispatch", "--watch", "--shard", empty_share("acme", "beta"), clock=clock)
    assert clock.waits == 3
    assert "0 stacks" in done.out

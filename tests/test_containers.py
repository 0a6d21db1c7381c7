"""The container, the Kubernetes jobs and the pre-commit hook say commands that exist."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import kubernetes_validate
import pytest
import yaml

from tests.command_line import parsed
from tests.test_wheel import SOURCES
from voiceform import __version__

ROOT = Path(__file__).resolve().parents[1]
CRON_JOBS: list[Any] = list(
    yaml.safe_load_all((ROOT / "examples/kubernetes/cronjob.yaml").read_text(encoding="utf-8"))
)
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
INSTRUCTIONS = [line.split(None, 1) for line in DOCKERFILE.splitlines() if line and line[0] != "#"]


def containers() -> list[tuple[Any, Any]]:
    pods = [job["spec"]["jobTemplate"]["spec"]["template"]["spec"] for job in CRON_JOBS]
    return [(pod, container) for pod in pods for container in pod["containers"]]


def instruction(name: str) -> list[str]:
    return [rest for word, rest in INSTRUCTIONS if word == name]


def test_the_parser_would_find_a_mistake() -> None:
    with pytest.raises(click.UsageError):
        parsed(["dispatch", "--never"])
    with pytest.raises(click.UsageError):
        parsed(["despatch"])


def test_the_cron_jobs_run_dispatch_and_prune() -> None:
    assert [parsed(container["args"]) for _, container in containers()] == ["dispatch", "prune"]
    assert all(container["image"] == f"voiceform:{__version__}" for _, container in containers())


def test_the_indexed_job_of_a_fleet_follows_the_schema_and_says_a_command_that_exists() -> None:
    page = (ROOT / "docs/fleets.md").read_text(encoding="utf-8")
    (text,) = re.findall(r"<!-- tests: kubernetes -->\n```yaml\n(.*?)```", page, re.DOTALL)
    job = yaml.safe_load(text)
    kubernetes_validate.validate(job, "1.30", strict=True)
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert container["image"] == f"voiceform:{__version__}"
    words = container["command"][-1].replace("$((JOB_COMPLETION_INDEX + 1))", "1")
    assert parsed(shlex.split(words.removeprefix("exec voiceform "))) == "fleet"


def test_the_cron_jobs_follow_the_schema_of_kubernetes() -> None:
    for job in CRON_JOBS:
        kubernetes_validate.validate(job, "1.30", strict=True)
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate({**job, "spec": {**job["spec"], "schedul": ""}}, "1.30", strict=True)


def test_no_cron_job_runs_beside_itself_or_again_by_itself() -> None:
    for job in CRON_JOBS:
        assert job["apiVersion"] == "batch/v1"
        assert job["spec"]["concurrencyPolicy"] == "Forbid"
        assert job["spec"]["jobTemplate"]["spec"]["backoffLimit"] == 0


def test_pods_have_few_rights_and_every_volume() -> None:
    uid = int(instruction("USER")[0].partition(":")[0])
    for pod, container in containers():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["runAsUser"] == uid
        assert pod["automountServiceAccountToken"] is False
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_the_container_is_slim_and_not_root() -> None:
    assert all(re.match(r"python:3\.\d+-slim", image) for image in instruction("FROM"))
    last_stage = INSTRUCTIONS[max(i for i, (word, _) in enumerate(INSTRUCTIONS) if word == "FROM") :]
    words = [word for word, _ in last_stage]
    assert instruction("USER")[0].partition(":")[0] not in ("root", "0")
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert json.loads(instruction("ENTRYPOINT")[0]) == ["voiceform"]
    assert not any(word == "ADD" for word in words)


def test_hadolint_finds_nothing() -> None:
    command = [str(Path(sys.executable).parent / "hadolint"), "--no-color", str(ROOT / "Dockerfile")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_container_copies_what_is_there_and_what_the_wheel_needs() -> None:
    copied = [name for rest in instruction("COPY") if "--from" not in rest for name in rest.split()[:-1]]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for name in copied:
        assert (ROOT / name).exists()
        assert f"!{name}" in ignored
    assert set(copied) == set(SOURCES)


def test_the_pre_commit_hook() -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    program, *arguments = shlex.split(hook["entry"])
    assert program == "voiceform"
    assert parsed(arguments) == "validate"
    assert re.search(hook["files"], "stacks/eu/voiceform.yaml")
    assert hook["pass_filenames"] is False

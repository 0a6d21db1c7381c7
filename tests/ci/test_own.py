"""The repository's own habits: workflows as their linters see them, forms, make targets, pins."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from tests.ci.linters import PINNED, actionlint, check_schema, jobs, shellcheck, workflows, zizmor
from voiceform import __version__

ROOT = Path(__file__).resolve().parents[2]
FORMS = sorted(path for path in (ROOT / ".github/ISSUE_TEMPLATE").iterdir() if path.name != "config.yml")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def test_the_files_of_github_follow_their_schemas() -> None:
    check_schema("vendor.github-workflows", *workflows(ROOT))
    check_schema("vendor.github-issue-forms", *FORMS)
    check_schema("vendor.github-issue-config", ROOT / ".github/ISSUE_TEMPLATE/config.yml")
    check_schema("vendor.dependabot", ROOT / ".github/dependabot.yml")


def test_actionlint_and_zizmor_find_nothing() -> None:
    assert actionlint(*workflows(ROOT)) == []
    zizmor(ROOT / ".github", 0)


def test_the_steps_are_sound_shell() -> None:
    steps = [step["run"] for _, job in jobs(ROOT) for step in job["steps"] if "run" in step]
    assert len(steps) >= 5
    for step in [
        *steps,
        *(path.read_text(encoding="utf-8") for path in (ROOT / ".ci/run", ROOT / ".ci/renew")),
    ]:
        assert shellcheck(f"set -eo pipefail\n{step}") == ""


def test_workflows_may_little_and_pin_what_they_use() -> None:
    for file in workflows(ROOT):
        document = yaml.load(file.read_text(encoding="utf-8"), yaml.BaseLoader)
        assert document["permissions"] == {}
        assert "pull_request_target" not in document["on"]
    for name, job in jobs(ROOT):
        assert int(job["timeout-minutes"]) > 0
        assert "secrets." not in json.dumps(job)
        assert all(PINNED.fullmatch(step["uses"]) for step in job["steps"] if "uses" in step), name
    writes = {
        name: {scope for scope, right in job["permissions"].items() if right == "write"}
        for name, job in jobs(ROOT)
    }
    assert writes == {
        "check": set(),
        "coverage": set(),
        "build": set(),
        "attest": {"attestations", "id-token"},
        "publish": {"id-token"},
        "notes": {"contents"},
    }


def test_both_workflows_run_the_whole_check() -> None:
    runs = {name: [step.get("run", "") for step in job["steps"]] for name, job in jobs(ROOT)}
    for name in ("check", "build"):
        assert any(command.endswith(".ci/run") for command in runs[name])


def test_what_is_not_reached_is_measured_by_branches_and_held() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["coverage"]
    assert settings["run"]["branch"]
    assert "subprocess" in settings["run"]["patch"]
    assert settings["report"]["fail_under"] >= 95
    assert dict(jobs(ROOT))["coverage"]["steps"][-1]["run"].endswith(".ci/run coverage")
    made = [line for line in make("coverage", "--dry-run").splitlines() if line.startswith(".venv")]
    assert made[-1] == ".venv/bin/coverage report", "its exit code is the gate's"


def test_nothing_is_published_that_no_person_has_looked_at() -> None:
    release = dict(jobs(ROOT))
    assert release["publish"]["environment"] == "release"
    assert [release[name]["needs"] for name in ("attest", "publish", "notes")] == [
        "build",
        "attest",
        "publish",
    ]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHANGELOG = """# Changelog

## [Unreleased]

## [1.2.0] - 2026-11-27

### Added

- A thing.

## [1.1.0] - 2026-01-01
"""


def test_the_notes_of_a_release_are_its_section_of_the_changelog() -> None:
    assert script("release").notes("v1.2.0", "1.2.0", CHANGELOG) == "### Added\n\n- A thing."


@pytest.mark.parametrize(
    ("tag", "version", "changelog", "said"),
    [
        ("v1.2.1", "1.2.0", CHANGELOG, "tag v1.2.0"),
        ("1.2.0", "1.2.0", CHANGELOG, "tag v1.2.0"),
        ("v1.3.0", "1.3.0", CHANGELOG, "no section 1.3.0"),
        ("v1.2", "1.2", CHANGELOG, "no section 1.2"),
        ("v1.2.0", "1.2.0", CHANGELOG.replace("d]\n", "d]\n\n- Not yet.\n", 1), "under 1.2.0"),
    ],
)
def test_what_disagrees_is_not_released(tag: str, version: str, changelog: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        script("release").notes(tag, version, changelog)


def test_the_script_ends_with_what_is_to_be_done() -> None:
    command = [sys.executable, str(ROOT / ".ci/release.py"), f"v{__version__}9"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"Error: the tag is v{__version__}9 and the package is {__version__}")


def make(*arguments: str) -> str:
    done = subprocess.run(["make", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=True)
    return done.stdout


def test_help_names_every_target_that_is_meant_for_people() -> None:
    (phony,) = re.findall(r"^\.PHONY: (.*)$", MAKEFILE, re.MULTILINE)
    told = [line.split()[0] for line in make("help", "--no-print-directory").splitlines()]
    assert sorted(told) == sorted(phony.split())


def test_bench_runs_every_benchmark() -> None:
    assert "bench/all.py --short" in make("bench", "--dry-run")


def test_the_tests_that_are_fast_exist() -> None:
    (line,) = [line for line in make("test-fast", "--dry-run").splitlines() if "pytest" in line]
    named = re.findall(r"(?:--ignore=)?(tests/\S+)", line)
    assert len(named) > 5
    assert all((ROOT / name).exists() for name in named)


def pinned() -> dict[str, str]:
    lines = (ROOT / ".ci/constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.lower().replace("_", "-").split("==") for line in lines if not line.startswith("#"))


def requirements() -> list[str]:
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = [
        *project["dependencies"],
        *(item for extra in project["optional-dependencies"].values() for item in extra),
    ]
    return [item for item in listed if not item.startswith("voiceform[")]


_REQUIREMENT = re.compile(r"([\w.-]+)(?:\[\w+\])?(?:>=([\d.]+))?(?:,!=[\d.]+)?(?:,<([\d.]+))?(?:;.*)?")


def test_every_requirement_is_pinned_for_development_and_within_its_bounds() -> None:
    for requirement in requirements():
        found = _REQUIREMENT.fullmatch(requirement)
        assert found is not None, requirement
        name, lowest, above = found.groups()
        low, pin, high = (
            [int(part) for part in re.findall(r"\d+", text)]
            for text in (lowest or "0", pinned()[name.lower()], above or "9999")
        )
        assert low <= pin < high, requirement
    assert "-c .ci/constraints.txt" in MAKEFILE


def test_pins_name_versions_and_no_place() -> None:
    lines = (ROOT / ".ci/constraints.txt").read_text(encoding="utf-8").splitlines()
    assert all(re.fullmatch(r"#.*|[\w.-]+==[\w.+!-]+", line) for line in lines)
    assert "://" not in "".join(lines)


def test_pins_are_printed_as_the_file_has_them() -> None:
    printed = subprocess.run(
        [sys.executable, ROOT / ".ci/pins.py"], capture_output=True, text=True, check=True, env={**os.environ}
    ).stdout.splitlines()
    kept = (ROOT / ".ci/constraints.txt").read_text(encoding="utf-8").splitlines()
    assert [line for line in printed if line.startswith("#")] == [
        line for line in kept if line.startswith("#")
    ]
    assert all(re.fullmatch(r"#.*|[\w.-]+==[\w.+!-]+", line) for line in printed)


def test_hooks_of_this_repository_are_tools_that_development_installs() -> None:
    document = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    entries = [hook["entry"].split()[0] for repository in document["repos"] for hook in repository["hooks"]]
    assert entries
    assert all(entry.startswith(".venv/bin/") for entry in entries)
    known = {"ruff", "mypy", "lint-imports"}
    assert {entry.rpartition("/")[2] for entry in entries} == known


def test_links_of_the_package_lead_to_the_repository() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    place = "https://github.com/voiceform/voiceform"
    assert set(document["project"]["urls"]) >= {"Homepage", "Source", "Issues", "Changelog", "Documentation"}
    for url in document["project"]["urls"].values():
        assert url.startswith(place)
        file = url.removeprefix(place).removeprefix("/blob/main/")
        assert "/blob/main/" not in url or (ROOT / file).exists()
    assert place in (ROOT / "voiceform/cli/scaffold/voiceform.yaml").read_text(encoding="utf-8").replace(
        "raw.githubusercontent.com", "github.com"
    )

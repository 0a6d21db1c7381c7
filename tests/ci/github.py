"""A GitHub on this machine: repositories, pull requests and runs of the kit's workflows.

Checkouts are real git, shell steps are run by bash as a runner does it, `gh` is tests/ci/fake_gh.py, and
voiceform works against the emulator. Secrets, environments and permissions are handed out as GitHub does.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.ci.expressions import interpolated, value_of
from tests.support import ACCOUNT

REPOSITORY = "example/phones"
READING, WRITING = "SK" + "1" * 32, "SK" + "2" * 32
"""The keys of the environment for plans, and of the others."""

WORKFLOW = ".github/workflows/voiceform.yml"
EMPTY: dict[str, list[Any]] = {"comments": [], "runs": [], "artifacts": [], "pulls": []}
"""What GitHub keeps of a new repository."""

_BIN = Path(sys.executable).parent
_PERSON = {
    "GIT_AUTHOR_NAME": "Kim",
    "GIT_AUTHOR_EMAIL": "kim@example.com",
    "GIT_COMMITTER_NAME": "Kim",
    "GIT_COMMITTER_EMAIL": "kim@example.com",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
}


@dataclass(frozen=True)
class Step:
    """A shell step that was run."""

    name: str
    code: int
    output: str


@dataclass(frozen=True)
class JobRun:
    """A job that was run, as far as it came."""

    name: str
    code: int
    steps: tuple[Step, ...]
    summary: str
    environment: Mapping[str, str]
    artifacts: tuple[str, ...]
    artifact_names: tuple[str, ...] = ()

    @property
    def output(self) -> str:
        """What all steps printed."""
        return "".join(step.output for step in self.steps)


@dataclass
class Pull:
    """A pull request."""

    number: int
    branch: str
    repository: str = REPOSITORY
    user: str = "kim"
    base: str = ""


@dataclass
class GitHub:
    """One repository with its settings, and the runs of its workflows."""

    folder: Path
    emulator_url: str
    state_url: str
    programs: Path
    reading_state_url: str = ""
    """What the secret of the environment for plans names; the same unless given."""
    variables: dict[str, str] = field(default_factory=lambda: {"TWILIO_ACCOUNT_SID": ACCOUNT})
    workflow: str = "voiceform"
    """The workflow of the stack, by its file's name."""
    runs: int = 0
    entered: list[str] = field(default_factory=list)
    """The environments whose secrets jobs were given, oldest first."""

    def __post_init__(self) -> None:
        self.folder.mkdir()
        tools = self.folder / "bin"
        tools.mkdir()
        (tools / "gh").symlink_to(Path(__file__).with_name("fake_gh.py"))
        self.path = f"{tools}:{self.programs}:{_BIN}:/usr/local/bin:/usr/bin:/bin"
        self.origin = self.folder / "origin.git"
        self.work = self.folder / "work"
        self.store = self.folder / "github.json"
        self.store.write_text(json.dumps(EMPTY))
        subprocess.run(["git", "init", "-q", "--bare", "-b", "main", self.origin], check=True)
        subprocess.run(["git", "init", "-q", "-b", "main", self.work], check=True)
        self.git("remote", "add", "origin", str(self.origin))
        self.git("commit", "-q", "--allow-empty", "-m", "Begin")
        self.git("push", "-q", "origin", "main")

    def _person(self) -> dict[str, str]:
        """The environment of the developer's commands."""
        return {"PATH": self.path, "HOME": str(self.folder), **_PERSON}

    def git(self, *arguments: str, cwd: Path | None = None) -> str:
        """Run git in the developer's clone."""
        done = subprocess.run(
            ["git", *arguments],
            cwd=cwd or self.work,
            env=self._person(),
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def shell(self, command: str) -> str:
        """Run a shell command in the developer's clone, as the developer; what it printed."""
        done = subprocess.run(
            ["bash", "-ec", command],
            cwd=self.work,
            env=self._person(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def commit(self, branch: str, message: str) -> str:
        """Commit the work tree on `branch` and push it; the new commit."""
        self.git("checkout", "-q", "-B", branch)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        self.git("push", "-q", "-f", "origin", branch)
        return self.git("rev-parse", "HEAD")

    def kept(self, what: str) -> list[dict[str, Any]]:
        """The comments, runs, artifacts or pulls that GitHub keeps."""
        kept: list[dict[str, Any]] = json.loads(self.store.read_text(encoding="utf-8"))[what]
        return kept

    def pull_request(self, pull: Pull) -> dict[str, JobRun]:
        """The jobs of a pull request that was opened or pushed to; they see the merge result."""
        pull.base = self.git("rev-parse", "origin/main")
        head = self.git("rev-parse", pull.branch)
        self.git("checkout", "-q", "--detach", "origin/main")
        self.git("merge", "-q", "--no-ff", "-m", f"Merge {head} into {pull.base}", head)
        merged = self.git("rev-parse", "HEAD")
        self.git("push", "-q", "-f", "origin", f"HEAD:refs/pull/{pull.number}/merge")
        self.git("checkout", "-q", pull.branch)
        event = {
            "pull_request": {
                "number": pull.number,
                "head": {"sha": head, "repo": {"full_name": pull.repository}},
                "base": {"sha": pull.base},
                "user": {"login": pull.user},
            }
        }
        ref = f"refs/pull/{pull.number}/merge"
        trusted = pull.repository == REPOSITORY and pull.user != "dependabot[bot]"
        jobs = self._run(self.workflow, "pull_request", merged, ref, event, trusted=trusted)
        self.keep_run(head, jobs)
        return jobs

    def keep_run(self, head: str, jobs: Mapping[str, JobRun], path: str = "") -> None:
        """Keep a run of a pull request's workflow at the commit `head`, and its artifacts."""
        kept = json.loads(self.store.read_text(encoding="utf-8"))
        conclusion = "failure" if any(job.code for job in jobs.values()) else "success"
        kept["runs"].append(
            {
                "id": self.runs,
                "head_sha": head,
                "event": "pull_request",
                "path": path or f".github/workflows/{self.workflow}.yml",
                "conclusion": conclusion,
            }
        )
        for job in jobs.values():
            for name in job.artifact_names:
                kept["artifacts"].append({"id": len(kept["artifacts"]) + 1, "run": self.runs, "name": name})
        self.store.write_text(json.dumps(kept), encoding="utf-8")

    def merge(self, pull: Pull) -> dict[str, JobRun]:
        """Merge a pull request into main; the jobs of the push."""
        head = self.git("rev-parse", pull.branch)
        before = self.git("rev-parse", "origin/main")
        self.git("checkout", "-q", "-B", "main", "origin/main")
        self.git("merge", "-q", "--no-ff", "-m", f"Merge pull request #{pull.number}", head)
        sha = self.git("rev-parse", "HEAD")
        self.git("push", "-q", "origin", "main")
        kept = json.loads(self.store.read_text(encoding="utf-8"))
        kept["pulls"].append({"number": pull.number, "merge_commit_sha": sha, "head": {"sha": head}})
        self.store.write_text(json.dumps(kept), encoding="utf-8")
        return self._run(self.workflow, "push", sha, "refs/heads/main", {"before": before})

    def dispatch(self, workflow: str, **inputs: str) -> dict[str, JobRun]:
        """Run a workflow on main by hand."""
        sha = self.git("rev-parse", "origin/main")
        return self._run(workflow, "workflow_dispatch", sha, "refs/heads/main", {}, inputs=inputs)

    def schedule(self, cron: str) -> dict[str, JobRun]:
        """The scheduled workflow, started by one of its times."""
        sha = self.git("rev-parse", "origin/main")
        return self._run(f"{self.workflow}-scheduled", "schedule", sha, "refs/heads/main", {"schedule": cron})

    def _run(
        self,
        workflow: str,
        event_name: str,
        sha: str,
        ref: str,
        event: Mapping[str, Any],
        *,
        inputs: Mapping[str, str] | None = None,
        trusted: bool = True,
    ) -> dict[str, JobRun]:
        self.runs += 1
        text = self.git("show", f"{sha}:.github/workflows/{workflow}.yml")
        document = yaml.load(text, yaml.BaseLoader)
        assert event_name in document["on"]
        context: dict[str, Any] = {
            "github": {
                "event_name": event_name,
                "event": event,
                "repository": REPOSITORY,
                "ref": ref,
                "sha": sha,
                "server_url": "https://github.example",
                "run_id": str(self.runs),
                "token": "token-of-the-job",
            },
            "inputs": inputs or {},
            "vars": self.variables,
        }
        finished: dict[str, JobRun] = {}
        for name, job in document["jobs"].items():
            needed = [job["needs"]] if "needs" in job else []
            if any(other not in finished or finished[other].code for other in needed):
                continue
            if value_of(job.get("if", "always()"), context):
                secrets = self._secrets(self._environment(job, context)) if trusted else {}
                runner = _Runner(self, {**context, "secrets": secrets}, document, name, job)
                finished[name] = runner.run()
        return finished

    def _environment(self, job: Any, context: Mapping[str, Any]) -> str | None:
        return interpolated(job["environment"], context) if "environment" in job else None

    def _secrets(self, environment: str | None) -> dict[str, str]:
        """Those of the job's environment; the repository itself has none."""
        if environment is None:
            return {}
        self.entered.append(environment)
        reads = environment.startswith("voiceform-plan")
        key = READING if reads else WRITING
        state = (self.reading_state_url or self.state_url) if reads else self.state_url
        return {"TWILIO_API_KEY": key, "TWILIO_API_SECRET": "secret", "VOICEFORM_STATE": state}


class _Runner:
    """One job on a fresh machine."""

    def __init__(
        self, github: GitHub, context: dict[str, Any], workflow: Mapping[str, Any], name: str, job: Any
    ) -> None:
        self.github = github
        self.name = name
        self.job = job
        self.home = github.folder / f"run-{github.runs}-{name}"
        self.temporary = self.home / "temp"
        self.temporary.mkdir(parents=True)
        self.workspace = self.home / "workspace"
        self.context = {**context, "runner": {"temp": str(self.temporary)}}
        self.files = {
            what: self.home / what for what in ("GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")
        }
        for file in self.files.values():
            file.touch()
        self.artifacts: list[str] = []
        self.artifact_names: list[str] = []
        self.environment = {
            "PATH": github.path,
            "HOME": str(self.home),
            "CI": "true",
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_SHA": self.context["github"]["sha"],
            "GITHUB_ACTOR": "kim",
            "RUNNER_TEMP": str(self.temporary),
            "VOICEFORM_BASE_URL": github.emulator_url,
            "FAKE_GH_STATE": str(github.store),
            "FAKE_GH_PERMISSIONS": json.dumps(job["permissions"]),
            **{what: str(file) for what, file in self.files.items()},
            **self._values(workflow.get("env", {})),
            **self._values(job.get("env", {})),
        }

    def run(self) -> JobRun:
        """Run the steps until one fails; from then on only those that always run."""
        steps, code = [], 0
        for step in self.job["steps"]:
            if code and not value_of(step.get("if", "''"), self.context):
                continue
            if "uses" in step:
                self._use(step)
                continue
            assert "${{" not in step["run"], "values reach a shell as variables, never as text"
            done = self._shell(step)
            steps.append(Step(step["name"], done.returncode, done.stdout))
            code = code or done.returncode
        summary = self.files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        return JobRun(
            self.name,
            code,
            tuple(steps),
            summary,
            self.environment,
            tuple(self.artifacts),
            tuple(self.artifact_names),
        )

    def _values(self, entries: Mapping[str, str]) -> dict[str, str]:
        return {name: interpolated(str(value), self.context) for name, value in entries.items()}

    def _use(self, step: Any) -> None:
        action = step["uses"].partition("@")[0]
        if action == "actions/checkout":
            assert step["with"]["persist-credentials"] == "false"
            self.github.git("clone", "-q", str(self.github.origin), str(self.workspace))
            self.github.git("fetch", "-q", "origin", self.context["github"]["ref"], cwd=self.workspace)
            self.github.git("checkout", "-q", self.context["github"]["sha"], cwd=self.workspace)
        elif action == "./.github/actions/voiceform":
            # The test's own environment has voiceform installed already.
            assert (self.workspace / action / "action.yml").is_file()
        else:
            assert action == "actions/upload-artifact"
            names = interpolated(step["with"]["path"], self.context).split()
            found = [name for name in names if Path(name).exists()]
            assert found or step["with"]["if-no-files-found"] == "ignore"
            self.artifacts += found
            if found:
                context = {**self.context, "env": {**self.environment, **self._later()}}
                self.artifact_names.append(interpolated(step["with"]["name"], context))

    def _later(self) -> dict[str, str]:
        """What earlier steps put into the environment of later ones."""
        lines = self.files["GITHUB_ENV"].read_text(encoding="utf-8").splitlines()
        return dict(line.split("=", 1) for line in lines)

    def _shell(self, step: Any) -> subprocess.CompletedProcess[str]:
        script = self.home / "step.sh"
        script.write_text(step["run"], encoding="utf-8")
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.workspace,
            env={
                **self.environment,
                **self._later(),
                **self._values(step.get("env", {})),
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

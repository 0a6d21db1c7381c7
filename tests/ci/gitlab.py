"""A GitLab on this machine: its API over HTTP, and pipelines of the kit run by bash as a runner does it."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.support import ACCOUNT
from tests.warm.programs import path_of

NOTES_TOKEN, TOKEN = "glpat-0123456789", "glpat-9876543210"
"""Of the role Reporter both: one writes notes, the other, protected, reads."""
PROJECT, FORK = "7", "8"
BOT = {"id": 42}
_TERM = re.compile(r'\$(\w+)(?: (==|!=|=~) (?:"([^"]*)"|/(.*)/|\$(\w+)|(null)))?')


class Api(ThreadingHTTPServer):
    """Notes, pipelines and merge requests of one project; two items on a page, so that pages are read."""

    daemon_threads = True

    def __init__(self) -> None:
        self.notes: list[dict[str, Any]] = []
        self.pipelines: list[dict[str, Any]] = []
        self.parents: dict[str, list[str]] = {}
        self.changed: dict[str, list[dict[str, Any]]] = {}
        self.too_much = False
        self.merged: list[dict[str, Any]] = []
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """What CI_API_V4_URL says."""
        return f"http://127.0.0.1:{self.server_port}/api/v4"

    def answer(self, method: str, path: str, fields: dict[str, Any]) -> Any:
        """The answer to one request; None for an unknown one."""
        routes: dict[tuple[str, str], Callable[..., Any]] = {
            ("GET", "user"): lambda: BOT,
            ("GET", rf"projects/{PROJECT}/merge_requests/(\d+)/notes"): lambda iid: [
                note for note in self.notes if note["iid"] == iid
            ],
            ("POST", rf"projects/{PROJECT}/merge_requests/(\d+)/notes"): lambda iid: self._add(
                self.notes, {"iid": iid, "body": fields["body"]}
            ),
            ("PUT", rf"projects/{PROJECT}/merge_requests/\d+/notes/(\d+)"): lambda number: self._edit(
                number, fields["body"]
            ),
            ("GET", rf"projects/{PROJECT}/merge_requests/(\d+)/pipelines"): lambda iid: [
                pipeline for pipeline in self.pipelines if pipeline["iid"] == iid
            ],
            ("GET", rf"projects/{PROJECT}/pipelines/(\d+)/jobs"): lambda number: self._jobs(int(number)),
            ("GET", rf"projects/{PROJECT}/jobs/(\d+)/artifacts/review\.txt"): lambda number: next(
                job["review"]
                for pipeline in self.pipelines
                for job in pipeline["jobs"]
                if job["id"] == int(number)
            ),
            ("GET", rf"projects/{PROJECT}/repository/commits/([0-9a-f]+)"): lambda sha: {
                "parent_ids": self.parents.get(sha, [])
            },
            ("GET", rf"projects/{PROJECT}/repository/compare"): lambda: {
                "diffs": self.changed.get(fields["to"], []),
                "compare_timeout": self.too_much,
            },
            ("GET", rf"projects/{PROJECT}/repository/commits/([0-9a-f]+)/merge_requests"): lambda sha: [
                request for request in self.merged if request["merge_commit_sha"] == sha
            ],
        }
        for (verb, pattern), route in routes.items():
            match = re.fullmatch(pattern, path)
            if verb == method and match:
                return route(*match.groups())
        return None

    def _jobs(self, number: int) -> list[dict[str, Any]]:
        """The jobs of a pipeline that plan."""
        return [job for pipeline in self.pipelines if pipeline["id"] == number for job in pipeline["jobs"]]

    def _add(self, items: list[dict[str, Any]], item: dict[str, Any]) -> dict[str, Any]:
        items.append({**item, "id": len(items) + 1, "author": BOT})
        return items[-1]

    def _edit(self, number: str, body: str) -> dict[str, Any]:
        (note,) = [note for note in self.notes if note["id"] == int(number)]
        note["body"] = body
        return note


class _Handler(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self._send(self.server.answer("GET", url.path.removeprefix("/api/v4/"), query), query)

    def do_POST(self) -> None:
        self._write("POST")

    def do_PUT(self) -> None:
        self._write("PUT")

    def log_message(self, *_: Any) -> None:
        pass

    def _write(self, method: str) -> None:
        fields = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._send(self.server.answer(method, self.path.removeprefix("/api/v4/"), fields), {})

    def _send(self, answer: Any, query: Mapping[str, str]) -> None:
        following = ""
        if isinstance(answer, list):
            page = int(query.get("page", "1"))
            following = str(page + 1) if len(answer) > 2 * page else ""
            answer = answer[2 * (page - 1) : 2 * page]
        token = self.headers["PRIVATE-TOKEN"]
        may = token == (NOTES_TOKEN if "/notes" in self.path or self.path.endswith("/user") else TOKEN)
        may = may or (token == NOTES_TOKEN and self.path.split("?")[0].endswith("/user"))
        self.send_response(200 if answer is not None and may else 404)
        self.send_header("X-Next-Page", following)
        self.end_headers()
        self.wfile.write(answer.encode() if isinstance(answer, str) else json.dumps(answer).encode())


@dataclass(frozen=True)
class JobRun:
    """A job that was run."""

    code: int
    output: str
    workspace: Path
    review: str
    """What its artifact says was reviewed."""


@dataclass
class GitLab:
    """One project, whose files are in `work`, and its pipelines."""

    folder: Path
    emulator_url: str
    state_url: str
    programs: Path
    api: Api = field(default_factory=Api)
    runs: int = 0
    touched: tuple[str, ...] = ()
    """What a merge request, or a push, changes; nothing named is everything."""
    entered: list[str] = field(default_factory=list)
    """The environments of the jobs that ran."""
    waiting: list[str] = field(default_factory=list)
    """The jobs of the last pipeline that wait for somebody."""
    second_person: bool = False
    """Whether somebody starts them."""

    def __post_init__(self) -> None:
        self.work = self.folder / "work"
        self.work.mkdir(parents=True)

    def pipeline(self, **predefined: str) -> dict[str, JobRun]:
        """The jobs that the rules choose for these variables, each after what it needs."""
        self.runs += 1
        self.waiting = []
        document = self._document()
        variables = {"CI_DEFAULT_BRANCH": "main", "CI_PROJECT_ID": PROJECT, **predefined}
        if not any(holds(rule["if"], variables) for rule in document["workflow"]["rules"]):
            return {}
        jobs = {name: job for name, job in document.items() if isinstance(job, dict) and "script" in job}
        chosen = {name: rule for name, job in jobs.items() if (rule := self._rule(job, variables))}
        finished: dict[str, JobRun] = {}
        for name in sorted(chosen, key=lambda name: document["stages"].index(jobs[name]["stage"])):
            assert set(jobs[name].get("needs", [])) <= set(chosen), "GitLab makes no such pipeline"
            if any(other not in finished or finished[other].code for other in jobs[name].get("needs", [])):
                continue
            if chosen[name].get("when") == "manual" and not self.second_person:
                self.waiting.append(name)
                continue
            finished[name] = self._run(name, jobs[name], variables)
        return finished

    def _document(self) -> dict[str, Any]:
        """The pipeline with the files that it includes, of which a later one overrides an earlier."""
        document: dict[str, Any] = yaml.safe_load((self.work / ".gitlab-ci.yml").read_text(encoding="utf-8"))
        for include in document.pop("include"):
            for file in sorted(self.work.glob(include["local"])):
                document.update(yaml.safe_load(file.read_text(encoding="utf-8")))
        for job in document.values():
            for key, value in document.get(job.pop("extends"), {}).items() if "extends" in job else ():
                job[key] = {**value, **job.get(key, {})} if isinstance(value, dict) else job.get(key, value)
        return document

    def _rule(self, job: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, Any] | None:
        """The first rule that holds; of what changed GitLab knows in merge requests and pushes alone."""
        knows = variables["CI_PIPELINE_SOURCE"] in ("merge_request_event", "push") and self.touched
        for rule in job["rules"]:
            globs = rule.get("changes", ["**/*"])
            if holds(rule["if"], variables) and (
                not knows or any(_touches(globs, it) for it in self.touched)
            ):
                return dict(rule)
        return None

    def merge_request(self, iid: str, sha: str, source: str = PROJECT, runs_in: str = PROJECT) -> Any:
        """The pipeline of a merge request; `source` is the project it comes from."""
        jobs = self.pipeline(
            CI_PIPELINE_SOURCE="merge_request_event",
            CI_MERGE_REQUEST_IID=iid,
            CI_MERGE_REQUEST_PROJECT_ID=PROJECT,
            CI_MERGE_REQUEST_SOURCE_PROJECT_ID=source,
            CI_PROJECT_ID=runs_in,
            CI_MERGE_REQUEST_DIFF_BASE_SHA="HEAD",
            CI_COMMIT_SHA=sha,
        )
        self.keep(iid, sha, jobs)
        return jobs

    def keep(self, iid: str, sha: str, jobs: Mapping[str, JobRun]) -> None:
        """Keep a pipeline of a merge request, with what its jobs that plan left."""
        plans = {name: job for name, job in jobs.items() if name.rpartition(":")[2] == "plan"}
        if not plans:
            return
        number = len(self.api.pipelines) + 1
        done = {True: "success", False: "failed"}
        kept = [
            {"id": 10 * number + n, "name": name, "status": done[job.code == 0], "review": job.review}
            for n, (name, job) in enumerate(plans.items())
        ]
        status = done[not any(job.code for job in jobs.values())]
        self.api.pipelines.append(
            {
                "id": number,
                "iid": iid,
                "sha": sha,
                "source": "merge_request_event",
                "status": status,
                "jobs": kept,
            }
        )

    def commit(self) -> None:
        """Make the work tree what the base of a merge request is."""
        person = ("-c", "user.name=Kim", "-c", "user.email=kim@example.com")
        for command in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "Base")):
            subprocess.run(["git", *person, *command], cwd=self.work, check=True)

    def merge(self, sha: str, merged_as: str) -> Any:
        """The pipeline of main after `sha` was merged."""
        iid = next((found["iid"] for found in self.api.pipelines if found["sha"] == sha), "1")
        self.api.merged.append(
            {"iid": iid, "sha": sha, "merge_commit_sha": merged_as, "squash_commit_sha": None}
        )
        return self.main(merged_as)

    def main(self, sha: str, **variables: str) -> Any:
        """A pipeline of the branch main."""
        source = {"CI_PIPELINE_SOURCE": "push", "CI_COMMIT_BEFORE_SHA": "e" * 40, **variables}
        return self.pipeline(CI_COMMIT_BRANCH="main", CI_COMMIT_SHA=sha, **source)

    def _run(self, name: str, job: Mapping[str, Any], variables: Mapping[str, str]) -> JobRun:
        builds = self.folder / f"builds-{self.runs}-{name.replace(':', '-')}"
        builds.mkdir()
        ours = variables["CI_PROJECT_ID"] == PROJECT
        scope = job.get("environment", "")
        where = scope["name"] if isinstance(scope, dict) else scope
        secrets = {"TWILIO_ACCOUNT_SID": ACCOUNT}
        if where:
            self.entered.append(where)
            reads = where.startswith("voiceform-plan")
            secrets |= {
                "TWILIO_API_KEY": "SK" + ("1" if reads else "2") * 32,
                "TWILIO_API_SECRET": "secret",
                "VOICEFORM_STATE": self.state_url,
            }
            secrets |= {"VOICEFORM_NOTES_TOKEN": NOTES_TOKEN} if reads else {}
            secrets |= {"VOICEFORM_GITLAB_TOKEN": TOKEN} if where.startswith("production") else {}
        environment = {
            "PATH": path_of(self.programs),
            "HOME": str(builds),
            "CI_API_V4_URL": self.api.url,
            "CI_PROJECT_DIR": str(self.work),
            "CI_JOB_URL": "https://gitlab.example/job/1",
            "GITLAB_USER_LOGIN": "kim",
            "VOICEFORM_BASE_URL": self.emulator_url,
            **{key: str(value) for key, value in job["variables"].items()},
            **variables,
            **(secrets if ours else {}),  # what a project's settings say goes before what its file says
        }
        review = self.work / "review.txt"
        review.unlink(missing_ok=True)
        script = builds / "script.sh"
        script.write_text("set -eo pipefail\n" + "\n".join(job["script"]), encoding="utf-8")
        done = subprocess.run(
            ["bash", str(script)],
            cwd=self.work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        kept = review.read_text(encoding="utf-8") if review.exists() else ""
        return JobRun(done.returncode, done.stdout, self.work, kept)


def _touches(globs: list[str], path: str) -> bool:
    """Whether one of the globs means the path: `**/` stands for folders, any other `*` stays in one."""
    for glob in globs:
        pattern = re.escape(glob).replace(r"\*\*/", "(?:.*/)?").replace(r"\*", "[^/]*")
        if re.fullmatch(pattern.replace("[^/]*[^/]*", "[^/]*"), path):
            return True
    return False


def holds(rule: str, variables: Mapping[str, str]) -> bool:
    """Whether a rule of terms joined by && holds; an undefined variable is null."""
    return all(_holds(term, variables) for term in rule.split(" && "))


def _holds(term: str, variables: Mapping[str, str]) -> bool:
    match = _TERM.fullmatch(term)
    assert match is not None, f"not understood: {term}"
    left, operator, text, pattern, right, null = match.groups()
    value = variables.get(left)
    if operator is None:
        return bool(value)
    if operator == "=~":
        return re.search(pattern, value or "") is not None
    other = None if null else text if text is not None else variables.get(right)
    return (value == other) == (operator == "==")

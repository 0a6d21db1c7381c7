"""The GitHub kit from `init` over pull requests to merged applies, run against the emulator."""

from __future__ import annotations

import json
import re
from pathlib import Path

import psycopg
import yaml

from tests.ci.github import EMPTY, READING, WRITING, GitHub, JobRun, Pull
from tests.ci.jobs import codes, edit, shown
from tests.ci.transcript import PAGE, record
from tests.services import PostgresServer, require_programs
from tests.support import Stack
from voiceform.emulator import Emulator
from voiceform.state.postgres_sql import parse_url

DIGEST = re.compile(r"review:[0-9a-f]{64}")


def opened(github: GitHub, number: int, branch: str) -> Pull:
    """Commit the work tree to `branch` and open a pull request whose jobs succeed."""
    github.commit(branch, f"Change {number}")
    pull = Pull(number, branch)
    jobs = github.pull_request(pull)
    assert codes(jobs) == {"validate": 0, "plan": 0}, shown(jobs)
    return pull


def merged(github: GitHub, pull: Pull) -> JobRun:
    jobs = github.merge(pull)
    assert set(jobs) == {"validate", "apply"}, shown(jobs)
    return jobs["apply"]


def started(github: GitHub, project: Stack) -> None:
    """A repository whose main has the scaffold, applied."""
    assert merged(github, opened(github, 1, "begin")).code == 0
    github.git("checkout", "-q", "main")


def test_from_init_to_merged_apply(github: GitHub, project: Stack) -> None:
    pull = opened(github, 1, "begin")
    (comment,) = github.kept("comments")
    assert comment["body"].startswith("<!-- voiceform:plan stack=default -->\n")
    assert "Plan: 1 to create, 0 to update, 0 to delete." in comment["body"]
    assert github.git("rev-parse", "begin") in comment["body"]
    assert project.account.writes() == []
    (run,) = github.kept("runs")
    assert (run["head_sha"], run["conclusion"]) == (github.git("rev-parse", "begin"), "success")
    (artifact,) = github.kept("artifacts")
    digest = artifact["name"].removeprefix("voiceform-default-")
    assert f"review:{digest}" in comment["body"]
    assert merged(github, pull).code == 0
    assert project.account.queues()["Support"]["max_size"] == 100


def test_a_push_updates_the_one_comment(github: GitHub, project: Stack) -> None:
    pull = opened(github, 1, "begin")
    edit(project.folder, "max_size: 100", "max_size: 250")
    second = github.commit("begin", "Larger")
    assert github.pull_request(pull)["plan"].code == 0
    (comment,) = github.kept("comments")
    assert "+     max_size: 250" in comment["body"]
    assert second in comment["body"]
    assert merged(github, pull).code == 0
    assert project.account.queues()["Support"]["max_size"] == 250


def test_other_comments_are_left_alone(github: GitHub, project: Stack) -> None:
    marker = "<!-- voiceform:plan stack=default -->"
    eve = {"id": 5, "number": 1, "user": {"login": "eve"}, "body": marker}
    github.store.write_text(json.dumps({**EMPTY, "comments": [eve]}))
    opened(github, 1, "begin")
    eves, ours = github.kept("comments")
    assert eves["body"] == marker
    assert "to create" in ours["body"]


def test_what_was_not_reviewed_is_not_applied_until_somebody_says_so(github: GitHub, project: Stack) -> None:
    started(github, project)
    edit(project.folder, "max_size: 100", "max_size: 250")
    pull = opened(github, 2, "larger")
    sid = project.account.queues()["Support"]["sid"]
    project.account.post(f"Queues/{sid}.json", MaxSize=7)
    job = merged(github, pull)
    assert job.code == 6, job.output
    assert "was not reviewed" in job.output
    assert project.account.queues()["Support"]["max_size"] == 7
    digest = DIGEST.findall(job.summary.partition("--expect-digest")[2])[0]
    again = github.dispatch("voiceform", digest=digest)
    assert codes(again) == {"validate": 0, "apply": 0}, shown(again)
    assert project.account.queues()["Support"]["max_size"] == 250


def test_a_push_without_a_pull_request_applies_nothing(github: GitHub, project: Stack) -> None:
    github.commit("begin", "Begin")
    job = merged(github, Pull(1, "begin"))  # nobody planned it
    assert job.code == 6
    assert project.account.queues() == {}
    assert "1 to create" in job.summary


def reviewed(github: GitHub, head: str) -> dict[str, JobRun]:
    """The jobs of a pull request at `head`, without keeping its run."""
    github.commit("begin", "Begin")
    jobs = github.pull_request(Pull(1, "begin"))
    kept = json.loads(github.store.read_text(encoding="utf-8"))
    github.store.write_text(json.dumps({**kept, "runs": [], "artifacts": []}))
    return jobs


def test_another_workflow_cannot_pass_for_a_review(github: GitHub, project: Stack) -> None:
    """It may have every permission, and run at the very commit."""
    jobs = reviewed(github, "begin")
    head = github.git("rev-parse", "begin")
    github.keep_run(head, jobs, path=".github/workflows/forged.yml")
    assert merged(github, Pull(1, "begin")).code == 6
    assert project.account.queues() == {}


def test_the_review_of_an_earlier_commit_is_no_review(github: GitHub, project: Stack) -> None:
    jobs = reviewed(github, "begin")
    github.keep_run(github.git("rev-parse", "origin/main"), jobs)
    assert merged(github, Pull(1, "begin")).code == 6
    assert project.account.queues() == {}


def test_a_review_that_failed_later_is_no_review(github: GitHub, project: Stack) -> None:
    pull = opened(github, 1, "begin")
    head = github.git("rev-parse", "begin")
    failed = JobRun("plan", 1, (), "", {}, ())
    github.runs += 1
    github.keep_run(head, {"plan": failed})
    assert merged(github, pull).code == 6
    assert project.account.queues() == {}


def test_a_merge_that_changes_the_workflows_does_not_judge_itself(github: GitHub, project: Stack) -> None:
    started(github, project)
    edit(project.folder, "max_size: 100", "max_size: 250")
    workflow = project.folder / ".github" / "workflows" / "voiceform.yml"
    workflow.write_text(workflow.read_text(encoding="utf-8") + "# nothing to see here\n", encoding="utf-8")
    job = merged(github, opened(github, 2, "sly"))
    assert job.code == 6
    assert "changed .github" in job.output
    assert project.account.queues()["Support"]["max_size"] == 100


def test_a_digest_that_is_no_digest_reaches_no_shell(github: GitHub, project: Stack) -> None:
    started(github, project)
    jobs = github.dispatch("voiceform", digest="review:0\nPATH=/nowhere")
    assert jobs["apply"].code == 6
    assert "not found" not in jobs["apply"].output


def test_a_blocked_plan_is_shown_and_cannot_be_merged_into_the_account(
    github: GitHub, project: Stack
) -> None:
    started(github, project)
    edit(project.folder, "  support:\n    friendly_name: Support\n    max_size: 100", "  other: {}")
    github.commit("other", "Other")
    pull = Pull(2, "other")
    jobs = github.pull_request(pull)
    assert codes(jobs) == {"validate": 0, "plan": 4}, shown(jobs)
    (_, comment) = github.kept("comments")
    assert "Blocked: apply refuses this plan" in comment["body"]
    job = merged(github, pull)
    assert job.code == 6
    assert set(project.account.queues()) == {"Support"}
    digest = DIGEST.findall(job.summary)[-1]
    assert github.dispatch("voiceform", digest=digest)["apply"].code == 4, "an approval is asked for"
    wrong = github.dispatch("voiceform", digest=digest, approve="--no-such $(id) delete:queue=0")["apply"]
    assert wrong.code not in (0, 6), wrong.output
    assert set(project.account.queues()) == {"Support"}
    again = github.dispatch("voiceform", digest=digest, approve="delete:queue=1\n")
    assert codes(again) == {"validate": 0, "apply": 0}, shown(again)
    assert github.entered[-1] == "production"
    assert set(project.account.queues()) == {"other"}


def test_findings_are_annotations(github: GitHub, project: Stack) -> None:
    edit(project.folder, "max_size: 100", "max_size: none")
    github.commit("begin", "Wrong")
    jobs = github.pull_request(Pull(1, "begin"))
    assert codes(jobs) == {"validate": 1}
    assert "::error file=voiceform.yaml,line=8,col=15," in jobs["validate"].output


def test_forks_and_robots_get_an_offline_review_and_no_secret(github: GitHub, project: Stack) -> None:
    started(github, project)
    edit(project.folder, "max_size: 100", "max_size: 250")
    github.commit("larger", "Larger")
    log = len(project.emulator.requests())
    for pull in (Pull(2, "larger", repository="eve/phones"), Pull(3, "larger", user="dependabot[bot]")):
        jobs = github.pull_request(pull)
        assert codes(jobs) == {"validate": 0, "review": 0}, shown(jobs)
        assert "max_size: 100 -> 250" in jobs["review"].summary
        for job in jobs.values():
            assert READING not in str(job.environment)
            assert "state.db" not in str(job.environment)
    assert len(project.emulator.requests()) == log
    assert len(github.kept("comments")) == 1
    assert merged(github, pull).code == 6


def test_only_jobs_that_act_have_a_key_that_writes(github: GitHub, project: Stack) -> None:
    pull = opened(github, 1, "begin")
    jobs = github.merge(pull)
    assert jobs["apply"].environment["TWILIO_API_KEY"] == WRITING
    assert "TWILIO_API_KEY" not in jobs["validate"].environment
    drift = github.schedule("17 5 * * *")["drift"]
    assert drift.environment["TWILIO_API_KEY"] == READING


def test_no_job_takes_a_secret_but_from_an_environment(project: Stack) -> None:
    for file in (project.folder / ".github" / "workflows").iterdir():
        for name, job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].items():
            assert ("environment" in job) == ("secrets." in json.dumps(job)), name


def test_plans_need_a_state_that_they_can_only_read(
    github: GitHub, project: Stack, postgres_server: PostgresServer
) -> None:
    github.state_url = postgres_server.url(schema="kit")
    where = f"127.0.0.1:{postgres_server.port}/postgres?schema=kit"
    github.reading_state_url = f"postgresql://kit_reader:r@{where}"
    with psycopg.connect(**parse_url(github.state_url).parameters, autocommit=True) as admin:
        admin.execute("CREATE ROLE kit_reader LOGIN PASSWORD 'r'")
        started(github, project)
        admin.execute("GRANT USAGE ON SCHEMA kit TO kit_reader")
        admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA kit TO kit_reader")
    edit(project.folder, "max_size: 100", "max_size: 250")
    assert merged(github, opened(github, 2, "larger")).code == 0
    assert project.account.queues()["Support"]["max_size"] == 250


def test_the_jobs_of_the_clock(github: GitHub, project: Stack) -> None:
    started(github, project)
    project.emulator.seed(
        {"recordings": [{"date_created": "2020-01-01T00:00:00Z", "duration": 5, "source": "OutboundAPI"}]}
    )
    edit(
        project.folder,
        "queues:",
        "safety: {max_delete_percent: 100}\nretention: {recordings: [{name: old, keep: 90d}]}\nqueues:",
    )
    pull = opened(github, 2, "keep")
    *_, merge, prune = github.kept("comments")
    assert merge["body"].startswith("<!-- voiceform:plan stack=default -->\n")
    assert "retention.recordings" not in merge["body"]
    assert prune["body"].startswith("<!-- voiceform:plan stack=default/prune -->\n")
    assert "delete 1 recording by" in prune["body"]
    edit(project.folder, "keep: 90d", "keep: forever")
    opened(github, 2, "keep")
    assert [comment["id"] for comment in github.kept("comments")][-1] == prune["id"]
    assert "delete 1" not in github.kept("comments")[-1]["body"]
    edit(project.folder, "keep: forever", "keep: 90d")
    pull = opened(github, 2, "keep")
    assert merged(github, pull).code == 0
    assert "deleteRecording" not in project.account.writes()
    assert github.schedule("41 3 * * *") == {}
    github.variables.update(VOICEFORM_PRUNE="on", VOICEFORM_DISPATCH="on")
    assert codes(jobs := github.schedule("17 5 * * *")) == {"drift": 0}, shown(jobs)
    assert codes(github.schedule("41 3 * * *"))["prune"] != 0, "a runner's disk does not keep evidence"
    assert "deleteRecording" not in project.account.writes()
    kept = github.folder.parent / "kept"
    github.variables.update(VOICEFORM_EVIDENCE=str(kept))
    for night in (1, 2):
        assert codes(jobs := github.schedule("41 3 * * *")) == {"prune": 0}, shown(jobs)
        assert project.account.writes().count("deleteRecording") == night
        assert len(list(kept.glob("*.jsonl"))) == night
        project.emulator.seed({"recordings": [{"date_created": "2020-01-01T00:00:00Z", "duration": 5}]})
    assert project.run("prune", "verify", str(kept), "--offline").code == 0, "one chain over the nights"
    rows = [{"date_created": "2020-01-01T00:00:00Z", "duration": 5, "source": "OutboundAPI"}] * 2
    project.emulator.seed({"recordings": rows})
    edit(project.folder, "safety: {", "safety: {max_recording_deletes: 1, ")
    assert merged(github, opened(github, 3, "limit")).code == 0
    assert codes(github.schedule("41 3 * * *")) == {"prune": 4}
    assert github.entered[-1] == "voiceform-scheduled"
    jobs = github.dispatch("voiceform-scheduled", job="prune", approve="delete:recording=3")
    assert codes(jobs) == {"prune": 0}, shown(jobs)
    assert github.entered[-1] == "production"
    assert codes(jobs := github.schedule("*/5 * * * *")) == {"dispatch": 0}, shown(jobs)
    sid = project.account.queues()["Support"]["sid"]
    project.account.post(f"Queues/{sid}.json", MaxSize=7)
    drift = github.dispatch("voiceform-scheduled", job="drift")["drift"]
    assert drift.code == 3
    assert "max_size: 100 -> 7" in drift.summary


def test_one_of_several_stacks_goes_the_whole_way(github: GitHub, stack: Stack) -> None:
    github.workflow = "voiceform-eu"
    stack.folder = github.work
    stack.ok("init", "stacks/us")
    stack.ok("init", "stacks/eu")
    eve = Pull(1, "begin", repository="eve/phones")
    github.commit("begin", "Begin")
    assert codes(jobs := github.pull_request(eve)) == {"validate": 0, "review": 0}, shown(jobs)
    edit(github.work / "stacks" / "eu", "max_size: 100", "max_size: 120")
    pull = opened(github, 2, "begin")
    (comment,) = github.kept("comments")
    assert comment["body"].startswith("<!-- voiceform:plan stack=eu -->\n")
    assert merged(github, pull).code == 0
    assert set(github.entered) == {"voiceform-plan-eu", "production-eu"}
    assert stack.account.queues()["Support"]["max_size"] == 120
    assert codes(jobs := github.schedule("17 5 * * *")) == {"drift": 0}, shown(jobs)
    edit(github.work / "stacks" / "eu", "max_size: 120", "max_size: none")
    github.commit("wrong", "Wrong")
    jobs = github.pull_request(Pull(3, "wrong"))
    assert "::error file=stacks/eu/voiceform.yaml,line=8,col=15," in jobs["validate"].output


def test_the_recorded_pull_request_is_what_happens(
    tmp_path: Path, emulator: Emulator, programs: Path
) -> None:
    """If this page is to change: python -m tests.ci.transcript"""
    require_programs("git", "bash", "jq")
    assert record(tmp_path / "recorded", emulator, programs) == PAGE.read_text(encoding="utf-8")

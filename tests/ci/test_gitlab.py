"""The GitLab kit: merge requests, merges and schedules, its scripts run against the emulator."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.ci.gitlab import FORK, PROJECT, GitLab
from tests.ci.jobs import codes, edit, shown
from tests.services import require_programs
from tests.support import Stack
from voiceform.emulator import Emulator

HEAD, MERGED = "a" * 40, "b" * 40


@pytest.fixture
def gitlab(tmp_path: Path, emulator: Emulator, stack: Stack, programs: Path) -> Iterator[GitLab]:
    require_programs("git", "bash")
    found = GitLab(tmp_path / "gitlab", emulator.url, f"sqlite:///{tmp_path}/state.db", programs)
    stack.folder = found.work
    stack.ok("init", "--ci", "gitlab")
    yield found
    found.api.shutdown()
    found.api.server_close()


def test_from_merge_request_to_merged_apply(gitlab: GitLab, stack: Stack) -> None:
    gitlab.api.notes.extend(
        {"id": n, "iid": "1", "author": {"id": 1}, "body": "<!-- voiceform:plan stack=default -->"}
        for n in (90, 91, 92)
    )
    jobs = gitlab.merge_request("1", "c" * 40)
    assert codes(jobs) == {"validate": 0, "plan": 0}, shown(jobs)
    edit(gitlab.work, "max_size: 100", "max_size: 250")
    jobs = gitlab.merge_request("1", HEAD)
    assert codes(jobs) == {"validate": 0, "plan": 0}, shown(jobs)
    assert {"merge.html", "prune.html"} < {path.name for path in gitlab.work.iterdir()}
    assert not {"merge.json", "prune.json"} & {path.name for path in gitlab.work.iterdir()}
    (note,) = [note for note in gitlab.api.notes if note["author"]["id"] == 42]
    assert note["body"].startswith("<!-- voiceform:plan stack=default -->\n")
    assert "+     max_size: 250" in note["body"]
    assert HEAD in note["body"]
    assert stack.account.writes() == []
    jobs = gitlab.merge(HEAD, MERGED)
    assert codes(jobs) == {"validate": 0, "apply": 0}, shown(jobs)
    assert stack.account.queues()["Support"]["max_size"] == 250


def test_what_was_not_reviewed_waits_for_its_digest(gitlab: GitLab, stack: Stack) -> None:
    gitlab.merge_request("1", HEAD)
    stack.account.post("Queues.json", FriendlyName="Support", MaxSize=3)
    jobs = gitlab.merge(HEAD, MERGED)
    assert codes(jobs) == {"validate": 0, "apply": 6}, shown(jobs)
    assert stack.account.queues()["Support"]["max_size"] == 3
    digest = jobs["apply"].output.partition("VOICEFORM_DIGEST=")[2].strip()
    jobs = gitlab.main(MERGED, CI_PIPELINE_SOURCE="web", VOICEFORM_DIGEST=digest)
    assert codes(jobs) == {"validate": 0, "apply": 0}, shown(jobs)
    assert stack.account.queues()["Support"]["max_size"] == 100


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "push"},
        {"status": "failed"},
        {"status": "running"},
        {"sha": "c" * 40},
        {"jobs": [{"id": 1, "name": "plan", "status": "failed", "review": "review:" + "0" * 64}]},
        {"jobs": [{"id": 1, "name": "planner", "status": "success", "review": "review:" + "0" * 64}]},
        {"jobs": [{"id": 1, "name": "eu:plan", "status": "success", "review": "review:" + "0" * 64}]},
    ],
)
def test_only_the_newest_pipeline_of_the_merged_commit_is_a_review(
    gitlab: GitLab, stack: Stack, changes: dict[str, object]
) -> None:
    gitlab.merge_request("1", HEAD)
    gitlab.api.pipelines[0].update(changes)
    gitlab.api.merged.append({"iid": "1", "sha": HEAD, "merge_commit_sha": MERGED, "squash_commit_sha": None})
    assert codes(gitlab.main(MERGED)) == {"validate": 0, "apply": 6}
    assert stack.account.queues() == {}


def test_a_later_pipeline_that_failed_takes_the_review_back(gitlab: GitLab, stack: Stack) -> None:
    gitlab.merge_request("1", HEAD)
    gitlab.api.pipelines.append({**gitlab.api.pipelines[0], "id": 2, "status": "failed"})
    assert codes(gitlab.merge(HEAD, MERGED)) == {"validate": 0, "apply": 6}
    assert stack.account.queues() == {}


def test_a_pipeline_for_the_result_of_merging_counts(gitlab: GitLab, stack: Stack) -> None:
    """Merged results pipelines run for a commit that merges the request's last one."""
    gitlab.merge_request("1", HEAD)
    gitlab.api.pipelines[0]["sha"] = "f" * 40
    gitlab.api.parents["f" * 40] = ["d" * 40, HEAD]
    gitlab.api.merged.append({"iid": "1", "sha": HEAD, "merge_commit_sha": MERGED, "squash_commit_sha": None})
    assert codes(gitlab.main(MERGED)) == {"validate": 0, "apply": 0}


OWN, CI = ".gitlab/voiceform.yml", ".gitlab-ci.yml"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ([("voiceform.yaml", "voiceform.yaml", False)], 0),
        ([(OWN, OWN, True), (CI, CI, True)], 0),
        ([(OWN, OWN, True), (CI, CI, False)], 6),
        ([(OWN, OWN, False)], 6),
        ([(CI, CI, False)], 6),
        ([(".gitlab/voiceform-z.yml", ".gitlab/voiceform-z.yml", True)], 6),
        ([("notes.txt", ".gitlab/voiceform-z.yml", False)], 6),
    ],
    ids=["none", "brought", "brought beside another", "own", "pipeline", "one more", "renamed"],
)
def test_a_merge_that_changes_the_pipeline_does_not_judge_itself(
    gitlab: GitLab, stack: Stack, changes: list[tuple[str, str, bool]], code: int
) -> None:
    """Whatever is new beside them is included too, and might define their jobs again."""
    gitlab.merge_request("1", HEAD)
    gitlab.api.changed[MERGED] = [
        {"old_path": old, "new_path": path, "new_file": new} for old, path, new in changes
    ]
    assert codes(gitlab.merge(HEAD, MERGED)) == {"validate": 0, "apply": code}


def test_a_merge_that_cannot_be_compared_whole_is_not_reviewed(gitlab: GitLab, stack: Stack) -> None:
    gitlab.merge_request("1", HEAD)
    gitlab.api.too_much = True
    assert codes(gitlab.merge(HEAD, MERGED)) == {"validate": 0, "apply": 6}


def test_no_job_of_a_merge_request_has_a_token_that_can_pass_for_a_review(
    gitlab: GitLab, stack: Stack
) -> None:
    """The token for notes cannot read, set or forge what a merge looks for."""
    pipeline = yaml.safe_load((gitlab.work / OWN).read_text(encoding="utf-8"))
    assert pipeline["plan"]["environment"]["name"] == pipeline["drift"]["environment"]["name"]
    assert "environment" not in pipeline["validate"]
    assert "environment" not in pipeline["review"]


def test_a_blocked_plan_fails_its_pipeline(gitlab: GitLab, stack: Stack) -> None:
    assert codes(gitlab.merge_request("1", HEAD))["plan"] == 0
    assert codes(gitlab.merge(HEAD, MERGED))["apply"] == 0
    edit(gitlab.work, "  support:\n    friendly_name: Support\n    max_size: 100", "  other: {}")
    assert codes(gitlab.merge_request("2", "d" * 40)) == {"validate": 0, "plan": 4}
    assert "Blocked: apply refuses this plan" in gitlab.api.notes[-1]["body"]
    jobs = gitlab.merge("d" * 40, MERGED)
    assert codes(jobs) == {"validate": 0, "apply": 6}, shown(jobs)
    assert set(stack.account.queues()) == {"Support"}
    digest = jobs["apply"].output.partition("VOICEFORM_DIGEST=")[2].strip()
    by_hand = {"CI_PIPELINE_SOURCE": "web", "VOICEFORM_DIGEST": digest}
    jobs = gitlab.main(MERGED, **by_hand)
    assert codes(jobs) == {"validate": 0, "apply": 4}, shown(jobs)
    by_hand["VOICEFORM_APPROVE"] = "delete:queue=1"
    assert codes(gitlab.main(MERGED, **by_hand)) == {"validate": 0}
    assert gitlab.waiting == ["apply"], "for a second person"
    assert set(stack.account.queues()) == {"Support"}
    gitlab.second_person = True
    jobs = gitlab.main(MERGED, **by_hand)
    assert codes(jobs) == {"validate": 0, "apply": 0}, shown(jobs)
    assert set(stack.account.queues()) == {"other"}


@pytest.mark.parametrize("runs_in", [PROJECT, FORK])
def test_forks_get_an_offline_review(gitlab: GitLab, stack: Stack, runs_in: str) -> None:
    gitlab.commit()
    edit(gitlab.work, "max_size: 100", "max_size: 250")
    jobs = gitlab.merge_request("1", HEAD, source=FORK, runs_in=runs_in)
    assert codes(jobs) == {"validate": 0, "review": 0}, shown(jobs)
    assert "max_size: 100 -> 250" in jobs["review"].output
    assert stack.emulator.requests() == []


def test_findings_are_code_quality(gitlab: GitLab, stack: Stack) -> None:
    edit(gitlab.work, "max_size: 100", "max_size: none")
    assert codes(gitlab.merge_request("1", HEAD)) == {"validate": 1}
    (finding,) = json.loads((gitlab.work / "gl-code-quality-report.json").read_text(encoding="utf-8"))
    assert finding["location"] == {"path": "voiceform.yaml", "lines": {"begin": 8}}
    assert set(finding) == {"description", "check_name", "fingerprint", "severity", "location"}


def test_what_prune_would_delete_has_a_note_of_its_own(gitlab: GitLab, stack: Stack) -> None:
    stack.emulator.seed({"recordings": [{"date_created": "2020-01-01T00:00:00Z", "duration": 5}]})
    assert codes(gitlab.merge_request("1", "c" * 40)) == {"validate": 0, "plan": 0}
    assert len(gitlab.api.notes) == 1
    edit(gitlab.work, "queues:", "retention: {recordings: [{name: old, keep: 90d}]}\nqueues:")
    jobs = gitlab.merge_request("1", HEAD)
    assert codes(jobs) == {"validate": 0, "plan": 0}, shown(jobs)
    merge, prune = gitlab.api.notes
    assert "retention.recordings" not in merge["body"]
    assert prune["body"].startswith("<!-- voiceform:plan stack=default/prune -->\n")
    assert "delete 1 recording by" in prune["body"]
    edit(gitlab.work, "retention: {recordings: [{name: old, keep: 90d}]}\n", "")
    gitlab.merge_request("1", "d" * 40)
    assert "delete 1" not in gitlab.api.notes[1]["body"]
    assert len(gitlab.api.notes) == 2


def test_schedules(gitlab: GitLab, stack: Stack) -> None:
    gitlab.merge_request("1", HEAD)
    gitlab.merge(HEAD, MERGED)
    jobs = gitlab.main(MERGED, CI_PIPELINE_SOURCE="schedule", VOICEFORM_JOB="prune")
    assert codes(jobs)["prune"] != 0, "a runner's disk does not keep evidence"
    kept = {"VOICEFORM_EVIDENCE": str(stack.folder / "kept")}
    for job in ("drift", "prune", "dispatch"):
        jobs = gitlab.main(MERGED, CI_PIPELINE_SOURCE="schedule", VOICEFORM_JOB=job, **kept)
        assert codes(jobs) == {job: 0}, shown(jobs)
    sid = stack.account.queues()["Support"]["sid"]
    stack.account.post(f"Queues/{sid}.json", MaxSize=7)
    jobs = gitlab.main(MERGED, CI_PIPELINE_SOURCE="schedule", VOICEFORM_JOB="drift")
    assert codes(jobs) == {"drift": 3}


def test_a_branch_without_a_merge_request_runs_nothing(gitlab: GitLab) -> None:
    assert gitlab.pipeline(CI_PIPELINE_SOURCE="push", CI_COMMIT_BRANCH="wip", CI_COMMIT_SHA=HEAD) == {}


def test_prune_passes_a_limit_when_two_people_say_so(gitlab: GitLab, stack: Stack) -> None:
    limit = "safety: {max_recording_deletes: 1, max_delete_percent: 100}\n"
    edit(gitlab.work, "queues:", f"{limit}retention: {{recordings: [{{name: old, keep: 90d}}]}}\nqueues:")
    stack.emulator.seed({"recordings": [{"date_created": "2020-01-01T00:00:00Z", "duration": 5}] * 3})
    prune = {"VOICEFORM_JOB": "prune", "VOICEFORM_EVIDENCE": str(stack.folder.parent / "kept")}
    approved = {**prune, "VOICEFORM_APPROVE": "delete:recording=3"}
    for source in ("schedule", "web"):
        assert codes(gitlab.main(MERGED, CI_PIPELINE_SOURCE=source, **prune)) == {"prune": 4}
    jobs = gitlab.main(MERGED, CI_PIPELINE_SOURCE="schedule", **approved)
    assert codes(jobs) == {"prune": 4}, "the clock approves nothing"
    assert set(gitlab.entered) == {"voiceform-scheduled"}
    assert gitlab.main(MERGED, CI_PIPELINE_SOURCE="web", **approved) == {}
    assert gitlab.waiting == ["prune-approved"], "for a second person"
    gitlab.second_person = True
    for other, code in (({"VOICEFORM_APPROVE": "--no-such $(id) delete:recording=0"}, 64), ({}, 6)):
        digest = {"VOICEFORM_DIGEST": "review:" + "0" * 64}
        jobs = gitlab.main(MERGED, CI_PIPELINE_SOURCE="web", **{**approved, **digest, **other})
        assert codes(jobs) == {"prune-approved": code}, shown(jobs)
    assert "deleteRecording" not in stack.account.writes()
    jobs = gitlab.main(MERGED, CI_PIPELINE_SOURCE="api", **approved)
    assert codes(jobs) == {"prune-approved": 0}, shown(jobs)
    assert gitlab.entered[-1] == "production"
    assert stack.account.writes().count("deleteRecording") == 3


def test_each_of_several_stacks_goes_its_own_way(gitlab: GitLab, stack: Stack) -> None:
    (gitlab.work / ".git").mkdir()
    for name in ("eu", "us"):
        stack.ok("init", "--ci", "gitlab", f"stacks/{name}")
    (gitlab.work / ".git").rmdir()
    (gitlab.work / OWN).unlink()
    (gitlab.work / "voiceform.yaml").unlink()
    edit(gitlab.work / "stacks" / "us", "max_size: 100", "max_size: none")
    gitlab.touched = ("stacks/eu/lists/people.csv",)
    jobs = gitlab.merge_request("1", HEAD)
    assert codes(jobs) == {"eu:validate": 0, "eu:plan": 0}, shown(jobs)
    (note,) = gitlab.api.notes
    assert note["body"].startswith("<!-- voiceform:plan stack=eu -->\n")
    jobs = gitlab.merge(HEAD, MERGED)
    assert codes(jobs) == {"eu:validate": 0, "eu:apply": 0}, shown(jobs)
    assert gitlab.entered == ["voiceform-plan-eu", "production-eu"]
    assert stack.account.queues()["Support"]["max_size"] == 100
    sid = stack.account.queues()["Support"]["sid"]
    stack.account.post(f"Queues/{sid}.json", MaxSize=7)
    assert gitlab.main(MERGED, CI_PIPELINE_SOURCE="schedule", VOICEFORM_JOB="drift") == {}, "whose?"
    eu = {"VOICEFORM_STACK": "eu"}
    jobs = gitlab.main(MERGED, CI_PIPELINE_SOURCE="schedule", VOICEFORM_JOB="drift", **eu)
    assert codes(jobs) == {"eu:drift": 3}, shown(jobs)
    assert gitlab.main(MERGED, CI_PIPELINE_SOURCE="web") == {}
    jobs = gitlab.main(MERGED, CI_PIPELINE_SOURCE="web", **eu)
    assert codes(jobs) == {"eu:validate": 0, "eu:apply": 6}, shown(jobs)
    digest = jobs["eu:apply"].output.partition("VOICEFORM_DIGEST=")[2].strip()
    jobs = gitlab.main(MERGED, CI_PIPELINE_SOURCE="web", VOICEFORM_DIGEST=digest, **eu)
    assert codes(jobs) == {"eu:validate": 0, "eu:apply": 0}, shown(jobs)
    gitlab.touched = ("README.md", "stacks/europe/voiceform.yaml")
    assert gitlab.merge_request("2", HEAD) == {}
    gitlab.touched = (".gitlab/voiceform.py",)
    jobs = gitlab.merge_request("3", HEAD)
    assert codes(jobs) == {"eu:validate": 0, "us:validate": 1, "eu:plan": 0}, "one does not wait for another"
    gitlab.touched = ("stacks/us/voiceform.yaml",)
    gitlab.merge_request("4", HEAD)
    (finding,) = json.loads((gitlab.work / "gl-code-quality-report.json").read_text(encoding="utf-8"))
    assert finding["location"]["path"] == "stacks/us/voiceform.yaml"


def test_forks_get_an_offline_review_of_the_stack_that_they_change(gitlab: GitLab, stack: Stack) -> None:
    (gitlab.work / ".git").mkdir()
    stack.ok("init", "--ci", "gitlab", "stacks/eu")
    (gitlab.work / ".git").rmdir()
    stack.write("phone\n+15558675310\n", "stacks/eu/people.csv")
    gitlab.commit()
    edit(gitlab.work / "stacks" / "eu", "max_size: 100", "max_size: 250")
    gitlab.touched = ("stacks/eu/voiceform.yaml",)
    jobs = gitlab.merge_request("1", HEAD, source=FORK, runs_in=FORK)
    assert codes(jobs)["eu:review"] == 0, shown(jobs)
    assert "max_size: 100 -> 250" in jobs["eu:review"].output
    assert stack.emulator.requests() == []

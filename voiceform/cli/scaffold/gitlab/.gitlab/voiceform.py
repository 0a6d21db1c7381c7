"""What the jobs of .gitlab/voiceform*.yml ask GitLab for. Written by `voiceform init --ci gitlab`.

note NAME [--if-pending]  put NAME.md into the merge request's one note that begins like it; with --if-pending
                          begin one only if the plan NAME.json would do something
reviewed BEFORE SHA JOB FILE
                          print the digest that JOB of FILE kept in the merge request that moved the branch
                          from BEFORE to SHA
blocked PLAN.json         print whether apply refuses PLAN.json: true or false
digest PLAN.json          print the review digest of PLAN.json
quality                   findings (`voiceform validate --format json`) to a code quality report
"""

import hashlib
import json
import os
import sys

import requests


def api(method, path, **fields):
    """One request to GitLab; its answer as JSON, of lists every page, or as the text that it is."""
    url = f"{os.environ['CI_API_V4_URL']}/{path}"
    token = os.environ.get("VOICEFORM_NOTES_TOKEN") or os.environ["VOICEFORM_GITLAB_TOKEN"]
    found, page = [], "1"
    while page:
        extra = {"params": {**fields, "page": page, "per_page": 100}} if method == "GET" else {"json": fields}
        answer = requests.request(method, url, headers={"PRIVATE-TOKEN": token}, timeout=30, **extra)
        answer.raise_for_status()
        if "/artifacts/" in path:
            return answer.text
        if not isinstance(answer.json(), list):
            return answer.json()
        found += answer.json()
        page = answer.headers.get("X-Next-Page")
    return found


def project():
    """The project whose pipeline this is."""
    return f"projects/{os.environ['CI_PROJECT_ID']}"


def plan(file):
    """A saved plan."""
    with open(file, encoding="utf-8") as stream:
        return json.load(stream)


def note(name, option=None):
    """Update our note with the same hidden first line, or write the first one."""
    with open(f"{name}.md", encoding="utf-8") as stream:
        body = stream.read()
    marker = body.splitlines()[0]
    me = api("GET", "user")["id"]
    notes = f"{project()}/merge_requests/{os.environ['CI_MERGE_REQUEST_IID']}/notes"
    mine = [n for n in api("GET", notes) if n["author"]["id"] == me and n["body"].startswith(marker)]
    pending = any(change["action"] != "no-op" for change in plan(f"{name}.json")["changes"])
    if mine:
        api("PUT", f"{notes}/{mine[0]['id']}", body=body)
    elif pending or option != "--if-pending":
        api("POST", notes, body=body)


def reviewed(before, sha, job, file):
    """Print the digest that was reviewed in the merge request that became `sha`; nothing without one."""
    if own_judge(before, sha, file):
        print("This merge changed the pipeline: its own review does not count.", file=sys.stderr)
        return
    for request in api("GET", f"{project()}/repository/commits/{sha}/merge_requests"):
        if sha in (request["merge_commit_sha"], request["squash_commit_sha"], request["sha"]):
            digest = digest_of(request, job)
            if digest:
                print(digest)
            return


def own_judge(before, sha, file):
    """Whether the merge changed what it was reviewed by: not if it brought `file`, and changed no other.

    Else a file that is new counts too, since it may redefine a job; so does what cannot be compared whole.
    """
    if set(before) == {"0"}:
        return True
    compared = api("GET", f"{project()}/repository/compare", **{"from": before, "to": sha})
    if compared.get("compare_timeout"):
        return True
    ours = [
        diff
        for diff in compared["diffs"]
        if diff["old_path"].startswith(".gitlab") or diff["new_path"].startswith(".gitlab")
    ]
    if any(diff["new_file"] and diff["new_path"] == file for diff in ours):
        return not all(diff["new_file"] for diff in ours)
    return bool(ours)


def digest_of(request, plan_job):
    """What the job that plans kept in the newest pipeline of a merge request, if that ran for its head."""
    pipelines = api("GET", f"{project()}/merge_requests/{request['iid']}/pipelines")
    pipelines = [found for found in pipelines if found["source"] == "merge_request_event"]
    newest = max(pipelines, key=lambda found: found["id"], default=None)
    if newest is None or newest["status"] != "success" or not is_of(newest, request["sha"]):
        return None
    for job in api("GET", f"{project()}/pipelines/{newest['id']}/jobs"):
        if job["name"] == plan_job and job["status"] == "success":
            return api("GET", f"{project()}/jobs/{job['id']}/artifacts/review.txt").strip()
    return None


def is_of(pipeline, head):
    """Whether a pipeline ran for the commit, or for the result of merging just that one."""
    if pipeline["sha"] == head:
        return True
    return head in api("GET", f"{project()}/repository/commits/{pipeline['sha']}")["parent_ids"]


def quality():
    """Findings as GitLab shows them beside the lines of a merge request."""
    report = []
    for item in json.load(sys.stdin)["diagnostics"]:
        identity = json.dumps([item["code"], item["file"], item["line"], item["message"]])
        report.append(
            {
                "description": item["message"],
                "check_name": item["code"],
                "fingerprint": hashlib.sha256(identity.encode()).hexdigest(),
                "severity": "major" if item["severity"] == "error" else "minor",
                "location": {"path": item["file"] or "voiceform.yaml", "lines": {"begin": item["line"] or 1}},
            }
        )
    json.dump(report, sys.stdout, indent=2)


COMMANDS = {
    "note": note,
    "reviewed": reviewed,
    "quality": quality,
    "blocked": lambda file: print("true" if plan(file)["blocked"] else "false"),
    "digest": lambda file: print(plan(file)["review_digest"]),
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])

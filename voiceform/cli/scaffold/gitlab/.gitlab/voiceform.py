"""What the jobs of .gitlab-ci.yml ask GitLab for. Written by `voiceform init --ci gitlab`.

note NAME [--if-pending]  put NAME.md into the merge request's one note that begins like it; with --if-pending
                          begin one only if the plan NAME.json would do something
record SHA PLAN.json      keep the review digest of PLAN.json as a status of the commit
reviewed SHA              print the digest that was kept for the merge request that SHA merged
digest PLAN.json          print the review digest of PLAN.json
quality                   findings (`voiceform validate --format json`) to a code quality report
"""

import hashlib
import json
import os
import sys

import requests


def api(method, path, **fields):
    """One request to GitLab; its answer as JSON, of lists every page."""
    url = f"{os.environ['CI_API_V4_URL']}/{path}"
    headers = {"PRIVATE-TOKEN": os.environ["VOICEFORM_GITLAB_TOKEN"]}
    found, page = [], "1"
    while page:
        extra = {"params": {**fields, "page": page, "per_page": 100}} if method == "GET" else {"json": fields}
        answer = requests.request(method, url, headers=headers, timeout=30, **extra)
        answer.raise_for_status()
        if not isinstance(answer.json(), list):
            return answer.json()
        found += answer.json()
        page = answer.headers.get("X-Next-Page")
    return found


def project():
    """The project whose pipeline this is."""
    return f"projects/{os.environ['CI_PROJECT_ID']}"


def context():
    """The name of the status that keeps the digest of this stack."""
    return f"voiceform/{os.environ['STACK']}"


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


def record(sha, file):
    """Keep what was reviewed; a status cannot be edited, and ours is told from others by its author."""
    found = plan(file)
    api(
        "POST",
        f"{project()}/statuses/{sha}",
        state="failed" if found["blocked"] else "success",  # what is blocked nobody can apply by merging
        name=context(),
        description=found["review_digest"],
        target_url=os.environ["CI_JOB_URL"],
    )


def reviewed(sha):
    """Print the digest of the merge request that became `sha`; nothing when there is none."""
    me = api("GET", "user")["id"]
    for request in api("GET", f"{project()}/repository/commits/{sha}/merge_requests"):
        if sha in (request["merge_commit_sha"], request["squash_commit_sha"], request["sha"]):
            found = api(
                "GET", f"{project()}/repository/commits/{request['sha']}/statuses", all="true", name=context()
            )
            mine = sorted((s for s in found if s["author"]["id"] == me), key=lambda s: s["id"])
            if mine and mine[-1]["status"] == "success":
                print(mine[-1]["description"])
            return


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
    "record": record,
    "reviewed": reviewed,
    "quality": quality,
    "digest": lambda file: print(plan(file)["review_digest"]),
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])

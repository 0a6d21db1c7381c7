#!/usr/bin/env python3
"""A stand-in for `gh api` over a file: comments, runs, artifacts and merged pull requests of one repository.

Like GitHub it refuses what the job's token has no permission for. FAKE_GH_STATE names the file;
FAKE_GH_PERMISSIONS is the job's `permissions` as JSON.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

STATE = Path(os.environ["FAKE_GH_STATE"])
PERMISSIONS = json.loads(os.environ["FAKE_GH_PERMISSIONS"])
ME = {"login": "github-actions[bot]"}


def require(scope: str, right: str) -> None:
    rights = {"read": ("read", "write"), "write": ("write",)}[right]
    if PERMISSIONS.get(scope) not in rights:
        sys.exit(f"gh: Resource not accessible by integration (HTTP 403): {scope} is not {right}")


def read_fields(plain: list[str], typed: list[str]) -> dict[str, str]:
    fields = dict(item.split("=", 1) for item in plain)
    for item in typed:
        name, value = item.split("=", 1)
        fields[name] = Path(value[1:]).read_text(encoding="utf-8") if value.startswith("@") else value
    return fields


def comments(state: Any, method: str, number: str, fields: dict[str, str]) -> Any:
    require("pull-requests", "read" if method == "GET" else "write")
    if method == "GET":
        return [comment for comment in state["comments"] if comment["number"] == int(number)]
    assert len(fields["body"]) <= 65_536, "a comment is too long"
    comment = {"id": len(state["comments"]) + 101, "number": int(number), "user": ME, "body": fields["body"]}
    state["comments"].append(comment)
    return comment


def comment(state: Any, method: str, number: str, fields: dict[str, str]) -> Any:
    assert method == "PATCH"
    require("pull-requests", "write")
    (found,) = [item for item in state["comments"] if item["id"] == int(number)]
    found["body"] = fields["body"]
    return found


def runs(state: Any, method: str, which: str, _: dict[str, str]) -> Any:
    assert method == "GET"
    require("actions", "read")
    workflow, query = which.split("/runs?")
    wanted = {"path": f".github/workflows/{workflow}", **dict(parse_qsl(query))}
    found = [run for run in state["runs"] if all(run[name] == value for name, value in wanted.items())]
    return {"total_count": len(found), "workflow_runs": found}


def artifacts(state: Any, method: str, number: str, _: dict[str, str]) -> Any:
    assert method == "GET"
    require("actions", "read")
    return {"artifacts": [item for item in state["artifacts"] if item["run"] == int(number)]}


def pulls(state: Any, method: str, sha: str, _: dict[str, str]) -> Any:
    assert method == "GET"
    require("pull-requests", "read")
    return [pull for pull in state["pulls"] if pull["merge_commit_sha"] == sha]


ROUTES = {
    r"issues/(\d+)/comments": comments,
    r"issues/comments/(\d+)": comment,
    r"actions/workflows/([\w-]+\.yml/runs\?[\w=&-]+)": runs,
    r"actions/runs/(\d+)/artifacts\?per_page=100": artifacts,
    r"commits/([0-9a-f]{40})/pulls": pulls,
}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("api", choices=["api"])
    parser.add_argument("path")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--paginate", action="store_true")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("--jq")
    parser.add_argument("-f", dest="plain", action="append", default=[])
    parser.add_argument("-F", dest="typed", action="append", default=[])
    options = parser.parse_args()
    if not os.environ.get("GH_TOKEN"):
        sys.exit("gh: To use GitHub CLI in a GitHub Actions workflow, set the GH_TOKEN environment variable.")
    state = json.loads(STATE.read_text(encoding="utf-8"))
    path = options.path.removeprefix(f"repos/{os.environ['GITHUB_REPOSITORY']}/")
    for pattern, route in ROUTES.items():
        match = re.fullmatch(pattern, path)
        if match:
            answer = route(state, options.method, match[1], read_fields(options.plain, options.typed))
            break
    else:
        sys.exit(f"gh: Not Found (HTTP 404): {options.path}")
    STATE.write_text(json.dumps(state), encoding="utf-8")
    if options.jq:
        done = subprocess.run(["jq", "-r", options.jq], input=json.dumps(answer), text=True, check=False)
        sys.exit(done.returncode)
    if not options.silent:
        sys.stdout.write(json.dumps(answer))


main()

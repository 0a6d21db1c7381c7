"""A state whose prefix in an object store lies below that of another one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import s3_state
from tests.services import S3Server
from tests.support import Stack


@pytest.fixture
def outer(stack: Stack, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty state, below which lie those of two stacks."""
    url = s3_state(s3_server, monkeypatch)
    stack.queues(support=5)
    for name in ("acme", "team/beta"):
        stack.ok("--state", f"{url}/{name}", "apply", "--auto-approve")
    return url


def pulled(stack: Stack, state: str) -> Path:
    path = stack.folder / "pulled.json"
    path.write_text(stack.ok("--state", state, "state", "pull").out, encoding="utf-8")
    return path


def test_a_push_leaves_what_lies_below_as_it_is(stack: Stack, outer: str) -> None:
    before = [pulled(stack, f"{outer}/{name}").read_text(encoding="utf-8") for name in ("acme", "team/beta")]
    (stack.folder / "push.json").write_text(before[0], encoding="utf-8")
    stack.ok("--state", outer, "state", "push", "push.json")
    document = json.loads(before[0])
    document["serial"] += 1
    document["documents"] = {}
    del document["digest"]
    (stack.folder / "push.json").write_text(json.dumps(document), encoding="utf-8")
    stack.ok("--state", outer, "state", "push", "push.json")
    after = [pulled(stack, f"{outer}/{name}").read_text(encoding="utf-8") for name in ("acme", "team/beta")]
    assert after == before
    assert "queue.support" not in stack.ok("--state", outer, "state", "list").out


def test_a_pulled_state_holds_nothing_of_what_lies_below(stack: Stack, outer: str) -> None:
    """So it can be moved away from there."""
    stack.ok("--state", outer, "apply", "--auto-approve")
    path = pulled(stack, outer)
    keys = json.loads(path.read_text(encoding="utf-8"))["documents"].keys()
    assert "resources/queue.support" in keys
    assert not [key for key in keys if key.startswith(("acme/", "team/"))]
    stack.ok("--state", f"{outer}/moved", "state", "push", str(path))
    assert "No changes" in stack.ok("--state", f"{outer}/moved", "plan").out

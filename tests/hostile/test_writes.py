"""What the API answers to a write is compared with what was asked, and recorded as it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.hostile.proxy import hostile_proxy
from tests.support import Stack


def shrunk(document: Any) -> None:
    document["max_size"] = 100


def all_shrunk(document: Any) -> None:
    for row in document["queues"]:
        shrunk(row)


def renamed(document: Any) -> None:
    document["friendly_name"] = "somebody"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (shrunk, "max_size 100 instead of 200"),
        (renamed, "friendly_name 'somebody' instead of 'a'"),
    ],
)
def test_a_creation_that_is_answered_with_something_else_has_failed(
    stack: Stack, change: Any, message: str
) -> None:
    stack.queues(a=200)
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        proxy.edit("POST", r"/Queues\.json", change)
        done = stack.run("apply", "--auto-approve")
    assert done.code == 5
    assert message in " ".join(done.out.split())
    recorded = stack.ok("state", "show", "queue.a").json
    assert recorded["sid"] == stack.account.queues()["a"]["sid"]
    expected: dict[str, Any] = {"friendly_name": "a", "max_size": 200}
    change(expected)
    assert recorded["attributes"] == expected


def test_what_a_failed_update_left_is_nobodys_drift(stack: Stack) -> None:
    stack.queues(a=200)
    stack.apply()
    stack.queues(a=300)
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        proxy.edit("POST", "/Queues/", shrunk)
        assert stack.run("apply", "--auto-approve").code == 5
        proxy.edit("GET", "/Queues", all_shrunk)
        plan = stack.ok("plan", "--format", "json").json
    assert plan["drift"] == []
    assert plan["changes"][0]["reason"] == "changed"


@pytest.mark.parametrize("folds", [True, False])
def test_a_rename_in_case_only_is_one_update(stack: Stack, folds: bool) -> None:
    stack.emulator.switches(queue_names_fold_case=folds)
    stack.queues(support=5, a=5, b=5, c=5)
    stack.apply()
    sid = stack.account.queues()["support"]["sid"]
    stack.queues(Support=5, a=5, b=5, c=5)
    stack.apply()
    assert stack.account.queues()["Support"]["sid"] == sid
    assert stack.account.writes()[4:] == ["updateQueue"]
    assert stack.run("plan", "--detailed-exitcode").code == 0

"""Keys that are written anew: one schedule stays one schedule, whoever was phoned stays phoned."""

from __future__ import annotations

import pytest

from tests.cli.calling import NINE, Timeline, after, calls
from tests.support import Stack


@pytest.fixture
def time(stack: Stack) -> Timeline:
    return Timeline(stack)


def test_a_schedule_of_which_only_the_case_changes_phones_nobody_again(stack: Stack, time: Timeline) -> None:
    stack.write(calls(misfire_grace="1h"))
    time.apply(after(hours=-3))
    assert time.at(after(1), "dispatch", "--once").code == 0
    stack.write(calls(misfire_grace="1h").replace("reminder", "Reminder"))
    plan = time.at(after(2), "plan", "--format", "json").json
    (change,) = plan["changes"]
    assert (change["address"], change["action"]) == ("call.Reminder", "update")
    time.apply(after(3))
    time.at(after(4), "dispatch", "--once")
    assert len(time.placed()) == 1
    assert stack.ok("state", "list").out == "call.Reminder\t-\n"


def test_two_recorded_names_of_one_schedule_are_refused(stack: Stack, time: Timeline) -> None:
    one = calls()
    stack.write(one + one.replace("calls:\n", "").replace("reminder", "second"))
    time.apply(after(hours=-3))
    stack.write(calls(aliases="[second]", on_remove="cancel"))
    refused = time.at(NINE, "apply", "--auto-approve")
    assert refused.code == 4
    assert "stands for several recorded objects: call.reminder, call.second" in " ".join(refused.out.split())
    assert stack.ok("state", "list").out.count("call.") == 2
    assert "updateCall" not in stack.account.writes()


@pytest.mark.parametrize("section", ["queues", "conferences"])
def test_a_review_sees_one_object_where_only_the_case_changes(stack: Stack, section: str) -> None:
    stack.write(f"{section}: {{support: {{}}}}\n", "base/voiceform.yaml")
    stack.write(f"{section}: {{Support: {{}}}}\n")
    plan = stack.ok("plan", "--base", "base", "--format", "json").json
    assert [change["action"] for change in plan["changes"]] == ["update"]


def test_a_wrong_import_is_told_the_way_out(stack: Stack) -> None:
    right, wrong = (
        stack.account.post("Queues.json", FriendlyName=name)["sid"] for name in ("support", "other")
    )
    stack.write("queues: {support: {}}\n")
    stack.ok("import", "queue.support", wrong)
    refused = stack.run("plan")
    assert refused.code == 4
    assert "voiceform state rm queue.support" in " ".join(refused.out.split())
    stack.ok("state", "rm", "queue.support")
    assert stack.ok("plan", "--format", "json").json["changes"][0]["sid"] == right

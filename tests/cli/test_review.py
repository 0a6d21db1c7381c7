"""`plan --base`: a review of two configurations, offline."""

from __future__ import annotations

import pytest

from tests.support import Stack


@pytest.fixture
def offline(stack: Stack) -> Stack:
    stack.environ = {}
    stack.write("queues: {a: {max_size: 1}, b: {}, old: {}}\n", "base/voiceform.yaml")
    return stack


def test_changes_between_two_configurations(offline: Stack) -> None:
    offline.write(
        "safety: {max_delete_percent: 50}\n"
        "queues: {a: {max_size: 2}, new: {friendly_name: old, aliases: [old]}, c: {}}\n"
    )
    plan = offline.run("plan", "--base", "base", "--format", "json").json
    assert [(change["address"], change["action"], change["sid"]) for change in plan["changes"]] == [
        ("queue.a", "update", None),
        ("queue.c", "create", None),
        ("queue.new", "update", None),
        ("queue.b", "delete", None),
    ]
    assert plan["mode"] == "review"
    assert offline.emulator.requests() == []


def test_exit_codes_are_those_of_plan(offline: Stack) -> None:
    offline.write("queues: {a: {max_size: 1}, b: {}, old: {}}\n")
    assert offline.run("plan", "--base", "base", "--detailed-exitcode").code == 0
    offline.write("queues: {a: {max_size: 3}, b: {}, old: {}}\n")
    assert offline.run("plan", "--base", "base", "--detailed-exitcode").code == 2
    offline.write("queues: {a: {max_size: 3}}\n")
    assert offline.run("plan", "--base", "base").code == 4


def test_a_review_cannot_be_saved(offline: Stack) -> None:
    offline.write("queues: {}\n")
    assert offline.run("plan", "--base", "base", "--out", "p.json").code == 64


def test_an_invalid_base_is_named(offline: Stack) -> None:
    offline.write("queues: {}\n")
    offline.write("queues: {a: {max_size: none}}\n", "base/voiceform.yaml")
    result = offline.run("plan", "--base", "base")
    assert result.code == 1
    assert "base/voiceform.yaml:2:" in result.err


LISTS = {
    "a list with one of them": (
        "+12125550103\n",
        "calls 1 person, 1 suppressed: on the do-not-call list (1)",
    ),
    "an empty list": ("", "calls 0 people, 2 not called: the do-not-call list dnc.txt is empty (2)"),
    "no list": (None, "calls 0 people, 2 not called: the do-not-call list dnc.txt is missing (2)"),
}


@pytest.mark.parametrize("case", LISTS)
def test_whom_a_schedule_would_call_depends_on_the_list_that_is_here(offline: Stack, case: str) -> None:
    """Not on the one of the base; and what is wrong with a list is no warning: elsewhere there is another."""
    content, expected = LISTS[case]
    schedule = (
        'calls: {pulse: {to: ["+12125550103", "+12125550104"], from: "+15017122661", do_not_call: dnc.txt,'
        " answer: {say: %s}, schedule: {cron: 0 12 * * *, timezone: UTC}}}\n"
    )
    offline.write(schedule % "Hello", "base/voiceform.yaml")
    (offline.folder / "base" / "dnc.txt").write_text("+12125550103\n+12125550104\n", encoding="utf-8")
    offline.write(schedule % "Welcome")
    if content is not None:
        (offline.folder / "dnc.txt").write_text(content, encoding="utf-8")
    plan = offline.run("plan", "--base", "base", "--format", "json").json
    (change,) = plan["changes"]
    assert expected in " ".join(change["impact"])
    assert plan["warnings"] == []

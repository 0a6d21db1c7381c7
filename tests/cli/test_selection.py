"""`--target` and `--exclude` hold in every mode, and reach live queues that nobody declared."""

from __future__ import annotations

import pytest

from tests.support import Stack, addresses

ALL = "safety: {max_delete_percent: 100}\n"


@pytest.fixture
def drifted(stack: Stack) -> Stack:
    """us was changed by hand, old was deleted by hand, eu is as it was left."""
    stack.write(f"{ALL}queues: {{us: {{max_size: 5}}, eu: {{max_size: 5}}, old: {{max_size: 5}}}}\n")
    stack.apply()
    live = stack.account.queues()
    stack.account.post(f"Queues/{live['us']['sid']}.json", MaxSize=9)
    stack.account.delete(f"Queues/{live['old']['sid']}.json")
    return stack


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--target", "queue.eu"], []),
        (["--target", "queue.us"], ["queue.us"]),
        (["--target", "queue.[uo]*"], ["queue.old", "queue.us"]),
        (["--exclude", "queue.us"], ["queue.old"]),
        (["--exclude", "queue.us", "--exclude", "queue.old"], []),
        ([], ["queue.old", "queue.us"]),
    ],
)
def test_drift_is_looked_for_in_the_selection(drifted: Stack, options: list[str], found: list[str]) -> None:
    result = drifted.run("drift", "--format", "json", *options)
    assert addresses(result.json["drift"]) == found
    assert result.code == (3 if found else 0)


def test_only_the_selection_is_recorded_as_it_is(drifted: Stack) -> None:
    drifted.apply("--refresh-only", "--target", "queue.eu")
    drifted.apply("--refresh-only", "--exclude", "queue.us", "--exclude", "queue.old")
    assert addresses(drifted.run("drift", "--format", "json").json["drift"]) == ["queue.old", "queue.us"]
    drifted.apply("--refresh-only", "--exclude", "queue.old")
    assert addresses(drifted.run("drift", "--format", "json").json["drift"]) == ["queue.old"]


def test_limits_count_the_selection_alone(drifted: Stack) -> None:
    drifted.write("queues: {us: {}, eu: {}, old: {}}\n")
    assert drifted.run("apply", "--refresh-only", "--auto-approve").code == 4
    drifted.apply("--refresh-only", "--target", "queue.us")
    assert drifted.run("apply", "--refresh-only", "--auto-approve", "--target", "queue.old").code == 4


def test_drift_of_a_renamed_queue_is_recorded_where_it_is_recorded(stack: Stack) -> None:
    stack.queues(us=5, eu=5)
    stack.apply()
    stack.account.post(f"Queues/{stack.account.queues()['us']['sid']}.json", MaxSize=9)
    stack.write("queues: {na: {friendly_name: us, max_size: 5, aliases: [us]}, eu: {max_size: 5}}\n")
    stack.apply("--refresh-only", "--target", "queue.na")
    assert stack.ok("state", "show", "queue.us").json["attributes"]["max_size"] == 9


@pytest.mark.parametrize("glob", [False, True])
def test_a_stranger_can_be_spared_or_taken_alone(stack: Stack, glob: bool) -> None:
    one, two = (stack.account.post("Queues.json", FriendlyName=name)["sid"] for name in ("one", "two"))
    stack.write(f"{ALL}ownership: exclusive\nqueues: {{a: {{}}}}\n")
    pattern = f"queue.{one[:12]}*" if glob else f"queue.{one}"
    plan = stack.ok("plan", "--format", "json", "--target", pattern).json
    assert addresses(plan["changes"]) == [f"queue.{one}"]
    stack.apply("--exclude", pattern)
    assert {queue["sid"] for queue in stack.account.queues().values()} >= {one}
    assert two not in {queue["sid"] for queue in stack.account.queues().values()}


def test_an_unmanaged_queue_may_be_named_where_nothing_happens_to_it(stack: Stack) -> None:
    sid = stack.account.post("Queues.json", FriendlyName="one")["sid"]
    stack.queues(a=5)
    plan = stack.ok("plan", "--format", "json", "--exclude", f"queue.{sid}").json
    assert addresses(plan["changes"]) == ["queue.a"]


def test_what_is_nowhere_is_a_slip(stack: Stack) -> None:
    stack.queues(support=5)
    for option in ("--target", "--exclude"):
        result = stack.run("plan", option, "queue.suport")
        assert result.code == 64
        assert "did you mean queue.support?" in result.err

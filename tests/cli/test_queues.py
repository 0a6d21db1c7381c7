"""The queue workflow from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.support import ACCOUNT, Stack, addresses

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_create_update_delete(stack: Stack) -> None:
    stack.write("safety: {max_delete_percent: 100}\nqueues: {a: {max_size: 1}, b: {max_size: 2}}\n")
    stack.apply()
    sids = {name: queue["sid"] for name, queue in stack.account.queues().items()}
    stack.write("safety: {max_delete_percent: 100}\nqueues: {b: {max_size: 3}, c: {max_size: 4}}\n")
    plan = stack.run("plan", "--format", "json").json
    assert [(change["address"], change["action"]) for change in plan["changes"]] == [
        ("queue.b", "update"),
        ("queue.c", "create"),
        ("queue.a", "delete"),
    ]
    stack.apply()
    live = stack.account.queues()
    assert {name: queue["max_size"] for name, queue in live.items()} == {"b": 3, "c": 4}
    assert live["b"]["sid"] == sids["b"]


def test_the_size_is_always_sent(stack: Stack) -> None:
    stack.write("queues: {a: {}}\n")
    stack.apply()
    (request,) = [item for item in stack.emulator.requests() if item["operation"] == "createQueue"]
    assert request["params"]["MaxSize"] in ("1000", ["1000"])


def test_a_renamed_key_keeps_its_queue(stack: Stack) -> None:
    stack.write("queues: {helpdesk: {}}\n")
    stack.apply()
    (before,) = stack.account.queues().values()
    stack.write("queues: {support: {aliases: [helpdesk]}}\n")
    stack.apply()
    (after,) = stack.account.queues().values()
    assert (after["sid"], after["friendly_name"]) == (before["sid"], "support")
    assert stack.ok("state", "list").out.split("\t")[0] == "queue.support"
    assert stack.run("plan", "--detailed-exitcode").code == 0


def test_exchanged_names_are_blocked_not_half_done(stack: Stack) -> None:
    stack.write("queues: {a: {friendly_name: One}, b: {friendly_name: Two}, c: {friendly_name: Three}}\n")
    stack.apply()
    before = stack.account.queues()
    stack.write("queues: {a: {friendly_name: Two}, b: {friendly_name: Three}, c: {friendly_name: One}}\n")
    result = stack.run("apply", "--auto-approve")
    assert result.code == 4
    assert "third name" in result.out
    assert "(name-cycle)" in result.err
    assert stack.account.queues() == before


def test_target_and_exclude(stack: Stack) -> None:
    stack.queues(a=1, b=1, c=1)
    plan = stack.run(
        "plan", "--target", "queue.a", "--target", "queue.[bc]", "--exclude", "queue.b", "--format", "json"
    )
    assert addresses(plan.json["changes"]) == ["queue.a", "queue.c"]
    assert plan.json["complete"] is False
    stack.apply("--target", "queue.a")
    assert list(stack.account.queues()) == ["a"]


def test_import_then_plan_is_empty(stack: Stack) -> None:
    queue = stack.account.post("Queues.json", FriendlyName="Support", MaxSize=70)
    stack.write("queues: {support: {friendly_name: Support, max_size: 70}}\n")
    stack.ok("import", "queue.support", queue["sid"])
    assert stack.run("plan", "--detailed-exitcode").code == 0
    assert stack.run("import", "queue.support", queue["sid"]).code == 64


def test_importing_what_is_not_declared_is_refused(stack: Stack) -> None:
    queue = stack.account.post("Queues.json", FriendlyName="Support", MaxSize=70)
    stack.write("queues: {}\n")
    result = stack.run("import", "queue.support", queue["sid"])
    assert result.code == 64
    assert "would delete" in result.err


def test_export_then_apply_adopts_everything(stack: Stack) -> None:
    for name in ("Support", "support!", "Für Ärzte", "${HOME}", "yes", "😀" * 20):
        stack.account.post("Queues.json", FriendlyName=name, MaxSize=70)
    before = stack.account.queues()
    exported = stack.ok("export", "--out", "voiceform.yaml")
    assert exported.out == ""
    document = yaml.safe_load((stack.folder / "voiceform.yaml").read_text())
    assert document["account"] == ACCOUNT
    stack.ok("validate")
    plan = stack.run("plan", "--format", "json").json
    assert {change["reason"] for change in plan["changes"]} == {"adopted"}
    assert all(not change["operations"] for change in plan["changes"])
    stack.apply()
    assert stack.account.queues() == before
    assert stack.run("plan", "--detailed-exitcode").code == 0


def test_export_overwrites_nothing(stack: Stack) -> None:
    stack.queues(a=1)
    assert stack.run("export", "--out", "voiceform.yaml").code == 64


def test_destroy_takes_what_is_recorded_and_nothing_else(stack: Stack) -> None:
    stack.account.post("Queues.json", FriendlyName="stranger", MaxSize=5)
    stack.queues(a=1, b=1)
    stack.apply()
    assert stack.run("destroy", "--auto-approve").code == 4
    stack.ok("destroy", "--auto-approve", "--approve", "delete:queue=2")
    assert list(stack.account.queues()) == ["stranger"]
    assert stack.ok("state", "list").out == ""


def test_exclusive_ownership(stack: Stack) -> None:
    stack.account.post("Queues.json", FriendlyName="stranger", MaxSize=5)
    stack.write("ownership: exclusive\nsafety: {max_delete_percent: 100}\nqueues: {a: {}}\n")
    stack.apply()
    assert list(stack.account.queues()) == ["a"]


def test_state_commands(stack: Stack) -> None:
    stack.queues(a=1, b=1)
    stack.apply()
    assert stack.ok("state", "show", "queue.a").json["attributes"] == {"friendly_name": "a", "max_size": 1}
    stack.ok("state", "mv", "queue.a", "queue.z")
    assert [line.split("\t")[0] for line in stack.ok("state", "list").out.splitlines()] == [
        "queue.b",
        "queue.z",
    ]
    stack.ok("state", "rm", "queue.z")
    assert stack.run("state", "show", "queue.z").code == 64
    plan = stack.run("plan", "--format", "json").json
    assert [
        (change["address"], change["reason"]) for change in plan["changes"] if change["action"] != "no-op"
    ] == [("queue.a", "adopted")]


def test_lock_show_and_break(stack: Stack) -> None:
    assert stack.ok("lock", "show").out == "Nobody holds the lock.\n"
    assert stack.run("lock", "break", "--reason", "test").code == 1


def test_refresh_only_apply_records_what_is_live(stack: Stack) -> None:
    stack.queues(a=1, b=1)
    stack.apply()
    live = stack.account.queues()
    stack.account.post(f"Queues/{live['a']['sid']}.json", MaxSize=9)
    stack.account.delete(f"Queues/{live['b']['sid']}.json")
    writes = stack.account.writes()
    stack.apply("--refresh-only", "--approve", "delete:queue=1")
    assert stack.account.writes() == writes
    assert stack.run("drift").code == 0
    assert stack.ok("state", "show", "queue.a").json["attributes"]["max_size"] == 9


@pytest.mark.parametrize("kind", ["drop-before", "drop-after", "truncate", "garbage"])
def test_a_creation_whose_answer_is_lost_happens_once(stack: Stack, kind: str) -> None:
    stack.queues(a=1)
    stack.emulator.faults([{"operation": "createQueue", "times": 1, "kind": kind}])
    stack.apply()
    assert {name: queue["max_size"] for name, queue in stack.account.queues().items()} == {"a": 1}
    assert stack.run("plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("example", sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()))
def test_every_example_converges(stack: Stack, example: str) -> None:
    for path in (EXAMPLES / example).rglob("*"):
        if path.is_file():
            target = stack.folder / path.relative_to(EXAMPLES / example)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    options = [f"--env-file={path.name}" for path in sorted(stack.folder.glob("staging.env"))]
    if (stack.folder / "rules").is_dir():
        options += ["-f", "voiceform.yaml", "-f", "rules"]
    stack.ok("validate", *options)
    stack.apply(*options)
    result = stack.run("plan", "--detailed-exitcode", *options)
    assert result.code == 0, result.out


def test_the_demonstration_plays_to_its_end(stack: Stack) -> None:
    result = stack.ok("demo")
    assert "[11/11]" in result.out


def test_init_makes_a_stack_that_applies(stack: Stack) -> None:
    stack.ok("init", "new")
    stack.ok("-f", str(stack.folder / "new" / "voiceform.yaml"), "plan")
    assert "1 passed" in stack.ok("test", str(stack.folder / "new" / "tests")).out
    stack.write("mine", "new/voiceform.yaml")
    assert "kept     " in stack.ok("init", "new").err
    assert "mine" in (stack.folder / "new" / "voiceform.yaml").read_text(encoding="utf-8")


def test_what_was_changed_outside_to_what_is_declared_is_recorded(stack: Stack) -> None:
    stack.queues(a=10)
    stack.apply()
    stack.account.post(f"Queues/{stack.account.queues()['a']['sid']}.json", MaxSize=20)
    stack.queues(a=20)
    assert stack.run("drift").code == 3
    stack.apply()
    assert stack.account.writes().count("updateQueue") == 1, "nothing but what was done outside"
    assert "changed outside" not in stack.ok("plan", "--detailed-exitcode").out
    assert stack.run("drift").code == 0

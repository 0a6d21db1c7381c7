"""What was reviewed is what is applied, with the saved plan or with one made anew."""

from __future__ import annotations

import json

from tests.cli.pruning import Pruner, call, recording
from tests.support import Stack


def test_a_saved_plan_is_recognised_by_its_digest(stack: Stack) -> None:
    stack.queues(a=1)
    stack.ok("plan", "--out", "p.json")
    digest = json.loads((stack.folder / "p.json").read_text())["digest"]
    assert stack.run("apply", "p.json", "--expect-digest", "sha256:" + "0" * 64).code == 6
    assert stack.account.writes() == []
    stack.ok("apply", "p.json", "--expect-digest", digest)


def test_a_plan_made_anew_is_recognised_by_what_it_does(stack: Stack) -> None:
    stack.queues(a=1, b=2)
    reviewed = stack.ok("plan", "--format", "json").json["review_digest"]
    stack.account.post("Queues.json", FriendlyName="stranger", MaxSize=5)
    again = stack.ok("plan", "--format", "json", "--expect-digest", reviewed).json
    assert again["unmanaged"]
    stack.queues(a=1, b=3)
    assert stack.run("plan", "--expect-digest", reviewed).code == 6
    assert stack.run("apply", "--auto-approve", "--expect-digest", reviewed).code == 6
    stack.queues(a=1, b=2)
    stack.apply("--expect-digest", reviewed)
    assert set(stack.account.queues()) == {"a", "b", "stranger"}


def test_an_object_that_moved_is_not_what_was_reviewed(stack: Stack) -> None:
    stack.queues(a=1)
    stack.apply()
    stack.queues(a=2)
    reviewed = stack.ok("plan", "--format", "json").json["review_digest"]
    stack.account.post(f"Queues/{stack.account.queues()['a']['sid']}.json", MaxSize=9)
    assert stack.run("apply", "--auto-approve", "--expect-digest", reviewed).code == 6


def test_a_deletion_is_recognised_by_what_it_deletes_and_not_by_its_hour(stack: Stack) -> None:
    pruner = Pruner(stack)
    pruner.declare("recordings: [{name: old, keep: 90d}]\ncall_records: [{name: cdr, keep: 300d}]")
    pruner.seed([recording(1, 100), recording(2, 89)], [call(3, 500)])
    reviewed = pruner.plan()
    pruner.clock.sleep(12 * 3600)
    later = pruner.plan()
    assert later["created_at"] != reviewed["created_at"]
    assert later["review_digest"] == reviewed["review_digest"]
    pruner.clock.sleep(24 * 3600)
    assert pruner.plan()["review_digest"] != reviewed["review_digest"]
    assert pruner.prune("--expect-digest", reviewed["review_digest"]).code == 6
    assert pruner.left() == {1, 2}
    pruner.pruned("--expect-digest", pruner.plan()["review_digest"])
    assert pruner.left() == set()

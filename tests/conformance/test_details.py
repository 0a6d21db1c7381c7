"""What only a kind reads in its changes: written and read alike, else refused before anything is sent."""

from __future__ import annotations

import copy
import json
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from tests.conformance.test_kinds import SAFETY, World, apply, world
from tests.fuzz.damage import mutations
from tests.render import samples
from tests.support import ACCOUNT
from voiceform.model.plan import Change
from voiceform.model.plan_codec import change_from_document, change_to_document, document_digest
from voiceform.state.home import Home
from voiceform.state.journal import begin_run

__all__ = ["world"]

APPROVED = ("--auto-approve", "--approve", "call=9", "--approve", "delete:recording=99")


def changes_of(world: World) -> list[Change]:
    """Of everything that is declared, and of everything that is removed."""
    changes = world.pending()
    apply(world, world.specimen.declared)
    world.stack.write(SAFETY)
    return [*changes, *world.pending()]


def test_details_are_read_as_they_were_written(world: World) -> None:
    """To the byte."""
    for change in changes_of(world):
        read = world.kind.details.of(change)
        assert json.dumps(read.to_document()) == json.dumps(dict(change.details))
        assert world.kind.details.of(change_from_document(change_to_document(change))) == read


def test_other_details_are_refused_or_understood_whole(world: World) -> None:
    """Whatever is done to one value: nothing is passed over, and nothing is a defect."""
    taken, refused = 0, 0
    for change in changes_of(world):
        for _, details in mutations(copy.deepcopy(dict(change.details))):
            changed = replace(change, details=details)
            try:
                read = world.kind.details.of(changed)
            except ValueError:
                refused += 1
            else:
                assert read.to_document() == details
                taken += 1
    assert refused >= taken


def damaged(document: dict[str, Any], member: str | None) -> dict[str, Any]:
    """The plan without one member of the details of its changes, or with a foreign one."""
    for change in document["changes"]:
        details = change.setdefault("details", {})
        if member is None:
            details["foreign"] = 1
        else:
            details.pop(member, None)
    return {**document, "digest": document_digest(document)}


DAMAGES = [
    ("queue", None, "nobody reads foreign"),
    ("conference", None, "more than this program understands"),
    ("conference", "labels", "it lacks bridge"),
    ("call", None, "more than this program understands"),
    ("retention", None, "it lacks "),
    ("retention", "chunks", "another number of objects than it counts"),
    ("retention", "evidence", "it lacks evidence"),
]


@pytest.mark.parametrize(("world", "member", "problem"), DAMAGES, indirect=["world"])
def test_a_plan_whose_details_nobody_understands_does_nothing(
    world: World, member: str | None, problem: str
) -> None:
    stack, plan = world.stack, world.app.folder / "p.json"
    stack.at("plan", "--out", str(plan))
    whole = plan.read_text(encoding="utf-8")
    before = world.documents()
    plan.write_text(json.dumps(damaged(json.loads(whole), member)), encoding="utf-8")
    stack.emulator.clear_requests()
    refused = stack.at("apply", str(plan), *APPROVED)
    assert (refused.code, problem in refused.err) == (1, True), refused.err
    assert {entry["method"] for entry in stack.emulator.requests()} <= {"GET"}
    assert world.documents() == before
    assert not (world.app.folder / "evidence").exists()
    plan.write_text(whole, encoding="utf-8")
    assert stack.at("apply", str(plan), *APPROVED).code == 0


def test_a_dead_run_that_nobody_understands_is_not_guessed_at(world: World) -> None:
    changes = [replace(change, details={**change.details, "foreign": 1}) for change in world.pending()]
    plan = replace(samples.plan(*changes), plan_id="run-1", account_sid=ACCOUNT)
    with ExitStack() as opened:
        session = world.session(opened)
        home = Home.of(world.client.transport.origin)
        begin_run(session.store, plan, who="test", now=world.app.clock.now(), home=home)
    world.stack.emulator.clear_requests()
    before = world.documents()
    for _ in range(2):
        refused = world.stack.at("apply", *APPROVED)
        assert (refused.code, "what run run-1 was about to do to" in refused.err) == (1, True), refused.err
    assert world.stack.emulator.requests() == []
    assert world.documents() == before

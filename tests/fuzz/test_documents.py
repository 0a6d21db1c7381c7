"""Plans and states in which several things are otherwise, sealed as they have to be, through the commands:
they are refused in words, or mean something. Whoever can write such a file can compute its digest."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from tests.cli.test_state_schema import state_of_every_kind
from tests.counting import Counts
from tests.fuzz.damage import several
from tests.fuzz.effort import EFFORT
from tests.fuzz.test_damage import plan_of_every_kind, sealed, silent
from tests.support import Stack
from voiceform.state import documents, transfer

PROOF = "documents that say something else"
DOCUMENTS = 40 * EFFORT
FORMATS = ("text", "json", "markdown", "html")
LOOKS = (
    ("plan",),
    ("status",),
    ("calls", "list"),
    ("runs",),
    ("hold", "list"),
    ("state", "pull"),
    ("dispatch",),
    ("schedule",),
    ("drift",),
    ("recordings",),
    ("prune", "--dry-run"),
    ("export",),
    ("state", "prune-journal", "--older-than", "1d"),
)
"""What reads a state."""


def others(whole: Any, chance: Random, number: int) -> Iterator[tuple[str, Any]]:
    """So many documents, each with a word for what is otherwise in it."""
    for _ in range(number):
        yield several(whole, chance)


def understood(stack: Stack, name: str, *argv: str) -> bool:
    """Whether a command did what it is for; it must not fail for want of understanding."""
    done = stack.run(*argv)
    assert "unexpectedly" not in done.out + done.err, (name, argv, done.err)
    return done.code == 0


def test_a_plan(stack: Stack, counts: Counts) -> None:
    path = plan_of_every_kind(stack)
    chance = Random(1)
    for name, document in others(json.loads(path.read_bytes()), chance, DOCUMENTS):
        path.write_text(json.dumps(sealed(document)), encoding="utf-8")
        shown = understood(stack, name, "show", path.name, "--format", chance.choice(FORMATS))
        done = shown and understood(stack, name, "apply", path.name, "--auto-approve")
        counts(PROOF, plans=1, shown=shown, applied=done)


def test_a_state(stack: Stack, counts: Counts) -> None:
    push_and_look(stack, counts, DOCUMENTS)


def push_and_look(stack: Stack, counts: Counts, number: int) -> None:
    whole = state_of_every_kind(stack)
    del whole["digest"]  # as it is done for an edit on purpose
    chance = Random(1)
    for name, document in others(whole, chance, number):
        shutil.rmtree(stack.folder / ".voiceform")
        (stack.folder / "pushed.json").write_text(json.dumps(document), encoding="utf-8")
        pushed = understood(stack, name, "state", "push", "pushed.json")
        for argv in chance.sample(LOOKS, 3) if pushed else ():
            understood(stack, name, *argv)
        counts(PROOF, states=1, pushed=pushed)


def reads_anything(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(transfer, "problem_of", lambda *_: None)
    patch.setattr(documents, "problem_of", lambda *_: None)


def test_a_check_of_states_that_is_left_out_is_noticed(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    reads_anything(monkeypatch)
    with pytest.raises(AssertionError, match="unexpectedly"):
        push_and_look(stack, silent, 1000)  # one in ten does

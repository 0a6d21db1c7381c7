"""The protocols on which "never twice, never lost" rests, in every order and with every death, by two
checkers.

The rules are those of the code (each module of tests/models/protocols names its place), with numbers so small
that every state can be looked at. Each mutant leaves out one thing that the code does; both checkers have to
refute it, by the property that it breaks, or they would prove nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from minicheck import check_liveness, check_safety

from tests.counting import Counts
from tests.models.promela import check
from tests.models.protocols import MODELS, WIDE
from tests.models.rules import Model, Mutant, State

MUTANTS = [(model, mutant) for model in MODELS for mutant in model.mutants]


def by_name(case: object) -> str:
    assert isinstance(case, Model | Mutant)
    return case.name


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_a_protocol_holds_in_every_state(model: Model, tmp_path: Path, counts: Counts) -> None:
    counts("models", protocols=1, **checked(model, tmp_path))


@pytest.mark.parametrize("model", WIDE, ids=by_name)
def test_a_protocol_holds_with_more_processes_and_accidents(
    model: Model, tmp_path: Path, counts: Counts
) -> None:
    counts("models", with_more_going_on=1, **checked(model, tmp_path))


def checked(model: Model, folder: Path) -> dict[str, int]:
    """Let both checkers look at all states; how many there are, and properties."""
    protocol = model.protocol()
    report = check_safety(protocol)
    assert report["exhaustive"]
    refuted = {name: found for name, found in report["properties"].items() if found["holds"] is not True}
    assert not refuted
    assert check_liveness(protocol)["holds"] is True
    verdict = check(model, model.all_properties(), folder / "spin")
    assert verdict.complete
    assert not verdict.refuted
    assert verdict.states == report["reachable_states"]
    assert not circle(model)
    return {"states": verdict.states, "properties": len(report["properties"])}


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_every_rule_of_a_protocol_can_be_taken(model: Model) -> None:
    seen, taken = {tuple(model.fields.values())}, set()
    successors, left = model.successors(), list(seen)
    while left:
        for name, state in successors(left.pop()):
            taken.add(name)
            if state not in seen:
                seen.add(state)
                left.append(state)
    assert taken == {rule.name for rule in model.rules}


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_a_protocol_has_three_mutants_at_least(model: Model) -> None:
    assert len(model.mutants) >= 3


@pytest.mark.parametrize(("model", "mutant"), MUTANTS, ids=by_name)
def test_both_checkers_refute_a_mutant(model: Model, mutant: Mutant, tmp_path: Path, counts: Counts) -> None:
    mutated = model.mutated(mutant)
    found = check_safety(mutated.protocol())["properties"][mutant.breaks]
    assert found["holds"] is False
    assert check(mutated, [mutant.breaks], tmp_path / "spin").refuted
    counts("models", mutants_refuted_by_both=1)


def circle(model: Model) -> bool:
    """Whether some state can come again: then `ends_well` would not say that everything ends."""
    successors = model.successors()
    first: State = tuple(model.fields.values())
    done: set[State] = set()
    path = {first}
    stack = [(first, iter(successors(first)))]
    while stack:
        state, following = stack[-1]
        for _, after in following:
            if after in path:
                return True
            if after not in done:
                path.add(after)
                stack.append((after, iter(successors(after))))
                break
        else:
            stack.pop()
            path.remove(state)
            done.add(state)
    return False

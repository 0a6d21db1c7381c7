"""Walks through a model's graph that take each rule after each other rule after which it can be taken, and
real code that is led along them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Protocol

from tests.models.rules import Model, State

Walk = tuple[tuple[str, State], ...]
"""Rules, each with the state that it leads to."""


def covering(model: Model, can: Callable[[dict[str, int], str], bool] = lambda *_: True) -> list[Walk]:
    """Walks from the first state that hold every pair of rules which can follow each other, where `can` says
    that the rule can be led to in that state."""
    successors = model.successors()
    first: State = tuple(model.fields.values())
    way: dict[State, Walk] = {first: ()}
    edges: dict[State, list[tuple[str, State]]] = {}
    queue = deque([first])
    while queue:
        state = queue.popleft()
        named = dict(zip(model.fields, state, strict=True))
        edges[state] = [step for step in successors(state) if can(named, step[0])]
        for name, after in edges[state]:
            if after not in way:
                way[after] = (*way[state], (name, after))
                queue.append(after)
    found: dict[tuple[str, str], Walk] = {}
    for state, following in edges.items():
        for step in following:
            for then in edges[step[1]]:
                found.setdefault((step[0], then[0]), (*way[state], step, then))
    return _few(list(found.values()))


def _few(walks: list[Walk]) -> list[Walk]:
    """Those that hold a pair that no longer one has."""
    chosen: list[Walk] = []
    covered: set[tuple[str, str]] = set()
    for walk in sorted(walks, key=len, reverse=True):
        names = [name for name, _ in walk]
        pairs = set(pairwise(names))
        if not pairs <= covered:
            covered |= pairs
            chosen.append(walk)
    return chosen


class Game(Protocol):
    """The real code, led along a walk."""

    def step(self, rule: str) -> None:
        """Do what a rule says. AssertionError where the code cannot."""

    def compare(self, rule: str, model: dict[str, int]) -> None:
        """Hold what is there after it against the model. AssertionError."""

    def finish(self, model: dict[str, int]) -> None:
        """Look once more in the end. AssertionError."""

    def close(self) -> None:
        """End everything."""


def replay(model: Model, walks: Sequence[Walk], game: Callable[[], Game]) -> dict[str, int]:
    """Take every step of each walk, each in a game of its own; how many there were."""
    for walk in walks:
        played = game()
        state = dict(model.fields)
        try:
            for rule, after in walk:
                played.step(rule)
                state = dict(zip(model.fields, after, strict=True))
                played.compare(rule, state)
            played.finish(state)
        except AssertionError as error:
            raise AssertionError(f"after {[rule for rule, _ in walk]}: {error}") from error
        finally:
            played.close()
    return {"walks_replayed": len(walks), "steps_replayed": sum(map(len, walks))}

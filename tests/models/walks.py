"""Walks through a model's graph that take each rule after each other rule after which it can be taken."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

from tests.models.rules import Model, State

Walk = tuple[tuple[str, State], ...]
"""Rules, each with the state that it leads to."""


def covering(model: Model) -> list[Walk]:
    """Walks from the first state that hold every pair of rules which can follow each other."""
    successors = model.successors()
    first: State = tuple(model.fields.values())
    way: dict[State, Walk] = {first: ()}
    edges: dict[State, list[tuple[str, State]]] = {}
    queue = deque([first])
    while queue:
        state = queue.popleft()
        edges[state] = successors(state)
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

"""A protocol as guarded rules over small numbers, from which both checkers get what they check.

Guards, effects and properties are texts in the part of the language that Python and Promela have in common
(`and`, `or` and `not` are written otherwise there, see promela.py). An effect is a sequence of assignments,
each of which sees those before it. Rules are atomic: what a process does in several steps is several rules,
and between any two of them everybody else may go on, be killed, or stay away for as long as it takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from minicheck import Protocol

State = tuple[int, ...]
Successors = Callable[[State], list[tuple[str, State]]]


@dataclass(frozen=True)
class Rule:
    """One atomic step: when `guard` holds, `effect` may happen."""

    name: str
    guard: str
    effect: str


def each(rules: Sequence[Rule], *who: Mapping[str, str]) -> tuple[Rule, ...]:
    """The rules once for each of `who`, with the letters in braces replaced: {p} by p's value."""
    return tuple(
        Rule(*(_filled(text, values) for text in (rule.name, rule.guard, rule.effect)))
        for values in who
        for rule in rules
    )


@dataclass(frozen=True)
class Mutant:
    """A protocol with one thing wrong, and the property that it breaks. `rules` replace those of the
    same name; one whose guard is empty is taken out."""

    name: str
    breaks: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True)
class Model:
    """Fields with their first values, rules, and what must hold in each state (`properties`).

    Where no rule can be taken, `ends` must hold: with a graph that has no circle that says that everything
    ends well, whatever happens and however often (tests/models/test_models.py looks for circles).
    """

    name: str
    fields: Mapping[str, int]
    rules: tuple[Rule, ...]
    properties: Mapping[str, str]
    ends: str
    mutants: tuple[Mutant, ...] = field(default=())

    def mutated(self, mutant: Mutant) -> Model:
        """The model with the mutant's rules."""
        names = {rule.name for rule in self.rules}
        changed = {rule.name: rule for rule in mutant.rules}
        assert changed.keys() <= names, f"{mutant.name}: no rules {changed.keys() - names}"
        rules = tuple(changed.get(rule.name, rule) for rule in self.rules)
        return replace(self, rules=tuple(rule for rule in rules if rule.guard))

    def stuck(self) -> str:
        """That no rule can be taken."""
        return " and ".join(f"not ({rule.guard})" for rule in self.rules)

    def all_properties(self) -> dict[str, str]:
        """The properties, and that everything ends well."""
        return {**self.properties, "ends_well": f"not ({self.stuck()}) or ({self.ends})"}

    def successors(self) -> Successors:
        """The rules that can be taken in a state, with the states that they lead to."""
        names = ", ".join(self.fields)
        lines = ["def successors(state):", "    found = []"]
        for rule in self.rules:
            lines += [f"    {names}, = state", f"    if {rule.guard}:"]
            lines += [f"        {part.strip()}" for part in rule.effect.split(";") if part.strip()]
            lines.append(f"        found.append(({rule.name!r}, ({names},)))")
        lines.append("    return found")
        space: dict[str, Successors] = {}
        exec("\n".join(lines), {}, space)
        return space["successors"]

    def protocol(self) -> Protocol:
        """The model for minicheck."""
        return Protocol(
            name=self.name,
            candidate=False,
            fields=tuple(self.fields),
            initial=tuple(self.fields.values()),
            transitions=self.successors(),
            invariants={name: _predicate(text) for name, text in self.all_properties().items()},
            goal=_predicate(f"({self.stuck()}) and ({self.ends})"),
        )


def _predicate(text: str) -> Callable[[dict[str, int]], bool]:
    code = compile(text, text, "eval")
    return lambda fields: bool(eval(code, {}, fields))


def _filled(text: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{(\w)\}", lambda found: values[found[1]], text)

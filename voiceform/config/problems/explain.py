"""Collects every error of one file and says where it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from voiceform.config.problems.alternatives import problems_of
from voiceform.config.problems.findings import MAX_COUNTED, MAX_FINDINGS, EnoughError
from voiceform.config.problems.problem import Path, Problem, Saying
from voiceform.config.problems.wording import bare, both, shorten
from voiceform.config.schema import ConfigSchema, FileFacts
from voiceform.model.address import NAME_PATTERN
from voiceform.model.diagnostics import Diagnostic, Position, Report, unshown
from voiceform.model.document import Block, Mark, Series, mark_of
from voiceform.model.masking import is_sensitive

_NAME = re.compile(NAME_PATTERN)
_ADDRESS_DEPTH = 2


def explain(
    schema: ConfigSchema,
    document: Block,
    facts: FileFacts,
    addresses: Mapping[str, str],
    report: Report,
    is_known: Callable[[Position], bool],
) -> None:
    """Report what is wrong in `document`, at most one finding for each key, value and block.

    The first ones by their place are told, and the rest is counted. Places that `is_known` says were found to
    be wrong before are left out: what is wrong there now is a consequence. Raises EnoughError, with what was
    found until then reported, where it stops looking.
    """
    explainer = _Explainer(document, facts, addresses)
    first = _First(MAX_FINDINGS)
    problems = _problems(schema, document)
    for problem in islice(problems, MAX_COUNTED):
        position = explainer.position(problem)
        first.add(mark_of(position.line, position.column), problem, known=is_known(position))
    if not first.seen:
        report(Diagnostic("invalid-value", "the file is refused by the schema", document.position))
    for problem in first.chosen():
        diagnostic = explainer.diagnostic(problem)
        if diagnostic is not None:
            report(diagnostic)
    if first.others:
        report(unshown(first.others))
    if next(problems, None) is not None:
        raise EnoughError


def _problems(schema: ConfigSchema, document: Block) -> Iterator[Problem]:
    """Every problem, the first one for each place."""
    entry: Path = ()
    seen: set[tuple[Path, str | None, bool]] = set()
    for refusal in schema.validator.refusals(document):
        for problem in problems_of(refusal, schema.resolve):
            if problem.path[:_ADDRESS_DEPTH] != entry:
                entry = problem.path[:_ADDRESS_DEPTH]
                seen.clear()
            key = (problem.path, problem.key, problem.missing)
            if key not in seen:
                seen.add(key)
                yield problem


class _First:
    """The problems that come first in the file; the others are counted."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: list[tuple[Mark, int, Problem]] = []
        self.seen = 0
        self.others = 0

    def add(self, mark: Mark, problem: Problem, *, known: bool) -> None:
        """Take one problem; what is `known` is nothing new, unless it is missing and so has no place."""
        self.seen += 1
        if known and not problem.missing:
            return
        self._kept.append((mark, self.seen, problem))
        if len(self._kept) >= 2 * self._limit:
            self._cut()

    def _cut(self) -> None:
        self._kept.sort()
        rest = self._kept[self._limit :]
        del self._kept[self._limit :]
        self.others += sum(not problem.doubtful for _, _, problem in rest)

    def chosen(self) -> list[Problem]:
        """The first ones, in source order."""
        self._cut()
        return [problem for _, _, problem in self._kept]


class _Explainer:
    """Gives problems of one file their place and their words."""

    def __init__(self, document: Block, facts: FileFacts, addresses: Mapping[str, str]) -> None:
        self._document = document
        self._facts = facts
        self._addresses = addresses

    def diagnostic(self, problem: Problem) -> Diagnostic | None:
        """The problem as people see it. What is secret or comes from the environment stays out of it."""
        saying = problem.tell()
        if saying is None:
            return None
        position = self.position(problem)
        message = saying.message
        if problem.key is None and not problem.missing:
            message = f"{_label(problem.path)} {message}{self._shown(problem, saying, position)}"
        names = self._names_at(position) if problem.key is None and not problem.missing else ()
        hint = f"correct {both(names)}, or what sets {'it' if len(names) == 1 else 'them'}" if names else None
        hint = hint or saying.hint  # a hint for the value would tell what it is
        return Diagnostic(saying.code, message, position, hint=hint, address=self._address(problem.path))

    def position(self, problem: Problem) -> Position:
        """Where a problem is."""
        node: Any = self._document
        position = self._document.position
        for step in problem.path:
            if isinstance(node, Block) and isinstance(step, str):
                position = node.value_position(step)
            elif isinstance(node, Series) and isinstance(step, int):
                position = node.item_position(step)
            node = node[step]
        if problem.key is not None and isinstance(node, Block):
            return node.key_position(problem.key)
        if problem.missing and isinstance(node, Block):
            return node.position
        return position

    def _shown(self, problem: Problem, saying: Saying, position: Position) -> str:
        names = self._names_at(position)
        if names:
            empty = (
                ", which is empty"
                if self._facts.values.get(mark_of(position.line, position.column)) == ""
                else ""
            )
            return f" (its value comes from {both(f'${{{name}}}' for name in names)}{empty})"
        secret = saying.secret or is_sensitive(".".join(map(str, problem.path)))
        return "" if secret else saying.shown

    def _names_at(self, position: Position) -> list[str]:
        """The variables that the value at a place comes from."""
        names = self._facts.references.get(mark_of(position.line, position.column), ())
        return [shorten(name) for name in names]

    def _address(self, path: Path) -> str | None:
        if len(path) < _ADDRESS_DEPTH or not isinstance(path[0], str):
            return None
        kind, name = self._addresses.get(path[0]), path[1]
        return f"{kind}.{name}" if kind and isinstance(name, str) and _NAME.fullmatch(name) else None


def _label(path: Path) -> str:
    """What a value is called: its path below the address (`settings.beep`, `to[2]`)."""
    if not path:
        return "the file"
    label = ""
    below = path[_ADDRESS_DEPTH:] or path[-1:]
    if isinstance(below[0], int) and len(path) > _ADDRESS_DEPTH:
        below = path[_ADDRESS_DEPTH - 1 :]  # of a list the name says more than the place in it
    for step in below:
        label += f"[{step}]" if isinstance(step, int) else f".{bare(step)}"
    return shorten(label.removeprefix("."))

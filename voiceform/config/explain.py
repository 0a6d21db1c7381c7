"""Collects every error of one file and says where it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from voiceform.config.alternatives import problems_of
from voiceform.config.findings import MAX_FINDINGS
from voiceform.config.problems import Path, Problem
from voiceform.config.schema import ConfigSchema, FileFacts, Report
from voiceform.config.wording import bare, both, shorten
from voiceform.model.address import NAME_PATTERN
from voiceform.model.diagnostics import Diagnostic, Position
from voiceform.model.document import Block, Series
from voiceform.model.masking import is_sensitive

_DOLLAR = re.compile(r"(?<!\\)\$")
_NAME = re.compile(NAME_PATTERN)
_ADDRESS_DEPTH = 2


def explain(
    schema: ConfigSchema, document: Block, facts: FileFacts, addresses: Mapping[str, str], report: Report
) -> None:
    """Report everything that is wrong in `document`, at most one finding for each key, value and block."""
    explainer = _Explainer(document, facts, addresses)
    problems = _collect(schema, schema.suspects(document))
    for problem in problems or [Problem("invalid-value", (), "the file is refused by the schema")]:
        report(explainer.diagnostic(problem))


def _collect(schema: ConfigSchema, document: Block) -> list[Problem]:
    """Every problem, the first one for each place; a few more than anybody would be shown at most."""
    validator = _Validator(schema.partial())
    problems: dict[object, Problem] = {}
    for error in validator.iter_errors(document):
        if len(problems) > MAX_FINDINGS:
            break
        for problem in problems_of(error, schema.resolve):
            missing = problem.code == "missing-key"
            problems.setdefault((problem.path, problem.key, missing), problem)
    return list(problems.values())


def _pattern(
    validator: Any,  # noqa: ANN401 - jsonschema's own validator classes have no common type
    pattern: str,
    instance: Any,  # noqa: ANN401 - any YAML value
    schema: Any,  # noqa: ANN401, ARG001 - jsonschema passes it
) -> Iterator[ValidationError]:
    """`pattern` with a dollar sign that means the very end, as in the compiled check and in editors."""
    if validator.is_type(instance, "string") and not re.search(_DOLLAR.sub(r"\\Z", pattern), instance):
        yield ValidationError(f"does not match {pattern!r}")


_Validator: Any = extend(Draft202012Validator, {"pattern": _pattern})  # type: ignore[no-untyped-call]


class _Explainer:
    """Gives problems of one file their place and their words."""

    def __init__(self, document: Block, facts: FileFacts, addresses: Mapping[str, str]) -> None:
        self._document = document
        self._facts = facts
        self._addresses = addresses

    def diagnostic(self, problem: Problem) -> Diagnostic:
        """The problem as people see it. What is secret or comes from the environment stays out of it."""
        position = self._position(problem)
        if problem.key is not None or problem.code == "missing-key":
            message = problem.message
        else:
            message = f"{_label(problem.path)} {problem.message}{self._shown(problem, position)}"
        hint = problem.hint
        if problem.code == "wrong-type" and (position.line, position.column) in self._facts.references:
            hint = "a reference is text in quotes, and has the type of its value without"
        return Diagnostic(problem.code, message, position, hint=hint, address=self._address(problem.path))

    def _position(self, problem: Problem) -> Position:
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
        if problem.code == "missing-key" and isinstance(node, Block):
            return node.position
        return position

    def _shown(self, problem: Problem, position: Position) -> str:
        names = self._facts.references.get((position.line, position.column))
        if names:
            return f" (its value comes from {both(f'${{{shorten(name)}}}' for name in names)})"
        secret = problem.secret or is_sensitive(".".join(map(str, problem.path)))
        return "" if secret else problem.shown

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
    for step in path[_ADDRESS_DEPTH:] or path[-1:]:
        label += f"[{step}]" if isinstance(step, int) else f".{bare(step)}"
    return shorten(label.removeprefix("."))

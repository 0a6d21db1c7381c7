"""Test files to cases: find, read, check against schemas/test.schema.json and against themselves."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from voiceform.config.load import check
from voiceform.config.problems.findings import EnoughError, Findings
from voiceform.config.problems.problem import missing_from, missing_keys
from voiceform.config.schema import ConfigSchema, FileFacts
from voiceform.config.sources import SourceFile, bounds, may_be_there
from voiceform.config.text import UnreadableError, decode
from voiceform.config.yaml_reader import read_yaml
from voiceform.model.diagnostics import Diagnostic, Position, Report
from voiceform.model.document import Block, Series
from voiceform.model.errors import UsageError
from voiceform.model.instants import instant_from_text
from voiceform.model.schema_files import schema_text
from voiceform.testing.cases.folders import unreadable

ENDINGS = (".voiceform.yaml", ".voiceform.yml")
FOLDER = "tests"
OF_PLANS = frozenset({"impact", "changes", "blocked"})
PLANNING = frozenset({"apply", "plan", "destroy", "drift", "undo", "prune"})
_OF_COMMANDS = frozenset({"exit", "error"})
_COMMANDS = PLANNING | {"dispatch", "calls pause", "calls resume", "calls cancel"}
_INSTANTS = ("now", "at", "occurrence", "date_created")


@dataclass(frozen=True, slots=True)
class Step:
    """One step: its word, what is said of it, and what is expected of it."""

    word: str
    said: Any
    expect: Block | None
    position: Position


@dataclass(frozen=True, slots=True)
class Case:
    """One test. `stack` says which configuration, `given` what there is before, in this order."""

    name: str
    position: Position
    stack: Block
    given: tuple[Block, ...]
    steps: tuple[Step, ...]
    expect: Block | None

    def expects(self, key: str) -> bool:
        """Whether something is expected under that key, at any time."""
        return any(key in expect for expect in (self.expect, *(step.expect for step in self.steps)) if expect)


@dataclass(frozen=True, slots=True)
class CaseFile:
    """The cases of one file, which lies in `folder`."""

    display: str
    folder: Path
    cases: tuple[Case, ...]


def find_files(paths: Sequence[Path], base: Path) -> list[SourceFile]:
    """The test files at `paths`, relative to `base`: files, and folders with what is in them; those of the
    folder `tests` where no path is named. UsageError where there is none."""
    found: list[SourceFile] = []
    for path in paths or (Path(FOLDER),):
        full = base / path
        within = bounds(full, base)
        if full.is_dir():
            files = [Path(root, name) for root, name in _walk(full)]
            if not files and paths:
                raise UsageError(
                    f"there is no *{ENDINGS[0]} in {full}", hint="name a file, or another folder"
                )
            found += [SourceFile(file, os.path.normpath(file), within) for file in files]
        elif may_be_there(full):
            found.append(SourceFile(full, os.path.normpath(full), within))
        elif paths:
            raise UsageError(f"there is no file or folder {full}", hint="name what there is")
    if not found:
        raise UsageError(
            f"there are no tests: no *{ENDINGS[0]} in {base / FOLDER}",
            hint="write one (docs/testing.md), or name files",
        )
    return list({os.path.realpath(source.path): source for source in found}.values())


def _walk(folder: Path) -> Iterator[tuple[str, str]]:
    for root, folders, names in os.walk(folder, onerror=unreadable):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from ((root, name) for name in sorted(names) if name.endswith(ENDINGS))


def read_cases(source: SourceFile) -> CaseFile:
    """The cases of a file. ConfigurationError with everything that is wrong in it, with its place."""
    findings = Findings()
    try:
        document = _read(source, findings)
        if document is not None:
            _check(document, findings)
        findings.raise_errors([source.display])
        cases = _cases(document or Block())
        for case in cases:
            _look_at(case, findings)
        _look_at_names(cases, findings)
    except EnoughError:
        findings.stop()
    findings.raise_errors([source.display])
    return CaseFile(source.display, source.path.parent, cases)


def _read(source: SourceFile, findings: Findings) -> Block | None:
    data = source.read(findings)
    if data is None:
        return None
    try:
        return read_yaml(decode(data, source.display), source.display, findings)
    except UnreadableError as error:
        findings(error.diagnostic)
        return None


@cache
def _schema() -> ConfigSchema:
    return ConfigSchema(json.loads(schema_text("test")))


def _check(document: Block, findings: Findings) -> None:
    schema = _schema()
    check(document, schema, FileFacts(), {}, findings, findings.found_at)
    properties = schema.root["properties"]
    missing = missing_from(document, schema.root["required"], properties)
    if missing:
        saying = missing_keys(missing, properties)
        findings(Diagnostic(saying.code, saying.message, document.position, hint=saying.hint))


def _cases(document: Block) -> tuple[Case, ...]:
    cases: Series = document["cases"]
    shared = [document["given"]] if "given" in document else []
    return tuple(
        Case(
            name=case["name"],
            position=case.key_position("name"),
            stack=case.get("stack") or document.get("stack") or Block(),
            given=tuple(shared + ([case["given"]] if "given" in case else [])),
            steps=tuple(
                _step(step, case["when"].item_position(index)) for index, step in enumerate(case["when"])
            ),
            expect=case.get("expect"),
        )
        for case in cases
    )


def _step(step: str | Block, position: Position) -> Step:
    if isinstance(step, str):
        return Step(step, None, None, position)
    word = next(key for key in step if key != "expect")
    return Step(word, step[word], step.get("expect"), position)


def _look_at(case: Case, report: Report) -> None:
    """What the schema cannot see."""
    expected = [block for block in (*(step.expect for step in case.steps), case.expect) if block is not None]
    if not expected:
        hint = "write what has to be so under `expect`, of a step or at the end"
        report(
            Diagnostic(
                "missing-key", "nothing is expected, so this case could not fail", case.position, hint=hint
            )
        )
    for step in case.steps:
        _look_at_step(step, report)
    for block in (*case.given, *expected, *(step.said for step in case.steps)):
        _look_at_instants(block, report)


def _look_at_step(step: Step, report: Report) -> None:
    if step.word == "to":
        _look_at_instant(step.said, step.position, report)
    allowed = _OF_COMMANDS if step.word in _COMMANDS else frozenset()
    if step.word in PLANNING:
        allowed |= OF_PLANS | {"findings", "drift"}
    for key in step.expect or ():
        if key in OF_PLANS | _OF_COMMANDS | {"findings", "drift"} and key not in allowed:
            message = f"{key} is expected of {step.word!r}, which has none"
            place = step.expect.key_position(key) if step.expect is not None else step.position
            report(Diagnostic("invalid-value", message, place, hint="expect it of another step"))


def _look_at_instants(node: Any, report: Report) -> None:  # noqa: ANN401 - any YAML value
    if isinstance(node, Block):
        for key, value in node.items():
            if key in _INSTANTS and isinstance(value, str):
                _look_at_instant(value, node.value_position(key), report)
            else:
                _look_at_instants(value, report)
    elif isinstance(node, list):
        for item in node:
            _look_at_instants(item, report)


def _look_at_instant(text: str, position: Position, report: Report) -> None:
    try:
        moment(text)
    except (ValueError, OverflowError):
        hint = "write it as 2026-12-01T09:00:00Z"
        report(
            Diagnostic(
                "invalid-value", f"{text!r} is no date, and no instant with an offset", position, hint=hint
            )
        )


def moment(text: str) -> Any:  # noqa: ANN401 - a datetime
    """The instant of a text; a date begins in UTC. ValueError for one that there is not."""
    return instant_from_text(f"{text}T00:00:00Z" if len(text) == len("2026-12-01") else text)


def _look_at_names(cases: Sequence[Case], report: Report) -> None:
    seen: dict[str, Position] = {}
    for case in cases:
        if case.name in seen:
            message = f"two cases have this name: the first is at {seen[case.name]}"
            report(Diagnostic("invalid-value", message, case.position, hint="give one of them another"))
        seen.setdefault(case.name, case.position)

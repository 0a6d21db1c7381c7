"""Runs the cases of test files, each on its own, and compares."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from voiceform.config.sources import SourceFile
from voiceform.emulator import ControlError
from voiceform.model.case_report import CaseReport, CaseResult, FileResult, Mismatch
from voiceform.model.document import Block
from voiceform.model.errors import ConfigurationError, VoiceformError
from voiceform.model.files import own_folder
from voiceform.model.refusals import refusal
from voiceform.testing.cases import looking
from voiceform.testing.cases.comparing import Thing, all_of
from voiceform.testing.cases.expecting import ending, of_run, words
from voiceform.testing.cases.folders import copy_stack, stack_of
from voiceform.testing.cases.reading import Case, CaseFile, read_cases
from voiceform.testing.cases.steps import Bench
from voiceform.testing.emulated import Emulator

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

_T = TypeVar("_T")

OnFile = Callable[[FileResult], object]
"""Hears of each file once its cases have been run."""


def run_files(
    sources: Sequence[SourceFile],
    *,
    wanted: str = "",
    stop: threading.Event | None = None,
    on_file: OnFile = lambda _: None,
) -> CaseReport:
    """Run the cases of these files whose names have `wanted` in them, be it in another case of letters.

    Nothing of the process's environment is used, and nothing outlives it but the report. MissingExtraError
    without the extra `emulator`. Once `stop` is set no further case is begun.
    """
    stop = stop or threading.Event()
    results: list[FileResult] = []
    with Emulator() as emulator:
        for source in sources:
            result = _run_file(source, emulator, wanted, stop)
            if result.cases or not result.readable:
                results.append(result)
                on_file(result)
    return CaseReport(tuple(results))


def _run_file(source: SourceFile, emulator: Emulator, wanted: str, stop: threading.Event) -> FileResult:
    try:
        file = read_cases(source)
    except ConfigurationError as error:
        return FileResult(source.display, findings=error.diagnostics)
    chosen = [case for case in file.cases if wanted.casefold() in case.name.casefold()]
    with ExitStack() as opened:
        copies = _Copies(file, opened)
        results = tuple(_timed(case, copies, emulator, stop) for case in chosen if not stop.is_set())
    return FileResult(file.display, results)


def run_case(file: CaseFile, case: Case, emulator: Emulator) -> CaseResult:
    """Run one case alone, about an emulator that is running; everything that is in that is lost."""
    with ExitStack() as opened:
        return _timed(case, _Copies(file, opened), emulator, threading.Event())


class _Copies:
    """The folders of stacks that the cases of a file name, each copied once."""

    def __init__(self, file: CaseFile, opened: ExitStack) -> None:
        self._file = file
        self._root = opened.enter_context(own_folder("voiceform-test-"))
        self._made: dict[Path, Path] = {}

    def of(self, case: Case) -> tuple[Path, Path]:
        """The folder of a case's stack, and the copy of it. UsageError where there is none."""
        named = case.stack.get("folder")
        source = stack_of(self._file.folder) if named is None else Path(self._file.folder, named).resolve()
        if source not in self._made:
            target = self._root / str(len(self._made))
            copy_stack(source, target)
            self._made[source] = target
        return source, self._made[source]


def _timed(case: Case, copies: _Copies, emulator: Emulator, stop: threading.Event) -> CaseResult:
    begin = time.perf_counter()
    mismatches = tuple(_mismatches(case, copies, emulator, stop))
    return CaseResult(case.name, case.position, time.perf_counter() - begin, mismatches)


def _mismatches(case: Case, copies: _Copies, emulator: Emulator, stop: threading.Event) -> list[Mismatch]:
    try:
        return _run(case, copies, emulator, stop)
    except VoiceformError as error:
        return [Mismatch(words(error), case.position)]
    except Exception as error:  # what the machine refuses, or a defect of ours, in one case stops no other
        refused = refusal(error)
        what = f"voiceform failed unexpectedly: {type(error).__name__}: {error}"
        return [Mismatch(what if refused is None else words(refused), case.position)]


def _run(case: Case, copies: _Copies, emulator: Emulator, stop: threading.Event) -> list[Mismatch]:
    source, copy = copies.of(case)
    with own_folder("voiceform-test-") as own:
        bench = Bench(emulator, copy, own, stop)
        found = _Run(bench, case).mismatches()
    # People look for a file where they have it, and not where the copy of it was.
    return [_renamed(mismatch, str(copy), _shown(source)) for mismatch in found]


def _shown(folder: Path) -> str:
    """A folder as somebody would type it who is below none of its parents."""
    relative = os.path.relpath(folder)
    return str(folder) if relative.startswith(os.pardir) else relative


def _renamed(mismatch: Mismatch, copy: str, source: str) -> Mismatch:
    def renamed(texts: Iterable[str]) -> tuple[str, ...]:
        return tuple(text.replace(copy, source) for text in texts)

    (what,) = renamed([mismatch.what])
    return Mismatch(what, mismatch.position, renamed(mismatch.missing), renamed(mismatch.other))


@dataclass(slots=True)
class _Run:
    """One case: its steps, and what was there before each."""

    bench: Bench
    case: Case
    _known: dict[str, dict[str, Thing]] = field(default_factory=dict)

    def mismatches(self) -> list[Mismatch]:
        """Everything that is not as it was expected; steps after one that failed are not begun."""
        try:
            self.bench.begin(self.case)
        except (ControlError, VoiceformError) as error:
            return [Mismatch(f"what is given cannot be: {words(error)}", self.case.position)]
        found: list[Mismatch] = []
        self._note()
        for step in self.case.steps:
            mark = len(self.bench.emulator.requests())
            before = {kind: dict(things) for kind, things in self._present().items()}
            done = self.bench.run(step)
            broken = ending(step, done)
            if broken is not None:
                return [*found, broken]
            if step.expect is not None:
                found += of_run(step.expect, done)
                found += self._of_account(step.expect, mark, before)
            self._note()
        if self.case.expect is not None:
            found += self._of_account(self.case.expect, 0, self._known)
        return found

    def _note(self) -> None:
        for kind, things in self._present().items():
            self._known.setdefault(kind, {}).update(things)

    def _present(self) -> dict[str, dict[str, Thing]]:
        """What could be deleted and is there, where a deletion is expected at any time."""
        if not self.case.expects("deleted"):
            return {}
        return self._read(lambda client: {kind: read(client) for kind, read in looking.DELETED.items()})

    def _read(self, read: Callable[[Client], _T]) -> _T:
        with self.bench.stack.parts.reader(self.bench.account) as client:
            return read(client)

    def _of_account(
        self, expect: Block, mark: int, before: Mapping[str, Mapping[str, Thing]]
    ) -> Iterator[Mismatch]:
        look: Mapping[str, Callable[[], Sequence[Thing]]] = {
            "calls": lambda: looking.calls(
                self.bench.emulator.requests()[mark:], self._read(looking.room_names)
            ),
            "queues": lambda: [*self._read(looking.queues).values()],
            "recordings": lambda: [*self._read(looking.recordings).values()],
            "conferences": lambda: self._read(looking.live_rooms),
        }
        for key in [key for key in expect if key in look]:
            yield from all_of(key, expect[key], look[key](), expect.value_position(key))
        ledger: Block = expect.get("ledger", Block())
        for status, wanted in ledger.items():
            there = looking.ledger(self.bench.stack, status)
            yield from all_of(f"ledger.{status}", wanted, there, ledger.value_position(status))
        deleted: Block = expect.get("deleted", Block())
        for kind, wanted in deleted.items():
            now = self._present()[kind]
            gone = [thing for sid, thing in before[kind].items() if sid not in now]
            yield from all_of(f"deleted.{kind}", wanted, gone, deleted.value_position(kind))

"""Judge many changes of one module in forks of a process that has read its tests already.

To begin takes far longer than most of these tests: so pytest collects them once, and each change is put into
the functions that are there by then, in a fork that plays the tests until one fails. A change of anything but
the inside of functions cannot be judged so, and that no test noticed one has to be confirmed elsewhere: what
was worked out while the tests were collected, or plays in another process, knows nothing of it.

A program: from its standard input it takes a Task as JSON, and it writes which of the changes were noticed.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import select
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from types import CodeType, FunctionType
from typing import TypedDict

import pytest
from hypothesis import Phase, settings

_FUNCTION = 1  # CO_OPTIMIZED: what a module or a class executes has no such flag
Place = tuple[str, int]
"""An outermost function of a module: its name, and which of that name it is."""
Change = dict[Place, tuple[CodeType, CodeType]]
"""Functions that differ: as they are, and as they would be."""


class Task(TypedDict):
    """What is to be judged: a module, as it is and as it would be, each as text; by which tests, for so many
    seconds at most, so many changes at once. The first changes nothing: it shows whether tests fail anyway,
    and how much of a processor they take."""

    path: str
    plain: str
    mutants: list[str]
    tests: list[str]
    seconds: int
    at_once: int


class Forks:
    """A plugin for pytest. `killed` says of each change whether a test failed, or took far too long."""

    def __init__(self, task: Task) -> None:
        self._path = task["path"]
        whole = compile(task["plain"], self._path, "exec")
        self._changes = [_changed(whole, compile(mutant, self._path, "exec")) for mutant in task["mutants"]]
        self._seconds, self._at_once = task["seconds"], task["at_once"]
        self.killed = [False] * len(self._changes)
        self._failed = ""
        self._report = -1
        self._processor = resource.RLIM_INFINITY
        self._kills: Counter[str] = Counter()

    def pytest_sessionstart(self) -> None:
        """That something fails is enough: no example is made smaller."""
        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("mutants", settings.get_profile("voiceform"), phases=phases)
        settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """In forks, let pytest play the tests; in this process, wait for what becomes of them."""
        functions = _functions(self._path)
        gc.freeze()  # else each fork copies all that is there while it collects
        pipes: dict[int, tuple[int, int]] = {}
        for number, change in enumerate(self._changes):
            if change is not None and _fits(change, functions):
                while len(pipes) >= (self._at_once if number > 1 else 1):
                    self._wait(pipes)
                session.items.sort(key=lambda item: -self._kills[item.nodeid])
                reader, writer = os.pipe()
                child = os.fork()
                if not child:
                    self._become(writer, functions, change)
                    return None
                os.close(writer)
                pipes[reader] = (number, child)
        while pipes:
            self._wait(pipes)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Which test failed."""
        if report.failed:
            self._failed = report.nodeid

    def finish(self, code: int) -> None:
        """End a fork whose tests were played; nothing in the process that made them."""
        if self._report >= 0:
            os.write(self._report, (self._failed if code else "-").encode())
            os.kill(0, signal.SIGKILL)  # with what its tests started

    def _become(self, writer: int, functions: Mapping[Place, Sequence[FunctionType]], change: Change) -> None:
        """Make the process one in which the change is made."""
        os.setsid()
        signal.alarm(self._seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (self._processor, resource.RLIM_INFINITY))
        self._report = writer
        for place, (_, code) in change.items():
            for function in functions[place]:
                function.__code__ = code

    def _wait(self, pipes: dict[int, tuple[int, int]]) -> None:
        """Take what forks have found, as soon as one has."""
        for reader in select.select(list(pipes), [], [])[0]:
            number, child = pipes.pop(reader)
            told = os.read(reader, 65536).decode()
            os.close(reader)
            with suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            used = os.wait4(child, 0)[2]
            if not number:
                self._processor = int(3 * (used.ru_utime + used.ru_stime)) + 5
            self.killed[number] = told != "-"
            if self.killed[number]:
                self._kills[told] += 1


def _changed(plain: CodeType, mutant: CodeType) -> Change | None:
    """The functions that differ; None where something else differs too."""
    before, after = _outermost(plain), _outermost(mutant)
    if before.keys() != after.keys() or _around(plain) != _around(mutant):
        return None
    return {place: (before[place], code) for place, code in after.items() if code != before[place]}


def _fits(change: Change, functions: Mapping[Place, Sequence[FunctionType]]) -> bool:
    """Whether it can be made in the functions that are there."""
    return all(
        functions.get(place)
        and before.co_freevars == after.co_freevars
        and all(function.__code__.co_code == before.co_code for function in functions[place])
        for place, (before, after) in change.items()
    )


def _outermost(code: CodeType) -> dict[Place, CodeType]:
    count: Counter[str] = Counter()
    found: dict[Place, CodeType] = {}
    for function in _inside(code):
        found[function.co_qualname, count[function.co_qualname]] = function
        count[function.co_qualname] += 1
    return found


def _inside(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_flags & _FUNCTION:
                yield constant
            else:
                yield from _inside(constant)


def _around(code: CodeType) -> list[object]:
    """What a module executes, and its classes, without their functions."""
    constants = [
        _around(constant) if isinstance(constant, CodeType) else (type(constant), constant)
        for constant in code.co_consts
        if not (isinstance(constant, CodeType) and constant.co_flags & _FUNCTION)
    ]
    return [code.co_code, code.co_names, constants]


def _functions(path: str) -> dict[Place, list[FunctionType]]:
    """The outermost functions of a module that are there: several of one place where a class was made
    twice."""
    lines: dict[str, dict[int, list[FunctionType]]] = defaultdict(dict)
    for thing in gc.get_objects():
        if isinstance(thing, FunctionType) and thing.__code__.co_filename == path:
            code = thing.__code__
            lines[code.co_qualname].setdefault(code.co_firstlineno, []).append(thing)
    return {
        (name, place): found
        for name, at in lines.items()
        for place, (_, found) in enumerate(sorted(at.items()))
    }


def main() -> None:
    """See above."""
    task: Task = json.load(sys.stdin)
    answer = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    forks = Forks(task)
    forks.finish(pytest.main(["-qx", *task["tests"]], plugins=[forks]))
    os.write(answer, json.dumps(forks.killed).encode())


if __name__ == "__main__":
    main()

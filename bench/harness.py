"""What every benchmark here does the same way: rounds, medians, ratios, a table and a JSON file.

    parser = harness.options(__doc__)                   # --rounds, --short, --json
    parser.add_argument("--count", type=int, default=10_000)
    chosen = parser.parse_args()
    report = harness.Report("deletes", chosen)
    report.compare(
        "10,000 deletions, 100 in flight, 50 ms, TLS",
        {"bare urllib3 pool": bare, "voiceform": ours},
        baseline="bare urllib3 pool", operations=10_000, unit="deletion", bound=5.0,
    )
    report.save()

A contestant is a function without arguments that does the work once and returns a Sample; `here`, `process`
and `in_threads` make them. The contestants take turns within each round, in the opposite order in every other
round, and a ratio is the median of the rounds' own ratios: a machine that is slow for a minute is slow for
all of them. CPU is user and system time. Before the first round each contestant runs once unmeasured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

T = TypeVar("T")

ROUNDS = 5

#: Starts a program from a process that is small: Linux counts the peak of whoever starts a program as that of
#: the program, so that a large parent would be measured in its place.
_LAUNCHER = """
import json, os, sys, time
report, command = int(sys.argv[1]), sys.argv[2:]
began = time.perf_counter()
child = os.posix_spawnp(command[0], command, os.environ)
_, status, used = os.wait4(child, 0)
seconds = time.perf_counter() - began
code = os.waitstatus_to_exitcode(status)
os.write(report, json.dumps([code, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]).encode())
"""


@dataclass(frozen=True)
class Sample:
    """One run: seconds on the clock and of CPU, the peak of memory in MB where it is known, and what else was
    counted, by name (round trips, a file's size)."""

    seconds: float
    cpu: float
    megabytes: float | None = None
    counts: Mapping[str, float] = field(default_factory=dict)


Contestant = Callable[[], Sample]


@dataclass(frozen=True)
class Result:
    """The medians of a contestant's rounds. `cpu_ms` is CPU per operation; ratios are to the baseline,
    `of_bound` to the time that nobody can beat."""

    seconds: float
    cpu_ms: float
    megabytes: float | None
    seconds_ratio: float | None
    cpu_ratio: float | None
    of_bound: float | None
    counts: Mapping[str, float]
    rounds: Sequence[Sample]


def options(description: str) -> argparse.ArgumentParser:
    """A parser with what all benchmarks take; `--short` asks for little work, `--rounds` for more rounds."""
    parser = argparse.ArgumentParser(
        description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"how often ({ROUNDS})")
    parser.add_argument("--short", action="store_true", help="with little to do: whether it runs at all")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was measured")
    return parser


def machine() -> dict[str, Any]:
    """Where and when something was measured, and how busy it was there."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cores": len(os.sched_getaffinity(0)),
        "processor": _processor(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": round(os.getloadavg()[0], 1),
    }


def here(work: Callable[[], object], counts: Mapping[str, float] | None = None) -> Sample:
    """Do something in this process, all of whose threads count."""
    cpu, began = _own_cpu(), time.perf_counter()
    work()
    return Sample(time.perf_counter() - began, _own_cpu() - cpu, counts=counts or {})


def process(
    command: Sequence[str | Path],
    *,
    cwd: Path | None = None,
    environ: Mapping[str, str] | None = None,
    codes: Iterable[int] = (0,),
) -> Sample:
    """Run a program, with its start and its end, and the processes that it starts and waits for. What it
    prints on stdout is thrown away; `environ` is added to ours. Ends the benchmark at another exit code."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as report:
        launcher = [sys.executable, "-I", "-S", "-c", _LAUNCHER, str(writing), *map(str, command)]
        done = subprocess.run(
            launcher,
            cwd=cwd,
            env={**os.environ, **(environ or {})},
            pass_fds=[writing],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        os.close(writing)
        said = report.read()
    code, seconds, cpu, megabytes = json.loads(said) if said else (done.returncode, 0.0, 0.0, 0.0)
    if code not in codes:
        raise SystemExit(f"{' '.join(map(str, command))}: exit code {code}\n{done.stderr}")
    return Sample(seconds, cpu, megabytes)


def in_threads(work: Callable[[T], object], items: Iterable[T], warm: Sequence[T]) -> Sample:
    """Do `work` for all `items` in as many threads as there are `warm` items, each of which does its one
    beforehand, unmeasured, so that connections are open. An exception in a thread ends the benchmark."""
    started, lock, left = threading.Barrier(len(warm) + 1), threading.Lock(), iter(items)
    failures: list[BaseException] = []

    def run(first: T) -> None:
        try:
            work(first)
        except BaseException as error:
            failures.append(error)
        started.wait()
        while not failures:
            with lock:
                item = next(left, None)
            if item is None:
                return
            try:
                work(item)
            except BaseException as error:
                failures.append(error)

    workers = [threading.Thread(target=run, args=(first,)) for first in warm]
    for worker in workers:
        worker.start()
    started.wait()

    def finish() -> None:
        for worker in workers:
            worker.join()

    sample = here(finish)
    if failures:
        raise SystemExit(f"failed: {failures[0]!r}")
    return sample


class Report:
    """What one benchmark measures: printed as it comes, and written to the file that was asked for."""

    def __init__(self, name: str, chosen: argparse.Namespace) -> None:
        self._rounds: int = chosen.rounds
        self._file: Path | None = chosen.json
        self._document: dict[str, Any] = {
            "benchmark": name,
            "command": " ".join(["python", f"bench/{name}.py", *_without_json(sys.argv[1:])]),
            "machine": machine(),
            "rounds": self._rounds,
            "comparisons": [],
            "figures": {},
        }
        about = self._document["machine"]
        print(f"{name}: {about['cores']} cores, Python {about['python']}, {about['date']}, ", end="")
        print(f"load {about['load']}, medians of {self._rounds} rounds")

    def compare(
        self,
        title: str,
        contestants: Mapping[str, Contestant],
        *,
        baseline: str | None = None,
        operations: int = 1,
        unit: str = "run",
        bound: float | None = None,
    ) -> dict[str, Result]:
        """Let all run in turns, print a table, and return the results by name. `baseline` names the one that
        the others are compared with; `bound` is the seconds that nobody can beat."""
        samples = _take_turns(contestants, self._rounds)
        results = {
            name: _result(taken, samples[baseline] if baseline else None, operations, bound)
            for name, taken in samples.items()
        }
        print(f"\n{title}" + (f": {bound:.2f} s at best" if bound is not None else ""))
        _show(results, unit)
        self._document["comparisons"].append(
            {
                "title": title,
                "operations": operations,
                "unit": unit,
                "baseline": baseline,
                "bound": bound,
                "results": {name: asdict(result) for name, result in results.items()},
            }
        )
        return results

    def figure(self, name: str, value: float) -> None:
        """A number that follows from what was compared, such as what one more queue costs."""
        print(f"{name}: {value:.4g}")
        self._document["figures"][name] = value

    def save(self) -> None:
        """Write the file, if one was asked for."""
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(_rounded(self._document), indent=1) + "\n", encoding="utf-8")


def _take_turns(contestants: Mapping[str, Contestant], rounds: int) -> dict[str, list[Sample]]:
    for contestant in contestants.values():
        contestant()
    samples: dict[str, list[Sample]] = {name: [] for name in contestants}
    for number in range(rounds):
        for name in contestants if number % 2 == 0 else reversed(list(contestants)):
            samples[name].append(contestants[name]())
    return samples


def _result(taken: list[Sample], base: list[Sample] | None, operations: int, bound: float | None) -> Result:
    seconds = median(sample.seconds for sample in taken)
    pairs = list(zip(taken, base, strict=True)) if base else []
    memory = [sample.megabytes for sample in taken if sample.megabytes is not None]
    return Result(
        seconds=seconds,
        cpu_ms=1000 * median(sample.cpu for sample in taken) / operations,
        megabytes=median(memory) if memory else None,
        seconds_ratio=median(one.seconds / other.seconds for one, other in pairs) if pairs else None,
        cpu_ratio=median(one.cpu / other.cpu for one, other in pairs) if pairs else None,
        of_bound=seconds / bound if bound is not None else None,
        counts={name: median(sample.counts[name] for sample in taken) for name in taken[0].counts},
        rounds=taken,
    )


def _show(results: Mapping[str, Result], unit: str) -> None:
    width = max(len(name) for name in results)
    for name, result in results.items():
        parts = [
            f"{result.seconds:8.3f} s",
            f"{result.cpu_ms:9.3f} ms CPU per {unit}",
            "" if result.megabytes is None else f"{result.megabytes:6.0f} MB",
            "" if result.seconds_ratio is None else f"time x{result.seconds_ratio:.2f}",
            "" if result.cpu_ratio is None else f"CPU x{result.cpu_ratio:.2f}",
            "" if result.of_bound is None else f"{result.of_bound:.3f} of the bound",
            *(f"{value:g} {what}" for what, value in result.counts.items()),
        ]
        print(f"  {name:<{width}}" + "  ".join(part for part in parts if part))


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _processor() -> str:
    """The processor's name, as far as the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def _without_json(arguments: list[str]) -> list[str]:
    """The arguments as somebody would repeat them."""
    left = list(arguments)
    if "--json" in left:
        at = left.index("--json")
        del left[at : at + 2]
    return left


def _rounded(value: object) -> object:
    """Six significant digits are more than anybody measures."""
    if isinstance(value, float):
        return float(f"{value:.6g}")
    if isinstance(value, Mapping):
        return {name: _rounded(item) for name, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list | tuple) else value

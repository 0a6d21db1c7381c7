"""Jobs on one machine: one after the other in this process, or side by side in processes of their own.

The processes are not those of concurrent.futures, which ends every process of a pool when one of them dies:
here only the stack that it worked on is concerned.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import suppress

from voiceform.fleet.jobs import Job, failed, run_job
from voiceform.fleet.opening import Surroundings
from voiceform.fleet.process import DiedError, Process
from voiceform.fleet.rollout import Gate
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import StackResult

READING = frozenset({"validate", "plan", "show", "drift", "status", "export"})
"""Jobs that write nothing to an account: one whose process died is done again."""

_TICK = 0.2
_TO_BE_GONE = 2.0
_PATIENCE = 15.0
"""Seconds in which a process that was told to stop may bring its stack to rest."""


def run_jobs(
    jobs: Iterable[Job], here: Surroundings, processes: int, gate: Gate | None = None
) -> Generator[StackResult]:
    """The results, as they come; after `here.stop` was set, or while the `gate` is closed, those of what had
    begun, and no others.

    Closing it ends at once what is at work.
    """
    if processes == 1:
        for job in jobs:
            if here.stop.is_set() or (gate is not None and gate.closed):
                return
            result = run_job(job, here)
            if gate is not None:
                gate.ended(result)
            yield result
        return
    pool = _Pool(jobs, here.environ, processes, gate)
    try:
        yield from pool.results(here.stop)
    finally:
        pool.kill()


class _Pool:
    """Threads, each with a process that it gives one job after the other."""

    def __init__(
        self, jobs: Iterable[Job], environ: Mapping[str, str], processes: int, gate: Gate | None
    ) -> None:
        self._gate = gate
        self._jobs = iter(jobs)
        self._taking = threading.Lock()
        self._over = threading.Event()
        self._ended: queue.SimpleQueue[StackResult | None] = queue.SimpleQueue()
        self._workers = [Process(environ) for _ in range(processes)]
        self._threads = [
            threading.Thread(target=self._work, args=(worker,), daemon=True) for worker in self._workers
        ]

    def results(self, stop: threading.Event) -> Iterator[StackResult]:
        """As they come, until every thread has ended."""
        for thread in self._threads:
            thread.start()
        left, deadline = len(self._threads), None
        while left:
            if stop.is_set() and deadline is None:
                deadline = time.monotonic() + _PATIENCE
                self._over.set()
                for worker in self._workers:
                    worker.halt()
            if deadline is not None and time.monotonic() > deadline:
                self.kill()
            with suppress(queue.Empty):
                result = self._ended.get(timeout=_TICK)
                left -= result is None
                if result is not None:
                    yield result

    def kill(self) -> None:
        """End every process at once, and see it gone."""
        self._over.set()
        for worker in self._workers:
            worker.kill()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(_TO_BE_GONE)

    def _work(self, worker: Process) -> None:
        try:
            while (job := self._next()) is not None:
                result = self._done(worker, job)
                if self._gate is not None:
                    self._gate.ended(result)
                self._ended.put(result)
        finally:
            worker.close()
            self._ended.put(None)

    def _next(self) -> Job | None:
        with self._taking:
            shut = self._over.is_set() or (self._gate is not None and self._gate.closed)
            return None if shut else next(self._jobs, None)

    def _done(self, worker: Process, job: Job) -> StackResult:
        try:
            return _asked(worker, job)
        except DiedError as error:
            died = error
        if job.what in READING and not self._over.is_set():
            try:
                return _asked(worker, job)
            except DiedError as error:
                died = error
        return _lost(job, died)


def _asked(worker: Process, job: Job) -> StackResult:
    worker.send(job)
    result = worker.receive()
    assert isinstance(result, StackResult)  # noqa: S101 - for mypy
    return result


def _lost(job: Job, died: DiedError) -> StackResult:
    what = f"the process that worked on it {died}, as when memory runs out"
    if job.what in READING:
        return failed(job, ExitCode.ERROR, f"{what}\n  run it again, with fewer --jobs if it happens again")
    return failed(
        job,
        ExitCode.INCOMPLETE,
        f"{what}; what it had begun is unknown\n  run it again: that finds out first what became of it",
    )

"""Jobs one after the other in this process, side by side in processes of their own, or on a Dask cluster.

The processes are not those of concurrent.futures, which ends every process of a pool when one of them dies:
here only the stack that it worked on is concerned.
"""

from __future__ import annotations

import os
import queue
import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Protocol

from voiceform.fleet.jobs import READING, Job, failed, run_job
from voiceform.fleet.opening import Surroundings
from voiceform.fleet.outages import Outages
from voiceform.fleet.process import DiedError, LostError, Process, UnstartedError
from voiceform.fleet.rollout import Gate
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import StackResult

_TICK = 0.2
_TO_BE_GONE = 2.0
_PATIENCE = 15.0
"""Seconds in which a process that was told to stop may bring its stack to rest."""


class Worker(Protocol):
    """Does one job after the other somewhere else."""

    @property
    def gone(self) -> str:
        """Why it does no other job; empty as long as it does."""

    def ask(self, job: Job) -> StackResult:
        """How a job ended. LostError, UnstartedError."""

    def halt(self) -> None:
        """Stop what is at work, gently."""

    def kill(self) -> None:
        """End at once."""

    def close(self) -> None:
        """There is nothing more to do."""


class _ProcessWorker(Process):
    """A process of this machine that does jobs."""

    gone = ""

    def ask(self, job: Job) -> StackResult:
        try:
            self.send(job)
            result = self.receive()
        except DiedError as died:
            raise LostError(f"the process that worked on it {died}, as when memory runs out") from None
        assert isinstance(result, StackResult)  # noqa: S101 - for mypy
        return result


def run_jobs(
    jobs: Sequence[Job],
    here: Surroundings,
    most: int | None,
    gate: Gate | None = None,
    scheduler: str | None = None,
    limit: int | None = None,
) -> Generator[StackResult]:
    """The results, as they come; after `here.stop` was set, or while the `gate` is closed, those of what had
    begun, and no others.

    At most `most` are done at once, or as many as there are processors, and never more than `limit`: in this
    process, where that is one; with a `scheduler` on its workers, by default as many as they have threads.
    Closing it ends at once what is at work.
    """
    limit = min(limit or len(jobs), len(jobs))
    if scheduler is not None:
        yield from _on_cluster(jobs, here, most, gate, scheduler, limit)
        return
    processes = max(1, min(most or os.cpu_count() or 1, limit))
    if processes == 1:
        outages = Outages(here.clock)
        for job in jobs:
            if here.stop.is_set() or (gate is not None and gate.closed):
                return
            result = outages.result(job) or outages.heard(job, run_job(job, here))
            if gate is not None:
                gate.ended(result)
            yield result
        return
    yield from _done(jobs, here, [_ProcessWorker(here.environ, here.clock) for _ in range(processes)], gate)


def _on_cluster(
    jobs: Sequence[Job],
    here: Surroundings,
    most: int | None,
    gate: Gate | None,
    scheduler: str,
    limit: int,
) -> Generator[StackResult]:
    from voiceform.fleet.cluster import connected, refuse_files
    from voiceform.stack.parts import who_runs

    refuse_files(jobs)
    if jobs:
        with connected(scheduler, who_runs(here.environ)) as cluster:
            yield from _done(jobs, here, [cluster] * min(most or cluster.threads, limit), gate)


def _done(
    jobs: Iterable[Job], here: Surroundings, workers: Sequence[Worker], gate: Gate | None
) -> Generator[StackResult]:
    pool = _Pool(jobs, workers, gate, Outages(here.clock))
    try:
        yield from pool.results(here.stop)
    finally:
        pool.kill()


class _Pool:
    """Threads, each with a worker that it gives one job after the other."""

    def __init__(
        self, jobs: Iterable[Job], workers: Sequence[Worker], gate: Gate | None, outages: Outages
    ) -> None:
        self._gate = gate
        self._outages = outages
        self._jobs = iter(jobs)
        self._taking = threading.Lock()
        self._over = threading.Event()
        self._ended: queue.SimpleQueue[StackResult | None] = queue.SimpleQueue()
        self._workers = workers
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
        """End every worker at once, and see it gone."""
        self._over.set()
        for worker in self._workers:
            worker.kill()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(_TO_BE_GONE)

    def _work(self, worker: Worker) -> None:
        try:
            while not worker.gone and (job := self._next()) is not None:
                known = self._outages.result(job)
                result = known or self._outages.heard(job, self._done(worker, job))
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

    def _done(self, worker: Worker, job: Job) -> StackResult:
        try:
            return worker.ask(job)
        except UnstartedError as error:
            return _unstarted(job, error)
        except LostError as error:
            lost = error
        if job.what in READING and not self._over.is_set():
            try:
                return worker.ask(job)
            except UnstartedError as error:
                return _unstarted(job, error)
            except LostError as error:
                lost = error
        return _lost(job, lost)


def _unstarted(job: Job, why: UnstartedError) -> StackResult:
    return failed(job, ExitCode.ERROR, f"{why}\n  nothing was begun: run it again")


def _lost(job: Job, what: LostError) -> StackResult:
    if job.what in READING:
        return failed(job, ExitCode.ERROR, f"{what}\n  run it again, with fewer --jobs if it happens again")
    return failed(
        job,
        ExitCode.INCOMPLETE,
        f"{what}; what it had begun is unknown\n  run it again: that finds out first what became of it",
    )

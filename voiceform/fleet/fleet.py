"""`Fleet`: many stacks, each with an account and a recorded state of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext
from dataclasses import replace
from datetime import timedelta
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from voiceform.fleet.opening import Settings, Surroundings, require_address
from voiceform.fleet.reading import DEFAULT_FILE, FleetFile, read_fleet
from voiceform.fleet.selecting import Which, selected
from voiceform.model.clock import Clock, SystemClock
from voiceform.model.diagnostics import Diagnostic, Position
from voiceform.model.errors import StalePlanError, UsageError, VoiceformError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.progress import Progress, Silent
from voiceform.model.wording import counted, span
from voiceform.stack.arguments import MOST_IN_FLIGHT
from voiceform.stack.listener import Signals
from voiceform.stack.order import texts
from voiceform.stack.parts import DEFAULT_TTL

if TYPE_CHECKING:
    from voiceform.fleet.carrying import Wave
    from voiceform.fleet.jobs import Job
    from voiceform.fleet.member import Member
    from voiceform.fleet.report import FleetReport
    from voiceform.fleet.rollout import Gate, Record
    from voiceform.model.fleet import StackResult

MOST_JOBS = 500
_UNWATCHED = "the others are watched; correct it, and start the service again"


def _unheard(*_: object) -> None:
    """Nobody listens."""


class Fleet:
    """Many stacks that one file names.

        fleet = voiceform.Fleet("fleet.yaml")
        report = fleet.plan(select=["ring=canary"])

    Making one reads nothing. Every method takes `select`, `exclude` and `shard` (see Which), works on that
    part of the fleet, and returns a report with the result of each stack: one that fails stops no other.
    ConfigurationError for a fleet file in which something is wrong; what is wrong about one stack (see
    Member.problems) is how that stack ends. UsageError for a selection that means nothing."""

    def __init__(
        self,
        file: str | Path = DEFAULT_FILE,
        *,
        folder: str | Path = ".",
        environ: Mapping[str, str] | None = None,
        base_url: str | None = None,
        insecure_http: bool = False,
        allowed_paths: Iterable[str | Path] = (),
        clock: Clock | None = None,
        progress: Progress | None = None,
        jobs: int | None = None,
        scheduler: str | None = None,
        parallelism: int = 8,
        timeout: timedelta | None = None,
        lease_ttl: timedelta = DEFAULT_TTL,
        show_numbers: bool = False,
        stop: threading.Event | None = None,
        signals: Signals | None = None,
    ) -> None:
        """`file` is relative to `folder`, and what it names to its own. `environ` stands for the environment
        of the process, in which the credentials are, or what their commands need.

        At most `jobs` stacks are worked on at once, as many as there are processors by default, each in a
        process of its own, which has a copy of the `clock`; with 1 it is this very process. With the address
        of a `scheduler` of Dask its workers do it, by their own clocks, as many at once as they have threads;
        they read the credentials, and their files must be the same. At most `parallelism` requests are in
        flight for each account: its limit is the API's, on however many machines.

        `base_url`, `insecure_http`, `allowed_paths`, `timeout` and `lease_ttl` are as with Stack and Account,
        for every stack. Once `stop` is set nothing more begins; what is in flight is waited for. Changes show
        phone numbers only with `show_numbers`."""
        if jobs is not None and not 1 <= jobs <= MOST_JOBS:
            raise UsageError(f"from 1 to {MOST_JOBS} stacks at once, not {jobs}", where="--jobs")
        if not 1 <= parallelism <= MOST_IN_FLIGHT:
            raise UsageError(f"parallelism is from 1 to {MOST_IN_FLIGHT}, not {parallelism}")
        self._folder = Path(folder)
        self._file = self._folder / file
        self._jobs = jobs
        self._scheduler = None if scheduler is None else require_address(scheduler)
        self._settings = Settings(
            base_url=base_url,
            insecure_http=insecure_http,
            parallelism=parallelism,
            timeout=timeout,
            lease_ttl=lease_ttl,
            allowed_paths=tuple(Path(folder).resolve() / path for path in allowed_paths),
            show_numbers=show_numbers,
        )
        self._warnings: tuple[Diagnostic, ...] = ()
        self._signals = signals or Signals()
        self._progress = progress or Silent()
        self._here = Surroundings(
            os.environ if environ is None else environ,
            clock or SystemClock(),
            stop or threading.Event(),
            replace(self._signals, working=Signals().working, ending=Signals().ending),
        )

    def read(self) -> FleetFile:
        """What the file says, all stacks with their labels; no credential is read."""
        found = read_fleet(self._file, self._here.environ, self._settings.allowed_paths)
        self._warnings = found.warnings
        return found

    def stacks(self, **which: Unpack[Which]) -> tuple[Member, ...]:
        """The stacks that are meant."""
        return selected(self.read().members, which)

    def validate(self, **which: Unpack[Which]) -> FleetReport:
        """Check the configuration of each, offline and without credentials."""
        from voiceform.fleet.variables import unused

        every = self.read().members
        members = selected(every, which)
        report = self._reported("validate", [self._job("validate", member) for member in members])
        if report.done == len(every):  # another stack may ask for what these do not
            report.warnings += tuple(unused(every, report.results()))
        return report

    def plan(
        self, *, out: str | Path | None = None, prune: bool = False, **which: Unpack[Which]
    ) -> FleetReport:
        """What apply would do in each account; only reads. With `prune` what that would.

        The plans are saved to the folder `out`, relative to that of the fleet, which is made, or has nothing
        but plans of before: `apply` carries out exactly these. They hold phone numbers in clear. `digest` of
        the report is one over all of them.
        """
        from voiceform.fleet.folder import planning, publish

        file = self.read()
        members = selected(file.members, which)
        if out is None:
            return self._reported("plan", [self._job("plan", member, prune=prune) for member in members])
        with planning(self._folder / out) as place:
            jobs = [self._job("plan", member, prune=prune, out=str(place)) for member in members]
            report = self._reported("plan", jobs)
            if not report.interrupted:
                report.digest = publish(self._folder / out, report.results(), file.digest, report.at)
        return report

    def show(self, folder: str | Path) -> FleetReport:
        """The plans that were saved to a folder again. PlanFileError where one of them is not what it was."""
        from voiceform.fleet.folder import read_folder, result_without_plan
        from voiceform.fleet.member import Member

        found = read_folder(self._folder / folder)
        jobs, others = [], []
        for each in found.stacks:
            if each.file is None:
                others.append(result_without_plan(each))
                continue
            member = Member(each.stack, each.account or "", found.path, (), Position(str(found.path), 1, 1))
            jobs.append(self._job("show", member, file=str(found.path / each.file), sha256=each.sha256))
        report = self._reported("plan", jobs, others)
        report.digest, report.fleet, report.warnings = found.digest, str(found.path), ()
        return report

    def apply(
        self,
        folder: str | Path,
        *,
        approve: Iterable[str] = (),
        expect_digest: str | None = None,
        lock_timeout: timedelta = timedelta(0),
        approved: Iterable[str] = (),
        again: str | None = None,
        resume: bool = False,
        in_groups: bool = True,
        on_line: Callable[[str], object] | None = None,
        **which: Unpack[Which],
    ) -> FleetReport:
        """Carry out the plans of a folder, exactly as they are.

        Before anything is sent every file is checked against the index (PlanFileError), and the fleet file
        must be the one that was planned (StalePlanError). A plan that does not fit any more ends its stack
        alone. `approve` lifts limits in each stack, as with Stack. Where a run that died has to be settled
        first no plan of before fits: with `again` (`apply` or `prune`) nobody had reviewed it, and it is
        planned and carried out again.

        Stacks go in the groups of the rollout that the fleet file says, unless not `in_groups`; it stops when
        too many of a group fail, and `on_line` hears where it is. With `resume` what was carried out before
        is not begun again; what failed then and has used up its plan still counts as failed.
        """
        from voiceform.fleet.carrying import planned_members, waves_of
        from voiceform.fleet.folder import ROLLOUT, held, read_folder
        from voiceform.fleet.rollout import Record

        with held(self._folder / folder):
            found, file = read_folder(self._folder / folder, expect_digest), self.read()
            if file.digest != found.fleet:
                raise StalePlanError(
                    f"{self._file} or a table of it is not as it was when this was planned; nothing was done",
                    hint="plan again: voiceform fleet plan --out DIR",
                )
            planned = planned_members(found, file.members)
            members = selected(planned, which) if planned else ()  # a share in which no stack is
            options = {
                "approve": texts("approve", approve),
                "lock_timeout": lock_timeout,
                "approved": [f"fleet plan {found.digest}", *approved],
                "again": again,
            }
            groups = file.rollout if in_groups else ()
            waves = waves_of(found, members, groups, self._settings, options, resume=resume)
            report = self._new_report("apply", len(members))
            report.digest = found.digest
            record = Record(found.path / ROLLOUT, found.digest)
            with self._counted(len(members)), self._signals.working():
                self._roll(waves, report, record, on_line or _unheard)
            report.interrupted = report.done < report.total and self._here.stop.is_set()
            return report

    def _roll(
        self,
        waves: Sequence[Wave],
        report: FleetReport,
        record: Record,
        on_line: Callable[[str], object],
    ) -> None:
        """One group after the other, as long as few enough fail."""
        from voiceform.fleet.rollout import Gate

        def written(result: StackResult) -> None:
            try:
                record.add(result, self._here.clock.now())
            except VoiceformError as error:  # the stacks' own journals know it; what is at work goes on
                on_line(str(error))

        for number, wave in enumerate(waves):
            gate = Gate(wave.group.allowed(wave.size))
            for result in (*wave.before, *wave.ended):
                report.add(result)
                self._progress.advance("stacks")
                gate.ended(result, without_plan=True)
            self._work(wave.jobs, report, gate, written, wave.group.parallel)
            if self._here.stop.is_set():
                return
            if gate.closed and report.done < report.total:
                left = counted(report.total - report.done, "stack")
                on_line(f"Stopped: {gate.failures:,} of {wave.group} failed, {left} not begun.")
                report.stuck = gate.stuck
                return
            wait = wave.to_watch(self._here.clock.now())
            if wait and any(each.jobs for each in waves[number + 1 :]):
                on_line(f"Done: {wave.group}. The next group begins in {span(wait)}.")
                self._here.clock.wait(self._here.stop, wait.total_seconds())

    def dispatch_once(self, *, lock_timeout: timedelta = timedelta(0), **which: Unpack[Which]) -> FleetReport:
        """Place in each account the calls that are due now, each at most once."""
        return self._run("dispatch", which, {"lock_timeout": lock_timeout})

    def watch(
        self,
        *,
        poll: timedelta = timedelta(seconds=15),
        on_line: Callable[[str, str], object] | None = None,
        on_look: Callable[[StackResult], object] | None = None,
        **which: Unpack[Which],
    ) -> FleetReport:
        """Go on placing what becomes due in each account until `stop` is set.

        Each stack is looked at every `poll`. One that fails is tried again later, and the others go on; one
        about which nothing can be done (Member.problems) has failed for as long as this goes on, as the fleet
        is read once. `on_line` hears the name of a stack and what happened, `on_look` how a stack stands
        after each look.
        """
        from voiceform.fleet.jobs import run_job
        from voiceform.fleet.watching import Told, watch_all

        if self._scheduler is not None:
            raise UsageError(
                "--watch goes on for ever, and the workers of a scheduler do what comes to an end",
                where="--scheduler",
                hint="run a service on each of some machines: fleet dispatch --watch --shard 1/2, and 2/2; or"
                " dispatch with the scheduler again and again, without --watch",
            )
        chosen = self.stacks(**which)
        members = [member for member in chosen if not member.problems]
        latest: dict[str, StackResult] = {}
        for member in chosen:
            if member.problems:
                result = latest[member.name] = run_job(self._job("dispatch", member), self._here)
                (on_line or _unheard)(member.name, f"{result.error}\n  {_UNWATCHED}")
                (on_look or _unheard)(result)
        processes = min(self._jobs or os.cpu_count() or 1, max(1, len(members)))
        with (
            self._signals.working(),
            closing(watch_all(members, self._settings, poll, self._here, processes)) as news,
        ):
            while not chosen and not self._here.stop.is_set():  # no stack is in this share, and that is well
                self._here.clock.wait(self._here.stop, poll.total_seconds())
            for item in news:
                if isinstance(item, Told):
                    (on_line or _unheard)(item.stack, item.text)
                else:
                    latest[item.stack] = item
                    (on_look or _unheard)(item)
        report = self._new_report("dispatch", len(chosen))
        for result in latest.values():
            report.add(result)
        return report

    def export(self, folder: str | Path, **which: Unpack[Which]) -> FleetReport:
        """Write each account as configuration, to NAME/voiceform.yaml in `folder`, relative to that of the
        fleet; nothing is overwritten."""
        from voiceform.fleet.exporting import make_folder

        place = self._folder / folder
        members = self.stacks(**which)
        make_folder(place)
        return self._reported("export", [self._job("export", member, out=str(place)) for member in members])

    def drift(self, **which: Unpack[Which]) -> FleetReport:
        """What was changed in each account behind our back."""
        return self._run("drift", which)

    def status(self, **which: Unpack[Which]) -> FleetReport:
        """How each stack stands."""
        return self._run("status", which)

    def _run(self, what: str, which: Which, options: Mapping[str, Any] | None = None) -> FleetReport:
        return self._reported(
            what, [self._job(what, member, **(options or {})) for member in self.stacks(**which)]
        )

    def _new_report(self, command: str, total: int) -> FleetReport:
        from voiceform.fleet.report import FleetReport

        report = FleetReport(command, str(self._file), total, self._here.clock.now())
        report.warnings = self._warnings
        return report

    def _job(self, what: str, member: Member, **options: object) -> Job:
        from voiceform.fleet.jobs import Job

        return Job(what, member, self._settings, options)

    def _reported(self, what: str, jobs: Sequence[Job], others: Sequence[StackResult] = ()) -> FleetReport:
        """Do all jobs, as many at once as there may be; `others` are ended already."""
        from voiceform.fleet.jobs import READING

        report = self._new_report(what, len(jobs) + len(others))
        for result in others:
            report.add(result)
        with self._counted(report.total), nullcontext() if what in READING else self._signals.working():
            self._work(jobs, report)
        report.interrupted = report.done < report.total
        return report

    def _work(
        self,
        jobs: Sequence[Job],
        report: FleetReport,
        gate: Gate | None = None,
        on_result: Callable[[StackResult], object] = _unheard,
        limit: int | None = None,
    ) -> None:
        """Do jobs, and take in how each stack ends. One about which nothing can be done fails here."""
        from voiceform.fleet.jobs import run_job
        from voiceform.fleet.pool import run_jobs
        from voiceform.fleet.rollout import heard_by

        failing = (run_job(job, self._here) for job in jobs if job.member.problems)
        whole = [job for job in jobs if not job.member.problems]
        scheduler = None if report.command == "show" else self._scheduler
        with closing(run_jobs(whole, self._here, self._jobs, gate, scheduler, limit)) as results:
            for result in chain(heard_by(gate, failing), results):
                if result.code is ExitCode.INTERRUPTED:  # nothing of it was begun
                    continue
                on_result(result)
                report.add(result)
                self._progress.advance("stacks")

    @contextmanager
    def _counted(self, total: int) -> Iterator[None]:
        """In here stacks are counted as they end."""
        self._progress.start("stacks", total)
        try:
            yield
        finally:
            self._progress.finish("stacks")

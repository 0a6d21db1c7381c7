"""Dispatch for many accounts as one service: a thread for each stack, some stacks in each process.

Each stack has a lock, a ledger and a pace of its own, as a dispatcher of one stack has; what it promises does
not rest on this service. A stack that fails is tried again, and the others go on.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from voiceform.dispatch.telling import call_line
from voiceform.fleet.dispatching import result_of_dispatch
from voiceform.fleet.jobs import Heard, Job, failed, unexpected
from voiceform.fleet.member import Member
from voiceform.fleet.opening import Settings, Surroundings, account_of, stack_of
from voiceform.fleet.process import DiedError, Process, UnstartedError
from voiceform.model.errors import LockedError, VoiceformError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import StackResult

if TYPE_CHECKING:
    from voiceform.dispatch.service import DispatchReport
    from voiceform.kinds.call.ledger.entries import Key, LedgerEntry
    from voiceform.model.address import Address
    from voiceform.stack.account import Account

_TICK = 0.2
_FIRST = timedelta(seconds=5)
_LONGEST = timedelta(minutes=5)
_STANDS_BY = "stands by"
_PATIENCE = 15.0
"""Seconds in which a process that was told to stop may bring its stacks to rest."""


@dataclass(frozen=True, slots=True)
class Group:
    """The stacks that one process watches."""

    members: tuple[Member, ...]
    settings: Settings
    poll: timedelta


@dataclass(frozen=True, slots=True)
class Told:
    """A line about one stack."""

    stack: str
    text: str


News = Told | StackResult
"""A line, or how a stack stands: the last that comes is how it ended."""
Tell = Callable[[News], None]


def watch_group(group: Group, here: Surroundings, tell: Tell) -> None:
    """Watch every stack of a group until `here.stop` is set. `tell` is called on many threads. A stack for
    which the machine gives no thread is told of, and tried again."""
    ones = [_One(Job("dispatch", member, group.settings), group.poll, here, tell) for member in group.members]
    waiting, due = ones, time.monotonic()
    while waiting or any(one.thread.is_alive() for one in ones):
        if here.stop.is_set():
            waiting = []
            for one in ones:
                one.halt()
        elif waiting and time.monotonic() >= due:
            waiting = [one for one in waiting if not one.starts()]
            due = time.monotonic() + _FIRST.total_seconds()
        at_work = next((one.thread for one in ones if one.thread.is_alive()), None)
        if at_work is not None:
            at_work.join(_TICK)  # and not for ever: a signal is heard between
        else:
            here.stop.wait(_TICK)


def watch_all(
    members: Sequence[Member], settings: Settings, poll: timedelta, here: Surroundings, processes: int
) -> Generator[News]:
    """Watch all of them, in so many processes, until `here.stop` is set; closing it ends them at once."""
    groups = [Group(tuple(members[number::processes]), settings, poll) for number in range(processes)]
    news: queue.SimpleQueue[News | None] = queue.SimpleQueue()
    if processes == 1:
        work = [threading.Thread(target=_watched_here, args=(groups[0], here, news), daemon=True)]
        watchers: list[_Watcher] = []
    else:
        watchers = [_Watcher(group, here, news) for group in groups]
        work = [threading.Thread(target=watcher.run, daemon=True) for watcher in watchers]
    for thread in work:
        thread.start()
    try:
        yield from _heard(news, watchers, here.stop, len(work))
    finally:
        for watcher in watchers:
            watcher.kill()


def _heard(
    news: queue.SimpleQueue[News | None], watchers: Sequence[_Watcher], stop: threading.Event, left: int
) -> Iterator[News]:
    deadline = None
    while left:
        if stop.is_set() and deadline is None:
            deadline = time.monotonic() + _PATIENCE
            for watcher in watchers:
                watcher.halt()
        if deadline is not None and time.monotonic() > deadline:
            return
        with suppress(queue.Empty):
            item = news.get(timeout=_TICK)
            left -= item is None
            if item is not None:
                yield item


def _watched_here(group: Group, here: Surroundings, news: queue.SimpleQueue[News | None]) -> None:
    watch_group(group, here, news.put)
    news.put(None)


class _Watcher:
    """A process that watches a group, and is started again when it dies."""

    def __init__(self, group: Group, here: Surroundings, news: queue.SimpleQueue[News | None]) -> None:
        self._group = group
        self._process = Process(here.environ, here.clock)
        self._news = news
        self._over = threading.Event()

    def run(self) -> None:
        """Watch until it is halted."""
        try:
            while not self._over.is_set():
                try:
                    self._process.send(self._group)
                    while (item := self._process.receive()) is not None:
                        self._news.put(cast("News", item))
                    return
                except DiedError as died:
                    self._tell(f"the process that watched it {died}; it is started again")
                except UnstartedError as error:
                    self._tell(f"{error}; it is tried again")
                self._over.wait(1)
        finally:
            self._process.close()
            self._news.put(None)

    def _tell(self, text: str) -> None:
        for member in self._group.members:
            self._news.put(Told(member.name, text))

    def halt(self) -> None:
        """Let nothing more begin."""
        self._over.set()
        self._process.halt()

    def kill(self) -> None:
        """End at once."""
        self._over.set()
        self._process.kill()


class _One:
    """One stack that is watched until `here.stop` is set; what fails is told, and tried again later."""

    def __init__(self, job: Job, poll: timedelta, here: Surroundings, tell: Tell) -> None:
        self._pause = _FIRST
        self._own = here.clock.runtime.event()
        self._job = job
        self._poll = poll
        self._here = here
        self._send = tell
        self._said: str | None = None
        self._account: Account | None = None
        self._problems = 0
        self._heard = Heard()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def starts(self) -> bool:
        """Whether it has a thread of its own from now on."""
        try:
            self.thread.start()
        except (RuntimeError, MemoryError) as error:
            self._failed(ExitCode.ERROR, unexpected(error, self._here.environ))
            return False
        return True

    def run(self) -> None:
        """Watch it."""
        while not self._here.stop.is_set():
            self._watch()
            self._here.clock.wait(self._here.stop, self._pause.total_seconds())

    def halt(self) -> None:
        """Let nothing more begin; it begins again unless `here.stop` is set."""
        self._own.set()

    def _watch(self) -> None:
        """Watch until it is to stop, or fails."""
        self._heard = Heard()
        # A watch that fails sets the event by which it is stopped: it must not be that of the others.
        self._own, self._problems = self._here.clock.runtime.event(), 0
        if self._here.stop.is_set():
            return
        here = replace(self._here, stop=self._own)
        try:
            stack = stack_of(
                self._job.member, self._job.settings, here, self._heard.listener(), self._signed_in
            )
            report = stack.watch(
                poll=self._poll, on_call=self._called, on_look=self._look, lock_timeout=timedelta(0)
            )
            self._look(report)
        except LockedError as error:
            self._stand_by(error)
        except VoiceformError as error:
            self._failed(ExitCode.ERROR, self._heard.unshown.text(str(error)))
        except Exception as error:  # a defect about one stack stops no other
            self._failed(ExitCode.ERROR, unexpected(error, self._here.environ))

    def _look(self, report: DispatchReport) -> None:
        if self._said is not None:
            self._send(Told(self._job.member.name, "goes on"))
        self._pause, self._said = _FIRST, None
        result = result_of_dispatch(report, self._job, once=False)
        self._send(self._heard.covered(result, self._job.member))
        problems = _problems(report)
        more, self._problems = problems > self._problems, problems
        if self._here.stop.is_set():
            self.halt()
        elif more and not self._own.is_set() and self._signs_in_otherwise():
            self._send(Told(self._job.member.name, "its credentials have changed, and it begins again"))
            self.halt()

    def _signed_in(self) -> Account:
        self._account = account_of(self._job.member, self._job.settings, self._here)
        return self._account

    def _signs_in_otherwise(self) -> bool:
        """Whether a file or a command has other credentials by now: those that are in use may be refused."""
        if all(source.kind == "env" for source in self._job.member.credentials.values()):
            return False
        before = self._account
        with suppress(VoiceformError):
            return self._signed_in() != before
        return False

    def _called(self, address: Address, key: Key, entry: LedgerEntry | None) -> None:
        text = call_line(address, key, entry)
        if text is not None:
            self._send(Told(self._job.member.name, self._heard.unshown.text(text)))

    def _stand_by(self, error: LockedError) -> None:
        """Another dispatcher places its calls, and that is well. It is said once, and asked for more and more
        rarely, but often enough to take over soon after that one has died."""
        if self._said != _STANDS_BY:
            self._send(Told(self._job.member.name, f"{error.what}; {_STANDS_BY}"))
            self._said, self._pause = _STANDS_BY, self._poll / 2
        self._send(StackResult(self._job.member.name, self._job.member.account, ExitCode.DONE, _STANDS_BY))
        self._pause = max(self._poll, min(2 * self._pause, self._job.settings.lease_ttl / 2))

    def _failed(self, code: ExitCode, text: str) -> None:
        if self._here.stop.is_set():
            return  # it was told to stop, and that is no failure
        self._send(replace(failed(self._job, code, text), line="is tried again"))
        if text != self._said:
            self._send(Told(self._job.member.name, text))
        self._said = text
        self._pause = min(2 * self._pause, _LONGEST)


def _problems(report: DispatchReport) -> int:
    """How often something went wrong so far."""
    tallies = report.tallies.values()
    return sum(report.problems.values()) + sum(sum(tally.problems.values()) for tally in tallies)

"""Runs threads one at a time, in an order that a seed decides, on a clock that stands still while they work.

A thread goes on until it comes to a point where it could be held up (`pass_by`) or has to wait (`block`);
who goes on then is drawn. Time moves only when nobody can go on, to the next moment that anybody waits for,
or now and then a little before, as on a machine that is busy. So a seed is one history, and the same one each
time.
"""

from __future__ import annotations

import heapq
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from random import Random
from typing import Any

MOST_STEPS = 400_000
_AHEAD = 0.5
"""Seconds that time may move although somebody could go on."""


class KilledError(BaseException):
    """The process of this thread was killed: it does nothing any more."""


class StuckError(Exception):
    """Threads wait for each other, or go on for ever."""


class Carriers:
    """Threads of the machine that are used again: to start one costs more than most universes do with it."""

    def __init__(self) -> None:
        self._idle: list[_Carrier] = []

    def carry(self, work: Callable[[], None]) -> None:
        """Run it on one of them."""
        carrier = self._idle.pop() if self._idle else _Carrier(self._idle)
        carrier.begin(work)


class _Carrier:
    def __init__(self, idle: list[_Carrier]) -> None:
        self._idle = idle
        self._work: Callable[[], None] = lambda: None
        self._go = threading.Semaphore(0)
        threading.Thread(target=self._run, name="simulated", daemon=True).start()

    def begin(self, work: Callable[[], None]) -> None:
        self._work = work
        self._go.release()

    def _run(self) -> None:
        while True:
            self._go.acquire()
            self._work()
            self._idle.append(self)


@dataclass(slots=True, eq=False)
class Process:
    """What is killed or paused as a whole."""

    name: str
    dead: bool = False
    paused: bool = False
    paused_for: float = 0.0
    tasks: list[Task] = field(default_factory=list)
    steps: Counter[str] = field(default_factory=Counter)
    """Its steps so far: all of them (""), and those of each sort, by their first word."""
    dooms: dict[tuple[str, int], Callable[[], None]] = field(default_factory=dict)
    """What happens to it at which of its steps."""

    def step(self, what: str) -> Callable[[], None] | None:
        """It takes a step: what happens to it there, if anything does."""
        doom = None
        for sort in ("", what.partition(" ")[0]):
            self.steps[sort] += 1
            doom = self.dooms.pop((sort, self.steps[sort]), doom)
        return doom


class Task:
    """One thread of a process."""

    __slots__ = (
        "_go",
        "error",
        "idle",
        "number",
        "over",
        "process",
        "round",
        "timed_out",
        "waiters",
        "waiting",
    )

    def __init__(self, number: int, process: Process) -> None:
        self.number = number
        self.process = process
        self.waiting = False
        self.timed_out = False
        self.round = 0
        self.over = False
        self.idle = False
        """It has nothing to do, and nobody waits for it: a worker of a pool that was left alone."""
        self.error: BaseException | None = None
        self.waiters: list[Task] = []
        self._go = threading.Lock()
        self._go.acquire()

    def let_go(self) -> None:
        """It may go on."""
        self._go.release()

    def hold(self) -> None:
        """Wait until it may."""
        self._go.acquire()


class Scheduler:
    """One history."""

    def __init__(self, seed: int, carriers: Carriers) -> None:
        self.random = Random(seed)
        self.now = 0.0
        self.steps = 0
        self.most_steps = MOST_STEPS
        self.eagerness = self.random.choice((0.05, 0.2, 0.5))
        self.log: list[str] | None = None
        self._carriers = carriers
        self._hash = blake2b(digest_size=16)
        self._ready: list[Task] = []
        self._timers: list[tuple[float, int, Task | Callable[[], None], int]] = []
        self._numbers = 0
        self._driver = Task(0, Process("driver"))
        self.tasks: list[Task] = []
        self.current = self._driver

    @property
    def trace(self) -> str:
        """The hash of everything that happened, in its order."""
        return self._hash.hexdigest()

    def note(self, what: str) -> None:
        """Make it part of the history."""
        line = f"{self.now:.6f} {self.current.number} {what}\n"
        self._hash.update(line.encode())
        if self.log is not None:
            self.log.append(f"{self.current.process.name}: {line[:-1]}")

    def spawn(self, function: Callable[[], Any], process: Process) -> Task:
        """A thread of the process, which begins when it is drawn."""
        self._numbers += 1
        task = Task(self._numbers, process)
        process.tasks.append(task)
        self.tasks.append(task)

        def work() -> None:
            task.hold()
            try:
                if not process.dead:
                    function()
            except KilledError:
                pass
            except BaseException as error:  # told to whoever looks at the task
                task.error = error
            task.over = True
            self.wake(task.waiters)
            successor = self._next()
            self.current = successor
            successor.let_go()

        self._ready.append(task)
        self._carriers.carry(work)
        return task

    def pass_by(self, what: str, always: bool = True) -> None:
        """A point where others may go first."""
        me = self.current
        self._require_life(me)
        self.note(what)
        doom = me.process.step(what)
        if doom is not None:
            doom()
        if always or doom is not None or self.random.random() < self.eagerness:
            self._ready.append(me)
            self._change(me)
            self._require_life(me)

    def block(self, *queues: list[Task], until: float | None = None) -> bool:
        """Wait until one of the queues is woken, or that moment; whether it was woken."""
        me = self.current
        self._require_life(me)
        me.round += 1
        me.waiting, me.timed_out = True, False
        for queue in queues:
            queue.append(me)
        if until is not None:
            self._push(until, me, me.round)
        self._change(me)
        for queue in queues:
            if me in queue:
                queue.remove(me)
        self._require_life(me)
        return not me.timed_out

    def sleep(self, seconds: float) -> None:
        """Wait that long."""
        self.note("sleep")
        self.block(until=self.now + max(0.0, seconds))

    def join(self, task: Task) -> None:
        """Wait for the end of a thread."""
        while not task.over:
            self.block(task.waiters)

    def wake(self, queue: list[Task], most: int | None = None) -> None:
        """Let those go on that wait there, in their order."""
        woken = queue[:most]
        del queue[: len(woken)]
        for task in woken:
            if task.waiting:
                task.waiting = False
                self._ready.append(task)

    def at(self, moment: float, happens: Callable[[], None]) -> None:
        """Let something happen that no thread does."""
        self._push(moment, happens, 0)

    def kill(self, process: Process) -> None:
        """End it between two steps: its threads do nothing any more that anybody sees."""
        self.note(f"kill {process.name}")
        process.dead, process.paused = True, False
        for task in process.tasks:
            if task.waiting:
                task.waiting = False
                self._ready.append(task)

    def pause(self, process: Process, seconds: float) -> None:
        """Let it stand still."""
        self.note(f"pause {process.name}")
        process.paused = True
        process.paused_for += seconds

        def go_on() -> None:
            process.paused = False

        self.at(self.now + seconds, go_on)

    def run(self) -> None:
        """Let everything happen until nobody is left. StuckError; what a thread raised is in the task."""
        successor = self._next()
        if successor is not self._driver:
            self.current = successor
            successor.let_go()
            self._driver.hold()
        alive = [task for task in self.tasks if not task.over]
        stuck = sorted({task.process.name for task in alive if not task.idle})
        if stuck:
            self.end()
            raise StuckError(f"threads of {', '.join(stuck)} wait for ever, or do not end")

    def end(self) -> None:
        """Kill whoever is left."""
        self.most_steps = self.steps + MOST_STEPS
        self._timers.clear()
        self._ready = [task for task in self.tasks if not task.over]
        for task in self._ready:
            task.process.dead = True
            task.waiting = False
        if self._ready:
            self.run()

    def _require_life(self, task: Task) -> None:
        if task.process.dead:
            raise KilledError

    def _push(self, moment: float, what: Task | Callable[[], None], round_: int) -> None:
        self._numbers += 1
        heapq.heappush(self._timers, (moment, self._numbers, what, round_))

    def _change(self, me: Task) -> None:
        successor = self._next()
        if successor is not me:
            self.current = successor
            successor.let_go()
            me.hold()

    def _next(self) -> Task:
        """Who goes on: drawn from those that can."""
        self.steps += 1
        while self.steps < self.most_steps:
            able = [task for task in self._ready if not task.process.paused]
            if able:
                soon = self._timers and self._timers[0][0] <= self.now + _AHEAD
                if not (soon and self.random.random() < 0.03):
                    task = able[0] if len(able) == 1 else able[int(self.random.random() * len(able))]
                    self._ready.remove(task)
                    return task
            if not self._timers:
                break
            moment, _, what, round_ = heapq.heappop(self._timers)
            if isinstance(what, Task):
                if what.waiting and what.round == round_:
                    self.now = max(self.now, moment)
                    what.waiting, what.timed_out = False, True
                    self._ready.append(what)
            else:
                self.now = max(self.now, moment)
                what()
        return self._driver

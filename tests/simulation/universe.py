"""One universe: an account, a recorded state, programs at work on both, and what goes wrong meanwhile.

Two dispatchers, people who apply, prune and hold, all on voiceform's own front door. Processes are killed and
paused, clocks jump, requests and writes are lost. Then the weather turns fine, somebody runs everything once
more, and the auditor counts.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import timedelta
from functools import partial
from pathlib import Path

import voiceform
from tests.simulation.actors import Actor, Cue, Does, Hold, SimParts, Weather
from tests.simulation.campaign import Watch, numbers
from tests.simulation.declared import history
from tests.simulation.network import Network, Sent, Server
from tests.simulation.people import CHANCES, People, apply
from tests.simulation.rooms import long_talks
from tests.simulation.runtime import SimClock, SimEvent, SimRuntime
from tests.simulation.scheduler import Carriers, Process, Scheduler, StuckError
from tests.simulation.store import Disk, SimPlace, SimStore, Vault
from tests.simulation.trouble import LASTS, Trouble
from tests.support import ACCOUNT, TOKEN
from voiceform.model.errors import VoiceformError
from voiceform.stack.parts import Parts

ORIGIN = "http://127.0.0.1:1"


class Universe:
    """What a seed makes."""

    make_store: Callable[[Disk, SimRuntime, Weather], SimStore] = staticmethod(SimStore)
    make_place: Callable[[Vault, SimRuntime], SimPlace] = staticmethod(SimPlace)
    make_runtime: Callable[[Scheduler, Process, Network], SimRuntime] = staticmethod(SimRuntime)
    make_network: Callable[[Scheduler, Server, Weather], Network] = staticmethod(Network)

    chances: Mapping[str, float] = CHANCES

    def __init__(self, seed: int, carriers: Carriers, folder: Path) -> None:
        self.seed, self.folder = seed, folder
        self.scheduler = Scheduler(seed, carriers)
        draw = self.scheduler.random
        self.weather = Weather()
        self.disk = Disk(whole=draw.random() < 0.7)
        self.vault = Vault()
        self.server = Server(self.scheduler)
        self.network = self.make_network(self.scheduler, self.server, self.weather)
        self.network.on_send.append(self._watch)
        self.network.on_done.append(self._remember)
        self.clocks_agree = draw.random() < 0.85
        self.actors: list[Actor] = []
        self.holds: list[Hold] = []
        self.killed = 0
        self.applied_plans: list[str] = []
        self.forgotten: set[str] = set()
        """Whom somebody wants to be erased."""
        self.too_late: set[str] = set()
        """What was deleted by a request of a dead run that arrived when the next run had begun."""
        self.violations: list[str] = []
        self.watch = Watch(self.disk, self.violations)
        self.disk.on_write.append(self.watch.note)
        self.lines = draw.choice(("free", "mixed", "busy"))
        self.over = False
        self.people = People(self)
        self._cues: list[Cue] = []

    def run(self) -> list[str]:
        """Let it happen; what was wrong, in the auditor's words."""
        # A collection would end what was left alone, at a moment that no seed decides.
        gc.disable()
        try:
            return self._run()
        finally:
            gc.collect(0)
            gc.enable()

    def _run(self) -> list[str]:
        from tests.simulation.auditor import audit

        try:
            draw = self.scheduler.random
            first = self.act("first", "apply", apply(timedelta(0)), "a")
            self.scheduler.run()
            self.violations += [f"at first: {error}" for error in first.errors]
            self.server.seed(history())
            self.server.seed({"numbers": [*numbers(draw, self.lines), *long_talks()]})
            self.people.come()
            Trouble(self).begin()
            self.scheduler.at(LASTS, self._stop_dispatchers)
            self.scheduler.run()
            self.weather.calm()
            self.over = True
            final = self.act("last", "audit", partial(audit, self), "c", at=self._late())
            self.scheduler.run()
            self.violations += [f"in the end: {error}" for error in final.errors]
        except StuckError as error:
            self.violations.append(str(error))
        finally:
            self.scheduler.end()
            self.network.close()
            self.server.close()
        self._look_for_crashes()
        return self.violations

    def store(self, actor: Actor) -> SimStore:
        """The state as an actor sees it."""
        return self.make_store(self.disk, actor.runtime, self.weather)

    def actor_of(self, process: Process) -> Actor:
        """Whose process it is."""
        return next(actor for actor in self.actors if actor.process is process)

    def _late(self) -> float:
        """When every request that is under way has come and gone."""
        return max(self.scheduler.now, LASTS) + 100

    def cue(self, operation: str, left: int, whom: str | None = None) -> Cue:
        """The moment at which so many more requests of an operation have left."""
        cue = Cue(operation, left, SimEvent(self.scheduler), whom)
        self._cues.append(cue)
        return cue

    def kill(self, process: Process) -> None:
        """It ends, perhaps with the power."""
        self.killed += 1
        self.scheduler.kill(process)
        self.vault.crash(process, self.scheduler, power=self.scheduler.random.random() < 0.5)

    def act(
        self,
        name: str,
        work: str,
        does: Does,
        configuration: str,
        at: float | Cue = 0.0,
    ) -> Actor:
        """A process that does something, from some time or a cue on."""
        process = Process(name)
        runtime = self.make_runtime(self.scheduler, process, self.network)
        actor = Actor(name, process, runtime, SimClock(runtime), runtime.event(), work)
        self.actors.append(actor)

        def begin() -> None:
            if isinstance(at, Cue):
                at.come.wait(LASTS - 20 - self.scheduler.now)
            elif at > self.scheduler.now:
                self.scheduler.sleep(at - self.scheduler.now)
            try:
                actor.report = does(self._stack(actor, configuration), actor)
            except VoiceformError as error:
                actor.errors.append(f"{type(error).__name__}: {error}")

        self.scheduler.spawn(begin, process)
        return actor

    def _stack(self, actor: Actor, configuration: str) -> voiceform.Stack:
        stack = voiceform.Stack(
            f"{configuration}.yaml",
            folder=self.folder,
            account=voiceform.Account.with_token(ACCOUNT, TOKEN, base_url=ORIGIN),
            environ={},
            clock=actor.clock,
            parallelism=4,
            stop=actor.stop,
            who=actor.name,
        )
        known = {item.name: getattr(stack.parts, item.name) for item in fields(Parts)}
        stack.parts = SimParts(**known, universe=self, actor=actor)
        return stack

    def _stop_dispatchers(self) -> None:
        for actor in self.actors:
            if actor.work == "dispatch":
                actor.stop.set()
        if any(actor.work == "dispatch" and not actor.over for actor in self.actors):
            self.scheduler.at(self.scheduler.now + 20, self._stop_dispatchers)

    def _watch(self, sent: Sent) -> None:
        """No process sends while another one holds the lock that it works under."""
        for cue in self._cues:
            cue.hear(sent)
        if sent.operation.startswith(("list", "fetch", "GET")):
            return
        actor = self.actor_of(sent.process)
        self.watch.look(sent, actor)
        if actor.undoes is not None and not actor.process.paused_for:
            self.violations += actor.undoes.look(sent, self.server)
        if actor.work == "cancel":
            return
        lease = "lease/dispatch" if actor.work == "dispatch" else "lease"
        token = self.disk.holder(lease)
        own = self.disk.tokens.get((actor.name, lease), set())
        if token is not None and token not in own and self.clocks_agree:
            self.violations.append(f"{actor.name} sent {sent.operation} while another one held the lock")

    def _remember(self, sent: Sent) -> None:
        own = self.disk.tokens.get((sent.process.name, "lease"), set())
        every = {
            token for (_, lease), tokens in self.disk.tokens.items() if lease == "lease" for token in tokens
        }
        if sent.operation in ("deleteRecording", "deleteCall") and max(every) not in own:
            self.too_late.add(sent.sid)

    def _look_for_crashes(self) -> None:
        for task in self.scheduler.tasks:
            if task.error is not None and not isinstance(task.error, VoiceformError):
                self.violations.append(f"{task.process.name} ended with {task.error!r}")

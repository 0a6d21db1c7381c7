"""One universe: an account, a recorded state, programs at work on both, and what goes wrong meanwhile.

Two dispatchers, people who apply, prune and hold, all on voiceform's own front door. Processes are killed and
paused, clocks jump, requests and writes are lost. Then the weather turns fine, somebody runs everything once
more, and the auditor counts.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import voiceform
from tests.simulation.actors import Actor, Does, Hold, SimParts, Weather
from tests.simulation.campaign import Watch, numbers
from tests.simulation.declared import CAMPAIGN, DUE, HELD, OCCURRENCE, YOUNG
from tests.simulation.network import Network, Sent, Server
from tests.simulation.runtime import BEGINNING, SimClock, SimRuntime
from tests.simulation.scheduler import Carriers, Process, Scheduler, StuckError
from tests.simulation.store import Disk, SimPlace, SimStore, Vault
from tests.support import ACCOUNT, TOKEN
from voiceform.model.errors import VoiceformError
from voiceform.stack.parts import Parts

ORIGIN = "http://127.0.0.1:1"
_TROUBLE = 200.0
"""Seconds for which things go wrong."""


class Universe:
    """What a seed makes."""

    make_store: Callable[[Disk, SimRuntime, Weather], SimStore] = staticmethod(SimStore)
    make_place: Callable[[Vault, SimRuntime], SimPlace] = staticmethod(SimPlace)
    make_runtime: Callable[[Scheduler, Process, Network], SimRuntime] = staticmethod(SimRuntime)
    make_network: Callable[[Scheduler, Server, Weather], Network] = staticmethod(Network)

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
        self.too_late: set[str] = set()
        """What was deleted by a request of a dead run that arrived when the next run had begun."""
        self.violations: list[str] = []
        self.watch = Watch(self.disk, self.violations)
        self.disk.on_write.append(self.watch.note)
        self.lines = draw.choice(("free", "mixed", "busy"))
        self._over = False

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
            first = self._act("first", "apply", _apply(timedelta(0)), "a")
            self.scheduler.run()
            self.violations += [f"at first: {error}" for error in first.errors]
            self.server.seed(_recordings())
            self.server.seed(numbers(self._outcomes()))
            self._trouble()
            self.scheduler.run()
            self.weather.calm()
            self._over = True
            final = self._act("last", "audit", partial(audit, self), "c", at=self._late())
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
        return max(self.scheduler.now, _TROUBLE) + 100

    def _trouble(self) -> None:
        draw = self.scheduler.random
        rough = draw.choice((0.0, 0.5, 1.0))
        self.weather.faults = draw.choice((0.02, 0.1, 0.3)) * rough
        self.weather.unreachable = 0.03 * rough
        self.weather.slow_store = draw.choice((0.02, 0.1))
        self.weather.lost_store = draw.choice((0.0, 0.0005, 0.003))
        self._people_at_work()
        for _ in range(draw.randrange(4)):
            self.scheduler.at(draw.uniform(5, _TROUBLE), self._misfortune)
        for actor in self.actors[1:]:
            for _ in range(draw.choice((0, 1, 2, 3))):
                self._doom(actor)
        self.scheduler.at(_TROUBLE, self._stop_dispatchers)

    def _people_at_work(self) -> None:
        draw = self.scheduler.random
        for number in (1, 2):
            self._dispatch(f"dispatcher {number}", draw.uniform(0, 45))
        for number in range(draw.randrange(3)):
            self._apply(number, draw.uniform(0, 150))
        if draw.random() < 0.4:
            self._apply_one_plan_twice(draw.uniform(0, 100))
        prunes = draw.uniform(0, 120)
        for number in range(draw.choice((0, 1, 2, 2))):
            wait = timedelta(seconds=draw.choice((0, 30, 200)))
            self._act(f"pruner {number}", "prune", _prune(wait), "a", at=prunes + 15 * number)
        if draw.random() < 0.7:
            self._hold(draw.choice(DUE), prunes + draw.uniform(-5, 15))
        if draw.random() < 0.3:
            self._pause(draw.uniform(20, 150))
        if draw.random() < 0.2:
            self._cancel(draw.uniform(0, 120))

    def _act(
        self,
        name: str,
        work: str,
        does: Does,
        configuration: str,
        at: float = 0.0,
    ) -> Actor:
        process = Process(name)
        runtime = self.make_runtime(self.scheduler, process, self.network)
        actor = Actor(name, process, runtime, SimClock(runtime), runtime.event(), work)
        self.actors.append(actor)

        def begin() -> None:
            if at > self.scheduler.now:
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

    def _dispatch(self, name: str, at: float) -> None:
        self._act(name, "dispatch", lambda stack, _: stack.watch(poll=timedelta(seconds=15)), "a", at=at)

    def _apply(self, number: int, at: float) -> None:
        configuration = self.scheduler.random.choice("abbc")
        wait = timedelta(seconds=self.scheduler.random.choice((0, 30, 100)))
        self._act(f"applier {number}", "apply", _apply(wait), configuration, at=at)

    def _apply_one_plan_twice(self, at: float) -> None:
        """Somebody plans, and two apply that plan."""

        def apply(plan: voiceform.Plan) -> Does:
            def does(stack: voiceform.Stack, actor: Actor) -> None:
                actor.confirm(plan)
                stack.apply(plan, lock_timeout=timedelta(minutes=3))
                self.applied_plans.append(plan.plan_id)

            return does

        def does(stack: voiceform.Stack, _: Actor) -> None:
            plan = stack.plan()
            for number in (1, 2):
                self._act(f"twin {number}", "apply", apply(plan), "b")

        self._act("planner", "plan", does, "b", at=at)

    def _outcomes(self) -> dict[str, list[str]]:
        """How the lines are of the people whom the campaign calls."""
        draw = self.scheduler.random
        words = {"free": ("human",), "busy": ("busy",), "mixed": ("human", "busy", "failed", "no-answer")}
        return {to: [draw.choice(words[self.lines]) for _ in range(2)] for to in sorted(CAMPAIGN)}

    def _pause(self, at: float) -> None:
        """Somebody pauses the campaign, or everything, and lets it go on a while later."""
        draw = self.scheduler.random
        whole, seconds = draw.random() < 0.5, draw.uniform(5, 60)

        def does(stack: voiceform.Stack, _: Actor) -> None:
            address = None if whole else self._campaign_of(stack)
            stack.pause_calls(address)
            self.scheduler.sleep(seconds)
            self.watch.resumed = self.watch.resumed or not whole
            stack.resume_calls(address)

        self._act("pauser", "pause", does, "a", at=at)

    def _cancel(self, at: float) -> None:
        """Somebody takes back the calls that are to come, and perhaps those that Twilio has."""
        queued = self.scheduler.random.random() < 0.5

        def does(stack: voiceform.Stack, _: Actor) -> None:
            people = self.watch.people()
            self.watch.taken_back = True
            address = self._campaign_of(stack)
            done = stack.cancel_calls(address, occurrence=OCCURRENCE, queued=queued, confirm=lambda _: True)
            if done.anything and not done.doubtful:
                # Who was taken off the list meanwhile, or came to it, may not have been meant.
                self.watch.cancel(self.scheduler.now, [to for to in people if to in self.watch.people()])

        self._act("canceler", "cancel", does, "a", at=at)

    def _campaign_of(self, stack: voiceform.Stack) -> str:
        """What the campaign is called now."""
        known = {str(address) for address in stack.recorded()}
        return next(name for name in ("call.campaign", "call.outreach") if name in known)

    def _hold(self, sid: str, at: float) -> None:
        def does(stack: voiceform.Stack, _: Actor) -> None:
            stack.add_hold("later", reason="a letter came", recordings=[sid])
            self.holds.append(Hold(sid, self.scheduler.now))

        self._act("holder", "hold", does, "a", at=at)

    def _misfortune(self) -> None:
        draw = self.scheduler.random
        living = [actor for actor in self.actors if not actor.process.dead and not _over(actor)]
        if self._over or not living:
            return
        self._befall(draw.choice(living), "kill", "pause", "jump")

    def _doom(self, actor: Actor) -> None:
        """Something happens to it in the midst of its work."""
        step = 1 + int(self.scheduler.random.expovariate(1 / (120 if actor.work == "dispatch" else 90)))
        actor.process.dooms[step] = lambda: self._befall(
            actor, "kill", "kill", "pause", "pause", "jump", "stall"
        )

    def _befall(self, actor: Actor, *whats: str) -> None:
        draw = self.scheduler.random
        what = draw.choice(whats)
        if self._over:
            return
        if what == "kill":
            self._killed(actor.process)
            if actor.work == "dispatch" and draw.random() < 0.7:
                again = f"{actor.name} again"
                self._dispatch(again, self.scheduler.now + draw.uniform(1, 90))
        elif what == "stall":
            self.scheduler.sleep(draw.choice((2.0, 20.0, 75.0)))
        elif what == "pause":
            self.scheduler.pause(actor.process, draw.choice((2.0, 20.0, 75.0, 75.0, 130.0)))
        else:
            most = 4.0 if self.clocks_agree else 600.0
            actor.clock.ahead = draw.uniform(-most, most)
            self.scheduler.note("jump")

    def _killed(self, process: Process) -> None:
        self.killed += 1
        self.scheduler.kill(process)
        self.vault.crash(process, self.scheduler, power=self.scheduler.random.random() < 0.5)

    def _stop_dispatchers(self) -> None:
        for actor in self.actors:
            if actor.work == "dispatch":
                actor.stop.set()
        if any(actor.work == "dispatch" and not _over(actor) for actor in self.actors):
            self.scheduler.at(self.scheduler.now + 20, self._stop_dispatchers)

    def _watch(self, sent: Sent) -> None:
        """No process sends while another one holds the lock that it works under."""
        if sent.operation.startswith(("list", "fetch", "GET")):
            return
        actor = self.actor_of(sent.process)
        self.watch.look(sent, actor)
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
        if sent.operation == "deleteRecording" and max(every) not in own:
            self.too_late.add(sent.sid)

    def _look_for_crashes(self) -> None:
        for task in self.scheduler.tasks:
            if task.error is not None and not isinstance(task.error, VoiceformError):
                self.violations.append(f"{task.process.name} ended with {task.error!r}")


def _over(actor: Actor) -> bool:
    return all(task.over for task in actor.process.tasks)


def _apply(wait: timedelta) -> Does:
    return lambda stack, actor: stack.apply(confirm=actor.confirm, lock_timeout=wait)


def _prune(wait: timedelta) -> Does:
    return lambda stack, _: stack.prune(confirm=lambda _: True, lock_timeout=wait)


def _recordings() -> dict[str, Any]:
    rows = []
    for sid in (*DUE, *YOUNG, HELD):
        days = 5 if sid in YOUNG else 60
        at = (BEGINNING - timedelta(days=days)).isoformat()
        rows.append({"sid": sid, "call_sid": sid.replace("RE", "CA"), "date_created": at})
    return {"account_sid": ACCOUNT, "recordings": rows}

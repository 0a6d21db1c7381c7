"""Who is at work in a universe, and what each of them does."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

import voiceform
from tests.simulation.actors import Actor, Cue, Does, Hold
from tests.simulation.declared import BEN, DUE, HANS, IDA, OCCURRENCE
from tests.simulation.undoing import Undone

if TYPE_CHECKING:
    from tests.simulation.universe import Universe

CHANCES: Mapping[str, float] = MappingProxyType(
    {
        "twins": 0.4,
        "hold": 0.7,
        "pause": 0.3,
        "cancel": 0.2,
        "undo": 0.3,
        "erase": 0.3,
        "spell": 0.5,
        "doom": 0.25,
        "kill": 0.33,
    }
)
"""How probable it is that somebody comes who does this, that there is a spell of bad weather, that somebody
meets a doom, and that this is his end."""


class People:
    """Sets processes to work: at moments of chance, or when something happens that they may disturb."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._draw = universe.scheduler.random

    def come(self) -> None:
        """Two dispatch; others apply, prune, hold, pause, take calls back, and undo what was applied."""
        draw = self._draw
        for number in (1, 2):
            self.dispatch(f"dispatcher {number}", draw.uniform(0, 45))
        for number in range(draw.randrange(3)):
            self._apply(number, self._when("createCall", 20, 0, 150))
        if self._comes("twins"):
            self._apply_one_plan_twice(draw.uniform(0, 100))
        prunes = draw.uniform(0, 120)
        for number in range(draw.choice((0, 1, 2, 2))):
            wait = timedelta(seconds=draw.choice((0, 30, 200)))
            self._act(f"pruner {number}", "prune", _prune(wait), "a", at=prunes + 15 * number)
        if self._comes("hold"):
            self._hold(draw.choice(DUE), self._when("deleteRecording", 10, prunes - 5, prunes + 15))
        if self._comes("pause"):
            self._pause(self._when("createCall", 15, 20, 150))
        if self._comes("cancel"):
            self._cancel(self._when("createCall", 15, 0, 120))
        if self._comes("undo"):
            self._undo(draw.uniform(0, 120))
        if self._comes("erase"):
            self._erase()

    def dispatch(self, name: str, at: float) -> None:
        """Somebody places what is due, from then on."""
        self._act(name, "dispatch", lambda stack, _: stack.watch(poll=timedelta(seconds=15)), "a", at=at)

    def _comes(self, who: str) -> bool:
        return self._draw.random() < self._universe.chances[who]

    def _act(self, name: str, work: str, does: Does, configuration: str, at: float | Cue = 0.0) -> None:
        self._universe.act(name, work, does, configuration, at)

    def _when(self, operation: str, most: int, earliest: float, latest: float) -> float | Cue:
        """Some time; or when one of the first requests of an operation leaves."""
        if self._draw.random() < 0.5:
            return self._draw.uniform(earliest, latest)
        return self._universe.cue(operation, self._draw.randint(1, most))

    def _apply(self, number: int, at: float | Cue) -> None:
        configuration = self._draw.choice("abbc")
        wait = timedelta(seconds=self._draw.choice((0, 30, 100)))
        self._act(f"applier {number}", "apply", apply(wait), configuration, at=at)

    def _apply_one_plan_twice(self, at: float) -> None:
        """Somebody plans, and two apply that plan."""

        def apply_it(plan: voiceform.Plan) -> Does:
            def does(stack: voiceform.Stack, actor: Actor) -> None:
                actor.confirm(plan)
                stack.apply(plan, lock_timeout=timedelta(minutes=3))
                self._universe.applied_plans.append(plan.plan_id)

            return does

        def does(stack: voiceform.Stack, _: Actor) -> None:
            plan = stack.plan()
            for number in (1, 2):
                self._act(f"twin {number}", "apply", apply_it(plan), "b")

        self._act("planner", "plan", does, "b", at=at)

    def _undo(self, at: float) -> None:
        """Somebody applies, regrets it, and takes that back, or another one of the latest runs."""
        back, later = self._draw.choice((0, 0, 1)), self._draw.uniform(0, 60)
        wait = timedelta(minutes=1)

        def does(stack: voiceform.Stack, actor: Actor) -> None:
            apply(wait)(stack, actor)
            self._universe.scheduler.sleep(later)
            runs = [run for record in stack.runs() if (run := Undone.of(stack.run(record.run_id)))]
            if not runs:
                return
            actor.undoes = runs[min(back, len(runs) - 1)]
            plan = stack.undo(actor.undoes.run_id).plan
            actor.confirm(plan)
            stack.apply(plan, lock_timeout=wait)

        self._act("undoer", "undo", does, self._draw.choice("bc"), at=at)

    def _erase(self) -> None:
        """Somebody asks to be forgotten, perhaps as soon as he is called, is taken off the list, and perhaps
        comes back to it."""
        draw = self._draw
        whom, back = draw.choice((HANS, BEN, IDA, IDA)), draw.random() < 0.7
        soon = whom == IDA or (whom == BEN and draw.random() < 0.5)
        at = self._universe.cue("createCall", 1, whom) if soon else draw.uniform(10, 150)
        wait = timedelta(minutes=3)

        def does(stack: voiceform.Stack, actor: Actor) -> None:
            apply(wait)(stack, actor)
            actor.due = None
            self._universe.forgotten.add(whom)
            erase(stack, whom, wait)
            if back:
                self._act("returner", "apply", apply(wait), "a")

        self._act("eraser", "erase", does, "c", at=at)

    def _pause(self, at: float | Cue) -> None:
        """Somebody pauses the campaign, or everything, and lets it go on a while later."""
        whole, seconds = self._draw.random() < 0.5, self._draw.uniform(5, 60)

        def does(stack: voiceform.Stack, _: Actor) -> None:
            universe = self._universe
            address = None if whole else _campaign_of(stack)
            stack.pause_calls(address)
            universe.scheduler.sleep(seconds)
            universe.watch.resumed = universe.watch.resumed or not whole
            stack.resume_calls(address)

        self._act("pauser", "pause", does, "a", at=at)

    def _cancel(self, at: float | Cue) -> None:
        """Somebody takes back the calls that are to come, and perhaps those that Twilio has."""
        queued = self._draw.random() < 0.5

        def does(stack: voiceform.Stack, _: Actor) -> None:
            watch = self._universe.watch
            people = watch.people()
            watch.taken_back = True
            address = _campaign_of(stack)
            done = stack.cancel_calls(address, occurrence=OCCURRENCE, queued=queued, confirm=lambda _: True)
            if done.anything and not done.doubtful:
                # Who was taken off the list meanwhile, or came to it, may not have been meant.
                watch.cancel(self._universe.scheduler.now, [to for to in people if to in watch.people()])

        self._act("canceler", "cancel", does, "a", at=at)

    def _hold(self, sid: str, at: float | Cue) -> None:
        def does(stack: voiceform.Stack, _: Actor) -> None:
            stack.add_hold("later", reason="a letter came", recordings=[sid])
            self._universe.holds.append(Hold(sid, self._universe.scheduler.now))

        self._act("holder", "hold", does, "a", at=at)


def apply(wait: timedelta) -> Does:
    """Plan and apply."""
    return lambda stack, actor: stack.apply(confirm=actor.confirm, lock_timeout=wait)


def erase(stack: voiceform.Stack, whom: str, wait: timedelta) -> None:
    """Erase somebody."""
    stack.erase(whom, reason="request 4711", confirm=lambda _: True, lock_timeout=wait)


def _prune(wait: timedelta) -> Does:
    return lambda stack, _: stack.prune(confirm=lambda _: True, lock_timeout=wait)


def _campaign_of(stack: voiceform.Stack) -> str:
    """What the campaign is called now."""
    known = {str(address) for address in stack.recorded()}
    return next(name for name in ("call.campaign", "call.outreach") if name in known)

"""What goes wrong in a universe, and when: at moments of chance, and at steps that matter."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.simulation.actors import Actor, Spell

if TYPE_CHECKING:
    from tests.simulation.universe import Universe

LASTS = 200.0
"""Seconds for which things go wrong."""
_STEPS = {"": 100, "get": 15, "write": 8, "written": 8, "send": 8, "connect": 8, "evidence": 8}
"""At which steps somebody meets his doom: any, or those of one sort; and about how many pass before."""


class Trouble:
    """Draws what goes wrong."""

    def __init__(self, universe: Universe) -> None:
        self._universe = universe
        self._scheduler = universe.scheduler
        self._draw = universe.scheduler.random

    def begin(self) -> None:
        """How the weather is, and what will befall whom."""
        draw, universe = self._draw, self._universe
        self._forecast()
        for _ in range(draw.randrange(4)):
            self._scheduler.at(draw.uniform(5, LASTS), self._misfortune)
        for actor in universe.actors[1:]:
            for _ in range(3):
                if draw.random() < universe.chances["doom"]:
                    self._doom(actor)

    def _forecast(self) -> None:
        draw, weather = self._draw, self._universe.weather
        rough = draw.choice((0.0, 0.5, 1.0))
        weather.faults = draw.choice((0.02, 0.1, 0.3)) * rough
        weather.unreachable = 0.03 * rough
        weather.slow_store = draw.choice((0.02, 0.1))
        weather.lost_store = draw.choice((0.0, 0.0005, 0.003))
        for _ in range(2):
            if draw.random() < self._universe.chances["spell"]:
                begin = draw.uniform(25, 110)
                fate = draw.choice(("unreachable", "unreachable", "refused 429", "refused 503"))
                weather.spells.append(Spell(begin, begin + draw.choice((5.0, 20.0, 45.0)), fate))

    def _misfortune(self) -> None:
        living = [actor for actor in self._universe.actors if not actor.process.dead and not actor.over]
        if living:
            self._befall(self._draw.choice(living), "kill", "pause", "jump")

    def _doom(self, actor: Actor) -> None:
        """Something happens to it in the midst of its work."""
        sort = self._draw.choice(("", *_STEPS))
        step = 1 + int(self._draw.expovariate(1 / _STEPS[sort]))
        kills = self._draw.random() < self._universe.chances["kill"]
        whats = ("kill",) if kills else ("pause", "pause", "jump", "stall")
        actor.process.dooms[sort, step] = partial(self._befall, actor, *whats)

    def _befall(self, actor: Actor, *whats: str) -> None:
        draw, universe = self._draw, self._universe
        what = draw.choice(whats)
        if universe.over:
            return
        if what == "kill":
            universe.kill(actor.process)
            if actor.work == "dispatch" and draw.random() < 0.7:
                universe.people.dispatch(f"{actor.name} again", self._scheduler.now + draw.uniform(1, 90))
        elif what == "stall":
            self._scheduler.sleep(draw.choice((2.0, 20.0, 75.0)))
        elif what == "pause":
            self._scheduler.pause(actor.process, draw.choice((2.0, 20.0, 75.0, 75.0, 130.0)))
        else:
            most = 4.0 if universe.clocks_agree else 600.0
            actor.clock.ahead = draw.uniform(-most, most)
            self._scheduler.note("jump")
